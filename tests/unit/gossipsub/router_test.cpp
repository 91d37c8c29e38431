#include "libp2p/protocols/gossipsub/router.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/gossipsub.hpp"

namespace libp2p::gossipsub {
namespace {

using namespace test;
using std::chrono::hours;
using std::chrono::seconds;

// One router, peers that the test plays by hand, and a time that the test moves.
class RouterTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t self = 1000;

  void connect(std::uint32_t peer, bool outbound = false, ProtocolVersion version = ProtocolVersion::v1_1) {
    router.peer_connected(test_peer(peer), outbound);
    note(router.stream_opened(test_peer(peer), version, now));
  }
  void receive(std::uint32_t peer, BytesView rpc) {
    auto result = router.receive(test_peer(peer), rpc, now);
    ASSERT_TRUE(result) << result.error().to_string();
    note(std::move(*result));
  }
  void connect_subscribers(std::uint32_t first, std::uint32_t count, bool outbound = false) {
    for (std::uint32_t i = first; i < first + count; ++i) {
      connect(i, outbound);
      receive(i, subscribe_rpc("t"));
    }
  }
  void join(const std::string& topic = "t", GossipValidator validator = {}) {
    auto result = router.join(topic, std::move(validator), now);
    ASSERT_TRUE(result) << result.error().to_string();
    note(std::move(*result));
  }
  void heartbeats(int count) {
    for (int i = 0; i < count; ++i) {
      now += seconds(1);
      note(router.heartbeat(now));
    }
  }
  void note(Actions actions) {
    for (auto& send : actions.sends) sent.push_back(std::move(send));
    for (auto& message : actions.deliveries) delivered.push_back(std::move(message));
  }
  SignedMessage message(std::uint32_t author, std::string_view data = "x", const std::string& topic = "t") {
    auto [it, added] = signers.try_emplace(author, test_key(author), 1);
    return it->second.sign(topic, as_bytes(data)).value();
  }
  // Whom an item of this kind was sent to since the last clear().
  template <class Item>
  [[nodiscard]] std::multiset<PeerId> told() const {
    std::multiset<PeerId> peers;
    for (const auto& send : sent) {
      if (std::holds_alternative<Item>(send.item)) peers.insert(send.peer);
    }
    return peers;
  }
  template <class Item>
  [[nodiscard]] const Item* last() const {
    for (auto it = sent.rbegin(); it != sent.rend(); ++it) {
      if (const auto* item = std::get_if<Item>(&it->item)) return item;
    }
    return nullptr;
  }
  [[nodiscard]] bool in_mesh(std::uint32_t peer) const {
    const auto mesh = router.mesh("t");
    return std::ranges::find(mesh, test_peer(peer)) != mesh.end();
  }
  void clear() {
    sent.clear();
    delivered.clear();
  }
  static std::multiset<PeerId> peers(std::uint32_t first, std::uint32_t count) {
    std::multiset<PeerId> all;
    for (std::uint32_t i = first; i < first + count; ++i) all.insert(test_peer(i));
    return all;
  }

