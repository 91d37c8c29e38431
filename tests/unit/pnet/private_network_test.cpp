#include "libp2p/security/pnet/private_network.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "libp2p/base/system_runtime.hpp"
#include "libp2p/host/host.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PreSharedKey network_key(std::uint8_t byte) { return PreSharedKey::from_bytes(Bytes(32, byte)).value(); }
using Key = std::optional<PreSharedKey>;

HostConfig on_memory(Env env, MemoryNetwork& network, MemoryNode number, Key key) {
  HostConfig config;
  config.identity = node_key(number);
  config.listen = {memory_address(number)};
  config.byte_transports.push_back(std::make_unique<MemoryTransport>(env, network, number));
  config.private_network = std::move(key);
  return config;
}

// Two hosts in memory, 1 ms apart, whose connecting takes as long as it takes.
struct Pair {
  Pair(Key first, Key second)
      : links(runtime.env(), {.latency = milliseconds(1)}),
        network(runtime.env(), &links),
        a(runtime.env(), on_memory(runtime.env(), network, 1, std::move(first))),
        b(runtime.env(), on_memory(runtime.env(), network, 2, std::move(second))) {
    EXPECT_TRUE(runtime.run(a.start()));
    EXPECT_TRUE(runtime.run(b.start()));
  }
  ~Pair() {
    runtime.run(a.stop());
    runtime.run(b.stop());
  }
  Result<PeerId> connect() {
    const Instant before = runtime.now();
    auto connected = runtime.run(a.connect(b.addresses().at(0)));
    took = runtime.now() - before;
    return connected;
  }
  VirtualRuntime runtime;
  LinkTable links;
  MemoryNetwork network;
  Host a;
  Host b;
  Duration took{};
};

TEST(PrivateNetwork, MembersConnectAndCostNoRoundTripMore) {
  Pair in_private(network_key(1), network_key(1));
  ASSERT_TRUE(in_private.connect());
  EXPECT_EQ(*in_private.runtime.run(in_private.a.ping()->ping(in_private.b.peer())), milliseconds(2));
  Pair in_public(std::nullopt, std::nullopt);
  ASSERT_TRUE(in_public.connect());
  EXPECT_EQ(in_private.took, in_public.took);
}

void expect_refused(Key first, Key second) {
  Pair pair(std::move(first), std::move(second));
  const auto connected = pair.connect();
  ASSERT_FALSE(connected);
  EXPECT_LT(pair.took, milliseconds(10)) << connected.error().to_string();
  pair.runtime.run_for(seconds(30));
  EXPECT_TRUE(pair.b.swarm().connections().empty());
  EXPECT_TRUE(pair.a.swarm().connections().empty());
}

TEST(PrivateNetwork, WhoHasAnotherKeyIsRefusedAtOnce) {
  // Under some keys the noise looks like something that more has to follow.
  for (std::uint8_t other = 2; other < 40; ++other) expect_refused(network_key(1), network_key(other));
}

TEST(PrivateNetwork, ADialerWithAnotherKeyIsToldWhatMayBeWrong) {
  Pair pair(network_key(1), network_key(2));
  const auto connected = pair.connect();
  ASSERT_FALSE(connected);
  EXPECT_NE(connected.error().message.find("another pre-shared key, or none"), std::string::npos)
      << connected.error().message;
}

TEST(PrivateNetwork, APeerWithoutAKeyIsRefusedInEitherDirection) {
  expect_refused(network_key(1), std::nullopt);
  expect_refused(std::nullopt, network_key(1));
}

// What never answers is bounded by the negotiation, as in a public network.
TEST(PrivateNetwork, APeerThatOnlyTakesIsCutOffAtTheTimeout) {
  VirtualRuntime runtime;
  MemoryNetwork network(runtime.env());
  Host host(runtime.env(), on_memory(runtime.env(), network, 1, network_key(1)));
  ASSERT_TRUE(runtime.run(host.start()));
  MemoryTransport stranger(runtime.env(), network, 2);
  const auto connection = runtime.run(stranger.dial(memory_address(1)));
  ASSERT_TRUE(connection);
  ASSERT_TRUE(runtime.run(send(*connection->stream, Bytes(10, 1))));
  Bytes nonce(24);
  ASSERT_TRUE(runtime.run(read_exact(*connection->stream, nonce)));
  const Instant before = runtime.now();
  // Not a byte but the nonce.
  const auto more = runtime.run(receive(*connection->stream));
  EXPECT_TRUE(!more || more->empty());
  EXPECT_LE(runtime.now() - before, seconds(10));
  runtime.run(host.stop());
}

