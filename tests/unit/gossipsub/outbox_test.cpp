#include "libp2p/protocols/gossipsub/outbox.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/varint.hpp"
#include "tests/support/gossipsub.hpp"

namespace libp2p::gossipsub {
namespace {

using namespace test;

WireMessage message(std::size_t size) { return std::make_shared<const Bytes>(size, std::uint8_t{1}); }

// Takes the next RPC out and its prefix off. `bytes` keeps what the views point into.
Rpc next(Outbox& outbox, Bytes& bytes) {
  bytes = outbox.next();
  const auto length = decode_varint(BytesView(bytes).first(std::min<std::size_t>(bytes.size(), 10)));
  EXPECT_TRUE(length);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length->size));
  EXPECT_EQ(bytes.size(), length->value);
  auto rpc = decode_rpc(bytes);
  EXPECT_TRUE(rpc) << rpc.error().to_string();
  EXPECT_EQ(rpc->left_out, 0U) << "our own limits are not kept";
  return std::move(*rpc);
}

TEST(Outbox, PacksWhatWaitsIntoOneRpc) {
  Outbox outbox{GossipsubConfig{}};
  Bytes bytes;
  ASSERT_TRUE(outbox.push(Publish{message(100)}));
  ASSERT_TRUE(outbox.push(IHave{"t", {fake_id(1), fake_id(2)}}));
  ASSERT_TRUE(outbox.push(Graft{"t"}));
  ASSERT_TRUE(outbox.push(IWant{{fake_id(3)}}));
  ASSERT_TRUE(outbox.push(Prune{"u", 60}));
  ASSERT_TRUE(outbox.push(Announce{"t", true}));
  ASSERT_TRUE(outbox.push(Publish{message(200)}));
  const Rpc rpc = next(outbox, bytes);
  ASSERT_EQ(rpc.subscriptions.size(), 1U);
  EXPECT_TRUE(rpc.subscriptions[0].subscribe);
  ASSERT_EQ(rpc.messages.size(), 2U);
  EXPECT_EQ(rpc.messages[0].size(), 100U);
  EXPECT_EQ(rpc.messages[1].size(), 200U);
  EXPECT_EQ(rpc.ihave.at(0).ids.size(), 2U);
  EXPECT_EQ(rpc.iwant.size(), 1U);
  EXPECT_EQ(rpc.graft, std::vector<std::string_view>{"t"});
  ASSERT_EQ(rpc.prune.size(), 1U);
  EXPECT_EQ(rpc.prune[0].backoff_s, 60U);
  EXPECT_TRUE(outbox.empty());
  EXPECT_TRUE(outbox.next().empty());
}

TEST(Outbox, AnRpcHasTheBytesOfTheSpecification) {
  Outbox outbox{GossipsubConfig{}};
  ASSERT_TRUE(outbox.push(Announce{"a", true}));
  ASSERT_TRUE(outbox.push(Prune{"b", 60}));
  EXPECT_EQ(to_hex(outbox.next()), "100a0508011201611a0722050a0162183c");
  ASSERT_TRUE(outbox.push(Announce{"a", false}));
  ASSERT_TRUE(outbox.push(Prune{"b", 0}));
  EXPECT_EQ(to_hex(outbox.next()), "0e0a0508001201611a0522030a0162");
}

TEST(Outbox, ALaterWordOnATopicReplacesAnEarlierOne) {
  Outbox outbox{GossipsubConfig{}};
  Bytes bytes;
  ASSERT_TRUE(outbox.push(Announce{"t", true}));
  ASSERT_TRUE(outbox.push(Announce{"t", false}));
  ASSERT_TRUE(outbox.push(Graft{"t"}));
  ASSERT_TRUE(outbox.push(Prune{"t", 10}));
  const Rpc rpc = next(outbox, bytes);
  ASSERT_EQ(rpc.subscriptions.size(), 1U);
  EXPECT_FALSE(rpc.subscriptions[0].subscribe);
  EXPECT_TRUE(rpc.graft.empty());
  EXPECT_EQ(rpc.prune.size(), 1U);
}

