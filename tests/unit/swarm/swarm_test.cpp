// Whole swarms over Noise and Yamux on a network in memory.
#include "libp2p/swarm/swarm.hpp"

#include <gtest/gtest.h>

#include "libp2p/io/framing.hpp"
#include "libp2p/swarm/dialer.hpp"
#include "libp2p/transport/dns/resolver.hpp"
#include "libp2p/transport/tcp/tcp_transport.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view echo_protocol = "/test/echo/1";

Task<> echo(InboundStream in) {
  Bytes buffer(4096);
  for (;;) {
    const auto got = co_await in.stream->read_some(buffer);
    if (!got || *got == 0) break;
    if (!co_await in.stream->write(BytesView(buffer).first(*got))) co_return;
  }
  (void)co_await in.stream->close_write();
}

Task<Result<std::string>> ask(Swarm& swarm, PeerId peer, std::string protocol, std::string text) {
  LIBP2P_CO_TRY(Swarm::OpenedStream opened, co_await swarm.open_stream(peer, {protocol}));
  LIBP2P_CO_CHECK(co_await opened.stream->write(as_bytes(text)));
  LIBP2P_CO_CHECK(co_await opened.stream->close_write());
  LIBP2P_CO_TRY(const Bytes answer, co_await read_to_end(*opened.stream, 4096));
  co_return std::string(as_text(answer));
}

// Keeps a stream open until it is told to end it.
struct HeldStream {
  StreamPtr stream;
};
Task<Result<>> open_and_hold(Swarm& swarm, PeerId peer, HeldStream& held) {
  LIBP2P_CO_TRY(Swarm::OpenedStream opened, co_await swarm.open_stream(peer, {std::string(echo_protocol)}));
  held.stream = std::move(opened.stream);
  co_return co_await held.stream->write(as_bytes("x"));
}

TEST(Swarm, ConnectsAndCarriesStreamsBothWays) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  a.swarm.set_handler(std::string(echo_protocol), echo);
  b.swarm.set_handler(std::string(echo_protocol), echo);
  ASSERT_TRUE(net.connect(a, b));
  ASSERT_TRUE(net.run_until([&] { return b.swarm.is_connected(a.id); }, seconds(1)));
  EXPECT_EQ(*net.runtime.run(ask(a.swarm, b.id, std::string(echo_protocol), "from a")), "from a");
  EXPECT_EQ(*net.runtime.run(ask(b.swarm, a.id, std::string(echo_protocol), "from b")), "from b");
  const ConnectionInfo info = a.swarm.connections(b.id).at(0);
  EXPECT_EQ(info.direction, Direction::outbound);
  EXPECT_EQ(info.remote, b.address());
  EXPECT_EQ(info.security, "/noise");
  EXPECT_EQ(info.muxer, "/yamux/1.0.0");
  EXPECT_TRUE(info.early_muxer);
  EXPECT_TRUE(info.key == node_key(2).public_key());
  EXPECT_EQ(a.swarm.connected_peers(), std::vector{b.id});
  EXPECT_EQ(b.log.events, (std::vector<std::string>{"local", "local", "connected", "opened"}));
}

TEST(Swarm, AgreesOnTheMuxerByMultistreamWhereOneSideHasNoExtension) {
  SwarmNet net;
  TestNode& a = net.add({.config = {.early_muxer = false}});
  TestNode& b = net.add();
  TestNode& c = net.add({.config = {.early_muxer = false}});
  c.swarm.set_handler(std::string(echo_protocol), echo);
  b.swarm.set_handler(std::string(echo_protocol), echo);
  ASSERT_TRUE(net.connect(a, b));
  ASSERT_TRUE(net.connect(b, c));
  EXPECT_EQ(*net.runtime.run(ask(a.swarm, b.id, std::string(echo_protocol), "x")), "x");
  EXPECT_EQ(*net.runtime.run(ask(b.swarm, c.id, std::string(echo_protocol), "y")), "y");
  EXPECT_FALSE(a.swarm.connections(b.id).at(0).early_muxer);
  EXPECT_FALSE(b.swarm.connections(c.id).at(0).early_muxer);
}

