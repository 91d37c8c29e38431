// The service over whole swarms: memory network, Noise, Yamux, multistream-select, virtual time.
#include "libp2p/protocols/gossipsub/gossipsub.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "libp2p/base/notifier.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/protocols/gossipsub/signing.hpp"
#include "tests/support/gossipsub.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p {
namespace {

using gossipsub::decode_rpc;
using gossipsub::protocol_v1_0;
using gossipsub::protocol_v1_1;
using gossipsub::test::graft_rpc;
using gossipsub::test::publish_rpc;
using gossipsub::test::subscribe_rpc;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::SwarmNet;
using test::TestNode;

// A node with the service, and what it received.
struct GossipNode {
  GossipNode(Env env, TestNode& n, const GossipsubConfig& config) : node(n), service(env, n.swarm, config) {}

  void subscribe(const std::string& topic = "t") {
    const auto done = service.subscribe(
        topic, [this](const GossipMessage& message) { got.emplace_back(as_text(message.data)); });
    ASSERT_TRUE(done) << done.error().to_string();
  }
  void publish(const std::string& text, const std::string& topic = "t") {
    const auto done = service.publish(topic, as_bytes(text));
    ASSERT_TRUE(done) << done.error().to_string();
  }
  [[nodiscard]] bool sees(const GossipNode& other, const std::string& topic = "t") const {
    const auto all = service.subscribers(topic);
    return std::ranges::find(all, other.node.id) != all.end();
  }

  TestNode& node;
  Gossipsub service;
  std::vector<std::string> got;
};

// A peer that the test plays by hand.
struct RawPeer {
  RawPeer(SwarmNet& n, std::string protocol) : net(n), node(n.add()) {
    node.swarm.set_handler(std::move(protocol),
                           [this](InboundStream in) -> Task<> { return read(std::move(in)); });
  }
  Task<> read(InboundStream in) {
    ++streams;
    inbound = in.stream.get();
    while (reads) {
      auto rpc = co_await read_length_prefixed(*in.stream, 1024 * 1024);
      if (!rpc) break;
      rpcs.push_back(std::move(*rpc));
    }
    while (!reads && !over) co_await sleep_for(net.runtime.env(), milliseconds(100));
    inbound = nullptr;
  }
  void open(const PeerId& to) {
    ASSERT_TRUE(net.run_until([&] { return node.swarm.is_connected(to); }, seconds(1)));
    auto opened = net.runtime.run(node.swarm.open_stream(to, {std::string(protocol_v1_1)}, false));
    ASSERT_TRUE(opened) << opened.error().to_string();
    out = std::move(opened->stream);
  }
  void say(BytesView rpc) { ASSERT_TRUE(net.runtime.run(write_length_prefixed(*out, rpc))); }
  [[nodiscard]] std::size_t messages() const {
    std::size_t count = 0;
    for (const Bytes& rpc : rpcs) count += decode_rpc(rpc)->messages.size();
    return count;
  }

  SwarmNet& net;
  TestNode& node;
  StreamPtr out;
  Stream* inbound = nullptr;
  std::size_t streams = 0;
  bool reads = true;
  bool over = false;
  std::vector<Bytes> rpcs;
};

class GossipNet {
  std::vector<std::unique_ptr<RawPeer>> raw_;  // outlive the swarm that runs their handlers

 public:
  explicit GossipNet(std::uint64_t seed = 1, LinkQuality quality = {.latency = milliseconds(1)})
      : net(seed, quality) {}
  ~GossipNet() {
    for (const auto& peer : raw_) peer->out.reset();
    for (const auto& node : nodes_) stop(*node);
  }
  RawPeer& add_raw(std::string protocol = std::string(protocol_v1_1)) {
    return *raw_.emplace_back(std::make_unique<RawPeer>(net, std::move(protocol)));
  }
  GossipNode& add(const GossipsubConfig& config = {}, bool start = true) {
    nodes_.push_back(std::make_unique<GossipNode>(net.runtime.env(), net.add(), config));
    if (start) nodes_.back()->service.start();
    return *nodes_.back();
  }
  void stop(GossipNode& node) {
    net.runtime.run(node.service.stop());
    EXPECT_EQ(node.service.tasks_escaped(), 0U);
    EXPECT_EQ(node.node.swarm.counters().handlers_escaped, 0U);
  }
  void connect(GossipNode& from, GossipNode& to) { ASSERT_TRUE(net.connect(from.node, to.node)); }
  void connect_all() {
    for (std::size_t a = 0; a < nodes_.size(); ++a) {
      for (std::size_t b = a + 1; b < nodes_.size(); ++b) connect(*nodes_[a], *nodes_[b]);
    }
  }
  [[nodiscard]] GossipNode& node(std::size_t i) { return *nodes_[i]; }
  void run_for(Duration duration) { net.runtime.run_for(duration); }