TEST(PrivateNetwork, HandlesTheAddressesOfTheTransportBelow) {
  VirtualRuntime runtime;
  MemoryNetwork network(runtime.env());
  PrivateNetworkTransport transport(
      runtime.env(), std::make_unique<MemoryTransport>(runtime.env(), network, 1), network_key(1));
  EXPECT_TRUE(transport.handles(address_of("/memory/2")));
  EXPECT_FALSE(transport.handles(address_of("/ip4/127.0.0.1/udp/1/quic-v1")));
  EXPECT_FALSE(runtime.run(transport.dial(memory_address(3))));
  const auto listener = runtime.run(transport.listen(memory_address(1)));
  ASSERT_TRUE(listener);
  EXPECT_EQ((*listener)->address(), memory_address(1));
  EXPECT_FALSE(runtime.run(transport.listen(memory_address(1))));
}

TEST(PrivateNetwork, QuicAddressesHaveNoTransportInIt) {
  VirtualRuntime runtime;
  HostConfig config;
  config.listen = {address_of("/ip4/127.0.0.1/udp/0/quic-v1")};
  config.private_network = network_key(1);
  Host host(runtime.env(), std::move(config));
  EXPECT_EQ(runtime.run(host.start()).error().code, Errc::not_supported);
  runtime.run(host.stop());
}

TEST(PrivateNetwork, TheLogHasItsFingerprintAndNotItsKey) {
  MemoryLog log;
  VirtualRuntime runtime(1, log);
  MemoryNetwork network(runtime.env());
  Host host(runtime.env(), on_memory(runtime.env(), network, 1, network_key(0xab)));
  ASSERT_TRUE(runtime.run(host.start()));
  runtime.run(host.stop());
  std::string lines;
  for (const std::string& line : log.lines) lines += line + "\n";
  EXPECT_NE(lines.find("host.private_network fingerprint=" + network_key(0xab).fingerprint()),
            std::string::npos)
      << lines;
  EXPECT_EQ(lines.find("abababab"), std::string::npos);
}

TEST(PrivateNetwork, TheSafeguardStopsAPeerWithoutAKey) {
  ::setenv("LIBP2P_FORCE_PNET", "1", 1);
  VirtualRuntime runtime;
  MemoryNetwork network(runtime.env());
  Host bare(runtime.env(), on_memory(runtime.env(), network, 1, std::nullopt));
  EXPECT_EQ(runtime.run(bare.start()).error().code, Errc::refused);
  runtime.run(bare.stop());
  Host sound(runtime.env(), on_memory(runtime.env(), network, 2, network_key(1)));
  EXPECT_TRUE(runtime.run(sound.start()));
  runtime.run(sound.stop());
  ::unsetenv("LIBP2P_FORCE_PNET");
}

HostConfig on_loopback(Key key) {
  HostConfig config;
  config.listen = {address_of("/ip4/127.0.0.1/tcp/0")};
  config.perf.emplace();
  config.private_network = std::move(key);
  return config;
}

Task<> talk_over_tcp(Env env) {
  Host a(env, on_loopback(network_key(1)));
  Host b(env, on_loopback(network_key(1)));
  Host stranger(env, on_loopback(network_key(2)));
  EXPECT_TRUE(co_await a.start());
  EXPECT_TRUE(co_await b.start());
  EXPECT_TRUE(co_await stranger.start());
  const Multiaddr where = b.swarm().listen_addresses().at(0).with_peer(b.peer().bytes());
  const auto connected = co_await a.connect(where);
  EXPECT_TRUE(connected) << connected.error().to_string();
  const auto moved = co_await a.perf()->run(b.peer(), 10'000'000, 10'000'000);
  EXPECT_TRUE(moved) << moved.error().to_string();

  const Instant before = env.now();
  const auto refused = co_await stranger.connect(where);
  EXPECT_FALSE(refused);
  if (!refused) {
    EXPECT_NE(refused.error().message.find("another pre-shared key, or none"), std::string::npos)
        << refused.error().message;
  }
  EXPECT_LT(env.now() - before, seconds(5));
  co_await stranger.stop();
  co_await a.stop();
  co_await b.stop();
}

TEST(PrivateNetworkOverTcp, CarriesTrafficAndRefusesStrangers) {
  NullLog log;
  SystemRuntime runtime(log);
  runtime.run(talk_over_tcp(runtime.env()));
}

}  // namespace
}  // namespace libp2p::test