TEST(Swarm, ConnectIsThreeRoundTripsWithTheFirstAnswerOnAStream) {
  SwarmNet net(1, {.latency = milliseconds(50)});
  TestNode& a = net.add();
  TestNode& b = net.add();
  b.swarm.set_handler(std::string(echo_protocol), echo);
  const Instant began = net.runtime.now();
  ASSERT_TRUE(net.connect(a, b));
  ASSERT_TRUE(net.runtime.run(ask(a.swarm, b.id, std::string(echo_protocol), "x")));
  EXPECT_EQ(net.runtime.now() - began, milliseconds(300));
}

TEST(Swarm, ConnectReturnsAtOnceWhenConnected) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  const Instant now = net.runtime.now();
  EXPECT_TRUE(net.runtime.run(a.swarm.connect(b.id, {})));
  EXPECT_EQ(net.runtime.now(), now);
  EXPECT_EQ(a.swarm.counters().dials, 1U);
}

Task<> connect_and_count(Swarm& swarm, PeerId peer, std::vector<Multiaddr> addresses, int& done) {
  if (co_await swarm.connect(peer, std::move(addresses))) ++done;
}

TEST(Swarm, ConcurrentConnectsShareOneDial) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  TaskGroup tasks(net.runtime.env());
  int done = 0;
  for (int i = 0; i < 10; ++i) tasks.spawn("connect", connect_and_count(a.swarm, b.id, {b.address()}, done));
  net.runtime.run(tasks.join());
  EXPECT_EQ(done, 10);
  EXPECT_EQ(a.swarm.counters().dials, 1U);
}

TEST(Swarm, ASecondCallerBringsItsAddressesIntoTheDial) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  net.links.isolate(77);
  TaskGroup tasks(net.runtime.env());
  int done = 0;
  tasks.spawn("connect", connect_and_count(a.swarm, b.id, {memory_address(77)}, done));
  net.runtime.run_for(seconds(2));
  EXPECT_EQ(done, 0);
  tasks.spawn("connect", connect_and_count(a.swarm, b.id, {b.address()}, done));
  net.runtime.run_for(seconds(1));
  EXPECT_EQ(done, 2);
  net.runtime.run(tasks.join());
}

TEST(Swarm, AnAddressThatHangsIsOvertakenByTheNext) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  net.links.isolate(77);
  const Instant began = net.runtime.now();
  ASSERT_TRUE(net.runtime.run(a.swarm.connect(b.id, {memory_address(77), b.address()})));
  EXPECT_LT(net.runtime.now() - began, milliseconds(300));
}

TEST(Swarm, AFailedConnectNamesEachAddressAndItsReason) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  net.links.isolate(77);
  const auto outcome =
      net.runtime.run(a.swarm.connect(node_id(50), {memory_address(77), memory_address(66), b.address(),
                                                    address_of("/ip4/10.0.0.1/udp/1/quic-v1")}));
  ASSERT_FALSE(outcome);
  const std::string& message = outcome.error().message;
  EXPECT_NE(message.find("/memory/77: timed out"), std::string::npos) << message;
  EXPECT_NE(message.find("/memory/66: refused"), std::string::npos) << message;
  EXPECT_NE(message.find("/memory/2: refused"), std::string::npos) << message;  // another peer than expected
  EXPECT_NE(message.find("/udp/1/quic-v1: not supported"), std::string::npos) << message;
  EXPECT_EQ(net.runtime.run(a.swarm.connect(node_id(51))).error().code, Errc::not_found);
  EXPECT_EQ(net.runtime.run(a.swarm.connect(a.id, {a.address()})).error().code, Errc::invalid_argument);
}

TEST(Swarm, DialTakesWhoeverAnswersUnlessTheAddressNamesAPeer) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  EXPECT_EQ(*net.runtime.run(a.swarm.dial(b.address())), b.id);
  EXPECT_FALSE(net.runtime.run(a.swarm.dial(b.address().with_peer(node_id(9).bytes()))));
  EXPECT_FALSE(net.runtime.run(a.swarm.dial(a.address())));  // ourselves
}

struct OneName final : Resolver {
  Task<Result<std::vector<Multiaddr>>> resolve(std::string, IpFamily) override {
    co_return fail(Errc::not_found, "no such name");
  }
};