  SeededRandom random{1};
  GossipsubConfig config;
  Router router{test_peer(self), config, random};
  Instant now{hours(1)};
  std::vector<Actions::Send> sent;
  std::vector<GossipMessage> delivered;
  std::map<std::uint32_t, MessageSigner> signers;
};

TEST_F(RouterTest, TheHelloNamesAllSubscriptions) {
  join("t");
  join("u");
  connect(1);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(std::get<Announce>(sent[0].item).topic, "t");
  EXPECT_EQ(std::get<Announce>(sent[1].item).topic, "u");
}

TEST_F(RouterTest, JoiningAnnouncesToAllAndGraftsUpToD) {
  connect_subscribers(1, 10);
  connect(11);  // subscribed to nothing
  join();
  EXPECT_EQ(told<Announce>(), peers(1, 11));
  EXPECT_EQ(told<Graft>().size(), 6U);
  EXPECT_FALSE(told<Graft>().contains(test_peer(11)));
  EXPECT_EQ(router.mesh("t").size(), 6U);
}

TEST_F(RouterTest, ASubscriberIsGraftedAtOnceWhileTheMeshIsThin) {
  join();
  connect_subscribers(1, 8);
  EXPECT_EQ(told<Graft>(), peers(1, 5));
  EXPECT_EQ(router.mesh("t").size(), 5U);
}

TEST_F(RouterTest, APeerThatSubscribedBeforeOurStreamWasOpenIsGraftedAndServed) {
  join();
  router.peer_connected(test_peer(1), false);
  receive(1, subscribe_rpc("t"));
  EXPECT_EQ(told<Graft>(), peers(1, 1));
  note(router.publish(message(self), now));
  EXPECT_EQ(told<Publish>(), peers(1, 1));
}

TEST_F(RouterTest, OwnMessagesGoToEverySubscriber) {
  join();
  connect_subscribers(1, 20);
  connect(21);
  note(router.publish(message(self), now));
  EXPECT_EQ(told<Publish>(), peers(1, 20));
  EXPECT_TRUE(delivered.empty());
}

TEST_F(RouterTest, PublishesToATopicItIsNotSubscribedTo) {
  connect_subscribers(1, 3);
  note(router.publish(message(self), now));
  EXPECT_EQ(told<Publish>(), peers(1, 3));
}

TEST_F(RouterTest, PassesOnToEverySubscriberWhileTheMeshIsThin) {
  join();
  connect_subscribers(1, 4);
  for (std::uint32_t i = 1; i <= 4; ++i) receive(i, prune_rpc("t", 60));
  ASSERT_TRUE(router.mesh("t").empty());
  receive(1, publish_rpc(*message(2).wire));
  EXPECT_EQ(told<Publish>(), peers(3, 2));  // neither back to its bringer nor to its author
  ASSERT_EQ(delivered.size(), 1U);
  EXPECT_EQ(delivered[0].from, test_peer(2));
}

TEST_F(RouterTest, PassesOnToItsMeshAloneOnceThatIsThickEnough) {
  join();
  connect_subscribers(1, 10);
  ASSERT_EQ(router.mesh("t").size(), 5U);
  receive(9, publish_rpc(*message(99).wire));
  EXPECT_EQ(told<Publish>(), peers(1, 5));
}

TEST_F(RouterTest, DeliversAndPassesOnAMessageOnce) {
  join();
  connect_subscribers(1, 3);
  const SignedMessage m = message(99);
  receive(1, publish_rpc(*m.wire));
  receive(2, publish_rpc(*m.wire));
  receive(1, publish_rpc(*m.wire));
  EXPECT_EQ(delivered.size(), 1U);
  EXPECT_EQ(told<Publish>().size(), 2U);
  EXPECT_EQ(router.counters().duplicates, 2U);
}

TEST_F(RouterTest, WhatIsPassedOnAreTheBytesThatCame) {
  join();
  connect_subscribers(1, 2);
  const SignedMessage m = message(99);
  receive(1, publish_rpc(*m.wire));
  ASSERT_NE(last<Publish>(), nullptr);
  EXPECT_EQ(*last<Publish>()->message, *m.wire);
}

TEST_F(RouterTest, ItsOwnMessageThatComesBackIsADuplicate) {
  join();
  connect_subscribers(1, 2);
  const SignedMessage m = message(self);
  note(router.publish(m, now));
  clear();
  heartbeats(200);  // longer than the seen cache remembers
  receive(1, publish_rpc(*m.wire));
  EXPECT_TRUE(delivered.empty());
  EXPECT_TRUE(told<Publish>().empty());
}

TEST_F(RouterTest, AForgeryDoesNotKeepTheRealMessageOut) {
  join();
  connect_subscribers(1, 2);
  const SignedMessage real = message(99);
  Bytes forged = *real.wire;
  forged.back() ^= 1;
  receive(1, publish_rpc(forged));
  EXPECT_EQ(router.counters().invalid, 1U);
  EXPECT_TRUE(delivered.empty());
  receive(2, publish_rpc(*real.wire));
  EXPECT_EQ(delivered.size(), 1U);
}

TEST_F(RouterTest, IgnoresMessagesOfTopicsItIsNotSubscribedTo) {
  connect_subscribers(1, 2);
  receive(1, publish_rpc(*message(99).wire));
  EXPECT_EQ(router.counters().unknown_topic, 1U);
  EXPECT_TRUE(told<Publish>().empty());
}

TEST_F(RouterTest, ThreeVerdictsOfTheValidator) {
  join("t", [](const PeerId& source, const GossipMessage& m) {
    EXPECT_EQ(source, test_peer(1));
    if (as_text(m.data) == "bad") return GossipVerdict::reject;
    return as_text(m.data) == "later" ? GossipVerdict::ignore : GossipVerdict::accept;
  });
  connect_subscribers(1, 2);
  receive(1, publish_rpc(*message(99, "bad").wire));
  receive(1, publish_rpc(*message(99, "later").wire));
  EXPECT_TRUE(delivered.empty());
  EXPECT_TRUE(told<Publish>().empty());
  EXPECT_EQ(router.counters().rejected, 1U);
  EXPECT_EQ(router.counters().ignored, 1U);
  EXPECT_EQ(router.counters().penalties, 1U);
  receive(1, publish_rpc(*message(99, "good").wire));
  EXPECT_EQ(delivered.size(), 1U);
}

TEST_F(RouterTest, TakesAGraftIntoItsMesh) {
  join();
  connect_subscribers(1, 8);
  EXPECT_FALSE(in_mesh(7));
  receive(7, graft_rpc("t"));
  EXPECT_TRUE(in_mesh(7));
  EXPECT_TRUE(told<Prune>().empty());
}

TEST_F(RouterTest, AGraftImpliesTheSubscription) {
  join();
  connect(1);
  receive(1, graft_rpc("t"));
  EXPECT_EQ(router.subscribers("t"), std::vector<PeerId>{test_peer(1)});
}

TEST_F(RouterTest, AFullMeshTakesOnlyPeersThatItDialled) {
  join();
  for (std::uint32_t i = 1; i <= 12; ++i) {
    connect(i);
    receive(i, graft_rpc("t"));
  }
  ASSERT_EQ(router.mesh("t").size(), 12U);
  connect(13);
  receive(13, graft_rpc("t"));
  EXPECT_FALSE(in_mesh(13));
  EXPECT_EQ(told<Prune>(), peers(13, 1));
  EXPECT_EQ(last<Prune>()->backoff_s, 60U);
  connect(14, true);
  receive(14, graft_rpc("t"));
  EXPECT_TRUE(in_mesh(14));
}

TEST_F(RouterTest, APruneToAPeerOfVersion10SaysNoBackoff) {
  join();
  for (std::uint32_t i = 1; i <= 12; ++i) {
    connect(i);
    receive(i, graft_rpc("t"));
  }
  connect(13, false, ProtocolVersion::v1_0);
  receive(13, graft_rpc("t"));
  ASSERT_NE(last<Prune>(), nullptr);
  EXPECT_EQ(last<Prune>()->backoff_s, 0U);
}

TEST_F(RouterTest, ThePrunedSideWaitsOutTheBackoffAndALittleMore) {
  join();
  connect_subscribers(1, 1);
  receive(1, prune_rpc("t", 20));
  EXPECT_FALSE(in_mesh(1));
  clear();
  receive(1, subscribe_rpc("t"));  // no way round it
  heartbeats(20);
  EXPECT_TRUE(told<Graft>().empty());
  heartbeats(1);
  EXPECT_EQ(told<Graft>(), peers(1, 1));
}

TEST_F(RouterTest, APruneWithoutABackoffCountsForAMinute) {
  join();
  connect_subscribers(1, 1);
  receive(1, control_rpc(4, ProtobufWriter().string(1, "t")));
  heartbeats(60);
  EXPECT_FALSE(in_mesh(1));
  heartbeats(1);
  EXPECT_TRUE(in_mesh(1));
}

TEST_F(RouterTest, ThePruningSideRefusesAGraftInsideTheBackoffAndExtendsIt) {
  join();
  connect_subscribers(1, 20);
  for (std::uint32_t i = 1; i <= 13; ++i) receive(i, graft_rpc("t"));
  clear();
  std::uint32_t peer = 1;
  while (in_mesh(peer)) ++peer;
  ASSERT_EQ(peer, 13U);  // the mesh was full
  heartbeats(30);
  receive(peer, graft_rpc("t"));
  EXPECT_FALSE(in_mesh(peer));
  EXPECT_EQ(told<Prune>().count(test_peer(peer)), 1U);
  EXPECT_EQ(router.counters().penalties, 1U);
  heartbeats(59);  // 89 s after the first PRUNE
  receive(peer, graft_rpc("t"));
  EXPECT_FALSE(in_mesh(peer));
}

TEST_F(RouterTest, LeavingPrunesItsMeshWithTheShorterBackoff) {
  join();
  connect_subscribers(1, 3);
  clear();
  note(router.leave("t", now));
  EXPECT_EQ(told<Announce>(), peers(1, 3));
  EXPECT_FALSE(last<Announce>()->subscribe);
  EXPECT_EQ(told<Prune>(), peers(1, 3));
  EXPECT_EQ(last<Prune>()->backoff_s, 10U);
  clear();
  join();
  heartbeats(10);
  EXPECT_TRUE(told<Graft>().empty());
  heartbeats(1);
  EXPECT_EQ(told<Graft>(), peers(1, 3));
}

TEST_F(RouterTest, AMeshAboveDHighIsCutToDWithOutboundPeersKept) {
  join();
  for (std::uint32_t i = 1; i <= 12; ++i) {
    connect(i, i <= 2);
    receive(i, graft_rpc("t"));
  }
  for (std::uint32_t i = 13; i <= 15; ++i) {
    connect(i, true);
    receive(i, graft_rpc("t"));
  }
  ASSERT_EQ(router.mesh("t").size(), 15U);
  clear();
  heartbeats(1);
  EXPECT_EQ(router.mesh("t").size(), 6U);
  EXPECT_EQ(told<Prune>().size(), 9U);
  int outbound = 0;
  for (const std::uint32_t i : {1U, 2U, 13U, 14U, 15U}) outbound += in_mesh(i) ? 1 : 0;
  EXPECT_GE(outbound, 2);
}

TEST_F(RouterTest, AThinMeshIsFilledUpToDAtTheHeartbeat) {
  join();
  connect_subscribers(1, 20);
  receive(1, subscribe_rpc("t", false));
  EXPECT_EQ(router.mesh("t").size(), 4U);
  heartbeats(1);
  EXPECT_EQ(router.mesh("t").size(), 6U);
}

TEST_F(RouterTest, AMeshWithoutOutboundPeersGetsSome) {
  join();
  connect_subscribers(1, 6);
  connect_subscribers(50, 6, true);
  heartbeats(1);
  int outbound = 0;
  for (std::uint32_t i = 50; i < 56; ++i) outbound += in_mesh(i) ? 1 : 0;
  EXPECT_EQ(outbound, 2);
}

TEST_F(RouterTest, WhoUnsubscribesOrLosesItsStreamOrGoesLeavesTheMesh) {
  join();
  connect_subscribers(1, 4);
  receive(1, subscribe_rpc("t", false));
  router.stream_lost(test_peer(2));
  router.inbound_lost(test_peer(3), now);
  router.peer_gone(test_peer(4));
  EXPECT_TRUE(router.mesh("t").empty());
  clear();
  note(router.stream_opened(test_peer(2), ProtocolVersion::v1_1, now));
  EXPECT_EQ(told<Announce>(), peers(2, 1));
  EXPECT_EQ(told<Graft>(), peers(2, 1));
}

TEST_F(RouterTest, TopicsThatANewStreamDoesNotConfirmAreForgotten) {
  join();
  connect_subscribers(1, 3);
  for (std::uint32_t i = 1; i <= 3; ++i) router.inbound_lost(test_peer(i), now);
  EXPECT_EQ(router.subscribers("t").size(), 3U);  // still sent to meanwhile
  note(router.inbound_opened(test_peer(1), now));
  receive(1, subscribe_rpc("t"));
  note(router.inbound_opened(test_peer(2), now));
  heartbeats(2);
  EXPECT_EQ(router.subscribers("t").size(), 3U);
  heartbeats(1);
  EXPECT_EQ(router.subscribers("t"), std::vector<PeerId>{test_peer(1)});
  EXPECT_TRUE(in_mesh(1));
}

TEST_F(RouterTest, AMeshSurvivesTheHandoverFromOneStreamToAnother) {
  join();
  connect_subscribers(1, 1);
  clear();
  // The peer opens a second stream beside its first: we tell it that it is in our mesh, if it should have
  // forgotten.
  note(router.inbound_opened(test_peer(1), now));
  EXPECT_TRUE(in_mesh(1));
  EXPECT_EQ(told<Graft>(), peers(1, 1));
  receive(1, subscribe_rpc("t"));
  heartbeats(5);
  EXPECT_TRUE(in_mesh(1));
  clear();
  note(router.stream_opened(test_peer(1), ProtocolVersion::v1_1, now));
  EXPECT_EQ(told<Graft>(), peers(1, 1));
}

TEST_F(RouterTest, SubscriptionsOnASupersededStreamAreVoidButItsMessagesCount) {
  join();
  connect_subscribers(1, 2);
  Bytes rpc = subscribe_rpc("t", false);
  append(rpc, subscribe_rpc("u"));
  append(rpc, publish_rpc(*message(99).wire));
  auto late = router.receive(test_peer(1), rpc, now, true);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->deliveries.size(), 1U);
  EXPECT_EQ(router.subscribers("t").size(), 2U);
  EXPECT_TRUE(router.subscribers("u").empty());
}

