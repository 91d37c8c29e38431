// The mDNS cases of the attack corpus, against the whole state machine: what is refused must leave nothing
// behind.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/mdns.hpp"
#include "tests/support/mdns_net.hpp"

namespace libp2p {
namespace {

using mdns::decode_packet;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::EngineOnLan;
using test::peer_number;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

void expect_refused(const Bytes& packet) {
  EXPECT_FALSE(decode_packet(packet));
  EngineOnLan lan;
  const auto actions = lan.hear(packet);
  EXPECT_TRUE(actions.discovered.empty());
  EXPECT_EQ(lan.engine.counters().malformed, 1U);
  EXPECT_EQ(lan.engine.known_peers(), 0U);
  // An honest peer is heard after it as before.
  EXPECT_EQ(
      lan.hear(test::reply_of(peer_number(3), "/ip4/192.168.7.30/tcp/1"), "192.168.7.30").discovered.size(),
      1U);
}

// A response that claims one answer, whose name is what follows.
Bytes answer_named(std::string_view name_hex) {
  return hex("000084000000000100000000" + std::string(name_hex) +
             "000c0001000000780001"
             "00");
}

TEST(Mdns, MD01_PointerLoop) {
  expect_refused(answer_named("c00c"));          // at 12, to itself
  expect_refused(answer_named("0161c00c"));      // a, then itself
  expect_refused(answer_named("0161c00ec00c"));  // two that point at each other
  expect_refused(
      hex("000000000001000000000000"
          "c00c"
          "000c0001"));
  // A PTR record's data that points into itself.
  expect_refused(
      hex("000084000000000100000000"
          "00"
          "000c0001000000780002"
          "c017"));
}

TEST(Mdns, MD02_PointerForwardOrPastTheEnd) {
  expect_refused(answer_named("c010"));
  expect_refused(answer_named("c0ff"));
  expect_refused(answer_named("ffff"));
  expect_refused(answer_named("c000"));  // into the header
  expect_refused(
      hex("000000000001000000000000"
          "c0"));
}

TEST(Mdns, MD03_CountsBeyondThePacket) {
  Bytes packet(40, 0);
  packet[2] = 0x84;
  packet[6] = packet[7] = 0xff;  // 65,535 answers
  expect_refused(packet);
  for (const std::size_t section : {4U, 6U, 8U, 10U}) {
    Bytes counted(40, 0);
    counted[2] = 0x84;
    counted[section + 1] = 33;
    expect_refused(counted);
  }
}

TEST(Mdns, MD04_LabelsAndNamesOverTheirBounds) {
  const auto label = [](unsigned length) {
    Bytes bytes{static_cast<std::uint8_t>(length)};
    bytes.resize(length + 1, 'a');
    return to_hex(bytes);
  };
  expect_refused(answer_named(label(64) + "00"));
  expect_refused(answer_named(label(127) + "00"));
  // 63 + 63 + 63 + 62 and their lengths and the root: 256 bytes.
  expect_refused(answer_named(label(63) + label(63) + label(63) + label(62) + "00"));
  EXPECT_TRUE(decode_packet(answer_named(label(63) + label(63) + label(63) + label(61) + "00")));
  // The bound counts what pointers bring in, too.
  const std::string question = label(63) + label(63) + label(63) +
                               "00"
                               "000c0001";
  expect_refused(hex("000084000001000100000000" + question + label(62) +
                     "c00c"
                     "000c0001000000780001"
                     "00"));
}

TEST(Mdns, MD05_FloodOfPeersIsRatedAndForgotten) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(5));
  std::size_t discovered = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {  // 1,000 a second
    discovered += lan.hear(test::reply_of(peer_number(100 + i), "/ip4/192.168.7.66/tcp/1"), "192.168.7.66")
                      .discovered.size();
    (void)lan.run_for(milliseconds(1));
  }
  EXPECT_LE(discovered, 20U * 11);
  EXPECT_GE(discovered, 20U * 10);
  EXPECT_LE(lan.engine.known_peers(), 256U);
  // Another source is heard all the while.
  EXPECT_EQ(
      lan.hear(test::reply_of(peer_number(3), "/ip4/192.168.7.30/tcp/1"), "192.168.7.30").discovered.size(),
      1U);
  // And when it is over, nothing is left.
  (void)lan.run_for(std::chrono::minutes(15));
  EXPECT_EQ(lan.engine.known_peers(), 0U);
}

TEST(Mdns, MD05_FloodFromManySourcesIsRatedInAll) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(5));
  std::size_t discovered = 0;
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const std::string from = "192.168.7." + std::to_string(2 + i % 250);
    discovered +=
        lan.hear(test::reply_of(peer_number(100 + i), "/ip4/192.168.7.66/tcp/1"), from).discovered.size();
    (void)lan.run_for(milliseconds(1));
  }
  EXPECT_LE(discovered, 200U * 6);
  EXPECT_EQ(lan.engine.known_peers(), 256U);
}