TEST(Swarm, NamesAreLookedUpThroughTheResolver) {
  OneName resolver;
  SwarmNet net;
  TestNode& a = net.add({.resolver = &resolver});
  TestNode& b = net.add();
  const auto outcome = net.runtime.run(a.swarm.connect(node_id(9), {address_of("/dns4/there/tcp/1")}));
  EXPECT_EQ(outcome.error().code, Errc::not_found);
  EXPECT_EQ(net.runtime.run(b.swarm.connect(node_id(9), {address_of("/dns4/there/tcp/1")})).error().code,
            Errc::not_supported);
}

// Lists two peers under one name.
struct TwoPeers final : Resolver {
  Task<Result<std::vector<Multiaddr>>> resolve(std::string, IpFamily) override {
    co_return fail(Errc::not_found, "no such name");
  }
  Task<Result<std::vector<std::string>>> resolve_txt(std::string name) override {
    asked.push_back(std::move(name));
    co_return texts;
  }
  std::vector<std::string> texts;
  std::vector<std::string> asked;
};

TEST(Swarm, OfADnsaddrThePeerThatIsWantedIsDialled) {
  TwoPeers resolver;
  SwarmNet net;
  TestNode& a = net.add({.resolver = &resolver});
  TestNode& b = net.add();
  TestNode& c = net.add();
  for (const TestNode* node : {&b, &c})
    resolver.texts.push_back("dnsaddr=" + node->address().with_peer(node->id.bytes()).to_string());
  const Multiaddr name = address_of("/dnsaddr/fleet.example");
  EXPECT_EQ(*net.runtime.run(a.swarm.dial(name.with_peer(c.id.bytes()))), c.id);
  EXPECT_EQ(a.swarm.connected_peers(), std::vector{c.id});
  EXPECT_EQ(resolver.asked, std::vector<std::string>{"_dnsaddr.fleet.example"});
  EXPECT_EQ(net.runtime.run(a.swarm.connect(node_id(9), {name})).error().code, Errc::not_found);
  EXPECT_TRUE(net.runtime.run(a.swarm.dial(name)));
}

// Who answers at an address of a record has to be whom the record names.
TEST(Swarm, ADnsaddrsRecordIsHeldToThePeerInIt) {
  TwoPeers resolver;
  SwarmNet net;
  TestNode& a = net.add({.resolver = &resolver});
  TestNode& b = net.add();
  resolver.texts = {"dnsaddr=" + b.address().with_peer(node_id(9).bytes()).to_string()};
  EXPECT_FALSE(net.runtime.run(a.swarm.dial(address_of("/dnsaddr/fleet.example"))));
  EXPECT_FALSE(a.swarm.is_connected(b.id));
}

TEST(Swarm, APeersManyDnsaddrsArentAllLookedUp) {
  TwoPeers resolver;
  SwarmNet net;
  TestNode& a = net.add({.resolver = &resolver});
  std::vector<Multiaddr> names;
  for (int i = 0; i < 30; ++i) names.push_back(address_of("/dnsaddr/" + std::to_string(i) + ".example"));
  a.swarm.peerstore().add_addresses(node_id(9), names, std::chrono::minutes(1));
  EXPECT_FALSE(net.runtime.run(a.swarm.connect(node_id(9))));
  EXPECT_EQ(resolver.asked.size(), swarm::DialRace::max_told_names);
}

// ID13: a name is no way around what addresses of others may not be.
TEST(Swarm, ANameThatAPeerTellsLeadsNowhereThatItsAddressesMayNot) {
  TwoPeers resolver;
  SwarmNet net;
  TestNode& a = net.add({.resolver = &resolver});
  TestNode& b = net.add();
  const auto told = [&](const std::string& text) {
    resolver.texts = {"dnsaddr=" + text + "/p2p/" + b.id.to_string()};
    a.swarm.peerstore().add_addresses(b.id, {address_of("/dnsaddr/told.example")}, std::chrono::minutes(1));
    return net.runtime.run(a.swarm.connect(b.id));
  };
  for (const std::string where :
       {"/ip4/169.254.169.254/tcp/80", "/ip4/127.0.0.1/tcp/22", "/ip6/::1/tcp/22"}) {
    const auto dialled = told(where);
    ASSERT_FALSE(dialled);
    EXPECT_EQ(dialled.error().code, Errc::not_found) << dialled.error().to_string();
  }
}