  SwarmNet net;

 private:
  std::vector<std::unique_ptr<GossipNode>> nodes_;
};

TEST(GossipsubService, TwoNodesLoseNothingEitherWayFromTheFirstMoment) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    GossipNet net(seed);
    GossipNode& a = net.add();
    GossipNode& b = net.add();
    a.subscribe();
    b.subscribe();
    net.connect(a, b);
    ASSERT_TRUE(net.net.run_until([&] { return a.sees(b) && b.sees(a); }, seconds(1)));
    std::vector<std::string> texts;
    for (int i = 0; i < 50; ++i) {
      texts.push_back("m" + std::to_string(i));
      a.publish(texts.back());
      b.publish(texts.back());
    }
    net.run_for(milliseconds(100));
    EXPECT_EQ(a.got, texts);
    EXPECT_EQ(b.got, texts);
  }
}

TEST(GossipsubService, APublisherThatIsNotSubscribedReachesASubscriberAtOnce) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add();
  net.connect(a, b);
  b.subscribe();
  ASSERT_TRUE(net.net.run_until([&] { return a.sees(b); }, seconds(1)));
  a.publish("at once");
  net.run_for(milliseconds(20));
  EXPECT_EQ(b.got, std::vector<std::string>{"at once"});
  EXPECT_TRUE(a.got.empty());
}

TEST(GossipsubService, OfThreeInALineTheMiddleOnePassesOn) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add();
  GossipNode& c = net.add();
  net.connect(a, b);
  net.connect(c, b);
  for (GossipNode* node : {&a, &b, &c}) node->subscribe();
  net.run_for(milliseconds(50));
  a.publish("from a");
  c.publish("from c");
  net.run_for(milliseconds(50));
  EXPECT_EQ(a.got, std::vector<std::string>{"from c"});
  EXPECT_EQ(c.got, std::vector<std::string>{"from a"});
  EXPECT_EQ(b.got.size(), 2U);
}

TEST(GossipsubService, TenNodesGetEachMessageOnceOverSlowAndLossyLinks) {
  GossipNet net(7, {.latency = milliseconds(20), .jitter = milliseconds(30), .loss = 0.02});
  for (int i = 0; i < 10; ++i) net.add();
  net.connect_all();
  for (std::size_t i = 0; i < 10; ++i) net.node(i).subscribe();
  net.run_for(seconds(3));
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < 10; ++i) net.node(i).publish(std::to_string(i) + "/" + std::to_string(round));
    net.run_for(milliseconds(100));
  }
  net.run_for(seconds(3));
  for (std::size_t i = 0; i < 10; ++i) {
    std::vector<std::string>& got = net.node(i).got;
    EXPECT_EQ(got.size(), 90U) << i;
    std::ranges::sort(got);
    EXPECT_EQ(std::ranges::unique(got).size(), 0U) << i;
    EXPECT_GE(net.node(i).service.mesh("t").size(), 5U) << i;
  }
}

TEST(GossipsubService, WhatTheAuthorSignedIsWhatArrives) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add();
  net.connect(a, b);
  std::optional<GossipMessage> got;
  PeerId source;
  ASSERT_TRUE(b.service.subscribe(
      "t", [&](const GossipMessage& message) { got = message; },
      [&](const PeerId& peer, const GossipMessage&) {
        source = peer;
        return Gossipsub::Verdict::accept;
      }));
  net.run_for(milliseconds(20));
  a.publish("hello");
  net.run_for(milliseconds(20));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->from, a.node.id);
  EXPECT_EQ(source, a.node.id);
  EXPECT_EQ(got->topic, "t");
  EXPECT_EQ(as_text(got->data), "hello");
  Bytes id = a.node.id.bytes();
  id.resize(id.size() + 8);
  store_be(got->seqno, id.data() + id.size() - 8);
  EXPECT_EQ(got->id, id);
}

