// The identify cases of the attack corpus that need a peer which speaks: a hostile swarm against one with
// identify. ID08, ID09, ID11 and ID14 are about the record alone: peer_record_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>

#include "libp2p/base/notifier.hpp"
#include "libp2p/base/protobuf.hpp"
#include "libp2p/base/varint.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/protocols/identify/observed_addresses.hpp"
#include "tests/support/identify.hpp"
#include "tests/support/identify_net.hpp"

namespace libp2p {
namespace {

using identify::Message;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::IdentifyNet;
using test::multiaddr;
using test::multiaddrs;

const std::string id_protocol{identify::protocol_id};
const std::string push_protocol{identify::push_protocol_id};

Bytes framed(BytesView message) {
  Bytes out;
  append_varint(out, message.size());
  append(out, message);
  return out;
}

Bytes framed(const Message& message) {
  Bytes out;
  for (const Bytes& piece : identify::encode(message)) append(out, framed(piece));
  return out;
}

// A victim, a hostile peer that answers and pushes bytes of the test's choice, and an honest one that must
// not notice.
struct IdentifyAttack : testing::Test {
  IdentifyAttack() : victim(net.add()), hostile(net.add_silent()), honest(net.add()) {
    hostile.swarm().set_handler(id_protocol, [this](InboundStream inbound) -> Task<> {
      const auto written = co_await inbound.stream->write(answer);
      if (hold) co_await sleep_for(net.runtime.env(), seconds(60));
      const auto closed = co_await close_gracefully(*inbound.stream);
      answered_in_order = written && closed;
    });
  }
  // What the victim makes of it.
  Result<IdentifyInfo> meet(Bytes bytes) {
    answer = std::move(bytes);
    if (!net.connect(hostile, victim)) return fail(Errc::io, "not connected");
    net.runtime.run_for(milliseconds(100));
    return net.runtime.run(victim.identify.identify(hostile.id()));
  }
  // One push; whether it was taken to its end.
  bool push(Bytes bytes) {
    return net.runtime.run(push_task(hostile.swarm(), victim.id(), std::move(bytes)));
  }
  static Task<bool> push_task(Swarm& swarm, PeerId to, Bytes bytes) {
    auto opened = co_await swarm.open_stream(to, {push_protocol}, false);
    if (!opened) co_return false;
    if (!co_await opened->stream->write(bytes)) co_return false;
    co_return (co_await close_gracefully(*opened->stream)).has_value();
  }
  // The victim is alive, keeps nothing of the attack, and knows its friends as before.
  void expect_unharmed() {
    EXPECT_TRUE(victim.swarm().peerstore().protocols(hostile.id()).empty());
    EXPECT_TRUE(victim.swarm().peerstore().addresses(hostile.id()).empty());
    ASSERT_TRUE(net.connect(honest, victim));
    EXPECT_TRUE(net.runtime.run(honest.identify.identify(victim.id())));
    EXPECT_TRUE(net.runtime.run(victim.identify.identify(honest.id())));
    EXPECT_EQ(victim.swarm().counters().handlers_escaped, 0U);
  }

