#include "libp2p/swarm/stream_router.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "libp2p/base/deadline.hpp"
#include "libp2p/multistream/negotiate.hpp"
#include "libp2p/swarm/accounted_stream.hpp"
#include "libp2p/swarm/metered_stream.hpp"

namespace libp2p::swarm {
namespace {

// Most peers speak it, and those that don't say so: both is an answer.
constexpr std::string_view asked_for = "/ipfs/ping/1.0.0";

}  // namespace

// One of a connection's inbound streams, from its arrival until its handler has ended.
class StreamRouter::Slot {
 public:
  Slot(ConnectionPtr connection, std::shared_ptr<StreamAccount> account)
      : connection_(std::move(connection)), account_(std::move(account)) {
    ++connection_->inbound_streams;
  }
  Slot(Slot&&) = default;
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (connection_) --connection_->inbound_streams;
  }
  [[nodiscard]] const std::shared_ptr<StreamAccount>& account() const noexcept { return account_; }

 private:
  ConnectionPtr connection_;
  std::shared_ptr<StreamAccount> account_;
};

StreamRouter::StreamRouter(Env env, const SwarmConfig& config, const Gater& gater, const Peerstore& peerstore)
    : env_(env), config_(config), gater_(gater), peerstore_(peerstore), handling_(env) {}

void StreamRouter::set_handler(std::string protocol, StreamHandler handler) {
  const auto [entry, fresh] =
      handlers_.try_emplace(std::move(protocol), std::make_shared<const StreamHandler>(std::move(handler)));
  if (fresh) return;
  std::fprintf(stderr, "a second handler for %s\n", entry->first.c_str());
  std::abort();
}

bool StreamRouter::remove_handler(std::string_view protocol) {
  const auto found = handlers_.find(protocol);
  if (found == handlers_.end()) return false;
  handlers_.erase(found);
  return true;
}

std::vector<std::string> StreamRouter::protocols() const {
  std::vector<std::string> names;
  names.reserve(handlers_.size());
  for (const auto& [protocol, handler] : handlers_) names.push_back(protocol);
  return names;
}

bool StreamRouter::may_carry(const Connection& connection, std::string_view protocol) const {
  if (!connection.restricted) return true;
  const std::vector<std::string> allowed = gater_.restricted_protocols();
  return std::ranges::find(allowed, protocol) != allowed.end();
}

void StreamRouter::accept(const ConnectionPtr& connection, StreamPtr stream) {
  if (connection->closing) return;  // dropped, so reset
  const auto refuse = [&](std::string why) {
    env_.log.debug("stream.refused", {{"peer", connection->peer().short_string()}, {"why", why}});
  };
  if (connection->restricted && connection->inbound_streams >= config_.restricted_max_streams) {
    return refuse("too many streams of a peer that isn't admitted");
  }
  auto account = connection->account->open_stream(Direction::inbound);
  if (!account) return refuse(account.error().to_string());
  connection->last_used = env_.now();
  handling_.spawn("inbound stream",
                  serve(connection, std::move(stream), Slot(connection, std::move(*account))));
}

Task<> StreamRouter::serve(ConnectionPtr connection, StreamPtr stream, Slot slot) {
  if (connection->restricted) {
    stream = meter_stream(std::move(stream), connection, config_.restricted_max_bytes);
  }
  const auto protocol = co_await negotiate_as_listener(
      env_, *stream,
      [this, &connection](std::string_view name) {
        return !connection->restricted_stream && handlers_.contains(name) && may_carry(*connection, name);
      },
      {.timeout = config_.negotiate_timeout});
  if (!protocol) {
    env_.log.debug("stream.not_negotiated",
                   {{"peer", connection->peer().short_string()}, {"why", protocol.error().to_string()}});
    co_return;
  }
  // Between the answer and here the handler can have been removed.
  const auto found = handlers_.find(*protocol);
  if (found == handlers_.end() || connection->closing) co_return;
  if (connection->restricted && std::exchange(connection->restricted_stream, true)) {
    env_.log.debug("stream.refused",
                   {{"peer", connection->peer().short_string()}, {"why", "one is all it gets"}});
    co_return;
  }
  if (const auto counted = slot.account()->assign(*protocol); !counted) {
    env_.log.debug("stream.refused",
                   {{"peer", connection->peer().short_string()}, {"why", counted.error().to_string()}});
    co_return;
  }
  stream = account_stream(std::move(stream), slot.account());
  const std::shared_ptr<const StreamHandler> handler = found->second;
  co_await (*handler)(InboundStream{.stream = std::move(stream),
                                    .peer = connection->peer(),
                                    .connection = connection->id,
                                    .protocol = *protocol,
                                    .restricted = connection->restricted});
}