TEST(GossipsubService, AHandlerMayPublishSubscribeAndUnsubscribe) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add();
  net.connect(a, b);
  a.subscribe("answers");
  ASSERT_TRUE(b.service.subscribe("questions", [&](const GossipMessage&) {
    b.subscribe("more");
    b.publish("an answer", "answers");
    b.service.unsubscribe("questions");
  }));
  net.run_for(milliseconds(20));
  a.publish("a question", "questions");
  net.run_for(milliseconds(20));
  EXPECT_EQ(a.got, std::vector<std::string>{"an answer"});
  EXPECT_TRUE(a.service.subscribers("questions").empty());
  EXPECT_EQ(a.service.subscribers("more").size(), 1U);
}

TEST(GossipsubService, AMessageOfNearlyAMebibyteArrivesAndALargerOneIsRefusedHere) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add();
  net.connect(a, b);
  b.subscribe();
  net.run_for(milliseconds(20));
  a.publish(std::string(1024 * 1024 - 1024, 'x'));
  net.run_for(seconds(2));
  ASSERT_EQ(b.got.size(), 1U);
  EXPECT_EQ(b.got[0].size(), 1024U * 1024 - 1024);
  const auto refused = a.service.publish("t", Bytes(1024 * 1024));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::limit);
  EXPECT_EQ(a.service.publish("", as_bytes("x")).error().code, Errc::invalid_argument);
}

TEST(GossipsubService, APeerThatComesBackIsServedAgain) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add();
  a.subscribe();
  b.subscribe();
  for (int round = 0; round < 3; ++round) {
    net.connect(a, b);
    ASSERT_TRUE(net.net.run_until([&] { return a.sees(b) && b.sees(a); }, seconds(1))) << round;
    a.publish("round " + std::to_string(round));
    net.run_for(milliseconds(50));
    a.node.swarm.disconnect(b.node.id);
    ASSERT_TRUE(net.net.run_until([&] { return !a.sees(b) && !b.sees(a); }, seconds(1))) << round;
  }
  EXPECT_EQ(b.got, (std::vector<std::string>{"round 0", "round 1", "round 2"}));
}

TEST(GossipsubService, APeerWhoseServiceStartsLaterIsFound) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add({}, false);
  a.subscribe();
  net.connect(a, b);
  net.run_for(seconds(5));
  b.subscribe();
  b.service.start();
  ASSERT_TRUE(net.net.run_until([&] { return a.sees(b) && b.sees(a); }, seconds(1)));
  a.publish("m");
  net.run_for(milliseconds(50));
  EXPECT_EQ(b.got, std::vector<std::string>{"m"});
}

TEST(GossipsubService, WhatIdentifySaysIsReasonToTryAgain) {
  GossipNet net;
  GossipNode& a = net.add();
  TestNode& b = net.net.add();
  std::size_t streams = 0;
  ASSERT_TRUE(net.net.connect(a.node, b));
  net.run_for(seconds(5));
  b.swarm.set_handler(std::string(protocol_v1_0), [&streams](InboundStream in) -> Task<> {
    ++streams;
    (void)co_await read_to_end(*in.stream, 1024);
  });
  net.run_for(seconds(30));
  EXPECT_EQ(streams, 0U);
  a.node.swarm.notify_identified(b.id);
  net.run_for(seconds(1));
  EXPECT_EQ(streams, 1U);
}

// A message sent while both sides dial at once, and the spare connection goes, arrives.
TEST(GossipsubService, NothingIsLostWhenStreamsMoveToAnotherConnection) {
  std::size_t superseded = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    GossipNet net(seed, {.latency = milliseconds(3), .jitter = milliseconds(4)});
    GossipNode& a = net.add();
    GossipNode& b = net.add();
    a.subscribe();
    b.subscribe();
    TaskGroup dials(net.net.runtime.env());
    const auto dial = [](Swarm& swarm, PeerId peer, Multiaddr address) -> Task<> {
      (void)co_await swarm.connect(std::move(peer), {std::move(address)});
    };
    dials.spawn("a", dial(a.node.swarm, b.node.id, b.node.address()));
    dials.spawn("b", dial(b.node.swarm, a.node.id, a.node.address()));
    std::vector<std::string> from_a;
    std::vector<std::string> from_b;
    for (int i = 0; i < 400; ++i) {
      net.run_for(milliseconds(1));
      if (a.sees(b)) a.publish(from_a.emplace_back("a" + std::to_string(i)));
      if (b.sees(a)) b.publish(from_b.emplace_back("b" + std::to_string(i)));
    }
    net.run_for(seconds(4));
    const auto sorted = [](std::vector<std::string> all) {
      std::ranges::sort(all);
      return all;
    };
    EXPECT_EQ(sorted(b.got), sorted(from_a)) << seed;
    EXPECT_EQ(sorted(a.got), sorted(from_b)) << seed;
    EXPECT_GT(from_a.size(), 300U);
    EXPECT_EQ(a.service.mesh("t").size(), 1U) << seed;
    EXPECT_EQ(b.service.mesh("t").size(), 1U) << seed;
    net.run_for(seconds(20));
    EXPECT_EQ(a.node.swarm.connections().size(), 1U) << seed;
    superseded += a.node.log.count("superseded");
    net.net.runtime.run(dials.stop());
  }
  EXPECT_GT(superseded, 0U) << "the case that is tested did not occur";
}