TEST_F(RouterTest, APeerWhoseStreamIsNewIsToldOfWhatTheOldOneMayHaveLost) {
  join();
  connect_subscribers(1, 2);
  const SignedMessage m = message(99);
  receive(1, publish_rpc(*m.wire));
  heartbeats(1);
  clear();
  note(router.stream_opened(test_peer(2), ProtocolVersion::v1_1, now));
  ASSERT_NE(last<IHave>(), nullptr);
  EXPECT_EQ(last<IHave>()->ids, std::vector<MessageId>{m.message.id});
}

TEST_F(RouterTest, TellsThoseOutsideTheMeshOfRecentMessages) {
  join();
  connect_subscribers(1, 20);
  const SignedMessage m = message(99);
  receive(1, publish_rpc(*m.wire));
  clear();
  heartbeats(1);
  const auto first = told<IHave>();
  EXPECT_GE(first.size(), 6U);
  for (const PeerId& peer : router.mesh("t")) EXPECT_EQ(first.count(peer), 0U);
  EXPECT_EQ(last<IHave>()->ids, std::vector<MessageId>{m.message.id});
  heartbeats(2);
  clear();
  heartbeats(1);  // the fourth
  EXPECT_TRUE(told<IHave>().empty());
}

TEST_F(RouterTest, GossipReachesAShareOfALargeCrowd) {
  join();
  connect_subscribers(1, 105);
  receive(1, publish_rpc(*message(99).wire));
  clear();
  heartbeats(1);
  EXPECT_EQ(told<IHave>().size(), 25U);
}

