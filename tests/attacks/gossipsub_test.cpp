// The GossipSub cases of the attack corpus that need no scoring.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "libp2p/base/varint.hpp"
#include "libp2p/protocols/gossipsub/frames.hpp"
#include "libp2p/protocols/gossipsub/router.hpp"
#include "tests/support/gossipsub.hpp"

namespace libp2p::gossipsub {
namespace {

using namespace test;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::uint32_t self = 1000;
constexpr std::uint32_t attacker = 1;
constexpr std::uint32_t honest = 2;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// A router that is subscribed to "t", an attacker and an honest peer that are, too.
class Victim {
 public:
  explicit Victim(GossipsubConfig c = {}) : config(c) {
    (void)router.join("t", {}, now).value();
    for (const std::uint32_t peer : {attacker, honest}) {
      connect(peer);
      (void)hear(peer, subscribe_rpc("t"));
    }
  }
  void connect(std::uint32_t peer) {
    router.peer_connected(test_peer(peer), false);
    (void)router.stream_opened(test_peer(peer), ProtocolVersion::v1_1, now);
  }
  Actions hear(std::uint32_t peer, BytesView rpc) {
    return router.receive(test_peer(peer), rpc, now).value();
  }
  // As the stream brings it, with its length before it.
  Result<Actions> hear_framed(std::uint32_t peer, BytesView bytes) {
    FrameBuffer frames(config.max_rpc_bytes);
    Actions all;
    while (!bytes.empty()) {
      const MutableBytes room = frames.prepare();
      const std::size_t size = std::min(room.size(), bytes.size());
      std::copy_n(bytes.begin(), size, room.begin());
      frames.commit(size);
      largest_buffer = std::max(largest_buffer, frames.capacity());
      bytes = bytes.subspan(size);
      for (;;) {
        LIBP2P_TRY(const auto rpc, frames.next());
        if (!rpc) break;
        LIBP2P_TRY(Actions some, router.receive(test_peer(peer), *rpc, now));
        std::ranges::move(some.sends, std::back_inserter(all.sends));
        std::ranges::move(some.deliveries, std::back_inserter(all.deliveries));
      }
    }
    return all;
  }
  Actions heartbeats(int count) {
    Actions all;
    for (int i = 0; i < count; ++i) {
      now += config.heartbeat;
      Actions some = router.heartbeat(now);
      std::ranges::move(some.sends, std::back_inserter(all.sends));
    }
    return all;
  }
  SignedMessage message(std::uint32_t author, std::size_t size = 10) {
    auto [it, added] = signers.try_emplace(author, test_key(author), 1);
    return it->second.sign("t", Bytes(size, 'x')).value();
  }
  // An honest peer is served as if nothing were.
  void expect_honest_peer_is_served() {
    const auto actions = hear(honest, publish_rpc(*message(77).wire));
    EXPECT_EQ(actions.deliveries.size(), 1U);
  }