TEST(GossipsubService, SpeaksVersion10WithAPeerThatKnowsNoOther) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw(std::string(protocol_v1_0));
  a.subscribe();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  net.run_for(milliseconds(50));
  ASSERT_EQ(peer.rpcs.size(), 1U);
  EXPECT_EQ(peer.rpcs[0], subscribe_rpc("t"));
}

TEST(GossipsubService, WhatWaitsLeavesInFewWrites) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  peer.open(a.node.id);
  peer.say(subscribe_rpc("t"));
  net.run_for(milliseconds(50));
  for (int i = 0; i < 200; ++i) a.publish("message " + std::to_string(i));
  net.run_for(milliseconds(50));
  EXPECT_EQ(peer.messages(), 200U);
  EXPECT_LE(peer.rpcs.size(), 3U);
}

TEST(GossipsubService, ASecondStreamFollowsTheFirstAndWhatWasOnTheFirstCounts) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw();
  a.subscribe();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  peer.open(a.node.id);
  peer.say(subscribe_rpc("t"));
  net.run_for(milliseconds(20));
  StreamPtr first = std::move(peer.out);
  peer.open(a.node.id);
  peer.say(subscribe_rpc("t"));
  net.run_for(milliseconds(20));
  gossipsub::MessageSigner signer(test::node_key(99), 1);
  ASSERT_TRUE(net.net.runtime.run(
      write_length_prefixed(*first, publish_rpc(*signer.sign("t", as_bytes("late"))->wire))));
  net.run_for(milliseconds(20));
  EXPECT_EQ(a.got, std::vector<std::string>{"late"});
  EXPECT_EQ(a.service.mesh("t").size(), 1U);
  first.reset();
  net.run_for(seconds(10));
  EXPECT_EQ(a.service.subscribers("t").size(), 1U);
  EXPECT_EQ(a.service.mesh("t").size(), 1U);
}

TEST(GossipsubService, AStreamThatThePeerResetsIsOpenedAgainWithAHello) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw();
  a.subscribe();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  net.run_for(milliseconds(50));
  ASSERT_NE(peer.inbound, nullptr);
  peer.rpcs.clear();
  peer.inbound->reset();
  net.run_for(seconds(1));
  EXPECT_EQ(peer.streams, 2U);
  ASSERT_EQ(peer.rpcs.size(), 1U);
  EXPECT_EQ(peer.rpcs[0], subscribe_rpc("t"));
}

TEST(GossipsubService, WhatIsNoRpcEndsTheStreamAndNothingElse) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw();
  a.subscribe();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  for (const Bytes& rubbish : {Bytes{0x1b}, Bytes{0x0a, 0xff}}) {
    peer.open(a.node.id);
    peer.say(subscribe_rpc("t"));
    net.run_for(milliseconds(20));
    EXPECT_EQ(a.service.subscribers("t").size(), 1U);
    peer.say(rubbish);
    net.run_for(milliseconds(20));
    Bytes byte(1);
    EXPECT_FALSE(net.net.runtime.run(peer.out->read_some(byte)));
    EXPECT_TRUE(a.service.mesh("t").empty());
    net.run_for(seconds(5));
    EXPECT_TRUE(a.service.subscribers("t").empty());
  }
  EXPECT_EQ(a.service.counters().rpcs_refused, 2U);
  EXPECT_TRUE(a.node.swarm.is_connected(peer.node.id));
  peer.open(a.node.id);
  peer.say(subscribe_rpc("t"));
  net.run_for(milliseconds(20));
  EXPECT_EQ(a.service.subscribers("t").size(), 1U);
}

TEST(GossipsubService, AnRpcThatNeverEndsIsGivenUp) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  peer.open(a.node.id);
  ASSERT_TRUE(net.net.runtime.run(peer.out->write(Bytes{0x10, 0x0a})));
  net.run_for(seconds(29));
  bool ended = false;
  TaskGroup reading(net.net.runtime.env());
  const auto read = [](Stream& stream, bool& done) -> Task<> {
    Bytes byte(1);
    done = !co_await stream.read_some(byte);
  };
  reading.spawn("read", read(*peer.out, ended));
  net.run_for(milliseconds(500));
  EXPECT_FALSE(ended);
  net.run_for(seconds(1));
  EXPECT_TRUE(ended);
  net.net.runtime.run(reading.stop());
}