TEST_F(RouterTest, WhoEntersTheMeshIsToldOfWhatWentRoundJustBefore) {
  join();
  connect_subscribers(1, 8);
  const SignedMessage m = message(99);
  receive(1, publish_rpc(*m.wire));
  clear();
  ASSERT_FALSE(in_mesh(8));
  receive(8, graft_rpc("t"));
  EXPECT_EQ(told<IHave>(), peers(8, 1));
  // Not again and again for one that comes and goes.
  receive(8, subscribe_rpc("t", false));
  receive(8, graft_rpc("t"));
  EXPECT_EQ(told<IHave>(), peers(8, 1));
}

TEST_F(RouterTest, AsksForWhatItHasNotSeenAndAnswersWhatItHas) {
  join();
  connect_subscribers(1, 1);
  const SignedMessage seen = message(99);
  receive(1, publish_rpc(*seen.wire));
  clear();
  receive(1, ihave_rpc("t", {seen.message.id, fake_id(1)}));
  ASSERT_NE(last<IWant>(), nullptr);
  EXPECT_EQ(last<IWant>()->ids, std::vector<MessageId>{fake_id(1)});
  receive(1, iwant_rpc({seen.message.id, fake_id(1)}));
  EXPECT_EQ(told<Publish>(), peers(1, 1));
}