Task<> connect_only(Swarm& swarm, PeerId peer, std::vector<Multiaddr> addresses) {
  (void)co_await swarm.connect(std::move(peer), std::move(addresses));
}

// Both dial at the same moment, over links of every kind of unevenness.
TEST(Swarm, WhenBothDialAtOnceOneConnectionIsKept) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SwarmNet net(seed, {.latency = milliseconds(5), .jitter = milliseconds(10)});
    TestNode& a = net.add();
    TestNode& b = net.add();
    a.swarm.keep_connected(b.id);  // protected, as members of a fleet are
    b.swarm.keep_connected(a.id);
    TaskGroup tasks(net.runtime.env());
    tasks.spawn("a", connect_only(a.swarm, b.id, {b.address()}));
    tasks.spawn("b", connect_only(b.swarm, a.id, {a.address()}));
    net.runtime.run(tasks.join());
    EXPECT_TRUE(
        net.run_until([&] { return a.swarm.is_connected(b.id) && b.swarm.is_connected(a.id); }, seconds(1)));
    net.runtime.run_for(seconds(5));
    ASSERT_EQ(a.swarm.connections().size(), 1U) << "seed " << seed;
    ASSERT_EQ(b.swarm.connections().size(), 1U) << "seed " << seed;
    EXPECT_EQ(a.log.count("connected"), 1U);
    EXPECT_EQ(a.log.count("disconnected"), 0U);
    EXPECT_EQ(b.log.count("disconnected"), 0U);
    TestNode& smaller = a.id < b.id ? a : b;
    if (a.swarm.counters().dials + b.swarm.counters().dials == 2 && a.log.count("opened") == 2) {
      EXPECT_EQ(smaller.swarm.connections().at(0).direction, Direction::outbound) << "seed " << seed;
    }
  }
}

TEST(Swarm, AStreamOnTheOtherConnectionIsNotCut) {
  SwarmNet net(3, {.latency = milliseconds(5)});
  TestNode& a = net.add();
  TestNode& b = net.add();
  TestNode& larger = a.id < b.id ? b : a;
  TestNode& smaller = a.id < b.id ? a : b;
  smaller.swarm.set_handler(std::string(echo_protocol), echo);
  ASSERT_TRUE(net.connect(larger, smaller));
  HeldStream held;
  ASSERT_TRUE(net.runtime.run(open_and_hold(larger.swarm, smaller.id, held)));
  // The smaller one dials, too, as if at once; its connection is the one that counts from now on.
  ASSERT_TRUE(net.runtime.run(smaller.swarm.dial(larger.address())));
  net.runtime.run_for(seconds(30));
  EXPECT_EQ(larger.swarm.connections().size(), 2U);
  EXPECT_EQ(larger.log.count("superseded"), 1U);
  ASSERT_TRUE(net.runtime.run(send(*held.stream, to_bytes("still"))));
  EXPECT_TRUE(net.runtime.run(receive(*held.stream)));
  held.stream.reset();
  net.runtime.run_for(seconds(5));
  EXPECT_EQ(larger.swarm.connections().size(), 1U);
  EXPECT_EQ(smaller.swarm.connections().size(), 1U);
  EXPECT_EQ(smaller.swarm.connections().at(0).direction, Direction::outbound);
  EXPECT_EQ(larger.log.count("disconnected"), 0U);
}

TEST(Swarm, ADeadConnectionIsNoticedWithin15Seconds) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(seconds(7));
  net.cut(a, b);
  const Instant cut = net.runtime.now();
  EXPECT_TRUE(
      net.run_until([&] { return !a.swarm.is_connected(b.id) && !b.swarm.is_connected(a.id); }, seconds(15)));
  EXPECT_LE(net.runtime.now() - cut, seconds(15));
  net.runtime.run_for(seconds(1));
  EXPECT_EQ(a.log.count("disconnected"), 1U);
  EXPECT_EQ(a.log.reasons.at(0).substr(0, 9), "timed out") << a.log.reasons.at(0);
}

