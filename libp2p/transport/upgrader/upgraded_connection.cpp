#include "libp2p/transport/upgrader/upgraded_connection.hpp"

namespace libp2p {

UpgradedConnection::UpgradedConnection(Env env, SecuredConnection secured, std::string_view security,
                                       YamuxRole role, const YamuxConfig& config, Multiaddr local,
                                       Multiaddr remote)
    : peer_(std::move(secured.remote_peer)),
      key_(std::move(secured.remote_key)),
      local_(std::move(local)),
      remote_(std::move(remote)),
      security_(security),
      early_muxer_(!secured.early_muxer.empty()),
      session_(env, std::move(secured.stream), role, config) {}

Task<Result<StreamPtr>> UpgradedConnection::open_stream() {
  session_.start();
  return session_.open_stream();
}

Task<Result<StreamPtr>> UpgradedConnection::accept_stream() {
  session_.start();
  return session_.accept_stream();
}

Task<Error> UpgradedConnection::wait_closed() {
  session_.start();
  return session_.wait_closed();
}

}  // namespace libp2p
