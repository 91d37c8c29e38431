#include "libp2p/protocols/gossipsub/gossipsub.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/base/protobuf.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/base/uncancelled.hpp"
#include "libp2p/protocols/gossipsub/frames.hpp"
#include "libp2p/protocols/gossipsub/link.hpp"
#include "libp2p/protocols/gossipsub/rpc.hpp"
#include "libp2p/protocols/gossipsub/signing.hpp"

namespace libp2p {
namespace {

// A peer that never pauses lets the others have a turn after this much.
constexpr std::size_t bytes_per_turn = 64 * 1024;

}  // namespace

using namespace gossipsub;  // NOLINT: this file is the shell of those parts

struct Gossipsub::Parts final : SwarmObserver, std::enable_shared_from_this<Parts> {
  Parts(Env e, Swarm& s, const GossipsubConfig& c)
      : env(e),
        swarm(s),
        config(c),
        router(s.local_peer(), c, e.random),
        signer(s.identity(), first_seqno(e.clock.wall(), e.random)),
        tasks(e),
        no_runs(e.executor) {}

  void on_peer_connected(const PeerId& peer) override { link_to(peer); }
  void on_peer_disconnected(const PeerId& peer) override;
  void on_peer_identified(const PeerId& peer) override;
  void on_connection_superseded(const ConnectionInfo& connection) override;

  Link& link_to(const PeerId& peer);
  void execute(Actions actions);
  void deliver(const GossipMessage& message);
  void drop(Link& link);
  void end(Link& link);

  [[nodiscard]] Task<> run_heartbeat();
  [[nodiscard]] Task<> run_link(std::shared_ptr<Link> link);
  [[nodiscard]] Task<> pause(std::shared_ptr<Link> link, Duration duration);
  [[nodiscard]] Task<> write_to(std::shared_ptr<Link> link, std::shared_ptr<OutStream> out,
                                ProtocolVersion version);
  [[nodiscard]] Task<> watch(std::shared_ptr<Link> link, std::shared_ptr<OutStream> out);
  [[nodiscard]] Task<> retire(std::shared_ptr<OutStream> out);
  void no_stream(Link& link);
  [[nodiscard]] static Task<> serve(std::shared_ptr<Parts> parts, InboundStream in);
  [[nodiscard]] Task<> read_from(std::shared_ptr<Link> link, Stream& stream, std::uint64_t number);
  // How many whole RPCs there were.
  [[nodiscard]] Result<std::size_t> take(const PeerId& peer, FrameBuffer& frames, bool superseded);
  [[nodiscard]] Task<> stop();