TEST(Swarm, AKeptPeerIsRedialledAtMostEveryFiveSecondsAndFoundSoonAfterTheCutHeals) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  a.swarm.keep_connected(b.id);
  a.swarm.peerstore().add_addresses(b.id, {b.address()}, seconds(1));
  ASSERT_TRUE(net.run_until([&] { return a.swarm.is_connected(b.id); }, seconds(2)));
  net.links.refuse_dials(1, 2, true);
  b.swarm.disconnect(a.id);
  net.runtime.run_for(seconds(60));
  const auto before = a.swarm.counters().dials;
  net.runtime.run_for(seconds(100));
  const auto dials = a.swarm.counters().dials - before;
  EXPECT_GE(dials, 20U);  // every 5 s
  EXPECT_LE(dials, 27U);  // with jitter, every 3.75 s
  net.links.refuse_dials(1, 2, false);
  EXPECT_TRUE(net.run_until([&] { return a.swarm.is_connected(b.id); }, seconds(5) + milliseconds(50)));
}

TEST(Swarm, TheBackOffStartsOverWhenThePeerIsSeen) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  net.links.refuse_dials(1, 2, true);
  a.swarm.keep_connected(b.id);
  a.swarm.peerstore().add_addresses(b.id, {b.address()}, seconds(1));
  net.runtime.run_for(seconds(60));
  net.links.refuse_dials(1, 2, false);
  a.swarm.seen(b.id, {b.address()});
  EXPECT_TRUE(net.run_until([&] { return a.swarm.is_connected(b.id); }, milliseconds(300)));
}

TEST(Swarm, AReleasedPeerIsNotRedialled) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  a.swarm.keep_connected(b.id);
  a.swarm.seen(b.id, {b.address()});
  ASSERT_TRUE(net.run_until([&] { return a.swarm.is_connected(b.id); }, seconds(1)));
  a.swarm.release(b.id);
  a.swarm.disconnect(b.id);
  net.runtime.run_for(seconds(30));
  EXPECT_FALSE(a.swarm.is_connected(b.id));
}

TEST(Swarm, APeerThatRestartsIsFoundAgain) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  a.swarm.keep_connected(b.id);
  a.swarm.seen(b.id, {b.address()});
  ASSERT_TRUE(net.run_until([&] { return a.swarm.is_connected(b.id); }, seconds(1)));
  const PeerId id = b.id;
  net.remove(b);
  EXPECT_TRUE(net.run_until([&] { return !a.swarm.is_connected(id); }, seconds(1)));
  net.runtime.run_for(seconds(20));
  (void)net.restart(2);
  EXPECT_TRUE(net.run_until([&] { return a.swarm.is_connected(id); }, seconds(6)));
}

TEST(Swarm, AnIdleConnectionIsClosedUnlessSomebodyProtectsItOrAStreamIsOpen) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& idle = net.add();
  TestNode& kept = net.add();
  TestNode& busy = net.add();
  busy.swarm.set_handler(std::string(echo_protocol), echo);
  ASSERT_TRUE(net.connect(a, idle));
  ASSERT_TRUE(net.connect(a, kept));
  ASSERT_TRUE(net.connect(a, busy));
  // Either side's protection is needed: each has its own idle policy.
  a.swarm.protect(kept.id, "test");
  kept.swarm.protect(a.id, "test");
  HeldStream held;
  ASSERT_TRUE(net.runtime.run(open_and_hold(a.swarm, busy.id, held)));
  net.runtime.run_for(seconds(58));
  EXPECT_TRUE(a.swarm.is_connected(idle.id));
  net.runtime.run_for(seconds(10));
  EXPECT_FALSE(a.swarm.is_connected(idle.id));
  net.runtime.run_for(seconds(600));
  EXPECT_TRUE(a.swarm.is_connected(kept.id));
  EXPECT_TRUE(a.swarm.is_connected(busy.id));
  held.stream.reset();
  a.swarm.unprotect(kept.id, "test");
  net.runtime.run_for(seconds(70));
  EXPECT_TRUE(a.swarm.connected_peers().empty());
}