  IdentifyNet net;
  test::IdentifyNode& victim;
  test::IdentifyNode& hostile;
  test::IdentifyNode& honest;
  Bytes answer;
  bool hold = false;
  bool answered_in_order = false;
};

TEST_F(IdentifyAttack, ID01_MessageOfNineKiB) {
  const auto told = meet(framed(Bytes(9 * 1024, 0)));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::limit);
  EXPECT_FALSE(answered_in_order);
  expect_unharmed();
}

TEST_F(IdentifyAttack, ID01_ManyMessagesOfNineKiBInAll) {
  Bytes pieces;
  for (int i = 0; i < 9; ++i) append(pieces, framed(ProtobufWriter().bytes(8, Bytes(1020, 1)).take()));
  EXPECT_EQ(meet(pieces).error().code, Errc::limit);
  expect_unharmed();
}

TEST_F(IdentifyAttack, ID01_EndlessEmptyMessages) {
  EXPECT_EQ(meet(Bytes(5000, 0)).error().code, Errc::limit);
  expect_unharmed();
}

TEST_F(IdentifyAttack, ID01_AnswerThatNeverEnds) {
  hold = true;
  EXPECT_EQ(meet(framed(Bytes{})).error().code, Errc::timeout);
  EXPECT_EQ(victim.identify.size(), 1U);
  hold = false;
  answer.clear();
  expect_unharmed();
}

TEST_F(IdentifyAttack, ID02_TenThousandProtocols) {
  ProtobufWriter many;
  for (int i = 0; i < 10'000; ++i) many.string(3, std::to_string(i));
  EXPECT_EQ(meet(framed(many.view())).error().code, Errc::limit);
  expect_unharmed();
}

TEST_F(IdentifyAttack, ID02_MoreProtocolsThanAreKeptInFewBytes) {
  ProtobufWriter many;
  for (int i = 0; i < 1000; ++i) many.string(3, std::to_string(i));
  ASSERT_LT(many.view().size(), identify::max_total_bytes);
  EXPECT_EQ(meet(framed(many.view())).error().code, Errc::limit);
  expect_unharmed();
}

TEST_F(IdentifyAttack, ID03_ManyAddresses) {
  ProtobufWriter many;
  for (std::uint64_t i = 1; i <= 1000; ++i) many.bytes(2, multiaddr("/memory/" + std::to_string(i)).bytes());
  EXPECT_FALSE(meet(framed(many.view())));  // also beyond 8 KiB
  hostile.swarm().disconnect(victim.id());
  net.runtime.run_for(seconds(1));

  ProtobufWriter fewer;
  for (std::uint64_t i = 1; i <= 500; ++i) fewer.bytes(2, multiaddr("/memory/" + std::to_string(i)).bytes());
  ASSERT_LT(fewer.view().size(), identify::max_total_bytes);
  const auto told = meet(framed(fewer.view()));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->addresses.size(), 64U);
  EXPECT_LE(victim.swarm().peerstore().addresses(hostile.id()).size(), 64U);
}

TEST_F(IdentifyAttack, ID04_KeyOfAnotherPeer) {
  Message message;
  message.public_key = test::key_number(77).public_key().to_protobuf();
  message.protocols = {"/evil/1"};
  EXPECT_FALSE(meet(framed(message)));
  EXPECT_EQ(victim.identify.counters().impostors, 1U);
  EXPECT_FALSE(victim.swarm().is_connected(hostile.id()));
  expect_unharmed();
}

TEST_F(IdentifyAttack, ID04_KeyThatIsNone) {
  Message message;
  message.public_key = Bytes(40, 0xff);
  EXPECT_FALSE(meet(framed(message)));
  EXPECT_FALSE(victim.swarm().is_connected(hostile.id()));
  expect_unharmed();
}

TEST_F(IdentifyAttack, ID04_KeyOfAnotherPeerInAPush) {
  Message first;
  first.protocols = {"/ok/1"};
  ASSERT_TRUE(meet(framed(first)));
  Message second;
  second.public_key = test::key_number(77).public_key().to_protobuf();
  second.protocols = {"/evil/1"};
  (void)push(framed(second));
  net.runtime.run_for(seconds(1));
  EXPECT_FALSE(victim.swarm().is_connected(hostile.id()));
  EXPECT_FALSE(victim.swarm().peerstore().supports(hostile.id(), "/evil/1"));
}

TEST_F(IdentifyAttack, ID05_AgentThatIsLongOrSpeaksToTerminals) {
  ProtobufWriter message;
  message.string(6, "\x1b[2J\x1b]0;owned\x07\r\n" + std::string(6 * 1024, 'A'));
  message.string(5, "\x1b[31m");
  const auto told = meet(framed(message.view()));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->agent.size(), 64U);
  EXPECT_TRUE(std::ranges::all_of(told->agent, [](char c) { return c >= 0x20 && c < 0x7f; })) << told->agent;
  EXPECT_TRUE(told->agent.starts_with("\\x1b[2J"));
  EXPECT_EQ(told->protocol_version, "\\x1b[31m");
  EXPECT_EQ(victim.swarm().peerstore().agent(hostile.id()), told->agent);
}

