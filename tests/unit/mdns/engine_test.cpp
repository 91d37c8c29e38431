#include "libp2p/protocols/mdns/engine.hpp"

#include <gtest/gtest.h>

#include "libp2p/protocols/mdns/announcement.hpp"
#include "tests/support/mdns.hpp"

namespace libp2p::mdns {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::count_queries;
using test::count_replies;
using test::EngineOnLan;
using test::multiaddr;
using test::name;
using test::peer_number;

TEST(MdnsEngine, AsksAtOnceAndTwiceSoonAfter) {
  EngineOnLan lan;
  const Instant start = lan.now;
  std::vector<Instant> asked;
  for (const auto& sent : lan.run_for(seconds(5))) {
    if (!sent.packet.response) asked.push_back(sent.at);
  }
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_LE(asked[0] - start, milliseconds(100));
  EXPECT_EQ(asked[1] - asked[0], seconds(1));
  EXPECT_EQ(asked[2] - asked[0], seconds(3));
}

TEST(MdnsEngine, ThenAsksEachIntervalGiveOrTakeAQuarter) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(4));
  std::optional<Instant> last;
  for (const auto& sent : lan.run_for(minutes(20))) {
    if (sent.packet.response) continue;
    if (last) {
      EXPECT_GE(sent.at - *last, seconds(15));
      EXPECT_LE(sent.at - *last, seconds(25));
    }
    last = sent.at;
  }
  EXPECT_TRUE(last);
}

TEST(MdnsEngine, AnswersItsOwnQuery) {
  EngineOnLan lan;
  const auto sent = lan.run_for(milliseconds(300));
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_FALSE(sent[0].packet.response);
  ASSERT_EQ(sent[0].packet.questions.size(), 1U);
  EXPECT_EQ(sent[0].packet.questions[0].name, name("_p2p._udp.local"));
  EXPECT_TRUE(sent[1].packet.response);
  EXPECT_GE(sent[1].at - sent[0].at, milliseconds(20));
}

TEST(MdnsEngine, RepliesInTheFormOfTheSpecification) {
  EngineOnLan lan;
  const auto sent = lan.run_for(milliseconds(300));
  const Packet& reply = sent.at(1).packet;
  ASSERT_EQ(reply.records.size(), 2U);
  EXPECT_EQ(reply.records[0].name, name("_p2p._udp.local"));
  EXPECT_TRUE(reply.records[0].target.is_child_of(name("_p2p._udp.local")));
  EXPECT_EQ(reply.records[1].name, reply.records[0].target);
  EXPECT_EQ(reply.records[1].texts,
            std::vector<std::string>{"dnsaddr=/ip4/192.168.7.1/tcp/7117/p2p/" + peer_number(1).to_string()});
  // SRV and A are there for readers of DNS-SD: three additional records.
  EXPECT_EQ(load_be<std::uint16_t>(sent[1].bytes.data() + 10), 3);
}

TEST(MdnsEngine, SaysNothingWithoutAnAddressToTell) {
  EngineOnLan lan;
  lan.engine.set_addresses({multiaddr("/ip4/127.0.0.1/tcp/1")}, lan.now);
  EXPECT_EQ(count_replies(lan.run_for(seconds(30))), 0U);
}

TEST(MdnsEngine, RepliesToOthersAfterARandomDelay) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(10));
  (void)lan.hear(test::query_for());
  const Instant asked = lan.now;
  const auto sent = lan.run_for(seconds(2));
  ASSERT_EQ(count_replies(sent), 1U);
  EXPECT_GE(sent[0].at - asked, milliseconds(20));
  EXPECT_LE(sent[0].at - asked, milliseconds(120));
}

TEST(MdnsEngine, RepliesToTheQuestionsOfDnsSdTools) {
  EngineOnLan lan;
  const auto first = lan.run_for(seconds(10));
  const Name instance = first.at(1).packet.records.at(0).target;
  const std::string label = instance.labels().front();
  const std::pair<std::string, RecordType> questions[] = {
      {label + "._p2p._udp.local", RecordType::txt}, {label + "._P2P._udp.LOCAL", RecordType::srv},
      {label + ".p2p.local", RecordType::a},         {label + ".p2p.local", RecordType::aaaa},
      {label + "._p2p._udp.local", RecordType::any}, {"_p2p._udp.local", RecordType::any}};
  for (const auto& [what, type] : questions) {
    (void)lan.hear(test::query_for(what, type));
    EXPECT_EQ(count_replies(lan.run_for(seconds(2))), 1U) << what;
  }
  (void)lan.hear(test::query_for("_services._dns-sd._udp.local"));
  const auto services = lan.run_for(seconds(2));
  ASSERT_EQ(count_replies(services), 1U);
  EXPECT_EQ(services[0].packet.records.at(0).target, name("_p2p._udp.local"));
}

TEST(MdnsEngine, IsSilentAboutOtherServices) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(10));
  for (const char* other :
       {"_p2p-discovery._udp.local", "_http._tcp.local", "x._p2p._udp.local", "x.p2p.local", "local"}) {
    (void)lan.hear(test::query_for(other));
    (void)lan.hear(test::query_for(other, RecordType::any));
  }
  EXPECT_EQ(count_replies(lan.run_for(seconds(2))), 0U);
}

