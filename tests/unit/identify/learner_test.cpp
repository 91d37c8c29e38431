#include "libp2p/protocols/identify/learner.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/virtual_runtime.hpp"
#include "tests/support/identify.hpp"

namespace libp2p::identify {
namespace {

using test::connection_to;
using test::multiaddr;
using test::multiaddrs;
using test::peer_number;

struct IdentifyLearner : testing::Test {
  VirtualRuntime runtime;
  Peerstore peerstore{runtime.env(), nullptr};
  Learner learner{runtime.env(), peerstore, std::chrono::hours(1)};
  ConnectionInfo connection = connection_to(2, "/ip4/203.0.113.9/tcp/9");
  IdentifyInfo info;

  static Message simple() {
    Message message;
    message.agent_version = "other/1.0";
    message.protocols = {"/b", "/a"};
    message.listen_addresses = multiaddrs({"/ip4/203.0.113.9/tcp/4001"});
    message.observed_address = multiaddr("/ip4/198.51.100.1/tcp/5");
    return message;
  }
};

TEST_F(IdentifyLearner, WritesToThePeerstore) {
  ASSERT_TRUE(learner.learn(connection, simple(), false, info));
  EXPECT_TRUE(peerstore.supports(peer_number(2), "/a"));
  EXPECT_EQ(peerstore.agent(peer_number(2)), "other/1.0");
  EXPECT_EQ(peerstore.addresses(peer_number(2)), multiaddrs({"/ip4/203.0.113.9/tcp/4001"}));
  EXPECT_EQ(info.peer, peer_number(2));
  EXPECT_FALSE(info.signed_addresses);
  EXPECT_EQ(info.observed, multiaddr("/ip4/198.51.100.1/tcp/5"));
}

TEST_F(IdentifyLearner, WhatAPushLeavesOutIsUnchanged) {
  ASSERT_TRUE(learner.learn(connection, simple(), false, info));
  Message push;
  push.protocols = {"/c"};
  ASSERT_TRUE(learner.learn(connection, push, true, info));
  EXPECT_EQ(peerstore.protocols(peer_number(2)), std::vector<std::string>{"/c"});
  EXPECT_EQ(peerstore.agent(peer_number(2)), "other/1.0");
  EXPECT_EQ(info.addresses, multiaddrs({"/ip4/203.0.113.9/tcp/4001"}));
  ASSERT_TRUE(learner.learn(connection, Message{}, true, info));
  EXPECT_EQ(peerstore.protocols(peer_number(2)), std::vector<std::string>{"/c"});
}

TEST_F(IdentifyLearner, WhatAnAnswerLeavesOutIsGone) {
  ASSERT_TRUE(learner.learn(connection, simple(), false, info));
  ASSERT_TRUE(learner.learn(connection, Message{}, false, info));
  EXPECT_TRUE(peerstore.protocols(peer_number(2)).empty());
  EXPECT_TRUE(info.agent.empty());
  EXPECT_TRUE(info.addresses.empty());
}

TEST_F(IdentifyLearner, PrefersTheSignedAddresses) {
  Message message = simple();
  message.signed_peer_record =
      test::sealed_record(2, 1000, multiaddrs({"/ip4/203.0.113.9/tcp/7117", "/ip4/127.0.0.1/tcp/1"}));
  ASSERT_TRUE(learner.learn(connection, message, false, info));
  EXPECT_TRUE(info.signed_addresses);
  EXPECT_EQ(info.addresses, multiaddrs({"/ip4/203.0.113.9/tcp/7117"}));
  EXPECT_EQ(peerstore.record_envelope(peer_number(2)), message.signed_peer_record);
  // The same record once more is still the newest.
  ASSERT_TRUE(learner.learn(connection, message, false, info));
  EXPECT_TRUE(info.signed_addresses);
}

TEST_F(IdentifyLearner, ARecordThatCantBeReadCostsOnlyItself) {
  Message message = simple();
  message.signed_peer_record = Bytes(100, 0x42);
  ASSERT_TRUE(learner.learn(connection, message, false, info));
  EXPECT_EQ(info.addresses, multiaddrs({"/ip4/203.0.113.9/tcp/4001"}));
}

TEST_F(IdentifyLearner, AKeyThatIsTheConnectionsIsFine) {
  Message message = simple();
  message.public_key = connection.key.to_protobuf();
  EXPECT_TRUE(learner.learn(connection, message, false, info));
}

}  // namespace
}  // namespace libp2p::identify
