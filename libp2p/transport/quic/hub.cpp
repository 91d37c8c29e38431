#include "libp2p/transport/quic/hub.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "libp2p/transport/quic/connection_core.hpp"
#include "libp2p/transport/quic/port.hpp"

namespace libp2p::quic {
namespace {

constexpr std::size_t receive_buffer_bytes = 64U << 10;
// Three times the longest probe timeout that matters.
constexpr std::chrono::seconds silent_for(3);
constexpr std::size_t most_silent_ids = 4096;
constexpr std::chrono::seconds answers_period(1);
constexpr std::size_t most_connections_of_an_address = 16;

}  // namespace

Hub::Hub(Env env, QuicConfig config, std::shared_ptr<const TlsIdentity> identity, const Secret& reset_secret)
    : env_(env),
      config_(config),
      identity_(std::move(identity)),
      reset_secret_(reset_secret),
      stateless_answers_{RateLimit(config.max_stateless_answers, answers_period),
                         RateLimit(config.max_stateless_answers, answers_period),
                         RateLimit(config.max_stateless_answers, answers_period)},
      receive_buffer_(receive_buffer_bytes) {
  env.random.fill(retry_secret_);
}

SessionParts Hub::session_parts() const {
  return {.config = config_,
          .random = env_.random,
          .clock = env_.clock,
          .identity = identity_,
          .reset_secret = reset_secret_};
}

void Hub::add_port(const std::shared_ptr<Port>& port) {
  std::erase_if(ports_, [](const auto& known) { return known.expired(); });
  ports_.push_back(port);
}

std::shared_ptr<Port> Hub::port_from(const Address& local) {
  for (const auto& known : ports_) {
    if (auto port = known.lock(); port && port->serves(local)) return port;
  }
  return nullptr;
}

Result<std::shared_ptr<Port>> Hub::port_to_dial_from(const Address& source) {
  std::shared_ptr<Port> best;
  for (const auto& known : ports_) {
    auto port = known.lock();
    if (!port || !port->can_send_from(source.address())) continue;
    if (!best || (port->listening() && !best->listening())) best = std::move(port);
  }
  if (best) return best;
  const Address any(source.protocol(), 0);
  return Port::open(shared_from_this(), any);
}

void Hub::add(const std::shared_ptr<ConnectionCore>& connection) { connections_.insert(connection); }

// An id that leads somewhere stays there: ours are random, and a client's own can't take another's place.
void Hub::route(const ConnectionId& id, ConnectionCore& connection) { ids_.emplace(id, &connection); }

void Hub::unroute(const ConnectionId& id, const ConnectionCore& connection) {
  const auto found = ids_.find(id);
  if (found != ids_.end() && found->second == &connection) ids_.erase(found);
}

ConnectionCore* Hub::find(const ConnectionId& id) const {
  const auto found = ids_.find(id);
  return found == ids_.end() ? nullptr : found->second;
}

void Hub::remove(ConnectionCore& connection, const std::vector<ConnectionId>& ids, bool silently) {
  for (const ConnectionId& id : ids) {
    unroute(id, connection);
    if (silently && silent_ids_.insert(id).second) silent_order_.emplace_back(env_.now(), id);
  }
  forget_old_silent_ids();
  connections_.erase(connection.shared_from_this());
}

void Hub::forget_old_silent_ids() {
  const Instant now = env_.now();
  while (!silent_order_.empty() &&
         (now - silent_order_.front().first >= silent_for || silent_order_.size() > most_silent_ids)) {
    silent_ids_.erase(silent_order_.front().second);
    silent_order_.pop_front();
  }
}

bool Hub::silent(const ConnectionId& id) {
  forget_old_silent_ids();
  return silent_ids_.contains(id);
}

bool Hub::offer_reset(const Path& path, BytesView datagram) {
  std::vector<std::shared_ptr<ConnectionCore>> from_there;
  for (const auto& connection : connections_) {
    if (connection->session().path() == path) from_there.push_back(connection);
    if (from_there.size() == most_connections_of_an_address) break;
  }
  for (const auto& connection : from_there) {
    if (connection->session().ended()) continue;
    connection->on_datagram(path, datagram);
    if (connection->session().ended()) return true;
  }
  return false;
}

std::vector<std::shared_ptr<ConnectionCore>> Hub::connections() const {
  return {connections_.begin(), connections_.end()};
}

void Hub::abandon_all() {
  to_flush_.clear();
  for (const auto& connection : connections()) {
    connection->abandon(Error{Errc::closed, "the transport is gone"});
  }
}

std::size_t Hub::half_open_near(const Address& remote) const {
  const auto found = half_open_of_networks_.find(network_of(remote));
  return found == half_open_of_networks_.end() ? 0 : found->second;
}

void Hub::begin_half_open(const Address& remote) {
  ++half_open_;
  ++half_open_of_networks_[network_of(remote)];
}

void Hub::end_half_open(const Address& remote) {
  const auto found = half_open_of_networks_.find(network_of(remote));
  if (found == half_open_of_networks_.end()) return;
  --half_open_;
  if (--found->second == 0) half_open_of_networks_.erase(found);
}

void Hub::flush_soon(std::shared_ptr<ConnectionCore> connection) {
  to_flush_.push_back(std::move(connection));
  if (std::exchange(flush_posted_, true)) return;
  boost::asio::post(env_.executor, [weak = weak_from_this()] {
    if (const auto hub = weak.lock()) hub->flush();
  });
}

void Hub::flush() {
  flush_posted_ = false;
  // Who has more to send comes again after all others, and after what came meanwhile.
  for (std::size_t left = to_flush_.size(); left > 0 && !to_flush_.empty(); --left) {
    const std::shared_ptr<ConnectionCore> connection = std::move(to_flush_.front());
    to_flush_.pop_front();
    connection->flush(batch_);
  }
}

}  // namespace libp2p::quic