  GossipsubConfig config;
  SeededRandom random{1};
  Router router{test_peer(self), config, random};
  Instant now{hours(1)};
  std::size_t largest_buffer = 0;
  std::map<std::uint32_t, MessageSigner> signers;
};

template <class Item>
std::size_t count(const Actions& actions, std::uint32_t peer) {
  return static_cast<std::size_t>(std::ranges::count_if(actions.sends, [peer](const Actions::Send& send) {
    return send.peer == test_peer(peer) && std::holds_alternative<Item>(send.item);
  }));
}

// The back-off is clamped: over after an hour and the slack, and not before.
void expect_clamped_to_an_hour(Victim& victim, std::string_view rpc_hex) {
  ASSERT_TRUE(victim.hear_framed(attacker, hex(rpc_hex)));
  EXPECT_EQ(victim.router.mesh("t"), std::vector<PeerId>{test_peer(honest)});
  const Actions early = victim.heartbeats(3600);
  EXPECT_EQ(count<Graft>(early, attacker), 0U);
  EXPECT_EQ(victim.router.footprint().backoffs, 1U);
  const Actions late = victim.heartbeats(2);
  EXPECT_EQ(count<Graft>(late, attacker), 1U);
  EXPECT_EQ(victim.router.footprint().backoffs, 0U);
  victim.expect_honest_peer_is_served();
}

TEST(Gossipsub, GS01_PruneBackoffOfTwoToThe64MinusOne) {
  Victim victim;
  expect_clamped_to_an_hour(victim,
                            "121a1022"
                            "0e0a017418"
                            "ffffffffffffffffff01");
}

TEST(Gossipsub, GS02_PruneBackoffThatOverflowsAtALaterHeartbeat) {
  Victim victim;
  expect_clamped_to_an_hour(victim,
                            "111a0f22"
                            "0d0a017418"
                            "94e9f9ffffffffff7f");
}

TEST(Gossipsub, GS03_PruneBackoffOfTwoToThe63MinusOne) {
  Victim victim;
  expect_clamped_to_an_hour(victim,
                            "111a0f22"
                            "0d0a017418"
                            "ffffffffffffffff7f");
}

TEST(Gossipsub, GS04_SubscribeFlood) {
  Victim victim;
  // 349,525 subscriptions of unique topics in one frame of 4 MiB: refused by its length.
  ProtobufWriter flood;
  for (std::uint32_t i = 0; i < 349'525; ++i) {
    Bytes number(3);
    for (std::size_t k = 0; k < 3; ++k) number[k] = static_cast<std::uint8_t>(i >> (8 * k));
    flood.message(1, subscription(to_hex(number)));
  }
  ASSERT_EQ(flood.view().size(), 349'525U * 12);
  Bytes framed;
  append_varint(framed, flood.view().size());
  append(framed, flood.view());
  const auto refused = victim.hear_framed(attacker, framed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::limit);
  EXPECT_LE(victim.largest_buffer, 64U * 1024);
  // The same in the largest frames that pass.
  for (std::size_t at = 0; at + 12 * 80'000 < flood.view().size(); at += 12 * 80'000) {
    ASSERT_TRUE(victim.hear(attacker, BytesView(flood.view()).subspan(at, 12 * 80'000)).sends.empty());
  }
  EXPECT_LE(victim.router.footprint().peer_topics, 32U + 1);
  victim.expect_honest_peer_is_served();
}

TEST(Gossipsub, GS05_TopicsBeyondThirtyTwo) {
  Victim victim;
  for (int i = 0; i < 100; ++i) (void)victim.hear(attacker, subscribe_rpc("topic " + std::to_string(i)));
  EXPECT_EQ(victim.router.footprint().peer_topics, 32U + 1);
  EXPECT_TRUE(victim.router.subscribers("topic 32").empty());
  EXPECT_GE(victim.router.counters().left_out, 68U);
  // Nor one that is as long as an RPC.
  (void)victim.hear(honest, subscribe_rpc(std::string(900'000, 'x')));
  EXPECT_EQ(victim.router.footprint().peer_topics, 32U + 1);
}

TEST(Gossipsub, GS06_PeersThatSubscribeUniqueTopicsAndLeave) {
  Victim victim;
  const auto before = victim.router.footprint();
  for (std::uint32_t peer = 5000; peer < 6000; ++peer) {
    victim.connect(peer);
    for (int i = 0; i < 3; ++i)
      (void)victim.hear(peer, subscribe_rpc(std::to_string(peer) + "/" + std::to_string(i)));
    victim.router.peer_gone(test_peer(peer));
  }
  const auto after = victim.router.footprint();
  EXPECT_EQ(after.peers, before.peers);
  EXPECT_EQ(after.peer_topics, before.peer_topics);
  EXPECT_EQ(after.mesh_links, before.mesh_links);
  EXPECT_EQ(after.backoffs, 0U);
}

TEST(Gossipsub, GS07_IHaveFloodOfFakeIds) {
  Victim victim;
  std::uint64_t next = 0;
  std::size_t asked_in_a_minute = 0;
  for (int beat = 0; beat < 60; ++beat) {
    std::size_t asked = 0;
    for (int rpc = 0; rpc < 10; ++rpc) {
      std::vector<MessageId> ids;
      for (int i = 0; i < 5000; ++i) ids.push_back(fake_id(next++));
      for (const auto& send : victim.hear(attacker, ihave_rpc("t", ids)).sends) {
        if (const auto* iwant = std::get_if<IWant>(&send.item)) asked += iwant->ids.size();
      }
    }
    EXPECT_LE(asked, 500U) << beat;
    asked_in_a_minute += asked;
    (void)victim.heartbeats(1);
    EXPECT_LE(victim.router.footprint().promises, 10U * 4);
  }
  // It promised and never kept: most of the time nobody listens to it any more.
  EXPECT_LE(asked_in_a_minute, 60U * 500 / 2);
  EXPECT_GT(victim.router.counters().penalties, 0U);
  EXPECT_GT(victim.router.counters().ihave_ignored, 100U);
  // An honest peer's word still counts.
  EXPECT_EQ(count<IWant>(victim.hear(honest, ihave_rpc("t", {fake_id(next)})), honest), 1U);
}

TEST(Gossipsub, GS08_IWantOfOneIdAThousandTimes) {
  Victim victim;
  const SignedMessage m = victim.message(77);
  (void)victim.hear(honest, publish_rpc(*m.wire));
  std::size_t answers = 0;
  for (int i = 0; i < 500; ++i)
    answers += count<Publish>(victim.hear(attacker, iwant_rpc({m.message.id})), attacker);
  answers +=
      count<Publish>(victim.hear(attacker, iwant_rpc(std::vector<MessageId>(500, m.message.id))), attacker);
  EXPECT_EQ(answers, 3U);
  EXPECT_EQ(count<Publish>(victim.hear(honest, iwant_rpc({m.message.id})), honest), 1U);
}

TEST(Gossipsub, GS09_IWantOfHugeMessagesByFiftyPeers) {
  Victim victim;
  std::vector<MessageId> ids;
  for (int i = 0; i < 12; ++i) {
    const SignedMessage m = victim.message(77, 1'000'000);
    ids.push_back(m.message.id);
    (void)victim.hear(honest, publish_rpc(*m.wire));
  }
  for (std::uint32_t peer = 100; peer < 150; ++peer) {
    victim.connect(peer);
    std::size_t egress = 0;
    for (int i = 0; i < 3; ++i) {
      for (const auto& send : victim.hear(peer, iwant_rpc(ids)).sends) {
        if (const auto* publish = std::get_if<Publish>(&send.item)) egress += publish->message->size();
      }
    }
    EXPECT_GT(egress, 0U);
    EXPECT_LE(egress, victim.config.max_iwant_bytes + 1'100'000);  // the last one begins below the cap
  }
  EXPECT_LE(victim.router.footprint().cached_bytes, victim.config.message_cache_bytes);
}

TEST(Gossipsub, GS10_IDontWantFlood) {
  Victim victim;
  const auto before = victim.router.footprint();
  ProtobufWriter ids;
  for (std::uint32_t i = 0; i < 250'000; ++i) ids.bytes(1, Bytes{1, 2});
  // IDONTWANT of version 1.2 in a 1.1 stream: nothing of it is kept.
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(victim.hear(attacker, control_rpc(5, ids)).sends.empty());
  const auto after = victim.router.footprint();
  EXPECT_EQ(after.peer_topics, before.peer_topics);
  EXPECT_EQ(after.promises, 0U);
  EXPECT_EQ(after.seen, 0U);
  victim.expect_honest_peer_is_served();
}

TEST(Gossipsub, GS11_GraftFloodInsideTheBackoff) {
  Victim victim;
  (void)victim.hear(attacker, prune_rpc("t", 60));
  std::size_t prunes = 0;
  for (int beat = 0; beat < 10; ++beat) {
    for (int i = 0; i < 1000; ++i) prunes += count<Prune>(victim.hear(attacker, graft_rpc("t")), attacker);
    (void)victim.heartbeats(1);
  }
  EXPECT_LE(prunes, 10U);
  EXPECT_GE(prunes, 9U);
  EXPECT_EQ(victim.router.counters().penalties, 10'000U);
  EXPECT_EQ(victim.router.mesh("t"), std::vector<PeerId>{test_peer(honest)});
  // Each attempt began the minute anew.
  (void)victim.heartbeats(58);
  (void)victim.hear(attacker, graft_rpc("t"));
  EXPECT_EQ(victim.router.mesh("t"), std::vector<PeerId>{test_peer(honest)});
  EXPECT_EQ(victim.router.footprint().backoffs, 1U);
}

TEST(Gossipsub, GS12_GraftOfUnknownTopics) {
  Victim victim;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(victim.hear(attacker, graft_rpc("unknown " + std::to_string(i))).sends.empty());
    EXPECT_TRUE(victim.hear(attacker, prune_rpc("unknown " + std::to_string(i), 60)).sends.empty());
  }
  EXPECT_EQ(victim.router.footprint().backoffs, 0U);
  EXPECT_EQ(victim.router.footprint().peer_topics, 2U);
}

TEST(Gossipsub, GS13_PruneWithTenThousandPeersToDial) {
  Victim victim;
  ProtobufWriter prune;
  prune.string(1, "t");
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    prune.message(2, ProtobufWriter().bytes(1, test_peer(7).bytes()).bytes(2, Bytes(50, 1)));
  }
  prune.varint(3, 60);
  ASSERT_LT(prune.view().size(), 1024U * 1024);
  const Actions actions = victim.hear(attacker, control_rpc(4, prune));
  EXPECT_TRUE(actions.sends.empty());  // the PRUNE counts, the peers don't
  EXPECT_EQ(victim.router.mesh("t"), std::vector<PeerId>{test_peer(honest)});
  EXPECT_EQ(victim.router.footprint().peers, 2U);
}

// What a message of author 77 looks like with one field spoilt.
struct Spoilt {
  const char* what;
  std::function<void(ProtobufWriter& out, const Bytes& seqno, const Bytes& signature)> write;
};

TEST(Gossipsub, GS14_StrictSign) {
  Victim victim;
  const Bytes from = test_peer(77).bytes();
  const Bytes other = test_peer(78).bytes();
  const Bytes other_key = test_key(78).public_key().to_protobuf();
  SeededRandom random(4);
  const PrivateKey hashed = PrivateKey::generate(KeyType::ecdsa, random).value();
  const Bytes hashed_from = PeerId::from_public_key(hashed.public_key()).bytes();
  const std::vector<Spoilt> cases{
      {"no signature",
       [&](auto& out, const Bytes& n, const Bytes&) { out.bytes(1, from).bytes(3, n).string(4, "t"); }},
      {"an empty signature",
       [&](auto& out, const Bytes& n, const Bytes&) {
         out.bytes(1, from).bytes(3, n).string(4, "t").bytes(5, {});
       }},
      {"a signature by another key",
       [&](auto& out, const Bytes& n, const Bytes& s) {
         out.bytes(1, other).bytes(3, n).string(4, "t").bytes(5, s);
       }},
      {"no author",
       [&](auto& out, const Bytes& n, const Bytes& s) { out.bytes(3, n).string(4, "t").bytes(5, s); }},
      {"no seqno",
       [&](auto& out, const Bytes&, const Bytes& s) { out.bytes(1, from).string(4, "t").bytes(5, s); }},
      {"a seqno of 7 bytes",
       [&](auto& out, const Bytes& n, const Bytes& s) {
         out.bytes(1, from).bytes(3, BytesView(n).first(7)).string(4, "t").bytes(5, s);
       }},
      {"a key that is not the author's",
       [&](auto& out, const Bytes& n, const Bytes& s) {
         out.bytes(1, from).bytes(3, n).string(4, "t").bytes(5, s).bytes(6, other_key);
       }},
      {"a key that is none",
       [&](auto& out, const Bytes& n, const Bytes& s) {
         out.bytes(1, from).bytes(3, n).string(4, "t").bytes(5, s).bytes(6, Bytes{1, 2, 3});
       }},
      {"no key where the id is only a hash",
       [&](auto& out, const Bytes& n, const Bytes& s) {
         out.bytes(1, hashed_from).bytes(3, n).string(4, "t").bytes(5, s);
       }},
      {"another's key where the id is only a hash",
       [&](auto& out, const Bytes& n, const Bytes& s) {
         out.bytes(1, hashed_from).bytes(3, n).string(4, "t").bytes(5, s).bytes(6, other_key);
       }},
      {"another topic",
       [&](auto& out, const Bytes& n, const Bytes& s) {
         out.bytes(1, from).bytes(2, Bytes{1}).bytes(3, n).string(4, "t").bytes(5, s);
       }},
  };
  std::uint64_t invalid = 0;
  for (const Spoilt& spoilt : cases) {
    const Bytes seqno{0, 0, 0, 0, 0, 0, 1, static_cast<std::uint8_t>(invalid)};
    ProtobufWriter body;
    body.bytes(1, from).bytes(3, seqno).string(4, "t");
    Bytes signed_text = to_bytes("libp2p-pubsub:");
    append(signed_text, body.view());
    const Bytes signature = test_key(77).sign(signed_text).value();
    ProtobufWriter out;
    spoilt.write(out, seqno, signature);
    const Actions actions = victim.hear(attacker, publish_rpc(out.view()));
    EXPECT_TRUE(actions.deliveries.empty() && actions.sends.empty()) << spoilt.what;
    EXPECT_EQ(victim.router.counters().invalid, ++invalid) << spoilt.what;
    // And the real one is not taken for a duplicate afterwards.
    body.bytes(5, signature);
    EXPECT_EQ(victim.hear(honest, publish_rpc(body.view())).deliveries.size(), 1U) << spoilt.what;
  }
  EXPECT_EQ(victim.router.counters().penalties, cases.size());
}

TEST(Gossipsub, GS15_DuplicateStorm) {
  Victim victim;
  const SignedMessage m = victim.message(77);
  std::size_t delivered = 0;
  std::size_t sent = 0;
  const Bytes rpc = publish_rpc(*m.wire);
  for (int i = 0; i < 20'000; ++i) {
    const Actions actions = victim.hear(attacker, rpc);
    delivered += actions.deliveries.size();
    sent += actions.sends.size();
  }
  EXPECT_EQ(delivered, 1U);
  EXPECT_EQ(sent, 1U);
  EXPECT_EQ(victim.router.footprint().seen, 1U);
  EXPECT_EQ(victim.router.footprint().cached, 1U);

  SeenCache seen(victim.config.seen_capacity, victim.config.seen_ttl);
  for (std::uint64_t i = 0; i < 200'000; ++i) seen.insert(fake_id(i), victim.now);
  EXPECT_EQ(seen.size(), 64U * 1024);
  EXPECT_FALSE(seen.contains(fake_id(0), victim.now));
  EXPECT_FALSE(seen.contains(fake_id(199'999), victim.now + seconds(120)));
  EXPECT_EQ(seen.size(), 0U);
}

TEST(Gossipsub, GS16_MessageIdCollision) {
  Victim victim;
  // An author whose id ends where another's seqno begins can't be: an id is whole or refused, a seqno has 8
  // bytes.
  const SignedMessage real = victim.message(77);
  const Bytes& from = real.message.from.bytes();
  Bytes seqno(8);
  store_be(real.message.seqno, seqno.data());
  for (std::size_t shift = 1; shift < 8; ++shift) {
    Bytes longer = from;
    append(longer, BytesView(seqno).first(shift));
    const Bytes rest(seqno.begin() + static_cast<std::ptrdiff_t>(shift), seqno.end());
    ProtobufWriter out;
    out.bytes(1, longer).bytes(3, rest).string(4, "t").bytes(5, Bytes(64, 1));
    EXPECT_TRUE(victim.hear(attacker, publish_rpc(out.view())).deliveries.empty());
  }
  EXPECT_EQ(victim.router.footprint().seen, 0U);
  // The same author and seqno with other data is another message only to its forger.
  ProtobufWriter forged;
  forged.bytes(1, from).bytes(2, Bytes{9}).bytes(3, seqno).string(4, "t").bytes(5, Bytes(64, 1));
  EXPECT_TRUE(victim.hear(attacker, publish_rpc(forged.view())).deliveries.empty());
  EXPECT_EQ(victim.hear(honest, publish_rpc(*real.wire)).deliveries.size(), 1U);
}

}  // namespace
}  // namespace libp2p::gossipsub