TEST_F(RouterTest, AsksNothingAboutTopicsItIsNotSubscribedTo) {
  connect_subscribers(1, 1);
  receive(1, ihave_rpc("t", {fake_id(1)}));
  EXPECT_TRUE(told<IWant>().empty());
}

TEST_F(RouterTest, RefusesTopicsThatOthersCouldNotFollow) {
  EXPECT_EQ(router.join("", {}, now).error().code, Errc::invalid_argument);
  EXPECT_EQ(router.join(std::string(257, 'x'), {}, now).error().code, Errc::invalid_argument);
  EXPECT_EQ(router.join("\xc3\x28", {}, now).error().code, Errc::invalid_argument);
  for (int i = 0; i < 32; ++i) join("t" + std::to_string(i));
  EXPECT_EQ(router.join("one more", {}, now).error().code, Errc::limit);
  EXPECT_EQ(router.join("t1", {}, now).error().code, Errc::exists);
}

TEST_F(RouterTest, OfAnRpcThatIsRefusedNothingHasEffect) {
  join();
  connect(1);
  Bytes bytes = subscribe_rpc("t");
  append(bytes, Bytes{0x1b});
  EXPECT_FALSE(router.receive(test_peer(1), bytes, now));
  EXPECT_TRUE(router.subscribers("t").empty());
  EXPECT_EQ(router.counters().rpcs_refused, 1U);
}