Result<> StreamRouter::check_open(const Connection& connection,
                                  const std::vector<std::string>& protocols) const {
  if (connection.closing)
    return fail(Errc::not_found, "the connection to " + connection.peer().to_string() + " has ended");
  if (protocols.empty()) return fail(Errc::invalid_argument, "no protocol to open a stream for");
  for (const std::string& protocol : protocols) {
    if (!may_carry(connection, protocol)) {
      return fail(Errc::refused,
                  protocol + " to " + connection.peer().to_string() + ", which isn't admitted");
    }
  }
  return {};
}

// What the peer is known to speak, first in our order; null when nothing is known of it.
const std::string* StreamRouter::known_protocol(const PeerId& peer,
                                                const std::vector<std::string>& protocols) const {
  for (const std::string& protocol : protocols) {
    if (peerstore_.supports(peer, protocol)) return &protocol;
  }
  return protocols.size() == 1 ? &protocols.front() : nullptr;
}

Task<Result<Swarm::OpenedStream>> StreamRouter::open(ConnectionPtr connection,
                                                     std::vector<std::string> protocols, bool lazy) {
  LIBP2P_CO_CHECK(check_open(*connection, protocols));
  LIBP2P_CO_TRY(const std::shared_ptr<StreamAccount> account,
                connection->account->open_stream(Direction::outbound));
  LIBP2P_CO_TRY(StreamPtr stream,
                co_await with_timeout(env_, config_.negotiate_timeout, "the peer accepts no more streams",
                                      connection->muxed->open_stream()));
  LIBP2P_CO_CHECK(check_open(*connection, protocols));
  connection->last_used = env_.now();
  if (connection->restricted) {
    stream = meter_stream(std::move(stream), connection, config_.restricted_max_bytes);
  }
  const NegotiationLimits limits{.timeout = config_.negotiate_timeout};
  const std::string* known = lazy ? known_protocol(connection->peer(), protocols) : nullptr;
  if (known != nullptr) {
    LIBP2P_CO_CHECK(account->assign(*known));
    stream = lazy_select(env_, std::move(stream), *known, limits);
    co_return Swarm::OpenedStream{account_stream(std::move(stream), account), *known, connection->id};
  }
  LIBP2P_CO_TRY(std::string agreed, co_await select_one(env_, *stream, protocols, limits));
  LIBP2P_CO_CHECK(account->assign(agreed));
  co_return Swarm::OpenedStream{account_stream(std::move(stream), account), std::move(agreed),
                                connection->id};
}

Task<bool> StreamRouter::answers(ConnectionPtr connection, Duration patience) {
  const auto account = connection->account->open_stream(Direction::outbound);
  if (!account) co_return true;
  const auto stream = co_await with_timeout(env_, patience, "the peer accepts no more streams",
                                            connection->muxed->open_stream());
  if (!stream) co_return true;
  const std::array protocols{std::string(asked_for)};
  const auto agreed = co_await select_one(env_, **stream, protocols, {.timeout = patience});
  co_return agreed || agreed.error().code != Errc::timeout;
}

}  // namespace libp2p::swarm
