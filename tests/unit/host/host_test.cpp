#include "libp2p/host/host.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/system_runtime.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

HostConfig on_memory(Env env, MemoryNetwork& network, MemoryNode number) {
  HostConfig config;
  config.identity = node_key(number);
  config.listen = {memory_address(number)};
  config.byte_transports.push_back(std::make_unique<MemoryTransport>(env, network, number));
  config.gossipsub.emplace();
  return config;
}

TEST(Host, SpeaksWhatItsConfigurationSays) {
  VirtualRuntime runtime;
  MemoryNetwork network(runtime.env());
  HostConfig plain = on_memory(runtime.env(), network, 1);
  plain.gossipsub.reset();
  plain.identify.reset();
  Host host(runtime.env(), std::move(plain));
  EXPECT_NE(host.ping(), nullptr);
  EXPECT_EQ(host.identify(), nullptr);
  EXPECT_EQ(host.gossipsub(), nullptr);
  EXPECT_EQ(host.mdns(), nullptr);
  EXPECT_EQ(host.perf(), nullptr);
  ASSERT_TRUE(runtime.run(host.start()));
  EXPECT_EQ(host.swarm().protocols(), std::vector<std::string>{"/ipfs/ping/1.0.0"});
  EXPECT_EQ(host.addresses(), std::vector{memory_address(1).with_peer(node_id(1).bytes())});
  runtime.run(host.stop());
  runtime.run(host.stop());
}

TEST(Host, TwoHostsIdentifyPingAndGossip) {
  VirtualRuntime runtime;
  LinkTable links(runtime.env(), {.latency = milliseconds(2)});
  MemoryNetwork network(runtime.env(), &links);
  Host a(runtime.env(), on_memory(runtime.env(), network, 1));
  Host b(runtime.env(), on_memory(runtime.env(), network, 2));
  ASSERT_TRUE(runtime.run(a.start()));
  ASSERT_TRUE(runtime.run(b.start()));
  std::vector<std::string> heard;
  ASSERT_TRUE(b.gossipsub()->subscribe(
      "news", [&heard](const GossipMessage& message) { heard.emplace_back(as_text(message.data)); }));
  EXPECT_EQ(*runtime.run(a.connect(b.addresses().at(0))), b.peer());
  runtime.run_for(seconds(1));
  EXPECT_TRUE(a.swarm().peerstore().supports(b.peer(), ping_protocol_id));
  EXPECT_TRUE(runtime.run(a.identify()->identify(b.peer())));
  EXPECT_EQ(*runtime.run(a.ping()->ping(b.peer())), milliseconds(4));
  ASSERT_TRUE(a.gossipsub()->publish("news", as_bytes("hello")));
  runtime.run_for(seconds(1));
  EXPECT_EQ(heard, std::vector<std::string>{"hello"});
  runtime.run(a.stop());
  runtime.run(b.stop());
  EXPECT_EQ(a.swarm().counters().handlers_escaped + b.swarm().counters().handlers_escaped, 0U);
}

Task<> connect_and_forget(Host& from, Multiaddr address) { (void)co_await from.connect(std::move(address)); }

// With every protocol's streams on the connections: the one that is not kept must lose them, and go.
TEST(Host, WhenBothDialAtOnceOneConnectionIsKeptAndGossipGoesOn) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    VirtualRuntime runtime(seed);
    LinkTable links(runtime.env(), {.latency = milliseconds(5), .jitter = milliseconds(5)});
    MemoryNetwork network(runtime.env(), &links);
    Host a(runtime.env(), on_memory(runtime.env(), network, 1));
    Host b(runtime.env(), on_memory(runtime.env(), network, 2));
    ASSERT_TRUE(runtime.run(a.start()));
    ASSERT_TRUE(runtime.run(b.start()));
    std::vector<std::string> heard;
    ASSERT_TRUE(b.gossipsub()->subscribe(
        "news", [&heard](const GossipMessage& message) { heard.emplace_back(as_text(message.data)); }));
    TaskGroup tasks(runtime.env());
    // From the same moment to one dial nearly done when the other begins.
    Host& larger = a.peer() < b.peer() ? b : a;
    Host& smaller = a.peer() < b.peer() ? a : b;
    tasks.spawn("dial", connect_and_forget(larger, smaller.addresses().at(0)));
    runtime.run_for(milliseconds(2 * (seed - 1)));
    tasks.spawn("dial", connect_and_forget(smaller, larger.addresses().at(0)));
    runtime.run(tasks.join());
    runtime.run_for(seconds(1));
    std::vector<std::string> said;
    for (int i = 0; i < 400; ++i) {
      said.push_back(std::to_string(i));
      ASSERT_TRUE(a.gossipsub()->publish("news", as_bytes(said.back())));
      runtime.run_for(milliseconds(100));
    }
    runtime.run_for(seconds(2));
    EXPECT_EQ(a.swarm().connections().size(), 1U) << "seed " << seed;
    EXPECT_EQ(b.swarm().connections().size(), 1U) << "seed " << seed;
    std::ranges::sort(said);
    std::ranges::sort(heard);
    EXPECT_EQ(heard, said) << "seed " << seed;
    runtime.run(a.stop());
    runtime.run(b.stop());
  }
}

