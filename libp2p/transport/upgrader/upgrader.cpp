#include "libp2p/transport/upgrader/upgrader.hpp"

#include <cassert>

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

std::string_view protocol_id(Security security) noexcept {
  return security == Security::tls ? tls_protocol_id : noise_protocol_id;
}

Upgrader::Upgrader(Env env, const PrivateKey& identity, UpgraderConfig config)
    : env_(env),
      key_(identity),
      noise_identity_(NoiseIdentity::create(identity, env.random)),
      config_(std::move(config)) {
  assert(!config_.security.empty());
}

std::vector<std::string> Upgrader::early_muxers() const {
  if (!config_.early_muxer) return {};
  return {std::string(yamux_protocol_id)};
}

std::vector<std::string> Upgrader::proposals() const {
  std::vector<std::string> ids;
  ids.reserve(config_.security.size());
  for (const Security security : config_.security) ids.emplace_back(protocol_id(security));
  return ids;
}

const Result<TlsIdentity>& Upgrader::tls_identity() const {
  if (!tls_identity_) tls_identity_.emplace(TlsIdentity::create(key_, env_.random));
  return *tls_identity_;
}

Task<Result<SecuredConnection>> Upgrader::secure(StreamPtr stream, Security security, bool dialer,
                                                 std::optional<PeerId> expected) const {
  if (security == Security::tls) {
    if (!tls_identity()) co_return std::unexpected(tls_identity().error());
    co_return co_await tls_secure(
        env_, std::move(stream), dialer ? tls::Role::client : tls::Role::server, *tls_identity(),
        {.muxers = early_muxers(), .expected_peer = std::move(expected), .timeout = config_.timeout});
  }
  if (!noise_identity_) co_return std::unexpected(noise_identity_.error());
  co_return co_await noise_secure(
      env_, std::move(stream), dialer ? noise::Role::initiator : noise::Role::responder, *noise_identity_,
      {.muxers = early_muxers(), .expected_peer = std::move(expected), .timeout = config_.timeout});
}

Task<Result<MuxedPtr>> Upgrader::upgrade_outbound(ByteConnection connection, std::optional<PeerId> expected,
                                                  std::optional<Security> only) const {
  const NegotiationLimits limits{.timeout = config_.timeout};
  Security security = only.value_or(config_.security.front());
  StreamPtr raw = std::move(connection.stream);
  if (only || config_.security.size() == 1) {
    raw = lazy_select(env_, std::move(raw), std::string(protocol_id(security)), limits);
  } else {
    const std::vector<std::string> ids = proposals();
    LIBP2P_CO_TRY(const std::string agreed, co_await select_one(env_, *raw, ids, limits));
    security = agreed == tls_protocol_id ? Security::tls : Security::noise;
  }
  LIBP2P_CO_TRY(SecuredConnection secured,
                co_await secure(std::move(raw), security, true, std::move(expected)));
  if (secured.early_muxer.empty()) {
    secured.stream = lazy_select(env_, std::move(secured.stream), std::string(yamux_protocol_id), limits);
  }
  co_return std::make_unique<UpgradedConnection>(env_, std::move(secured), protocol_id(security),
                                                 YamuxRole::dialer, config_.yamux,
                                                 std::move(connection.local), std::move(connection.remote));
}

Task<Result<MuxedPtr>> Upgrader::upgrade_inbound(ByteConnection connection) const {
  LIBP2P_CO_CHECK(co_await finish_handshake(connection));
  const NegotiationLimits limits{.timeout = config_.timeout};
  const std::vector<std::string> ids = proposals();
  LIBP2P_CO_TRY(const std::string agreed,
                co_await negotiate_as_listener(env_, *connection.stream, ids, limits));
  const Security security = agreed == tls_protocol_id ? Security::tls : Security::noise;
  LIBP2P_CO_TRY(SecuredConnection secured,
                co_await secure(std::move(connection.stream), security, false, std::nullopt));
  if (secured.early_muxer.empty()) {
    LIBP2P_CO_CHECK(co_await negotiate_as_listener(
        env_, *secured.stream, [](std::string_view protocol) { return protocol == yamux_protocol_id; },
        limits));
  }
  co_return std::make_unique<UpgradedConnection>(env_, std::move(secured), protocol_id(security),
                                                 YamuxRole::listener, config_.yamux,
                                                 std::move(connection.local), std::move(connection.remote));
}

Task<Result<MuxedPtr>> UpgradedTransport::dial(Multiaddr address, std::optional<PeerId> expected) {
  const std::shared_ptr<const Upgrader> upgrader = upgrader_;
  const std::vector<Security>& all = upgrader->security();
  for (std::size_t i = 0;; ++i) {
    LIBP2P_CO_TRY(ByteConnection connection, co_await below_->dial(address));
    auto upgraded = co_await upgrader->upgrade_outbound(std::move(connection), expected, all[i]);
    if (upgraded || upgraded.error().code != Errc::not_supported || i + 1 == all.size()) co_return upgraded;
  }
}

Task<Result<std::unique_ptr<ConnectionListener>>> UpgradedTransport::listen(Multiaddr address) {
  LIBP2P_CO_TRY(std::unique_ptr<ByteListener> listener, co_await below_->listen(std::move(address)));
  co_return std::make_unique<UpgradedListener>(std::move(listener), upgrader_);
}

}  // namespace libp2p