// Every read of a busy stream ends inside some RPC; that alone is no reason to give it up.
TEST(GossipsubService, AStreamThatIsNeverBetweenTwoRpcsIsNotGivenUp) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  peer.open(a.node.id);
  const Bytes rpc = subscribe_rpc("t");
  Bytes rest_and_begin(rpc.begin() + 3, rpc.end());
  rest_and_begin.push_back(static_cast<std::uint8_t>(rpc.size()));
  append(rest_and_begin, BytesView(rpc).first(3));
  ASSERT_TRUE(net.net.runtime.run(peer.out->write(BytesView(rest_and_begin).last(4))));
  for (int i = 0; i < 100; ++i) {
    net.run_for(seconds(1));
    ASSERT_TRUE(net.net.runtime.run(peer.out->write(rest_and_begin))) << i;
  }
  net.run_for(seconds(1));
  EXPECT_EQ(a.service.counters().rpcs_in, 100U);
}

TEST(GossipsubService, OfManyStreamsThatAPeerOpensTheTwoNewestAreRead) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  std::vector<StreamPtr> streams;
  for (int i = 0; i < 50; ++i) {
    peer.open(a.node.id);
    streams.push_back(std::move(peer.out));
  }
  net.run_for(seconds(1));
  std::size_t alive = 0;
  for (const StreamPtr& stream : streams) {
    alive += net.net.runtime.run(write_length_prefixed(*stream, subscribe_rpc("t"))) ? 1 : 0;
  }
  EXPECT_EQ(alive, 2U);
}

TEST(GossipsubService, APeerThatDoesNotReadIsDroppedAndHarmsNobody) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add();
  RawPeer& peer = net.add_raw();
  peer.reads = false;
  a.subscribe();
  b.subscribe();
  net.connect(a, b);
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  peer.open(a.node.id);
  peer.say(subscribe_rpc("t"));
  net.run_for(milliseconds(50));
  for (int i = 0; i < 100; ++i) {
    a.publish(std::string(200'000, 'x'));
    net.run_for(milliseconds(30));
  }
  EXPECT_GE(a.service.counters().peers_dropped, 1U);
  EXPECT_EQ(b.got.size(), 100U);
  const auto mesh = a.service.mesh("t");
  EXPECT_EQ(std::ranges::count(mesh, peer.node.id), 0);
  peer.over = true;
  net.run_for(seconds(1));
}

TEST(GossipsubService, AGraftWithoutAHelloIsTakenAndAnswered) {
  GossipNet net;
  GossipNode& a = net.add();
  RawPeer& peer = net.add_raw();
  a.subscribe();
  ASSERT_TRUE(net.net.connect(a.node, peer.node));
  peer.open(a.node.id);
  peer.say(graft_rpc("t"));
  net.run_for(milliseconds(20));
  EXPECT_EQ(a.service.mesh("t"), std::vector<PeerId>{peer.node.id});
}

TEST(GossipsubService, StoppingInTheMiddleOfTrafficJoinsEverything) {
  for (const int ms : {0, 1, 2, 3, 5, 8, 13, 40}) {
    GossipNet net(static_cast<std::uint64_t>(ms) + 1);
    GossipNode& a = net.add();
    GossipNode& b = net.add();
    GossipNode& c = net.add();
    for (GossipNode* node : {&a, &b, &c}) node->subscribe();
    net.connect(a, b);
    net.connect(b, c);
    for (int i = 0; i < 20; ++i) b.publish(std::string(50'000, 'x'));
    net.run_for(milliseconds(ms));
    net.stop(b);
    net.run_for(seconds(1));
    EXPECT_TRUE(b.service.subscribers("t").empty());
  }
}

TEST(GossipsubService, ASwarmThatStopsFirstIsNoFault) {
  GossipNet net;
  GossipNode& a = net.add();
  GossipNode& b = net.add();
  a.subscribe();
  b.subscribe();
  net.connect(a, b);
  net.run_for(milliseconds(20));
  net.net.runtime.run(a.node.swarm.stop());
  net.run_for(seconds(2));
  EXPECT_TRUE(a.service.subscribers("t").empty());
}

}  // namespace
}  // namespace libp2p
