// The commands that only benchmarks give.
#include <algorithm>

#include "tests/interop/cpp/peer.hpp"
#include "tests/interop/cpp/transports.hpp"

namespace interop {

using namespace libp2p;

Task<InteropPeer::Answer> InteropPeer::reconnect(std::string address, std::uint64_t count, bool probe) {
  LIBP2P_CO_TRY(const Multiaddr where, Multiaddr::parse(address));
  json::array byte_ms;
  json::array identified_ms;
  const Instant begun = env_.now();
  for (std::uint64_t i = 0; i < count; ++i) {
    const Instant dialled = env_.now();
    LIBP2P_CO_TRY(const PeerId peer, co_await host_.connect(where));
    if (probe) {
      LIBP2P_CO_CHECK(co_await host_.perf()->run(peer, 1, 1));
      byte_ms.emplace_back(in_milliseconds(env_.now() - dialled));
      // It has gone on meanwhile.
      LIBP2P_CO_CHECK(co_await host_.identify()->identify(peer));
      identified_ms.emplace_back(in_milliseconds(env_.now() - dialled));
    }
    host_.swarm().disconnect(peer);
    while (host_.swarm().is_connected(peer)) co_await disconnected_.wait();
  }
  co_return json::object{{"byte_ms", std::move(byte_ms)},
                         {"identified_ms", std::move(identified_ms)},
                         {"total_s", in_seconds(env_.now() - begun)}};
}

Task<InteropPeer::Answer> InteropPeer::streams(PeerId peer, std::uint64_t count, std::uint64_t at_once,
                                               std::uint64_t bytes) {
  const Instant begun = env_.now();
  const auto once = [this, peer, bytes]() -> Task<Result<>> {
    LIBP2P_CO_CHECK(co_await host_.perf()->run(peer, bytes, bytes));
    co_return Result<>{};
  };
  LIBP2P_CO_CHECK(co_await repeat(count, at_once, once));
  co_return json::object{{"total_s", in_seconds(env_.now() - begun)}};
}

Task<InteropPeer::Answer> InteropPeer::crowd(std::string address, std::uint64_t count,
                                             std::uint64_t at_once) {
  LIBP2P_CO_TRY(const Multiaddr where, Multiaddr::parse(address));
  const Instant begun = env_.now();
  LIBP2P_CO_CHECK(co_await repeat(count, at_once, [this, where] { return join_crowd(where); }));
  co_return json::object{{"total_s", in_seconds(env_.now() - begun)}};
}

Task<Result<>> InteropPeer::join_crowd(Multiaddr where) {
  HostConfig config;
  config.swarm.idle_timeout = std::chrono::hours(1);
  LIBP2P_CO_CHECK(set_transport(config, options_));
  Host& host = *crowd_.emplace_back(std::make_unique<Host>(env_, std::move(config)));
  LIBP2P_CO_CHECK(co_await host.start());
  LIBP2P_CO_TRY(const PeerId peer, co_await host.connect(where));
  LIBP2P_CO_CHECK(co_await host.identify()->identify(peer));
  co_return Result<>{};
}

struct InteropPeer::Repeated {
  Repeated(Executor executor, Once what, std::uint64_t count)
      : once(std::move(what)), left(count), changed(executor) {}
  Once once;
  std::uint64_t left;  // not begun yet
  std::uint64_t running = 0;
  Result<> outcome;
  Notifier changed;
};

// Does it `count` times, `at_once` at a time; the first error ends it.
Task<Result<>> InteropPeer::repeat(std::uint64_t count, std::uint64_t at_once, Once once) {
  const auto repeated = std::make_shared<Repeated>(env_.executor, std::move(once), count);
  repeated->running = std::clamp<std::uint64_t>(at_once, 1, std::max<std::uint64_t>(count, 1));
  for (std::uint64_t i = repeated->running; i > 0; --i) {
    tasks_.spawn("repeat", repeat_until_done(repeated));
  }
  while (repeated->running > 0) co_await repeated->changed.wait();
  co_return repeated->outcome;
}

Task<> InteropPeer::repeat_until_done(std::shared_ptr<Repeated> repeated) {
  while (repeated->left > 0) {
    --repeated->left;
    const Result<> done = co_await repeated->once();
    if (done) continue;
    repeated->outcome = done;
    repeated->left = 0;
  }
  --repeated->running;
  repeated->changed.notify_all();
}

}  // namespace interop