TEST_F(IdentifyAttack, ID06_AHundredPushesASecond) {
  Message message;
  message.protocols = {"/ok/1"};
  ASSERT_TRUE(meet(framed(message)));
  const std::uint64_t asked = victim.identify.counters().identified;
  std::size_t taken = 0;
  const Instant start = net.runtime.now();
  while (net.runtime.now() - start < seconds(20)) {
    taken += push(framed(message)) ? 1 : 0;
    net.runtime.run_for(milliseconds(7));
  }
  // One each five seconds is kept, or asked for instead.
  EXPECT_LE(taken + victim.identify.counters().identified - asked, 5U);
  EXPECT_GE(victim.identify.counters().pushes_refused, 1000U);
  EXPECT_TRUE(victim.swarm().is_connected(hostile.id()));
  ASSERT_TRUE(net.connect(honest, victim));
  EXPECT_TRUE(net.runtime.run(honest.identify.identify(victim.id())));
}

TEST_F(IdentifyAttack, ID06_QuestionsAndPushesThatAreHeldOpen) {
  Message message;
  message.protocols = {"/ok/1"};
  ASSERT_TRUE(meet(framed(message)));
  std::vector<StreamPtr> held;
  const auto open = [](Swarm& swarm, PeerId to, std::vector<StreamPtr>& into) -> Task<> {
    for (int i = 0; i < 100; ++i) {
      auto opened = co_await swarm.open_stream(to, {id_protocol}, false);
      if (opened) into.push_back(std::move(opened->stream));
    }
  };
  net.runtime.run(open(hostile.swarm(), victim.id(), held));
  EXPECT_LE(victim.swarm().connections(hostile.id()).front().streams, 10U);
  net.runtime.run_for(seconds(11));
  EXPECT_EQ(victim.swarm().connections(hostile.id()).front().streams, 0U);
  held.clear();
}

TEST(IdentifyObserved, ID07_AddressesThatAreNeverAdvertised) {
  identify::ObservedAddresses addresses;
  const auto listening = multiaddrs({"/ip4/0.0.0.0/tcp/7117", "/ip6/::/tcp/7117"});
  const auto relayed = "/ip4/203.0.113.5/tcp/1/p2p/" + test::peer_number(9).to_string() + "/p2p-circuit";
  std::uint64_t connection = 0;
  for (const std::string& lie :
       {std::string("/ip4/127.0.0.1/tcp/7117"), std::string("/ip6/::1/tcp/7117"),
        std::string("/ip4/10.0.0.5/tcp/7117"), std::string("/ip4/192.168.1.5/tcp/7117"),
        std::string("/ip4/100.64.0.5/tcp/7117"), std::string("/ip4/169.254.169.254/tcp/80"),
        std::string("/ip6/fe80::5/tcp/7117"), std::string("/ip6/fd00::5/tcp/7117"),
        std::string("/ip4/0.0.0.0/tcp/7117"), std::string("/ip4/203.0.113.5/tcp/0"),
        std::string("/ip4/203.0.113.5"), std::string("/dns4/evil.example/tcp/7117"), relayed}) {
    for (unsigned i = 0; i < 10; ++i) {
      for (const Direction direction : {Direction::inbound, Direction::outbound}) {
        addresses.record({++connection, direction,
                          multiaddr("/ip4/" + std::to_string(20 + i) + ".1.1.1/tcp/1"), multiaddr(lie)},
                         listening, Instant{});
      }
    }
  }
  EXPECT_EQ(addresses.size(), 0U);
  EXPECT_TRUE(addresses.confirmed(Instant{}).empty());
}

TEST(IdentifyObserved, ID07_ObserversThatAreFewOrNear) {
  identify::ObservedAddresses addresses;
  const auto listening = multiaddrs({"/ip4/0.0.0.0/tcp/7117"});
  const Multiaddr lie = multiaddr("/ip4/203.0.113.5/tcp/7117");
  std::uint64_t connection = 0;
  // Three networks, however many hosts in them; and any number of hosts on our side of the NAT.
  for (unsigned i = 0; i < 100; ++i) {
    for (const std::string& host :
         {"/ip4/20.1." + std::to_string(i) + ".1", "/ip4/20.2." + std::to_string(i) + ".1",
          "/ip4/20.3." + std::to_string(i) + ".1", "/ip4/10." + std::to_string(i) + ".1.1",
          "/ip4/192.168." + std::to_string(i) + ".1", std::string("/ip4/127.0.0.1")}) {
      addresses.record({++connection, Direction::inbound, multiaddr(host + "/tcp/1"), lie}, listening,
                       Instant{});
    }
  }
  EXPECT_TRUE(addresses.confirmed(Instant{}).empty());
}