TEST(Outbox, ControlDoesNotWaitBehindMessages) {
  Outbox outbox{GossipsubConfig{}};
  Bytes bytes;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(outbox.push(Publish{message(10'000)}));
  ASSERT_TRUE(outbox.push(Prune{"t", 60}));
  ASSERT_TRUE(outbox.push(Announce{"t", false}));
  const Rpc rpc = next(outbox, bytes);
  EXPECT_EQ(rpc.prune.size(), 1U);
  EXPECT_EQ(rpc.subscriptions.size(), 1U);
}

TEST(Outbox, AnRpcOfSeveralMessagesStaysWithin64KiB) {
  Outbox outbox{GossipsubConfig{}};
  Bytes bytes;
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(outbox.push(Publish{message(1000)}));
  ASSERT_TRUE(outbox.push(Graft{"t"}));
  std::size_t messages = 0;
  std::size_t rpcs = 0;
  for (; !outbox.empty(); ++rpcs) {
    messages += next(outbox, bytes).messages.size();
    EXPECT_LE(bytes.size(), 65536U);
  }
  EXPECT_EQ(messages, 300U);
  EXPECT_EQ(rpcs, 5U);
}

TEST(Outbox, ALargeMessageTravelsAloneAndWithinTheLimitOfAnRpc) {
  const GossipsubConfig config;
  Outbox outbox{config};
  Bytes bytes;
  ASSERT_TRUE(outbox.push(Graft{"t"}));
  ASSERT_TRUE(outbox.push(Publish{message(config.max_message_bytes)}));
  ASSERT_TRUE(outbox.push(Publish{message(10)}));
  EXPECT_EQ(next(outbox, bytes).messages.size(), 0U);
  EXPECT_EQ(next(outbox, bytes).messages.size(), 1U);
  EXPECT_LE(bytes.size(), config.max_rpc_bytes);
  EXPECT_EQ(next(outbox, bytes).messages.size(), 1U);
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, RefusesMessagesBeyondItsBound) {
  GossipsubConfig config;
  config.outbox_bytes = 2'500'000;
  Outbox outbox{config};
  EXPECT_TRUE(outbox.push(Publish{message(1'000'000)}));
  EXPECT_TRUE(outbox.push(Publish{message(1'000'000)}));
  EXPECT_FALSE(outbox.push(Publish{message(1'000'000)}));
  EXPECT_TRUE(outbox.push(Graft{"t"}));
  Bytes bytes;
  while (!outbox.empty()) (void)next(outbox, bytes);
  EXPECT_EQ(outbox.message_bytes(), 0U);
  EXPECT_TRUE(outbox.push(Publish{message(1'000'000)}));
}

TEST(Outbox, GossipIsSplitIntoControlPartsOf16KiBAndBounded) {
  Outbox outbox{GossipsubConfig{}};
  Bytes bytes;
  std::vector<MessageId> ids;
  for (std::uint64_t i = 0; i < 5000; ++i) ids.push_back(fake_id(i));
  ASSERT_TRUE(outbox.push(IHave{"t", ids}));
  ASSERT_TRUE(outbox.push(IWant{ids}));
  std::size_t left = 0;
  while (!outbox.empty()) {
    const Rpc rpc = next(outbox, bytes);
    EXPECT_LE(bytes.size(), 16U * 1024 + 8);
    for (const auto& entry : rpc.ihave) left += entry.ids.size();
    left += rpc.iwant.size();
  }
  EXPECT_EQ(left, 64U * 1024 / 46);
  ASSERT_TRUE(outbox.push(IHave{"t", {fake_id(1)}}));
  EXPECT_FALSE(outbox.empty());
}

TEST(Outbox, AlwaysMakesProgressUnderTheLongestTopicsAndIds) {
  GossipsubConfig config;
  config.coalesce_bytes = 1;
  Outbox outbox{config};
  Bytes bytes;
  for (int i = 0; i < 64; ++i) {
    const std::string topic = std::string(250, 'x') + std::to_string(i);
    ASSERT_TRUE(outbox.push(Announce{topic, true}));
    if (i % 2 == 0) ASSERT_TRUE(outbox.push(Graft{topic}));
    if (i % 2 == 1) ASSERT_TRUE(outbox.push(Prune{topic, 3600}));
    ASSERT_TRUE(outbox.push(IHave{topic, {MessageId(max_id_bytes, 1)}}));
    ASSERT_TRUE(outbox.push(IWant{{MessageId(max_id_bytes, 1)}}));
    ASSERT_TRUE(outbox.push(Publish{message(300)}));
  }
  std::size_t rpcs = 0;
  std::size_t messages = 0;
  while (!outbox.empty()) {
    messages += next(outbox, bytes).messages.size();
    ASSERT_LT(++rpcs, 200U);
  }
  EXPECT_EQ(messages, 64U);
}

TEST(Outbox, WhatConcernsTheMeshIsVoidOnceTheStreamIsLost) {
  Outbox outbox{GossipsubConfig{}};
  Bytes bytes;
  ASSERT_TRUE(outbox.push(Graft{"t"}));
  ASSERT_TRUE(outbox.push(IHave{"t", {fake_id(1)}}));
  ASSERT_TRUE(outbox.push(Announce{"t", false}));
  ASSERT_TRUE(outbox.push(Publish{message(10)}));
  outbox.stream_lost();
  const Rpc rpc = next(outbox, bytes);
  EXPECT_TRUE(rpc.graft.empty() && rpc.ihave.empty());
  EXPECT_EQ(rpc.subscriptions.size(), 1U);
  EXPECT_EQ(rpc.messages.size(), 1U);
}

}  // namespace
}  // namespace libp2p::gossipsub
