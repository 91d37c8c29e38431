#include "libp2p/protocols/gossipsub/frames.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "libp2p/base/random.hpp"
#include "libp2p/base/varint.hpp"

namespace libp2p::gossipsub {
namespace {

void feed(FrameBuffer& frames, BytesView bytes) {
  while (!bytes.empty()) {
    const MutableBytes room = frames.prepare();
    ASSERT_FALSE(room.empty());
    const std::size_t size = std::min(room.size(), bytes.size());
    std::copy_n(bytes.begin(), size, room.begin());
    frames.commit(size);
    bytes = bytes.subspan(size);
  }
}

Bytes framed(BytesView message) {
  Bytes out;
  append_varint(out, message.size());
  append(out, message);
  return out;
}

TEST(Frames, CutsOneReadIntoItsRpcs) {
  FrameBuffer frames(1024);
  Bytes bytes = framed(Bytes{1, 2});
  append(bytes, framed({}));
  append(bytes, framed(Bytes{3}));
  append(bytes, Bytes{5, 9});
  feed(frames, bytes);
  EXPECT_EQ(to_hex(frames.next()->value()), "0102");
  EXPECT_EQ(frames.next()->value().size(), 0U);
  EXPECT_EQ(to_hex(frames.next()->value()), "03");
  EXPECT_FALSE(frames.next()->has_value());
  EXPECT_TRUE(frames.partial());
}

TEST(Frames, PutsTogetherWhatComesInPiecesOfAnySize) {
  SeededRandom random(7);
  Bytes wire;
  std::vector<Bytes> sent;
  for (int i = 0; i < 200; ++i) {
    sent.push_back(random.bytes(i % 10 == 0 ? random.below(200'000) : random.below(300)));
    append(wire, framed(sent.back()));
  }
  FrameBuffer frames(256 * 1024);
  std::size_t at = 0;
  std::size_t got = 0;
  while (at < wire.size()) {
    const MutableBytes room = frames.prepare();
    const std::size_t size =
        std::min({room.size(), wire.size() - at, static_cast<std::size_t>(1 + random.below(70'000))});
    std::copy_n(wire.begin() + static_cast<std::ptrdiff_t>(at), size, room.begin());
    frames.commit(size);
    at += size;
    for (;;) {
      const auto frame = frames.next();
      ASSERT_TRUE(frame);
      if (!*frame) break;
      ASSERT_LT(got, sent.size());
      ASSERT_TRUE(equal(**frame, sent[got]));
      ++got;
    }
  }
  EXPECT_EQ(got, sent.size());
  EXPECT_FALSE(frames.partial());
}

TEST(Frames, RefusesALengthAboveTheLimitFromThePrefixAlone) {
  FrameBuffer frames(1024 * 1024);
  feed(frames, Bytes{0x81, 0x80, 0x40});  // 1 MiB and one byte
  const auto frame = frames.next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, Errc::limit);
}

TEST(Frames, RefusesAPrefixThatIsNoVarint) {
  FrameBuffer frames(1024);
  feed(frames, Bytes(10, 0xff));
  EXPECT_FALSE(frames.next());
  FrameBuffer padded(1024);
  feed(padded, Bytes{0x81, 0x00});
  EXPECT_FALSE(padded.next());
}

TEST(Frames, TheBufferGrowsWithWhatHasComeAndNotWithWhatIsClaimed) {
  FrameBuffer frames(1024 * 1024);
  Bytes claim;
  append_varint(claim, 1024 * 1024);
  feed(frames, claim);
  EXPECT_FALSE(frames.next()->has_value());
  EXPECT_LE(frames.prepare().size(), 8U * 1024);
  EXPECT_LE(frames.capacity(), 8U * 1024);
}

TEST(Frames, ALargeRpcLeavesNoLargeBufferBehind) {
  FrameBuffer frames(1024 * 1024);
  feed(frames, framed(Bytes(1'000'000, 1)));
  EXPECT_EQ(frames.next()->value().size(), 1'000'000U);
  EXPECT_LE(frames.prepare().size(), 64U * 1024);
  EXPECT_LE(frames.capacity(), 64U * 1024);
}

}  // namespace
}  // namespace libp2p::gossipsub