  Env env;
  Swarm& swarm;
  GossipsubConfig config;
  Router router;
  MessageSigner signer;
  std::map<std::string, std::shared_ptr<Handler>> handlers;
  std::map<PeerId, std::shared_ptr<Link>> links;
  TaskGroup tasks;
  std::size_t runs = 0;  // inbound streams being served
  Notifier no_runs;
  bool started = false;
  bool stopped = false;
};

// Links

Link& Gossipsub::Parts::link_to(const PeerId& peer) {
  auto& link = links[peer];
  const auto connections = swarm.connections(peer);
  router.peer_connected(peer, std::ranges::any_of(connections, [](const ConnectionInfo& connection) {
                          return connection.direction == Direction::outbound;
                        }));
  if (!link) {
    link = std::make_shared<Link>(env, peer, config);
    tasks.spawn("gossipsub.link", run_link(link));
  }
  return *link;
}

void Gossipsub::Parts::on_peer_disconnected(const PeerId& peer) {
  const auto it = links.find(peer);
  if (it == links.end()) return;
  const std::shared_ptr<Link> link = it->second;
  links.erase(it);
  router.peer_gone(peer);
  end(*link);
}

void Gossipsub::Parts::end(Link& link) {
  link.gone = true;
  if (link.out) link.out->stream->reset();
  for (const Link::Inbound& inbound : link.inbound) inbound.stream->reset();
  link.wake.notify_all();
}

void Gossipsub::Parts::on_peer_identified(const PeerId& peer) {
  const auto it = links.find(peer);
  if (it == links.end()) return;
  it->second->worth_a_try = true;
  it->second->wake.notify_all();
}

void Gossipsub::Parts::on_connection_superseded(const ConnectionInfo& connection) {
  const auto it = links.find(connection.peer);
  if (it == links.end()) return;
  Link& link = *it->second;
  if (!link.out) {
    link.superseded.insert(connection.id);  // a stream may be about to open on it
  } else if (link.out->connection == connection.id) {
    link.out->superseded = true;
    link.wake.notify_all();
  }
}

// A peer that doesn't take what we have for it.
void Gossipsub::Parts::drop(Link& link) {
  ++router.counters().peers_dropped;
  env.log.debug("gossipsub.peer_dropped", {{"peer", link.peer.short_string()}, {"why", "it doesn't read"}});
  link.taking = false;
  link.outbox.clear();
  router.stream_lost(link.peer);
  if (link.out) {
    link.out->dead = true;
    link.out->stream->reset();
  }
  link.wake.notify_all();
}

void Gossipsub::Parts::execute(Actions actions) {
  for (Actions::Send& send : actions.sends) {
    const auto it = links.find(send.peer);
    if (it == links.end() || !it->second->taking) continue;
    Link& link = *it->second;
    if (!link.outbox.push(std::move(send.item))) {
      drop(link);
    } else {
      link.wake.notify_all();
    }
  }
  for (const GossipMessage& message : actions.deliveries) deliver(message);
}

void Gossipsub::Parts::deliver(const GossipMessage& message) {
  const auto it = handlers.find(message.topic);
  if (it == handlers.end()) return;
  const std::shared_ptr<Handler> handler = it->second;  // it may unsubscribe
  (*handler)(message);
}

// Sending

Task<> Gossipsub::Parts::run_heartbeat() {
  // Nodes that started together don't beat together.
  co_await sleep_for(env, Duration(env.random.below(static_cast<std::uint64_t>(config.heartbeat.count()))));
  for (;;) {
    execute(router.heartbeat(env.now()));
    co_await sleep_for(env, config.heartbeat);
  }
}

Task<> Gossipsub::Parts::pause(std::shared_ptr<Link> link, Duration duration) {
  const Instant until = env.now() + duration;
  while (!link->gone && !link->worth_a_try && co_await link->wake.wait_until(env, until)) {
  }
  link->worth_a_try = false;
}

void Gossipsub::Parts::no_stream(Link& link) {
  link.outbox.stream_lost();
  router.stream_lost(link.peer);
}

Task<> Gossipsub::Parts::run_link(std::shared_ptr<Link> link) {
  const std::vector<std::string> protocols{std::string(protocol_v1_1), std::string(protocol_v1_0)};
  Duration wait = config.reopen_first;
  while (!link->gone) {
    link->worth_a_try = false;
    link->superseded.clear();
    auto opened = co_await swarm.open_stream(link->peer, protocols, false);
    if (link->gone) break;
    if (!opened && opened.error().code == Errc::not_supported) {
      no_stream(*link);
      while (!link->gone && !link->worth_a_try) co_await link->wake.wait();
      continue;
    }
    const Instant since = env.now();
    if (opened) {
      const ProtocolVersion version = version_of(opened->protocol);
      const auto out = std::make_shared<OutStream>(env, std::move(*opened));
      co_await write_to(link, out, version);
      if (link->gone) break;
      link->worth_a_try = false;
      if (out->superseded && !out->dead) continue;  // what waits leaves on the next one, and nothing is lost
      if (link->taking && env.now() - since > config.reopen_cap) {
        wait = config.reopen_first;
        continue;
      }
    }
    no_stream(*link);
    co_await pause(link, link->taking ? wait : config.reopen_cap);
    wait = std::min(2 * wait, config.reopen_cap);
  }
}

Task<> Gossipsub::Parts::write_to(std::shared_ptr<Link> link, std::shared_ptr<OutStream> out,
                                  ProtocolVersion version) {
  // Whichever way this ends, also by cancellation, the watching task ends, too.
  struct Leave {
    Parts& parts;
    Link& link;
    std::shared_ptr<OutStream> out;
    ~Leave() {
      link.out.reset();
      if (out->superseded && !out->dead && !link.gone && !parts.stopped) {
        parts.tasks.spawn("gossipsub.retire", parts.retire(out));
      } else {
        out->stream->reset();
      }
    }
  };
  link->out = out;
  const Leave leave{*this, *link, out};
  link->taking = true;
  out->superseded = link->superseded.contains(out->connection);
  tasks.spawn("gossipsub.watch", watch(link, out));
  if (!out->superseded) execute(router.stream_opened(link->peer, version, env.now()));
  while (!link->gone && !out->dead && !out->superseded) {
    const Bytes rpc = link->outbox.next();
    if (rpc.empty()) {
      co_await link->wake.wait();
      continue;
    }
    const DeadlineGuard deadline(env, config.write_timeout, [&out] { out->stream->reset(); });
    const auto written = co_await out->stream->write(rpc);
    if (written) continue;
    env.log.debug("gossipsub.stream_lost",
                  {{"peer", link->peer.short_string()}, {"why", written.error().message}});
    out->dead = true;
  }
}

// Nothing comes on this stream, but its end does: found here, and not by a message that is written into the
// void.
Task<> Gossipsub::Parts::watch(std::shared_ptr<Link> link, std::shared_ptr<OutStream> out) {
  std::array<std::uint8_t, 16> nothing{};
  const auto got = co_await out->stream->read_some(nothing);
  // A half-close, of a direction that isn't used, does no harm; data where none belongs does.
  if (!got || *got > 0) out->dead = true;
  out->finished = true;
  out->ended.notify_all();
  link->wake.notify_all();
}

// Half-closes a stream that another follows, and keeps it until the other side has read it to its end.
Task<> Gossipsub::Parts::retire(std::shared_ptr<OutStream> out) {
  const DeadlineGuard deadline(env, config.write_timeout, [&out] { out->stream->reset(); });
  (void)co_await out->stream->close_write();
  while (!out->finished) co_await out->ended.wait();
}

// Receiving

Task<> Gossipsub::Parts::serve(std::shared_ptr<Parts> parts, InboundStream in) {
  if (!parts || parts->stopped || !parts->swarm.is_connected(in.peer)) co_return;
  parts->link_to(in.peer);
  const std::shared_ptr<Link> link = parts->links.at(in.peer);
  // One before this may still have something to say, not more.
  for (std::size_t i = 0; i + 1 < link->inbound.size(); ++i) link->inbound[i].stream->reset();
  struct Run {
    Parts& parts;
    Link& link;
    std::uint64_t number;
    ~Run() {
      std::erase_if(link.inbound, [this](const Link::Inbound& inbound) { return inbound.number == number; });
      if (number == link.newest_inbound && !link.gone) parts.router.inbound_lost(link.peer, parts.env.now());
      if (--parts.runs == 0) parts.no_runs.notify_all();
    }
  };
  ++parts->runs;
  const Run run{*parts, *link, ++link->newest_inbound};
  link->inbound.push_back({run.number, in.stream.get()});
  link->worth_a_try = true;
  link->wake.notify_all();
  parts->execute(parts->router.inbound_opened(in.peer, parts->env.now()));
  co_await parts->read_from(link, *in.stream, run.number);
}

Task<> Gossipsub::Parts::read_from(std::shared_ptr<Link> link, Stream& stream, std::uint64_t number) {
  FrameBuffer frames(config.max_rpc_bytes);
  std::optional<DeadlineGuard> whole_in_time;
  std::size_t bytes_this_turn = 0;
  for (;;) {
    const auto got = co_await stream.read_some(frames.prepare());
    if (!got || *got == 0 || link->gone || stopped) co_return;
    frames.commit(*got);
    const auto taken = take(link->peer, frames, number != link->newest_inbound);
    if (!taken) {
      env.log.debug("gossipsub.rpc_refused",
                    {{"peer", link->peer.short_string()}, {"why", taken.error().message}});
      stream.reset();
      co_return;
    }
    if (*taken > 0 || !frames.partial()) whole_in_time.reset();
    if (frames.partial() && !whole_in_time) {
      whole_in_time.emplace(env, config.frame_timeout, [&stream] { stream.reset(); });
    }
    bytes_this_turn += *got;
    if (bytes_this_turn < bytes_per_turn) continue;
    bytes_this_turn = 0;
    co_await yield_now(env);
  }
}

Result<std::size_t> Gossipsub::Parts::take(const PeerId& peer, FrameBuffer& frames, bool superseded) {
  for (std::size_t count = 0;; ++count) {
    LIBP2P_TRY(const std::optional<BytesView> rpc, frames.next());
    if (!rpc) return count;
    LIBP2P_TRY(Actions actions, router.receive(peer, *rpc, env.now(), superseded));
    execute(std::move(actions));
  }
}

// Life

Task<> Gossipsub::Parts::stop() {
  stopped = true;
  const UncancelledSection section = co_await begin_uncancelled();
  if (started) {
    swarm.remove_observer(*this);
    swarm.remove_handler(protocol_v1_1);
    swarm.remove_handler(protocol_v1_0);
  }
  for (const auto& [peer, link] : links) end(*link);
  tasks.cancel();
  co_await tasks.join();
  while (runs > 0) co_await no_runs.wait();
  for (const auto& [peer, link] : links) router.peer_gone(peer);
  links.clear();
  co_await end_uncancelled(section);
}

Gossipsub::Gossipsub(Env env, Swarm& swarm, GossipsubConfig config) {
  if (const auto sound = config.check(); !sound) {
    std::fprintf(stderr, "%s\n", sound.error().message.c_str());
    std::abort();
  }
  parts_ = std::make_shared<Parts>(env, swarm, config);
}

Gossipsub::~Gossipsub() {
  if (!parts_->started || parts_->stopped) return;
  std::fprintf(stderr, "Gossipsub destroyed without stop()\n");
  std::abort();
}

void Gossipsub::start() {
  Parts& parts = *parts_;
  if (parts.started) return;
  parts.started = true;
  // The swarm keeps a handler until its last run has ended, which may be after us.
  const StreamHandler handler = [weak = std::weak_ptr<Parts>(parts_)](InboundStream in) -> Task<> {
    return Parts::serve(weak.lock(), std::move(in));
  };
  parts.swarm.set_handler(std::string(protocol_v1_1), handler);
  parts.swarm.set_handler(std::string(protocol_v1_0), handler);
  parts.swarm.add_observer(parts);
  for (const PeerId& peer : parts.swarm.connected_peers()) parts.link_to(peer);
  parts.tasks.spawn("gossipsub.heartbeat", parts.run_heartbeat());
}

Task<> Gossipsub::stop() { return parts_->stop(); }

Result<> Gossipsub::subscribe(std::string topic, Handler handler, Validator validator) {
  LIBP2P_TRY(Actions actions, parts_->router.join(topic, std::move(validator), parts_->env.now()));
  parts_->handlers[std::move(topic)] = std::make_shared<Handler>(std::move(handler));
  parts_->execute(std::move(actions));
  return {};
}

void Gossipsub::unsubscribe(const std::string& topic) {
  parts_->handlers.erase(topic);
  parts_->execute(parts_->router.leave(topic, parts_->env.now()));
}

Result<> Gossipsub::publish(std::string topic, BytesView data) {
  if (topic.empty() || topic.size() > parts_->config.max_topic_bytes || !is_utf8(as_bytes(topic))) {
    return fail(Errc::invalid_argument, "not a topic: " + printable(topic));
  }
  LIBP2P_TRY(const SignedMessage message, parts_->signer.sign(std::move(topic), data));
  if (message.wire->size() > parts_->config.max_message_bytes) {
    return fail(Errc::limit, "a message of " + std::to_string(message.wire->size()) + " bytes, at most " +
                                 std::to_string(parts_->config.max_message_bytes) + " allowed");
  }
  parts_->execute(parts_->router.publish(message, parts_->env.now()));
  return {};
}

std::vector<PeerId> Gossipsub::subscribers(const std::string& topic) const {
  return parts_->router.subscribers(topic);
}
std::vector<PeerId> Gossipsub::mesh(const std::string& topic) const { return parts_->router.mesh(topic); }
const GossipsubCounters& Gossipsub::counters() const noexcept { return parts_->router.counters(); }
std::size_t Gossipsub::tasks_escaped() const noexcept { return parts_->tasks.escaped(); }

}  // namespace libp2p