TEST(MdnsEngine, LetsTheQueriesOfOthersStandForItsOwn) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(10));
  std::size_t queries = 0;
  for (int i = 0; i < 15; ++i) {
    (void)lan.hear(test::query_for());
    queries += count_queries(lan.run_for(seconds(10)));
  }
  EXPECT_EQ(queries, 0U);
}

TEST(MdnsEngine, IsNotKeptFromAskingForEver) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(10));
  std::size_t queries = 0;
  for (int i = 0; i < 120; ++i) {
    (void)lan.hear(test::query_for());
    queries += count_queries(lan.run_for(seconds(10)));
  }
  EXPECT_GE(queries, 5U);
}

TEST(MdnsEngine, DiscoversAPeerByItsReply) {
  EngineOnLan lan;
  const auto actions = lan.hear(test::reply_of(peer_number(2), "/ip4/192.168.7.20/tcp/4001"));
  ASSERT_EQ(actions.discovered.size(), 1U);
  EXPECT_EQ(actions.discovered[0].peer, peer_number(2));
  EXPECT_EQ(actions.discovered[0].addresses, std::vector<Multiaddr>{multiaddr("/ip4/192.168.7.20/tcp/4001")});
}

TEST(MdnsEngine, ReadsTextsSpreadOverSeveralRecords) {
  // As rust-libp2p and js-libp2p write it: a record an address.
  EngineOnLan lan;
  const Name instance = name("other._p2p._udp.local");
  const std::string id = peer_number(2).to_string();
  const Bytes reply =
      PacketWriter(true)
          .answer_ptr(name("_p2p._udp.local"), 360, instance)
          .additional_txt(instance, 360, {"dnsaddr=/ip4/192.168.7.20/tcp/1/p2p/" + id})
          .additional_txt(instance, 360, {"dnsaddr=/ip4/192.168.7.20/udp/2/quic-v1/p2p/" + id})
          .take();
  const auto actions = lan.hear(reply);
  ASSERT_EQ(actions.discovered.size(), 1U);
  EXPECT_EQ(actions.discovered[0].addresses.size(), 2U);
}

TEST(MdnsEngine, DiscoversAPeerWhoseInstanceIsNotNamedBelowTheService) {
  // As rust-libp2p names it: a single label, which only the PTR record beside it ties to the service.
  EngineOnLan lan;
  const Name instance = name("bvbdN6hlZrenSfpmWORRDZtV5VgTHUrt8j3ZvP3i");
  const std::string text = "dnsaddr=/ip4/192.168.7.20/tcp/1/p2p/" + peer_number(2).to_string();
  const Bytes reply = PacketWriter(true)
                          .answer_ptr(name("_p2p._udp.local"), 360, instance)
                          .additional_txt(instance, 360, {text})
                          .take();
  const auto actions = lan.hear(reply);
  ASSERT_EQ(actions.discovered.size(), 1U);
  EXPECT_EQ(actions.discovered[0].peer, peer_number(2));
  EXPECT_EQ(actions.discovered[0].addresses, std::vector<Multiaddr>{multiaddr("/ip4/192.168.7.20/tcp/1")});
}

TEST(MdnsEngine, IgnoresTextsThatNothingTiesToTheService) {
  EngineOnLan lan;
  const Name instance = name("other");
  const std::string text = "dnsaddr=/ip4/192.168.7.20/tcp/1/p2p/" + peer_number(2).to_string();
  const auto hear = [&](std::string_view service, std::uint32_t ttl_s, const Name& target) {
    return lan.hear(PacketWriter(true)
                        .answer_ptr(name(service), ttl_s, target)
                        .additional_txt(instance, 360, {text})
                        .take());
  };
  EXPECT_TRUE(hear("_http._tcp.local", 360, instance).discovered.empty());
  EXPECT_TRUE(hear("_p2p._udp.local", 360, name("another")).discovered.empty());
  EXPECT_TRUE(hear("_p2p._udp.local", 0, instance).discovered.empty());  // a goodbye
  EXPECT_EQ(hear("_p2p._udp.local", 360, instance).discovered.size(), 1U);
}

TEST(MdnsEngine, LeavesOutWhatItCantUseOfAReplyAndKeepsTheRest) {
  EngineOnLan lan;
  const std::string id = "/p2p/" + peer_number(2).to_string();
  const auto actions = lan.hear(test::reply_with_texts(
      {"dnsaddr=/ip4/192.168.7.20/tcp/1", "dnsaddr=nonsense", "", "other=1",
       "dnsaddr=/ip4/8.8.8.8/tcp/53" + id, "dnsaddr=/ip4/127.0.0.1/tcp/1" + id,
       "dnsaddr=/dns4/evil.example/tcp/1" + id, "dnsaddr=/ip4/192.168.7.20/tcp/2" + id}));
  ASSERT_EQ(actions.discovered.size(), 1U);
  EXPECT_EQ(actions.discovered[0].addresses, std::vector<Multiaddr>{multiaddr("/ip4/192.168.7.20/tcp/2")});
}