TEST(Host, WithoutAKeyItMakesOne) {
  VirtualRuntime runtime;
  Host a(runtime.env(), HostConfig{});
  Host b(runtime.env(), HostConfig{});
  EXPECT_NE(a.peer(), b.peer());
}

TEST(Host, SaysWhereItCantListen) {
  VirtualRuntime runtime;
  MemoryNetwork network(runtime.env());
  HostConfig config = on_memory(runtime.env(), network, 1);
  config.listen = {address_of("/ip4/127.0.0.1/tcp/0")};
  Host host(runtime.env(), std::move(config));
  EXPECT_EQ(runtime.run(host.start()).error().code, Errc::not_supported);
  runtime.run(host.stop());
}

Task<> echo(InboundStream in) {
  Bytes buffer(64 * 1024);
  for (;;) {
    const auto got = co_await in.stream->read_some(buffer);
    if (!got || *got == 0) break;
    if (!co_await in.stream->write(BytesView(buffer).first(*got))) co_return;
  }
  (void)co_await close_gracefully(*in.stream);
}

HostConfig on_loopback(std::string_view address) {
  HostConfig config;
  config.listen = {address_of(address)};
  config.perf.emplace();
  return config;
}

// Everything at once over real sockets: only that it happens counts here, not how fast.
Task<> talk_over_tcp(Env env, std::string_view address) {
  Host a(env, on_loopback(address));
  Host b(env, on_loopback(address));
  b.set_handler("/echo/1", echo);
  EXPECT_TRUE(co_await a.start());
  EXPECT_TRUE(co_await b.start());
  const Multiaddr where = b.swarm().listen_addresses().at(0);
  const auto connected = co_await a.connect(where.with_peer(b.peer().bytes()));
  EXPECT_TRUE(connected) << connected.error().to_string();
  const auto rtt = co_await a.ping()->ping(b.peer());
  EXPECT_TRUE(rtt && *rtt < seconds(10));

  auto opened = co_await a.open_stream(b.peer(), "/echo/1");
  EXPECT_TRUE(opened);
  if (opened) {
    EXPECT_TRUE(co_await opened->stream->write(as_bytes("over there")));
    EXPECT_TRUE(co_await opened->stream->close_write());
    const auto answer = co_await read_to_end(*opened->stream, 100);
    EXPECT_TRUE(answer && as_text(*answer) == "over there");
  }
  const auto moved = co_await a.perf()->run(b.peer(), 20'000'000, 20'000'000);
  EXPECT_TRUE(moved) << moved.error().to_string();
  const auto told = co_await a.identify()->identify(b.peer());
  EXPECT_TRUE(told) << told.error().to_string();
  EXPECT_EQ(a.swarm().connections(b.peer()).at(0).remote, where);
  co_await a.stop();
  co_await b.stop();
  EXPECT_EQ(a.swarm().counters().handlers_escaped + b.swarm().counters().handlers_escaped, 0U);
}

TEST(HostOverTcp, ConnectsPingsEchoesAndMeasures) {
  NullLog log;
  SystemRuntime runtime(log);
  runtime.run(talk_over_tcp(runtime.env(), "/ip4/127.0.0.1/tcp/0"));
  runtime.run(talk_over_tcp(runtime.env(), "/ip6/::1/tcp/0"));
}

}  // namespace
}  // namespace libp2p::test