TEST_F(IdentifyAttack, ID07_OneLiarIsNotRepeated) {
  Message message;
  message.observed_address = multiaddr("/ip4/203.0.113.5/tcp/7117");
  ASSERT_TRUE(meet(framed(message)));
  ASSERT_TRUE(net.connect(honest, victim));
  const auto told = net.runtime.run(honest.identify.identify(victim.id()));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->addresses, std::vector<Multiaddr>{victim.node.address()});
  EXPECT_TRUE(victim.identify.observed_addresses().empty());
}

TEST_F(IdentifyAttack, ID10_RecordOfAThirdParty) {
  Message message;
  message.protocols = {"/ok/1"};
  message.signed_peer_record = test::sealed_record(77, 1000, multiaddrs({"/memory/77"}));
  const auto told = meet(framed(message));
  ASSERT_TRUE(told);
  EXPECT_FALSE(told->signed_addresses);
  EXPECT_TRUE(told->addresses.empty());
  const Peerstore& store = victim.swarm().peerstore();
  EXPECT_FALSE(store.record_envelope(test::peer_number(77)));
  EXPECT_FALSE(store.record_envelope(hostile.id()));
  EXPECT_TRUE(store.addresses(test::peer_number(77)).empty());
}

TEST_F(IdentifyAttack, ID12_RecordOlderThanTheOneStored) {
  Message message;
  message.signed_peer_record = test::sealed_record(2, 1000, multiaddrs({"/memory/2"}));
  ASSERT_EQ(hostile.id(), test::peer_number(2));
  ASSERT_TRUE(meet(framed(message)));
  const auto newest = message.signed_peer_record;
  message.signed_peer_record = test::sealed_record(2, 999, multiaddrs({"/memory/666"}));
  (void)push(framed(message));
  net.runtime.run_for(seconds(1));
  EXPECT_EQ(victim.identify.counters().pushes_kept, 1U);
  EXPECT_EQ(victim.swarm().peerstore().record_envelope(hostile.id()), newest);
  EXPECT_EQ(victim.identify.info(hostile.id())->addresses, multiaddrs({"/memory/2"}));
}

TEST(IdentifyAddresses, ID12_RecordFromTheFuture) {
  VirtualRuntime runtime;
  Peerstore peerstore(runtime.env(), nullptr);
  identify::Learner learner(runtime.env(), peerstore, std::chrono::hours(1));
  IdentifyInfo info;
  Message message;
  message.signed_peer_record =
      test::sealed_record(2, ~std::uint64_t{0}, multiaddrs({"/ip4/203.0.113.9/tcp/1"}));
  ASSERT_TRUE(learner.learn(test::connection_to(2, "/ip4/203.0.113.9/tcp/9"), message, false, info));
  EXPECT_FALSE(info.signed_addresses);
  EXPECT_FALSE(peerstore.record_envelope(test::peer_number(2)));
}

TEST(IdentifyAddresses, ID13_AddressesThatPointAtOurOwnServices) {
  VirtualRuntime runtime;
  Peerstore peerstore(runtime.env(), nullptr);
  identify::Learner learner(runtime.env(), peerstore, std::chrono::hours(1));
  const auto aimed =
      multiaddrs({"/ip4/127.0.0.1/tcp/22", "/ip6/::1/tcp/22", "/ip4/169.254.169.254/tcp/80",
                  "/ip4/10.0.0.1/tcp/6379", "/ip4/192.168.1.1/tcp/80", "/ip4/0.0.0.0/tcp/22",
                  "/dns4/localhost/tcp/22", "/ip6/::ffff:127.0.0.1/tcp/22", "/dns4/2130706433/tcp/22"});
  for (const bool is_signed : {false, true}) {
    IdentifyInfo info;
    Message message;
    if (is_signed) {
      message.signed_peer_record = test::sealed_record(2, 1000, aimed);
    } else {
      message.listen_addresses = aimed;
    }
    ASSERT_TRUE(learner.learn(test::connection_to(2, "/ip4/203.0.113.9/tcp/9"), message, false, info));
    EXPECT_TRUE(info.addresses.empty()) << info.addresses.front().to_string();
    EXPECT_TRUE(peerstore.addresses(test::peer_number(2)).empty());
  }
}

}  // namespace
}  // namespace libp2p