TEST(MdnsEngine, IsNotNewsToItself) {
  EngineOnLan lan;
  for (const auto& sent : lan.run_for(milliseconds(300))) {
    EXPECT_TRUE(lan.hear(sent.bytes, "192.168.7.1").discovered.empty());
  }
}

TEST(MdnsEngine, IgnoresAGoodbye) {
  EngineOnLan lan;
  const std::string text = "dnsaddr=/ip4/192.168.7.20/tcp/1/p2p/" + peer_number(2).to_string();
  EXPECT_TRUE(lan.hear(test::reply_with_texts({text}, 0)).discovered.empty());
}

TEST(MdnsEngine, AnnouncesNewAddressesAtOnce) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(10));
  lan.engine.set_addresses({multiaddr("/ip4/192.168.7.1/tcp/9999")}, lan.now);
  const auto sent = lan.run_for(milliseconds(150));
  ASSERT_EQ(count_replies(sent), 1U);
  EXPECT_NE(sent[0].packet.records.at(1).texts.at(0).find("/tcp/9999/"), std::string::npos);
  lan.engine.set_addresses({multiaddr("/ip4/192.168.7.1/tcp/9999")}, lan.now);  // no change
  EXPECT_EQ(count_replies(lan.run_for(milliseconds(1500))), 0U);
}

TEST(MdnsEngine, StartsOverOnAnInterfaceThatComes) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(10));
  const Interface second{3, "wlan0", {{test::ip("10.0.0.1"), 8}}};
  lan.engine.set_interfaces({test::lan_interface(), second}, lan.now);
  EXPECT_EQ(count_queries(lan.run_for(seconds(4))), 3U);
  // The same list again changes nothing.
  lan.engine.set_interfaces({test::lan_interface(), second}, lan.now);
  EXPECT_EQ(count_queries(lan.run_for(seconds(4))), 0U);
  // Another network on the same interface is a new network.
  lan.engine.set_interfaces({test::lan_interface(), {3, "wlan0", {{test::ip("10.9.0.1"), 16}}}}, lan.now);
  EXPECT_EQ(count_queries(lan.run_for(seconds(4))), 3U);
}

TEST(MdnsEngine, HasNothingToDoWithoutAnInterface) {
  EngineOnLan lan;
  lan.engine.set_interfaces({}, lan.now);
  EXPECT_FALSE(lan.engine.next_wakeup());
  EXPECT_TRUE(lan.hear(test::reply_of(peer_number(2), "/ip4/192.168.7.20/tcp/1")).discovered.empty());
}

TEST(MdnsEngine, HearsAnotherNodeOfThisMachineOnLoopback) {
  EngineOnLan lan;
  const Bytes reply = test::reply_of(peer_number(2), "/ip4/127.0.0.1/tcp/1");
  EXPECT_TRUE(lan.hear(reply, "192.168.7.20").discovered.empty());
  EXPECT_EQ(lan.hear(reply, "192.168.7.1").discovered.size(), 1U);
}

Announcement about_self() {
  return {peer_number(1), name("_p2p._udp.local"), name("abc._p2p._udp.local"), name("abc.p2p.local"), 120};
}

TEST(MdnsAnnouncement, PutsTheAddressesOfTheNetworkFirst) {
  const auto packets = build_announcement(
      about_self(), {multiaddr("/ip4/10.5.5.5/tcp/1"), multiaddr("/ip4/192.168.7.1/tcp/1")},
      test::lan_interface());
  ASSERT_EQ(packets.size(), 1U);
  const auto texts = decode_packet(packets[0]).value().records.at(1).texts;
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_TRUE(texts[0].starts_with("dnsaddr=/ip4/192.168.7.1/"));
}

TEST(MdnsAnnouncement, SplitsManyAddressesOverPacketsOfAFrame) {
  std::vector<Multiaddr> addresses;
  for (int i = 1; i <= 40; ++i)
    addresses.push_back(multiaddr("/ip4/192.168.7.1/tcp/" + std::to_string(10'000 + i)));
  const auto packets = build_announcement(about_self(), addresses, test::lan_interface());
  std::size_t texts = 0;
  for (const Bytes& packet : packets) {
    EXPECT_LE(packet.size(), max_announcement_bytes);
    const auto decoded = decode_packet(packet);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->records.size(), 2U);
    texts += decoded->records.at(1).texts.size();
  }
  EXPECT_EQ(texts, max_announced_addresses);
  EXPECT_LE(packets.size(), 3U);
}

TEST(MdnsAnnouncement, LeavesOutAnAddressThatNoTextCanHold) {
  std::string path = "/ip4/192.168.7.1/tcp/1";
  for (int i = 0; i < 3; ++i) path += "/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ";
  const auto packets = build_announcement(
      about_self(), {multiaddr(path), multiaddr("/ip4/192.168.7.1/tcp/2")}, test::lan_interface());
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(decode_packet(packets[0]).value().records.at(1).texts.size(), 1U);
}

}  // namespace
}  // namespace libp2p::mdns
