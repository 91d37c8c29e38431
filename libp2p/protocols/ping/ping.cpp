#include "libp2p/protocols/ping/ping.hpp"

#include <array>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"

namespace libp2p {
namespace {

using Payload = std::array<std::uint8_t, 32>;

}  // namespace

Ping::Ping(Env env, Swarm& swarm, PingConfig config)
    : env_(env),
      swarm_(swarm),
      config_(config),
      answering_(std::make_shared<Answering>()),
      turn_(env.executor) {}

void Ping::start() {
  if (std::exchange(started_, true)) return;
  swarm_.set_handler(std::string(ping_protocol_id),
                     [env = env_, config = config_, answering = answering_](InboundStream inbound) {
                       return answer(env, config, answering, std::move(inbound));
                     });
}

Task<> Ping::stop() {
  if (std::exchange(started_, false)) swarm_.remove_handler(ping_protocol_id);
  co_return;
}

// Runs may outlive the service: they have what they need, and end with the swarm.
Task<> Ping::answer(Env env, PingConfig config, std::shared_ptr<Answering> answering, InboundStream inbound) {
  struct Place {
    Answering& all;
    const PeerId& peer;
    Place(Answering& a, const PeerId& p) : all(a), peer(p) { ++all[peer]; }
    ~Place() {
      if (--all[peer] == 0) all.erase(peer);
    }
  } const place(*answering, inbound.peer);
  if (answering->at(inbound.peer) > config.max_streams_per_peer) co_return;

  Payload payload{};
  for (;;) {
    const DeadlineGuard idle(env, config.idle_timeout, [&inbound] { inbound.stream->reset(); });
    const auto got = co_await read_exact(*inbound.stream, payload);
    if (!got && got.error().code == Errc::closed) break;
    if (!got || !co_await inbound.stream->write(payload)) co_return;
  }
  (void)co_await inbound.stream->close_write();
}

Task<Result<Duration>> Ping::ping(PeerId peer) {
  // The specification allows a peer one stream for this.
  while (!pinged_.insert(peer).second) co_await turn_.wait();
  struct Turn {
    Ping& service;
    const PeerId& peer;
    ~Turn() {
      service.pinged_.erase(peer);
      service.turn_.notify_all();
    }
  } const turn{*this, peer};
  co_return co_await with_timeout(env_, config_.timeout, "ping", measure(peer));
}

Task<Result<Duration>> Ping::measure(PeerId peer) {
  LIBP2P_CO_TRY(const Swarm::OpenedStream opened,
                co_await swarm_.open_stream(peer, {std::string(ping_protocol_id)}));
  Payload sent{};
  env_.random.fill(sent);
  const Instant began = env_.now();
  LIBP2P_CO_CHECK(co_await opened.stream->write(sent));
  Payload answer{};
  LIBP2P_CO_CHECK(co_await read_exact(*opened.stream, answer));
  const Duration took = env_.now() - began;
  if (answer != sent) co_return fail(Errc::protocol, "the answer to a ping is another than was sent");
  (void)co_await close_gracefully(*opened.stream);
  co_return took;
}

}  // namespace libp2p
