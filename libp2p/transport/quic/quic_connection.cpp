#include "libp2p/transport/quic/quic_connection.hpp"

#include "libp2p/base/uncancelled.hpp"

namespace libp2p::quic {

QuicConnection::QuicConnection(std::shared_ptr<ConnectionCore> core)
    : core_(std::move(core)),
      key_(core_->session().remote_key().value()),
      peer_(PeerId::from_public_key(key_)),
      local_(quic_multiaddr(core_->session().path().local)),
      remote_(quic_multiaddr(core_->session().path().remote)) {}

QuicConnection::~QuicConnection() { core_->close(Error{Errc::closed, "this side dropped the connection"}); }

void QuicConnection::close() { core_->close(Error{Errc::closed, "this side closed the connection"}); }

Task<> QuicConnection::stop() {
  close();
  const UncancelledSection section = co_await begin_uncancelled();
  co_await ConnectionCore::wait_finished(core_);
  co_await end_uncancelled(section);
}

}  // namespace libp2p::quic