TEST(Swarm, AStreamForAProtocolThatNobodySpeaksFails) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  EXPECT_EQ(net.runtime.run(ask(a.swarm, b.id, "/nobody", "x")).error().code, Errc::not_supported);
  const auto eager = net.runtime.run(a.swarm.open_stream(b.id, {"/nobody", "/either"}, false));
  EXPECT_EQ(eager.error().code, Errc::not_supported);
  EXPECT_EQ(net.runtime.run(a.swarm.open_stream(node_id(9), {"/x"})).error().code, Errc::not_found);
}

TEST(Swarm, OpensTheFirstProtocolThatThePeerSpeaks) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  b.swarm.set_handler("/echo/1", echo);
  b.swarm.set_handler("/echo/2", echo);
  ASSERT_TRUE(net.connect(a, b));
  EXPECT_EQ(net.runtime.run(a.swarm.open_stream(b.id, {"/echo/3", "/echo/2", "/echo/1"}))->protocol,
            "/echo/2");
  EXPECT_EQ(b.swarm.protocols(), (std::vector<std::string>{"/echo/1", "/echo/2"}));
  b.swarm.remove_handler("/echo/2");
  EXPECT_EQ(net.runtime.run(a.swarm.open_stream(b.id, {"/echo/2", "/echo/1"}))->protocol, "/echo/1");
}

Task<> failing(InboundStream) {
  throw std::runtime_error("a bug in a handler");
  co_return;
}

TEST(Swarm, AHandlerThatThrowsCostsItsStreamAndIsCounted) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  b.swarm.set_handler("/bug", failing);
  b.swarm.set_handler(std::string(echo_protocol), echo);
  ASSERT_TRUE(net.connect(a, b));
  EXPECT_FALSE(net.runtime.run(ask(a.swarm, b.id, "/bug", "x")));
  EXPECT_EQ(b.swarm.counters().handlers_escaped, 1U);
  EXPECT_TRUE(net.runtime.run(ask(a.swarm, b.id, std::string(echo_protocol), "x")));
}

TEST(Swarm, InboundStreamsBeyondTheLimitAreReset) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add({.config = {.limits = {.streams_per_connection = 3}}});
  b.swarm.set_handler(std::string(echo_protocol), echo);
  ASSERT_TRUE(net.connect(a, b));
  std::vector<HeldStream> held(3);
  for (HeldStream& one : held) {
    ASSERT_TRUE(net.runtime.run(open_and_hold(a.swarm, b.id, one)));
    ASSERT_TRUE(net.runtime.run(receive(*one.stream)));
  }
  EXPECT_FALSE(net.runtime.run(ask(a.swarm, b.id, std::string(echo_protocol), "x")));
  held.pop_back();
  net.runtime.run_for(milliseconds(50));
  EXPECT_TRUE(net.runtime.run(ask(a.swarm, b.id, std::string(echo_protocol), "x")));
}

TEST(Swarm, WhenFullAnIdleConnectionGivesWayAndABusyOneDoesNot) {
  SwarmNet net;
  TestNode& hub = net.add({.config = {.limits = {.connections = 2}}});
  hub.swarm.set_handler(std::string(echo_protocol), echo);
  std::vector<TestNode*> spokes;
  for (int i = 0; i < 4; ++i) spokes.push_back(&net.add());
  ASSERT_TRUE(net.connect(*spokes[0], hub));
  net.runtime.run_for(seconds(1));
  ASSERT_TRUE(net.connect(*spokes[1], hub));
  ASSERT_TRUE(net.connect(*spokes[2], hub));
  net.runtime.run_for(seconds(1));
  EXPECT_EQ(hub.swarm.connected_peers().size(), 2U);
  EXPECT_FALSE(hub.swarm.is_connected(spokes[0]->id));
  HeldStream one;
  HeldStream two;
  ASSERT_TRUE(net.runtime.run(open_and_hold(spokes[1]->swarm, hub.id, one)));
  ASSERT_TRUE(net.runtime.run(open_and_hold(spokes[2]->swarm, hub.id, two)));
  net.runtime.run_for(seconds(1));
  (void)net.connect(*spokes[3], hub);
  net.runtime.run_for(seconds(1));
  EXPECT_FALSE(hub.swarm.is_connected(spokes[3]->id));
  EXPECT_FALSE(spokes[3]->swarm.is_connected(hub.id));
  // A member gets in even so.
  hub.swarm.protect(spokes[3]->id, "member");
  (void)net.connect(*spokes[3], hub);
  net.runtime.run_for(seconds(1));
  EXPECT_TRUE(hub.swarm.is_connected(spokes[3]->id));
  EXPECT_EQ(hub.swarm.connections().size(), 2U);
}

