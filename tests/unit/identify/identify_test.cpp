#include "libp2p/protocols/identify/identify.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "libp2p/base/notifier.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/identify_net.hpp"

namespace libp2p {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::IdentifyNet;

Task<> ignore(InboundStream) { co_return; }

TEST(Identify, TellsBothSidesWhatTheOtherSpeaksAndWhereItListens) {
  IdentifyNet net;
  auto& a = net.add({.agent = "starling/0.1.0"});
  auto& b = net.add();
  b.swarm().set_handler("/test/1", ignore);
  ASSERT_TRUE(net.connect(a, b));
  ASSERT_TRUE(net.run_until([&] { return a.identify.info(b.id()) && b.identify.info(a.id()); }, seconds(1)));

  const IdentifyInfo of_b = *a.identify.info(b.id());
  EXPECT_TRUE(std::ranges::find(of_b.protocols, "/test/1") != of_b.protocols.end());
  EXPECT_TRUE(std::ranges::find(of_b.protocols, "/ipfs/id/push/1.0.0") != of_b.protocols.end());
  EXPECT_EQ(of_b.addresses, std::vector<Multiaddr>{b.node.address()});
  EXPECT_TRUE(of_b.signed_addresses);
  EXPECT_EQ(of_b.protocol_version, "ipfs/0.1.0");
  EXPECT_TRUE(of_b.observed);

  EXPECT_TRUE(a.swarm().peerstore().supports(b.id(), "/test/1"));
  EXPECT_EQ(b.swarm().peerstore().agent(a.id()), "starling/0.1.0");
  EXPECT_EQ(b.swarm().peerstore().addresses(a.id()), std::vector<Multiaddr>{a.node.address()});
  EXPECT_TRUE(b.swarm().peerstore().record_envelope(a.id()));
  EXPECT_EQ(a.watch.identified, std::vector<PeerId>{b.id()});
}

TEST(Identify, CanBeWaitedFor) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  const auto told = net.runtime.run(a.identify.identify(b.id()));
  ASSERT_TRUE(told) << told.error().to_string();
  EXPECT_EQ(told->peer, b.id());
  EXPECT_EQ(a.identify.counters().identified, 1U);
  // And is remembered.
  ASSERT_TRUE(net.runtime.run(a.identify.identify(b.id())));
  EXPECT_EQ(a.identify.counters().identified, 1U);
}

TEST(Identify, IsOfConnectedPeersOnly) {
  IdentifyNet net;
  auto& a = net.add();
  const auto told = net.runtime.run(a.identify.identify(test::peer_number(9)));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::not_found);
}

TEST(Identify, AsksPeersThatWereThereBeforeIt) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add_silent();
  ASSERT_TRUE(net.connect(b.node, a.node));
  net.runtime.run_for(seconds(30));
  EXPECT_FALSE(a.identify.info(b.id()));
  b.identify.start();
  net.runtime.run_for(seconds(1));
  EXPECT_TRUE(b.identify.info(a.id()));
  // It can be asked now: nobody has to connect again.
  EXPECT_TRUE(net.runtime.run(a.identify.identify(b.id())));
}

TEST(Identify, SaysSoWhenAPeerDoesNotSpeakIt) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add_silent();
  ASSERT_TRUE(net.connect(a, b));
  const auto told = net.runtime.run(a.identify.identify(b.id()));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::not_supported);
  EXPECT_TRUE(a.swarm().is_connected(b.id()));
  EXPECT_TRUE(a.watch.identified.empty());
}

TEST(Identify, AsksThriceAPeerThatDoesNotAnswer) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add_silent();
  std::vector<StreamPtr> held;
  b.swarm().set_handler(std::string(identify::protocol_id), [&held](InboundStream inbound) -> Task<> {
    held.push_back(std::move(inbound.stream));
    co_return;
  });
  ASSERT_TRUE(net.connect(a, b));
  const Instant start = net.runtime.now();
  const auto told = net.runtime.run(a.identify.identify(b.id()));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::timeout);
  EXPECT_EQ(held.size(), 3U);
  EXPECT_GE(net.runtime.now() - start, seconds(40));
  held.clear();
}

TEST(Identify, PushesAProtocolThatIsNew) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(seconds(1));
  a.swarm().set_handler("/new/1", ignore);
  ASSERT_TRUE(net.run_until([&] { return b.swarm().peerstore().supports(a.id(), "/new/1"); }, seconds(1)));
  EXPECT_EQ(b.watch.identified.size(), 2U);
  a.swarm().remove_handler("/new/1");
  ASSERT_TRUE(net.run_until([&] { return !b.swarm().peerstore().supports(a.id(), "/new/1"); }, seconds(10)));
  EXPECT_EQ(b.identify.counters().pushes_refused, 0U);
}

TEST(Identify, PushesAnAddressThatIsNewInASignedRecord) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(seconds(1));
  const auto before = PeerRecord::open(*b.swarm().peerstore().record_envelope(a.id()))->seq;
  ASSERT_TRUE(net.runtime.run(a.swarm().listen(test::multiaddr("/memory/1001"))));
  ASSERT_TRUE(net.run_until([&] { return b.identify.info(a.id())->addresses.size() == 2; }, seconds(1)));
  EXPECT_GT(PeerRecord::open(*b.swarm().peerstore().record_envelope(a.id()))->seq, before);
}

