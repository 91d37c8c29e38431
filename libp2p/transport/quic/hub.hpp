// What all sockets and connections of one QUIC transport share.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/rate_limit.hpp"
#include "libp2p/transport/quic/ngtcp2_session.hpp"

namespace libp2p::quic {

class ConnectionCore;
class Port;

// Each kind has a limit of its own: a flood of what asks for one keeps nobody from the others.
enum class StatelessAnswer : std::uint8_t { reset, version_negotiation, refused_token };

// Owned by the transport, and kept by what it serves. It owns the connections until they are finished, since
// they answer for a while after their user has let them go.
class Hub : public std::enable_shared_from_this<Hub> {
 public:
  Hub(Env env, QuicConfig config, std::shared_ptr<const TlsIdentity> identity, const Secret& reset_secret);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  [[nodiscard]] Env env() const noexcept { return env_; }
  [[nodiscard]] const QuicConfig& config() const noexcept { return config_; }
  [[nodiscard]] SessionParts session_parts() const;
  [[nodiscard]] const Secret& reset_secret() const noexcept { return reset_secret_; }
  [[nodiscard]] const Secret& retry_secret() const noexcept { return retry_secret_; }

  // Ports, none of which it keeps.
  void add_port(const std::shared_ptr<Port>& port);
  // The port that can send from `local`, or null.
  [[nodiscard]] std::shared_ptr<Port> port_from(const Address& local);
  // A port whose datagrams may leave from `source`, preferably one that listens; a new one if there is none.
  // Errors: those of opening a socket.
  [[nodiscard]] Result<std::shared_ptr<Port>> port_to_dial_from(const Address& source);

  // Connections.
  void add(const std::shared_ptr<ConnectionCore>& connection);
  void route(const ConnectionId& id, ConnectionCore& connection);
  void unroute(const ConnectionId& id, const ConnectionCore& connection);
  [[nodiscard]] ConnectionCore* find(const ConnectionId& id) const;
  // It is finished: its ids lead nowhere now. `silently`: what still comes for them isn't answered.
  void remove(ConnectionCore& connection, const std::vector<ConnectionId>& ids, bool silently);
  [[nodiscard]] bool silent(const ConnectionId& id);
  // A stateless reset carries no id that leads anywhere: it is for whoever knows its token. False: nobody
  // does.
  [[nodiscard]] bool offer_reset(const Path& path, BytesView datagram);
  [[nodiscard]] std::vector<std::shared_ptr<ConnectionCore>> connections() const;
  [[nodiscard]] std::size_t connection_count() const noexcept { return connections_.size(); }
  // Ends all without a word.
  void abandon_all();

  // Inbound handshakes under way.
  [[nodiscard]] std::size_t half_open() const noexcept { return half_open_; }
  // Of the network that `remote` is in.
  [[nodiscard]] std::size_t half_open_near(const Address& remote) const;
  void begin_half_open(const Address& remote);
  void end_half_open(const Address& remote);
  // Whether an answer for which nothing is kept may be sent now; it counts, among those of its kind.
  [[nodiscard]] bool may_answer(StatelessAnswer kind) {
    return stateless_answers_[static_cast<std::size_t>(kind)].take(env_.now());
  }

  // Has the connection send what it has, soon and once for all that happens until then.
  void flush_soon(std::shared_ptr<ConnectionCore> connection);
  // For one receiving call at a time.
  [[nodiscard]] Bytes& receive_buffer() noexcept { return receive_buffer_; }

 private:
  void flush();
  void forget_old_silent_ids();

  Env env_;
  QuicConfig config_;
  std::shared_ptr<const TlsIdentity> identity_;
  Secret reset_secret_;
  Secret retry_secret_;
  std::vector<std::weak_ptr<Port>> ports_;
  std::set<std::shared_ptr<ConnectionCore>> connections_;
  std::map<ConnectionId, ConnectionCore*> ids_;  // of those in connections_
  // Ids of connections whose other side knows that they ended.
  std::deque<std::pair<Instant, ConnectionId>> silent_order_;
  std::set<ConnectionId> silent_ids_;
  std::size_t half_open_ = 0;
  std::map<Bytes, std::size_t> half_open_of_networks_;  // its sum is half_open_, and none is 0
  std::array<RateLimit, 3> stateless_answers_;          // in the order of StatelessAnswer
  std::deque<std::shared_ptr<ConnectionCore>> to_flush_;
  bool flush_posted_ = false;
  Batch batch_;
  Bytes receive_buffer_;
};

}  // namespace libp2p::quic
