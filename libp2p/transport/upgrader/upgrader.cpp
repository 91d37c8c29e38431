#include "libp2p/transport/upgrader/upgrader.hpp"

#include "libp2p/multistream/negotiate.hpp"
#include "libp2p/transport/upgrader/upgraded_connection.hpp"

namespace libp2p {
namespace {

using MuxedPtr = std::unique_ptr<MuxedConnection>;

// Lets a connection be cut while its upgrade owns it.
class CuttableStream final : public Stream {
 public:
  struct Handle {
    Stream* stream = nullptr;  // null once it is gone
    void cut() const {
      if (stream != nullptr) stream->reset();
    }
  };

  CuttableStream(StreamPtr stream, std::shared_ptr<Handle> handle)
      : stream_(std::move(stream)), handle_(std::move(handle)) {
    handle_->stream = stream_.get();
  }
  ~CuttableStream() override { handle_->stream = nullptr; }

  Task<Result<std::size_t>> read_some(MutableBytes out) override { return stream_->read_some(out); }
  Task<Result<>> write(BytesView data) override { return stream_->write(data); }
  Task<Result<>> close_write() override { return stream_->close_write(); }
  void reset() override { stream_->reset(); }

 private:
  StreamPtr stream_;
  std::shared_ptr<Handle> handle_;
};

class PendingUpgrade final : public ConnectionListener::Pending {
 public:
  PendingUpgrade(ByteConnection connection, std::shared_ptr<const Upgrader> upgrader)
      : remote_(connection.remote),
        handle_(std::make_shared<CuttableStream::Handle>()),
        connection_(std::move(connection)),
        upgrader_(std::move(upgrader)) {
    connection_.stream = std::make_unique<CuttableStream>(std::move(connection_.stream), handle_);
  }
  [[nodiscard]] const Multiaddr& remote() const override { return remote_; }
  Task<Result<MuxedPtr>> upgrade() override { return upgrader_->upgrade_inbound(std::move(connection_)); }
  void abort() override { handle_->cut(); }

 private:
  Multiaddr remote_;
  std::shared_ptr<CuttableStream::Handle> handle_;
  ByteConnection connection_;
  std::shared_ptr<const Upgrader> upgrader_;
};

class UpgradedListener final : public ConnectionListener {
 public:
  UpgradedListener(std::unique_ptr<ByteListener> below, std::shared_ptr<const Upgrader> upgrader)
      : below_(std::move(below)), upgrader_(std::move(upgrader)) {}

  Task<Result<std::unique_ptr<Pending>>> accept() override {
    LIBP2P_CO_TRY(ByteConnection connection, co_await below_->accept());
    co_return std::make_unique<PendingUpgrade>(std::move(connection), upgrader_);
  }
  [[nodiscard]] Multiaddr address() const override { return below_->address(); }
  void close() override { below_->close(); }

 private:
  std::unique_ptr<ByteListener> below_;
  std::shared_ptr<const Upgrader> upgrader_;
};

}  // namespace

Upgrader::Upgrader(Env env, const PrivateKey& identity, UpgraderConfig config)
    : env_(env), identity_(NoiseIdentity::create(identity, env.random)), config_(config) {}

NoiseOptions Upgrader::noise_options() const {
  NoiseOptions options{.timeout = config_.timeout};
  if (config_.early_muxer) options.muxers = {std::string(yamux_protocol_id)};
  return options;
}

Task<Result<MuxedPtr>> Upgrader::upgrade_outbound(ByteConnection connection,
                                                  std::optional<PeerId> expected) const {
  if (!identity_) co_return std::unexpected(identity_.error());
  const NegotiationLimits limits{.timeout = config_.timeout};
  NoiseOptions options = noise_options();
  options.expected_peer = std::move(expected);
  StreamPtr raw = lazy_select(env_, std::move(connection.stream), std::string(noise_protocol_id), limits);
  LIBP2P_CO_TRY(SecuredConnection secured, co_await noise_secure(env_, std::move(raw), noise::Role::initiator,
                                                                 *identity_, std::move(options)));
  if (secured.early_muxer.empty()) {
    secured.stream = lazy_select(env_, std::move(secured.stream), std::string(yamux_protocol_id), limits);
  }
  co_return std::make_unique<UpgradedConnection>(env_, std::move(secured), YamuxRole::dialer, config_.yamux,
                                                 std::move(connection.local), std::move(connection.remote));
}

Task<Result<MuxedPtr>> Upgrader::upgrade_inbound(ByteConnection connection) const {
  if (!identity_) co_return std::unexpected(identity_.error());
  LIBP2P_CO_CHECK(co_await finish_handshake(connection));
  const NegotiationLimits limits{.timeout = config_.timeout};
  LIBP2P_CO_CHECK(co_await negotiate_as_listener(
      env_, *connection.stream, [](std::string_view protocol) { return protocol == noise_protocol_id; },
      limits));
  LIBP2P_CO_TRY(SecuredConnection secured,
                co_await noise_secure(env_, std::move(connection.stream), noise::Role::responder, *identity_,
                                      noise_options()));
  if (secured.early_muxer.empty()) {
    LIBP2P_CO_CHECK(co_await negotiate_as_listener(
        env_, *secured.stream, [](std::string_view protocol) { return protocol == yamux_protocol_id; },
        limits));
  }
  co_return std::make_unique<UpgradedConnection>(env_, std::move(secured), YamuxRole::listener, config_.yamux,
                                                 std::move(connection.local), std::move(connection.remote));
}

Task<Result<MuxedPtr>> UpgradedTransport::dial(Multiaddr address, std::optional<PeerId> expected) {
  LIBP2P_CO_TRY(ByteConnection connection, co_await below_->dial(std::move(address)));
  co_return co_await upgrader_->upgrade_outbound(std::move(connection), std::move(expected));
}

Task<Result<std::unique_ptr<ConnectionListener>>> UpgradedTransport::listen(Multiaddr address) {
  LIBP2P_CO_TRY(std::unique_ptr<ByteListener> listener, co_await below_->listen(std::move(address)));
  co_return std::make_unique<UpgradedListener>(std::move(listener), upgrader_);
}

}  // namespace libp2p
