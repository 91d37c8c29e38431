#include "libp2p/transport/quic/quic_transport.hpp"

#include <algorithm>

#include "libp2p/crypto/hash.hpp"
#include "libp2p/transport/quic/hub.hpp"
#include "libp2p/transport/quic/port.hpp"
#include "libp2p/transport/quic/quic_connection.hpp"

namespace libp2p {
namespace {

using quic::Address;
using quic::ConnectionCore;
using quic::Hub;
using quic::Port;
using quic::QuicConnection;
using quic::Session;
using MuxedPtr = std::unique_ptr<MuxedConnection>;

// The same after a restart, so that the other side of a connection that was lost with us is told.
quic::Secret reset_secret_of(const PrivateKey& identity) {
  return hmac_sha256(identity.to_protobuf(), as_bytes("libp2p QUIC stateless reset"));
}

class PendingConnection final : public ConnectionListener::Pending {
 public:
  explicit PendingConnection(std::shared_ptr<ConnectionCore> core)
      : core_(std::move(core)), remote_(quic::quic_multiaddr(core_->session().path().remote)) {}
  ~PendingConnection() override {
    if (!upgraded_) abort();
  }
  [[nodiscard]] const Multiaddr& remote() const override { return remote_; }
  Task<Result<MuxedPtr>> upgrade() override {
    LIBP2P_CO_CHECK(co_await ConnectionCore::wait_established(core_));
    upgraded_ = true;
    co_return std::make_unique<QuicConnection>(core_);
  }
  void abort() override { core_->close(Error{Errc::closed, "this side gave the handshake up"}); }

 private:
  std::shared_ptr<ConnectionCore> core_;
  Multiaddr remote_;
  bool upgraded_ = false;
};

class QuicListener final : public ConnectionListener {
 public:
  explicit QuicListener(std::shared_ptr<Port> port)
      : port_(std::move(port)), address_(quic::quic_multiaddr(port_->bound())) {
    port_->listen();
  }
  ~QuicListener() override { port_->stop_listening(); }
  Task<Result<std::unique_ptr<Pending>>> accept() override {
    std::shared_ptr<ConnectionCore> core = co_await Port::accept(port_);
    if (!core) co_return fail(Errc::closed, "the listener is closed");
    co_return std::make_unique<PendingConnection>(std::move(core));
  }
  [[nodiscard]] Multiaddr address() const override { return address_; }
  void close() override { port_->stop_listening(); }

 private:
  std::shared_ptr<Port> port_;
  Multiaddr address_;
};

// Gives the handshake up when the dial is cancelled.
struct Dialling {
  explicit Dialling(std::shared_ptr<ConnectionCore> connection) : core(std::move(connection)) {}
  Dialling(const Dialling&) = delete;
  Dialling& operator=(const Dialling&) = delete;
  ~Dialling() {
    if (core) core->close(Error{Errc::closed, "this side gave the handshake up"});
  }
  std::shared_ptr<ConnectionCore> core;
};

}  // namespace

QuicTransport::QuicTransport(Env env, const PrivateKey& identity, QuicConfig config) {
  auto made = quic::TlsIdentity::create(identity, env.random);
  if (!made) {
    failure_ = std::move(made).error();
    return;
  }
  hub_ = std::make_shared<Hub>(env, config, std::move(*made), reset_secret_of(identity));
}

QuicTransport::~QuicTransport() {
  if (hub_) hub_->abandon_all();
}

bool QuicTransport::handles(const Multiaddr& address) const { return quic::is_quic_address(address); }

Task<Result<MuxedPtr>> QuicTransport::dial(Multiaddr address, std::optional<PeerId> expected) {
  if (!hub_) co_return std::unexpected(failure_);
  const std::shared_ptr<Hub> hub = hub_;
  LIBP2P_CO_TRY(const Address remote, quic::udp_address(address));
  LIBP2P_CO_TRY(Address local, quic::source_towards(hub->env().executor, remote));
  LIBP2P_CO_TRY(const std::shared_ptr<Port> port, hub->port_to_dial_from(local));
  local.port(port->bound().port());
  LIBP2P_CO_TRY(auto session, Session::connect(hub->session_parts(), {local, remote}, std::move(expected),
                                               hub->env().now()));
  Dialling dialling(ConnectionCore::make(hub, port, std::move(session), Direction::outbound));
  dialling.core->mark();
  LIBP2P_CO_CHECK(co_await ConnectionCore::wait_established(dialling.core));
  co_return std::make_unique<QuicConnection>(std::move(dialling.core));
}

Task<Result<std::unique_ptr<ConnectionListener>>> QuicTransport::listen(Multiaddr address) {
  if (!hub_) co_return std::unexpected(failure_);
  LIBP2P_CO_TRY(const Address at, quic::udp_address(address));
  LIBP2P_CO_TRY(std::shared_ptr<Port> port, Port::open(hub_, at));
  co_return std::make_unique<QuicListener>(std::move(port));
}

void QuicTransport::addresses_changed() {
  if (!hub_) return;
  for (const auto& connection : hub_->connections()) connection->follow_route();
}

Result<> QuicTransport::migrate(const PeerId& peer, const Multiaddr& local) {
  LIBP2P_TRY(const Address to, quic::udp_address(local));
  bool found = false;
  for (const auto& connection : hub_ ? hub_->connections() : std::vector<std::shared_ptr<ConnectionCore>>{}) {
    const auto& key = connection->session().remote_key();
    if (connection->direction() == Direction::inbound || !key || PeerId::from_public_key(*key) != peer)
      continue;
    found = true;
    LIBP2P_CHECK(connection->migrate(to.address()));
  }
  if (!found) return fail(Errc::not_found, "no connection was dialled to " + peer.to_string());
  return {};
}

std::size_t QuicTransport::connection_count() const noexcept { return hub_ ? hub_->connection_count() : 0; }
std::size_t QuicTransport::half_open() const noexcept { return hub_ ? hub_->half_open() : 0; }

}  // namespace libp2p
