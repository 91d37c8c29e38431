#include "starling/changelog/anchor.hpp"

#include <gtest/gtest.h>

#include "libp2p/crypto/keys.hpp"

namespace starling {
namespace {

PeerId some_author() {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(7);
  return PeerId::from_public_key(PrivateKey::ed25519_from_seed(seed).public_key());
}

RecordId some_id(std::uint8_t byte) {
  RecordId id;
  id.bytes.fill(byte);
  return id;
}

Anchor some_anchor() {
  Anchor anchor;
  anchor.vector[ChainId{some_author(), 1}] = {4, some_id(4), std::nullopt};
  anchor.vector[ChainId{some_author(), 2}] = {1, some_id(1), ForkPoint{2, some_id(2), some_id(3)}};
  anchor.revision.bytes.fill(9);
  anchor.merge_level = 2;
  anchor.base = some_id(7);
  return anchor;
}

TEST(Anchors, ReadBackAsTheyWereWritten) {
  const Anchor anchor = some_anchor();
  const auto read = Anchor::from_body(anchor.to_body());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->vector, anchor.vector);
  EXPECT_EQ(read->revision, anchor.revision);
  EXPECT_EQ(read->merge_level, 2u);
  EXPECT_EQ(read->base, some_id(7));

  const Checkpoint checkpoint{anchor, {some_id(5), some_id(6)}, {1, 2, 3}};
  const auto read_checkpoint = Checkpoint::from_body(checkpoint.to_body());
  ASSERT_TRUE(read_checkpoint) << read_checkpoint.error().message;
  EXPECT_EQ(read_checkpoint->kept, checkpoint.kept);
  EXPECT_EQ(read_checkpoint->state, (Bytes{1, 2, 3}));

  const Ruling ruling{ChainId{some_author(), 3}, 8, some_id(6)};
  const auto read_ruling = Ruling::from_body(ruling.to_body());
  ASSERT_TRUE(read_ruling) << read_ruling.error().message;
  EXPECT_EQ(read_ruling->chain, ruling.chain);
  EXPECT_EQ(read_ruling->seq, 8u);
  EXPECT_EQ(read_ruling->stands, some_id(6));
}

TEST(Anchors, RV21_AnotherEncodingOfTheSameIsRefused) {
  Bytes body = some_anchor().to_body();
  body.insert(body.end(), {0x18, 0x02});  // the level once more
  EXPECT_FALSE(Anchor::from_body(body));
  Bytes level_zero = Anchor{some_anchor().vector, {}, 0}.to_body();
  level_zero.insert(level_zero.end(), {0x18, 0x00});
  EXPECT_FALSE(Anchor::from_body(level_zero));
}

TEST(Anchors, WhatIsMissingOrOutOfRangeIsRefused) {
  EXPECT_FALSE(Anchor::from_body({}));
  EXPECT_FALSE(Checkpoint::from_body({}));
  EXPECT_FALSE(Ruling::from_body({}));
  EXPECT_FALSE(Ruling::from_body(Ruling{ChainId{some_author(), 3}, 0, {}}.to_body()));
  Bytes body = Anchor{some_anchor().vector, {}, 0}.to_body();
  body.insert(body.end(), {0x18, 0x80, 0x80, 0x04});  // level 65,536
  EXPECT_FALSE(Anchor::from_body(body));
  body.resize(body.size() / 2);
  EXPECT_FALSE(Anchor::from_body(body));
  EXPECT_FALSE(Checkpoint::from_body(Checkpoint{some_anchor(), {some_id(6), some_id(5)}, {1}}.to_body()));
  EXPECT_FALSE(Checkpoint::from_body(Checkpoint{some_anchor(), {some_id(5), some_id(5)}, {1}}.to_body()));
  Bytes cut = Checkpoint{some_anchor(), {some_id(5)}, {1}}.to_body();
  cut.back() = 0;
  cut.insert(cut.end() - 1, 0);
  EXPECT_FALSE(Checkpoint::from_body(cut));
}

}  // namespace
}  // namespace starling