TEST(Swarm, ConnectionsOfOnePeerAreBounded) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  for (int i = 0; i < 10; ++i) {
    (void)net.runtime.run(a.swarm.dial(b.address()));
    net.runtime.run_for(milliseconds(20));
    EXPECT_LE(b.swarm.connections().size(), 4U);
  }
  net.runtime.run_for(seconds(5));
  EXPECT_EQ(b.swarm.connections().size(), 1U);
  EXPECT_EQ(a.swarm.connections().size(), 1U);
}

struct Machine final : Interfaces {
  std::vector<InterfaceAddress> all;
  [[nodiscard]] std::vector<InterfaceAddress> addresses() const override { return all; }
};

TEST(Swarm, TellsWhenAddressesAndProtocolsChange) {
  Machine machine;
  SwarmNet net;
  TestNode& a = net.add({.interfaces = &machine});
  net.runtime.run_ready();
  EXPECT_EQ(a.log.count("local"), 1U);  // it listens
  a.swarm.set_handler("/x", echo);
  a.swarm.remove_handler("/x");
  net.runtime.run_ready();
  EXPECT_EQ(a.log.count("local"), 3U);
  EXPECT_EQ(a.swarm.advertised_addresses(), std::vector{a.address()});
}

TEST(Swarm, TellsWhenTheMachineHasOtherAddresses) {
  Machine machine;
  machine.all.push_back({.interface = "eth0", .address = address_of("/ip4/10.0.0.1")});
  VirtualRuntime runtime;
  std::vector<std::unique_ptr<Transport>> transports;
  transports.push_back(
      std::make_unique<UpgradedTransport>(std::make_unique<TcpTransport>(runtime.env()),
                                          std::make_shared<const Upgrader>(runtime.env(), node_key(1))));
  EventLog log;
  Swarm swarm(runtime.env(), node_key(1), {}, std::move(transports), nullptr, nullptr, nullptr, &machine);
  swarm.add_observer(log);
  swarm.start();
  const auto bound = runtime.run(swarm.listen(address_of("/ip4/0.0.0.0/tcp/0")));
  ASSERT_TRUE(bound) << bound.error().to_string();
  const std::string port = std::to_string(*bound->port());
  EXPECT_EQ(swarm.advertised_addresses(), std::vector{address_of("/ip4/10.0.0.1/tcp/" + port)});
  runtime.run_for(seconds(30));
  const std::size_t before = log.count("local");
  machine.all.push_back({.interface = "eth1", .address = address_of("/ip4/10.1.0.1")});
  runtime.run_for(seconds(6));
  EXPECT_EQ(log.count("local"), before + 1);
  EXPECT_EQ(swarm.advertised_addresses().size(), 2U);
  runtime.run(swarm.stop());
}

struct MemoryFile final : PeerstoreFile {
  std::optional<Bytes> contents;
  std::size_t saves = 0;
  Result<Bytes> load() override {
    if (!contents) return fail(Errc::not_found, "none yet");
    return *contents;
  }
  Result<> save(BytesView bytes) override {
    contents = to_bytes(bytes);
    ++saves;
    return {};
  }
};

TEST(Swarm, AKeptPeerIsFoundAfterARestartByWhatThePeerstoreHolds) {
  MemoryFile file;
  SwarmNet net;
  TestNode& a = net.add({.file = &file});
  TestNode& b = net.add();
  const PeerId id = b.id;
  a.swarm.keep_connected(id);
  a.swarm.seen(id, {b.address()});
  ASSERT_TRUE(net.run_until([&] { return a.swarm.is_connected(id); }, seconds(1)));
  net.runtime.run_for(seconds(61));
  EXPECT_EQ(file.saves, 1U);
  net.runtime.run_for(seconds(600));
  EXPECT_EQ(file.saves, 1U);  // nothing new
  net.remove(a);
  TestNode& again = net.restart(1, {.file = &file});
  again.swarm.keep_connected(id);
  EXPECT_TRUE(net.run_until([&] { return again.swarm.is_connected(id); }, seconds(1)));
}

