#include "libp2p/base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace libp2p {
namespace {

// Gives what it was told to, in order.
class Scripted final : public Random {
 public:
  explicit Scripted(Bytes script) : script_(std::move(script)) {}
  void fill(MutableBytes out) override {
    for (std::uint8_t& byte : out) byte = script_.at(at_++);
  }

 private:
  Bytes script_;
  std::size_t at_ = 0;
};

TEST(SeededRandom, RepeatsWithItsSeedAndOnlyThen) {
  SeededRandom a(42);
  SeededRandom b(42);
  SeededRandom c(43);
  EXPECT_EQ(a.bytes(100), b.bytes(100));
  EXPECT_NE(a.bytes(32), c.bytes(32));
}

TEST(SeededRandom, GivesTheSequenceOfSplitMix64) {
  SeededRandom random(1234567);
  EXPECT_EQ(random.u64(), 6457827717110365317U);
  EXPECT_EQ(random.u64(), 3203168211198807973U);
  EXPECT_EQ(random.u64(), 9817491932198370423U);
}

TEST(Random, DrawsEveryValueBelowTheBoundAndNoOther) {
  SeededRandom random(1);
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) ++seen.at(random.below(7));
  for (const int count : seen) EXPECT_GT(count, 800);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, DrawsAgainRatherThanFavourSmallValues) {
  // With a bound just above half the range, a draw at the top must be thrown away.
  Bytes script(8, 0xff);
  append(script, Bytes{0, 0, 0, 0, 0, 0, 0, 5});
  Scripted random(script);
  EXPECT_EQ(random.below((std::uint64_t{1} << 63) + 1), 5U);
}

TEST(Random, UnitStaysBelowOne) {
  Scripted highest(Bytes(8, 0xff));
  EXPECT_LT(highest.unit(), 1.0);
  Scripted lowest(Bytes(8, 0));
  EXPECT_EQ(lowest.unit(), 0.0);
}

TEST(Random, FillsEveryByteOfOddSizes) {
  SeededRandom random(3);
  std::set<Bytes> seen;
  for (std::size_t size = 1; size < 20; ++size) {
    const Bytes bytes = random.bytes(size);
    EXPECT_EQ(bytes.size(), size);
    seen.insert(bytes);
  }
  EXPECT_EQ(seen.size(), 19U);
}

}  // namespace
}  // namespace libp2p
