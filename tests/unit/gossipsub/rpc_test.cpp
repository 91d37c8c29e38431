#include "libp2p/protocols/gossipsub/rpc.hpp"

#include <gtest/gtest.h>

#include "tests/support/gossipsub.hpp"

namespace libp2p::gossipsub {
namespace {

using namespace test;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

TEST(Rpc, ReadsEachPartAsTheSpecificationWritesIt) {
  const Bytes bytes =
      hex("0a0708011203616263"  // subscriptions { subscribe: true, topicid: "abc" }
          "0a03120164"          // subscriptions { topicid: "d" }: without subscribe it is an unsubscription
          "1202ffff"            // publish, not looked into
          "1a25"                // control {
          "0a0d0a03616263120201021202"
          "0304"            //   ihave { topicID: "abc", messageIDs: 0102, 0304 }
          "12040a020506"    //   iwant { messageIDs: 0506 }
          "1a050a03616263"  //   graft { topicID: "abc" }
          "22070a0361626318"
          "3c");  //   prune { topicID: "abc", backoff: 60 } }
  const auto rpc = decode_rpc(bytes);
  ASSERT_TRUE(rpc) << rpc.error().to_string();
  ASSERT_EQ(rpc->subscriptions.size(), 2U);
  EXPECT_TRUE(rpc->subscriptions[0].subscribe);
  EXPECT_EQ(rpc->subscriptions[0].topic, "abc");
  EXPECT_FALSE(rpc->subscriptions[1].subscribe);
  EXPECT_EQ(rpc->subscriptions[1].topic, "d");
  ASSERT_EQ(rpc->messages.size(), 1U);
  EXPECT_EQ(to_hex(rpc->messages[0]), "ffff");
  ASSERT_EQ(rpc->ihave.size(), 1U);
  EXPECT_EQ(rpc->ihave[0].topic, "abc");
  ASSERT_EQ(rpc->ihave[0].ids.size(), 2U);
  EXPECT_EQ(to_hex(rpc->ihave[0].ids[1]), "0304");
  ASSERT_EQ(rpc->iwant.size(), 1U);
  EXPECT_EQ(to_hex(rpc->iwant[0]), "0506");
  EXPECT_EQ(rpc->graft, std::vector<std::string_view>{"abc"});
  ASSERT_EQ(rpc->prune.size(), 1U);
  EXPECT_EQ(rpc->prune[0].topic, "abc");
  EXPECT_EQ(rpc->prune[0].backoff_s, 60U);
  EXPECT_EQ(rpc->left_out, 0U);
}

TEST(Rpc, AnEmptyOneSaysNothing) {
  const auto rpc = decode_rpc({});
  ASSERT_TRUE(rpc);
  EXPECT_TRUE(rpc->subscriptions.empty() && rpc->messages.empty() && rpc->ihave.empty() &&
              rpc->graft.empty());
}

TEST(Rpc, TwoControlPartsAreMergedAsProtobufDoes) {
  Bytes bytes = graft_rpc("a");
  append(bytes, graft_rpc("b"));
  const auto rpc = decode_rpc(bytes);
  ASSERT_TRUE(rpc);
  EXPECT_EQ(rpc->graft, (std::vector<std::string_view>{"a", "b"}));
}

TEST(Rpc, RefusesWhatIsNotOfItsForm) {
  for (const char* text : {
           "0a",          // cut short
           "0a05080112",  // a length beyond the end
           "0a0408011808"
           "ff",    // rubbish inside a subscription
           "0800",  // subscriptions as a number
           "0a0412"
           "02c328",        // a topic that is not UTF-8
           "1a041a020801",  // GRAFT with a number for a topic
           "1a061a040a02"
           "c328",          // GRAFT of a topic that is not UTF-8
           "1a0422021a00",  // PRUNE with bytes for a back-off
           "1b1c",          // a group
           "0000",          // field 0
           "1a0d220b1880808080808080808080"
           "7f",  // a back-off beyond 64 bits
       }) {
    const auto rpc = decode_rpc(hex(text));
    ASSERT_FALSE(rpc) << text;
    EXPECT_EQ(rpc.error().code, Errc::parse) << text;
  }
}

TEST(Rpc, PassesOverALittleOfWhatItDoesNotKnowAndRefusesMuch) {
  const Bytes little = ProtobufWriter().string(1000, std::string(500, 'x')).take();
  EXPECT_TRUE(decode_rpc(little));
  const Bytes much = ProtobufWriter().string(1000, std::string(2000, 'x')).take();
  EXPECT_FALSE(decode_rpc(much));
}

TEST(Rpc, KeepsThirtyTwoSubscriptionsAndCountsTheRest) {
  ProtobufWriter out;
  for (int i = 0; i < 100; ++i) out.message(1, subscription("t" + std::to_string(i)));
  const auto rpc = decode_rpc(out.view());
  ASSERT_TRUE(rpc);
  EXPECT_EQ(rpc->subscriptions.size(), 32U);
  EXPECT_EQ(rpc->left_out, 68U);
}

TEST(Rpc, KeepsThirtyTwoGraftsAndPrunes) {
  ProtobufWriter control;
  for (int i = 0; i < 50; ++i) control.message(3, ProtobufWriter().string(1, "t"));
  for (int i = 0; i < 50; ++i) control.message(4, ProtobufWriter().string(1, "t"));
  const Bytes bytes = ProtobufWriter().message(3, control).take();
  const auto rpc = decode_rpc(bytes);
  ASSERT_TRUE(rpc);
  EXPECT_EQ(rpc->graft.size(), 32U);
  EXPECT_EQ(rpc->prune.size(), 32U);
  EXPECT_EQ(rpc->left_out, 36U);
}

TEST(Rpc, KeepsNoMoreIdsThanTheLimitsOfNumberAndOfBytes) {
  std::vector<MessageId> small(600, Bytes{1});
  const Bytes many = ihave_rpc("t", small);
  auto rpc = decode_rpc(many);
  ASSERT_TRUE(rpc);
  EXPECT_EQ(rpc->ihave[0].ids.size(), 500U);
  EXPECT_EQ(rpc->left_out, 100U);

  std::vector<MessageId> usual;
  for (std::uint64_t i = 0; i < 400; ++i) usual.push_back(fake_id(i));
  const Bytes large = ihave_rpc("t", usual);
  rpc = decode_rpc(large);
  ASSERT_TRUE(rpc);
  EXPECT_EQ(rpc->ihave[0].ids.size(), 16U * 1024 / 46);

  const Bytes huge = iwant_rpc({MessageId(257, 1), MessageId(256, 1)});
  rpc = decode_rpc(huge);
  ASSERT_TRUE(rpc);
  EXPECT_EQ(rpc->iwant.size(), 1U);
}

TEST(Rpc, GraftAndPruneBehindTooMuchGossipAreStillRead) {
  std::vector<MessageId> ids(5000, MessageId(46, 7));
  Bytes bytes = ihave_rpc("t", ids);
  append(bytes, prune_rpc("t", 60));
  const auto rpc = decode_rpc(bytes);
  ASSERT_TRUE(rpc);
  EXPECT_EQ(rpc->prune.size(), 1U);
}

TEST(Rpc, KnowsItsVersions) {
  EXPECT_EQ(version_of("/meshsub/1.0.0"), ProtocolVersion::v1_0);
  EXPECT_EQ(version_of("/meshsub/1.1.0"), ProtocolVersion::v1_1);
}

}  // namespace
}  // namespace libp2p::gossipsub