// A listener that fails for a while, as one without file descriptors does.
class FailingTransport final : public ByteTransport {
 public:
  FailingTransport(std::unique_ptr<ByteTransport> below, int& failures)
      : below_(std::move(below)), failures_(failures) {}
  [[nodiscard]] bool handles(const Multiaddr& address) const override { return below_->handles(address); }
  Task<Result<ByteConnection>> dial(Multiaddr address) override { return below_->dial(std::move(address)); }
  Task<Result<std::unique_ptr<ByteListener>>> listen(Multiaddr address) override {
    LIBP2P_CO_TRY(auto listener, co_await below_->listen(std::move(address)));
    co_return std::make_unique<FailingListener>(std::move(listener), failures_);
  }

 private:
  class FailingListener final : public ByteListener {
   public:
    FailingListener(std::unique_ptr<ByteListener> below, int& failures)
        : below_(std::move(below)), failures_(failures) {}
    Task<Result<ByteConnection>> accept() override {
      if (failures_ > 0) {
        --failures_;
        co_return fail(Errc::io, "too many open files");
      }
      co_return co_await below_->accept();
    }
    [[nodiscard]] Multiaddr address() const override { return below_->address(); }
    void close() override { below_->close(); }

   private:
    std::unique_ptr<ByteListener> below_;
    int& failures_;
  };
  std::unique_ptr<ByteTransport> below_;
  int& failures_;
};

TEST(Swarm, AListenerThatFailsIsAskedAgain) {
  SwarmNet net;
  int failures = 10;
  std::vector<std::unique_ptr<Transport>> transports;
  transports.push_back(std::make_unique<UpgradedTransport>(
      std::make_unique<FailingTransport>(
          std::make_unique<MemoryTransport>(net.runtime.env(), net.network, 50), failures),
      std::make_shared<const Upgrader>(net.runtime.env(), node_key(50))));
  Swarm listener(net.runtime.env(), node_key(50), {}, std::move(transports));
  listener.start();
  ASSERT_TRUE(net.runtime.run(listener.listen(memory_address(50))));
  TestNode& a = net.add();
  ASSERT_TRUE(net.runtime.run(a.swarm.connect(node_id(50), {memory_address(50)})));
  EXPECT_EQ(failures, 0);
  net.runtime.run(listener.stop());
}

TEST(Swarm, StopsWithEverythingUnderWay) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  b.swarm.set_handler(std::string(echo_protocol), echo);
  ASSERT_TRUE(net.connect(a, b));
  HeldStream held;
  ASSERT_TRUE(net.runtime.run(open_and_hold(a.swarm, b.id, held)));
  net.links.isolate(77);
  a.swarm.keep_connected(node_id(9));
  a.swarm.seen(node_id(9), {memory_address(77)});
  net.runtime.run_for(milliseconds(500));
  const Instant began = net.runtime.now();
  net.runtime.run(a.swarm.stop());
  EXPECT_LT(net.runtime.now() - began, seconds(1));
  EXPECT_EQ(a.log.count("disconnected"), 1U);
  EXPECT_EQ(as_text(*net.runtime.run(receive(*held.stream))), "x");  // had arrived before
  EXPECT_FALSE(net.runtime.run(receive(*held.stream)));
  EXPECT_EQ(net.runtime.run(a.swarm.connect(b.id, {b.address()})).error().code, Errc::closed);
  net.runtime.run_for(milliseconds(100));
  EXPECT_FALSE(b.swarm.is_connected(a.id));
  EXPECT_EQ(a.swarm.counters().handlers_escaped + b.swarm.counters().handlers_escaped, 0U);
}

TEST(Swarm, StopsInTimeWhenThePeerIsCutOff) {
  SwarmNet net;
  TestNode& a = net.add();
  TestNode& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.cut(a, b);
  const Instant began = net.runtime.now();
  net.runtime.run(a.swarm.stop());
  EXPECT_LT(net.runtime.now() - began, seconds(1));
}

}  // namespace
}  // namespace libp2p::test