TEST_F(RouterTest, KeepsNothingOfAPeerThatIsGoneButItsBackoff) {
  join();
  connect_subscribers(1, 3);
  receive(1, subscribe_rpc("u"));
  receive(1, ihave_rpc("t", {fake_id(1)}));
  receive(1, prune_rpc("t", 60));
  for (std::uint32_t i = 1; i <= 3; ++i) router.peer_gone(test_peer(i));
  const auto left = router.footprint();
  EXPECT_EQ(left.peers, 0U);
  EXPECT_EQ(left.peer_topics, 0U);
  EXPECT_EQ(left.mesh_links, 0U);
  EXPECT_EQ(left.promises, 0U);
  EXPECT_EQ(left.backoffs, 1U);
  connect_subscribers(1, 1);
  EXPECT_FALSE(in_mesh(1));  // to reconnect is no way round it
  heartbeats(62);
  EXPECT_EQ(router.footprint().backoffs, 0U);
}

TEST_F(RouterTest, ConfigurationsThatCannotWorkAreNamed) {
  EXPECT_TRUE(GossipsubConfig{}.check());
  for (const auto& spoil : std::vector<void (*)(GossipsubConfig&)>{
           [](GossipsubConfig& c) { c.d_low = 7; }, [](GossipsubConfig& c) { c.d_high = 5; },
           [](GossipsubConfig& c) { c.d_out = 4; }, [](GossipsubConfig& c) { c.history_gossip = 6; },
           [](GossipsubConfig& c) { c.heartbeat = Duration::zero(); },
           [](GossipsubConfig& c) { c.gossip_factor = 2; },
           [](GossipsubConfig& c) { c.prune_backoff = hours(2); },
           [](GossipsubConfig& c) { c.seen_capacity = 0; },
           [](GossipsubConfig& c) { c.max_message_bytes = c.max_rpc_bytes; },
           [](GossipsubConfig& c) { c.outbox_bytes = 10; }}) {
    GossipsubConfig spoilt;
    spoil(spoilt);
    EXPECT_FALSE(spoilt.check());
  }
}

}  // namespace
}  // namespace libp2p::gossipsub
