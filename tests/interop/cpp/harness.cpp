#include "tests/interop/cpp/harness.hpp"

#include <cstdio>

#include "libp2p/base/deadline.hpp"
#include "libp2p/host/host.hpp"
#include "tests/interop/cpp/redis.hpp"
#include "tests/interop/cpp/transports.hpp"

namespace interop {

using namespace libp2p;

namespace {

// How often a dialler looks whether the listener is there.
constexpr Duration poll_interval = std::chrono::milliseconds(50);

bool is_loopback(const Multiaddr& address) {
  const std::string text = address.to_string();
  return text.starts_with("/ip4/127.") || text.starts_with("/ip6/::1/");
}

// The harnesses' peers are machines of their own, where the loopback address is of no use to others.
Result<Multiaddr> address_for_others(const std::vector<Multiaddr>& all) {
  if (all.empty()) return fail(Errc::not_found, "no address to tell");
  for (const Multiaddr& address : all) {
    if (!is_loopback(address)) return address;
  }
  return all.front();
}

Task<Result<>> listen(Env env, Host& host, const HarnessSettings& settings) {
  LIBP2P_CO_TRY(const Multiaddr address, address_for_others(host.addresses()));
  LIBP2P_CO_TRY(RedisClient redis, co_await RedisClient::connect(env, settings.redis_address));
  LIBP2P_CO_CHECK(co_await redis.call({"RPUSH", settings.key, address.to_string()}));
  for (;;) co_await sleep_for(env, settings.timeout);
}

// Some listeners leave a list of one, some a value.
Task<Result<Multiaddr>> listener_address(Env env, const HarnessSettings& settings) {
  LIBP2P_CO_TRY(RedisClient redis, co_await RedisClient::connect(env, settings.redis_address));
  for (;;) {
    Result<RedisReply> found = co_await redis.call({"LINDEX", settings.key, "0"});
    if (!found && found.error().code == Errc::refused) found = co_await redis.call({"GET", settings.key});
    if (!found) co_return std::unexpected(found.error());
    if (!found->items.empty() && found->items.front()) co_return Multiaddr::parse(*found->items.front());
    co_await sleep_for(env, poll_interval);
  }
}

void print_latency(Dialect dialect, Duration handshake_and_ping, Duration ping) {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  const double whole = Milliseconds(handshake_and_ping).count();
  const double round_trip = Milliseconds(ping).count();
  if (dialect == Dialect::unified) {
    std::printf("latency:\n  handshake_plus_one_rtt: %.3f\n  ping_rtt: %.3f\n  unit: ms\n", whole,
                round_trip);
  } else {
    // The harness reads it with its third l.
    std::printf("{\"handshakePlusOneRTTMillis\": %.3f, \"pingRTTMilllis\": %.3f}\n", whole, round_trip);
  }
  std::fflush(stdout);
}

Task<Result<>> dial(Env env, Host& host, const HarnessSettings& settings) {
  LIBP2P_CO_TRY(const Multiaddr address, co_await listener_address(env, settings));
  const Instant begun = env.now();
  LIBP2P_CO_TRY(const PeerId peer, co_await host.connect(address));
  LIBP2P_CO_TRY(const Duration round_trip, co_await host.ping()->ping(peer));
  print_latency(settings.dialect, env.now() - begun, round_trip);
  co_return Result<>{};
}

Task<Result<>> live(Env env, Host& host, const HarnessSettings& settings) {
  LIBP2P_CO_CHECK(co_await host.start());
  if (settings.dialer) co_return co_await dial(env, host, settings);
  co_return co_await listen(env, host, settings);
}

}  // namespace

Task<Result<>> run_harness(Env env, HarnessSettings settings) {
  HostConfig config;
  config.listen = settings.options.listen;
  config.identify->agent = "starling-interop-cpp";
  LIBP2P_CO_CHECK(set_transport(config, settings.options));
  Host host(env, std::move(config));
  const Duration timeout = settings.timeout;
  Result<> lived =
      co_await with_timeout(env, timeout, "the test isn't over in time", live(env, host, settings));
  co_await host.stop();
  co_return lived;
}

}  // namespace interop
