#include "libp2p/security/pnet/private_network.hpp"

#include <cstdlib>
#include <functional>
#include <string_view>

#include "libp2p/multistream/line.hpp"
#include "libp2p/security/pnet/private_stream.hpp"

namespace libp2p {
namespace {

// Each side of a connection begins by saying that it negotiates its security.
void protect(Env env, ByteConnection& connection, const PreSharedKey& key) {
  connection.stream =
      pnet::make_private_stream(env, std::move(connection.stream), key, multistream_line(multistream_id));
}

using Handshake = std::function<Task<Result<>>(ByteConnection&)>;

// The protection lies within what the connection agrees on first, as a WebSocket's opening handshake.
Task<Result<>> protect_after(Env env, PreSharedKey key, Handshake first, ByteConnection& connection) {
  if (first) LIBP2P_CO_CHECK(co_await first(connection));
  protect(env, connection, key);
  co_return Result<>{};
}

class PrivateListener final : public ByteListener {
 public:
  PrivateListener(Env env, std::unique_ptr<ByteListener> below, const PreSharedKey& key)
      : env_(env), below_(std::move(below)), key_(key) {}

  Task<Result<ByteConnection>> accept() override {
    LIBP2P_CO_TRY(ByteConnection connection, co_await below_->accept());
    connection.handshake = [env = env_, key = key_, first = std::move(connection.handshake)](
                               ByteConnection& accepted) { return protect_after(env, key, first, accepted); };
    co_return connection;
  }
  [[nodiscard]] Multiaddr address() const override { return below_->address(); }
  void close() override { below_->close(); }

 private:
  Env env_;
  std::unique_ptr<ByteListener> below_;
  PreSharedKey key_;
};

}  // namespace

Task<Result<ByteConnection>> PrivateNetworkTransport::dial(Multiaddr address) {
  LIBP2P_CO_TRY(ByteConnection connection, co_await below_->dial(std::move(address)));
  protect(env_, connection, key_);
  co_return connection;
}

Task<Result<std::unique_ptr<ByteListener>>> PrivateNetworkTransport::listen(Multiaddr address) {
  LIBP2P_CO_TRY(std::unique_ptr<ByteListener> listener, co_await below_->listen(std::move(address)));
  co_return std::make_unique<PrivateListener>(env_, std::move(listener), key_);
}

Result<> check_forced_private_network(const std::optional<PreSharedKey>& key) {
  const char* forced = std::getenv("LIBP2P_FORCE_PNET");
  if (key || forced == nullptr || std::string_view(forced) != "1") return {};
  return fail(Errc::refused, "LIBP2P_FORCE_PNET is set, and this peer has no key of a private network");
}

}  // namespace libp2p