TEST(Identify, ManyChangesArePushedTogether) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(seconds(1));
  for (int i = 0; i < 50; ++i) {
    a.swarm().set_handler("/many/" + std::to_string(i), ignore);
    net.runtime.run_for(milliseconds(100));
  }
  net.runtime.run_for(seconds(10));
  EXPECT_EQ(std::ranges::count_if(b.swarm().peerstore().protocols(a.id()),
                                  [](const std::string& p) { return p.starts_with("/many/"); }),
            50);
  EXPECT_LE(a.identify.counters().pushes_sent, 3U);
  EXPECT_EQ(b.identify.counters().pushes_refused, 0U);
}

TEST(Identify, DoesNotPushWhatHasNotChanged) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(hours(1));
  EXPECT_EQ(a.identify.counters().pushes_sent + b.identify.counters().pushes_sent, 0U);
}

TEST(Identify, ARefusedPushIsMadeGoodByAsking) {
  IdentifyNet net;
  // Pushes as fast as it can, which the other side does not take.
  auto& a = net.add({.push_debounce = milliseconds(1), .push_interval = milliseconds(1)});
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(seconds(1));
  for (int i = 0; i < 10; ++i) {
    a.swarm().set_handler("/fast/" + std::to_string(i), ignore);
    net.runtime.run_for(milliseconds(50));
  }
  EXPECT_GT(b.identify.counters().pushes_refused, 0U);
  EXPECT_FALSE(b.swarm().peerstore().supports(a.id(), "/fast/9"));
  ASSERT_TRUE(net.run_until([&] { return b.swarm().peerstore().supports(a.id(), "/fast/9"); }, seconds(6)));
}

// Asks as identify does, and keeps what was told.
Task<> ask(Swarm& swarm, PeerId peer, std::optional<identify::Message>& told) {
  auto opened = co_await swarm.open_stream(peer, {std::string(identify::protocol_id)}, false);
  if (!opened) co_return;
  if (auto message = co_await identify::read_message(*opened->stream)) told = std::move(*message);
  (void)co_await opened->stream->close_write();
}

TEST(Identify, APeerThatTurnsOutToTakePushesGetsWhatChangedSinceItAsked) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add_silent();
  std::optional<identify::Message> asked;
  std::optional<identify::Message> pushed;
  b.swarm().set_handler(std::string(identify::protocol_id), [&](InboundStream inbound) -> Task<> {
    co_await sleep_for(net.runtime.env(), seconds(5));
    identify::Message message;
    message.protocols = {std::string(identify::push_protocol_id)};
    (void)co_await identify::write_message(*inbound.stream, message);
    (void)co_await close_gracefully(*inbound.stream);
  });
  b.swarm().set_handler(std::string(identify::push_protocol_id), [&](InboundStream inbound) -> Task<> {
    if (auto message = co_await identify::read_message(*inbound.stream)) pushed = std::move(*message);
    (void)co_await inbound.stream->close_write();
  });
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(milliseconds(100));
  net.runtime.run(ask(b.swarm(), a.id(), asked));
  ASSERT_TRUE(asked);
  a.swarm().set_handler("/late/1", ignore);
  net.runtime.run_for(seconds(4));
  EXPECT_FALSE(pushed);
  net.runtime.run_for(seconds(2));
  ASSERT_TRUE(pushed);
  EXPECT_TRUE(std::ranges::find(pushed->protocols, "/late/1") != pushed->protocols.end());
}

TEST(Identify, KeepsNothingOfPeersThatLeft) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(seconds(1));
  EXPECT_EQ(a.identify.size(), 1U);
  a.swarm().disconnect(b.id());
  net.runtime.run_for(seconds(1));
  EXPECT_EQ(a.identify.size(), 0U);
  EXPECT_EQ(b.identify.size(), 0U);
  EXPECT_FALSE(a.identify.info(b.id()));
  // The way back is remembered: for an hour from now.
  net.runtime.run_for(std::chrono::minutes(59));
  EXPECT_EQ(a.swarm().peerstore().addresses(b.id()).size(), 1U);
}

TEST(Identify, StartsOverWithAPeerThatComesBack) {
  IdentifyNet net;
  auto& a = net.add();
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(seconds(1));
  a.swarm().disconnect(b.id());
  net.runtime.run_for(seconds(1));
  b.swarm().set_handler("/back/1", ignore);
  ASSERT_TRUE(net.connect(b, a));
  ASSERT_TRUE(net.run_until([&] { return a.swarm().peerstore().supports(b.id(), "/back/1"); }, seconds(1)));
}

TEST(Identify, CanBeStoppedInTheMiddleOfAnExchange) {
  IdentifyNet net(1, {.latency = milliseconds(200)});
  auto& a = net.add();
  auto& b = net.add();
  ASSERT_TRUE(net.connect(a, b));
  net.runtime.run_for(milliseconds(100));
  net.runtime.run(a.identify.stop());
  net.runtime.run_for(seconds(30));
  EXPECT_EQ(a.identify.size(), 0U);
  EXPECT_FALSE(net.runtime.run(a.identify.identify(b.id())));
}

}  // namespace
}  // namespace libp2p