TEST(Mdns, MD05_OnePacketOfManyPeersAndAddresses) {
  EngineOnLan lan;
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < 40; ++i) {
    texts.push_back("dnsaddr=/ip4/192.168.7.66/tcp/1/p2p/" + peer_number(100 + i).to_string());
    texts.push_back("dnsaddr=/ip4/192.168.7.66/tcp/" + std::to_string(2 + i) + "/p2p/" +
                    peer_number(100).to_string());
  }
  const auto actions = lan.hear(test::reply_with_texts(texts));
  EXPECT_EQ(actions.discovered.size(), 8U);
  for (const auto& found : actions.discovered) EXPECT_LE(found.addresses.size(), 16U);
}

TEST(Mdns, MD06_SourceThatIsOffLinkIsDropped) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(5));
  for (const char* from : {"192.168.8.20", "8.8.8.8", "2001:db8::1", "0.0.0.0", "127.0.0.1", "::1"}) {
    EXPECT_TRUE(lan.hear(test::reply_of(peer_number(2), "/ip4/192.168.7.20/tcp/1"), from).discovered.empty())
        << from;
    (void)lan.hear(test::query_for(), from);
  }
  EXPECT_EQ(lan.engine.counters().off_link, 12U);
  EXPECT_EQ(test::count_replies(lan.run_for(seconds(3))), 0U);
}

// Knows who may be dialled, as a fleet does; remembers who was asked about.
struct MembersOnly final : Gater {
  std::set<PeerId> members;
  std::set<PeerId> refused;
  bool may_dial(const PeerId& peer, const Multiaddr&) override {
    if (members.contains(peer)) return true;
    refused.insert(peer);
    return false;
  }
};

Task<> dial(Swarm& swarm, PeerId peer, std::vector<Multiaddr> addresses, std::optional<Result<>>& outcome) {
  outcome = co_await swarm.connect(std::move(peer), std::move(addresses));
}

TEST(Mdns, MD07_PeerThatIsNoMemberIsNotDialled) {
  test::MdnsNet net;
  MembersOnly gater;
  auto& a = net.add({.gater = &gater});
  auto& member = net.add();
  auto& stranger = net.add();
  gater.members.insert(member.node.id);
  // The application dials all that mDNS shows, and lets the gater choose.
  a.node.swarm.keep_connected(member.node.id);
  a.node.swarm.keep_connected(stranger.node.id);
  ASSERT_TRUE(net.run_until([&] { return a.node.swarm.is_connected(member.node.id); }, seconds(5)));
  ASSERT_TRUE(a.found.contains(stranger.node.id));
  std::optional<Result<>> outcome;
  net.runtime.run(dial(a.node.swarm, stranger.node.id, a.found.at(stranger.node.id), outcome));
  EXPECT_FALSE(*outcome);
  EXPECT_TRUE(gater.refused.contains(stranger.node.id));
  net.runtime.run_for(seconds(30));
  EXPECT_FALSE(a.node.swarm.is_connected(stranger.node.id));
  EXPECT_EQ(stranger.node.swarm.counters().inbound_accepted + stranger.node.swarm.counters().upgrades_failed,
            0U);
}

TEST(Mdns, MD08_UnknownTypesAreIgnored) {
  EngineOnLan lan;
  // NSEC (47), HINFO (13), OPT (41) with a class that means something else, and type 65535, before the TXT
  // record.
  const std::string text = "dnsaddr=/ip4/192.168.7.20/tcp/1/p2p/" + peer_number(2).to_string();
  Bytes packet =
      hex("000084000000000500000000"
          "0161"
          "00"
          "002f8001"
          "00000078"
          "0006"
          "c00c00010840"
          "c00c"
          "000d0001"
          "00000078"
          "0003"
          "ffffff"
          "00"
          "002905a0"
          "00001194"
          "0000"
          "c00c"
          "ffff0001"
          "00000078"
          "0001"
          "ff"
          "0178"
          "045f703270"
          "045f756470"
          "056c6f63616c00"
          "00100001"
          "00000078");
  packet.push_back(0);
  packet.push_back(static_cast<std::uint8_t>(text.size() + 1));
  packet.push_back(static_cast<std::uint8_t>(text.size()));
  append(packet, as_bytes(text));
  EXPECT_EQ(lan.hear(packet).discovered.size(), 1U);
  // Their form still counts.
  expect_refused(
      hex("000084000000000100000000"
          "0161"
          "00"
          "002f8001"
          "00000078"
          "0007"
          "c00c00010840"));
}

TEST(Mdns, MD09_StormOfQueriesGetsOneReplyASecond) {
  EngineOnLan lan;
  (void)lan.run_for(seconds(5));
  std::size_t replies = 0;
  for (int i = 0; i < 10'000; ++i) {
    (void)lan.hear(test::query_for(), "192.168.7." + std::to_string(2 + i % 250));
    (void)lan.hear(test::query_for("_services._dns-sd._udp.local"), "192.168.7.250");
    for (const auto& sent : lan.run_for(milliseconds(1))) {
      replies +=
          sent.packet.response && sent.packet.records.at(0).name == test::name("_p2p._udp.local") ? 1 : 0;
    }
  }
  EXPECT_LE(replies, 11U);
  EXPECT_GE(replies, 9U);
}

}  // namespace
}  // namespace libp2p
