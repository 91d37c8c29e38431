#include "libp2p/protocols/identify/own_record.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/virtual_runtime.hpp"
#include "tests/support/identify.hpp"

namespace libp2p::identify {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::multiaddrs;

TEST(OwnRecord, NumbersRecordsByTheClockButNeverBackwards) {
  const WallTime now{milliseconds(5000)};
  EXPECT_EQ(next_record_seq(std::nullopt, now), 5000U);
  EXPECT_EQ(next_record_seq(4000, now), 5000U);
  EXPECT_EQ(next_record_seq(5000, now), 5001U);
  EXPECT_EQ(next_record_seq(9000, now), 9001U);
  EXPECT_EQ(next_record_seq(std::nullopt, WallTime{milliseconds(-1)}), 0U);
  EXPECT_EQ(next_record_seq(~std::uint64_t{0}, now), 5000U);
}

struct MemoryFile final : PeerstoreFile {
  explicit MemoryFile(Bytes bytes) : contents(std::move(bytes)) {}
  Result<Bytes> load() override { return contents; }
  Result<> save(BytesView) override { return {}; }
  Bytes contents;
};

struct OwnRecordTest : testing::Test {
  PeerRecord open(const Result<Bytes>& envelope) { return PeerRecord::open(envelope.value()).value(); }

  VirtualRuntime runtime;
  PrivateKey key = test::key_number(1);
  Peerstore peerstore{runtime.env(), nullptr};
};

TEST_F(OwnRecordTest, IsSealedAgainOnlyWhenTheAddressesChange) {
  OwnRecord own(runtime.env(), key, peerstore);
  const auto here = multiaddrs({"/ip4/192.0.2.1/tcp/1"});
  const auto first = own.envelope(here);
  runtime.run_for(seconds(10));
  EXPECT_EQ(own.envelope(here).value(), first.value());
  const auto second = own.envelope(multiaddrs({"/ip4/192.0.2.2/tcp/1"}));
  EXPECT_EQ(open(second).seq, open(first).seq + 10'000);
  EXPECT_EQ(open(second).addresses, multiaddrs({"/ip4/192.0.2.2/tcp/1"}));
  EXPECT_EQ(open(second).peer, test::peer_number(1));
  // In the same millisecond.
  EXPECT_EQ(open(own.envelope(here)).seq, open(second).seq + 1);
}

TEST_F(OwnRecordTest, ItsNumberIsInThePeerstoresFile) {
  OwnRecord own(runtime.env(), key, peerstore);
  const auto seq = open(own.envelope(multiaddrs({"/ip4/192.0.2.1/tcp/1"}))).seq;
  MemoryFile file{peerstore.serialise()};
  Peerstore later(runtime.env(), &file);
  ASSERT_TRUE(later.load());
  OwnRecord again(runtime.env(), key, later);
  EXPECT_EQ(open(again.envelope(multiaddrs({"/ip4/192.0.2.1/tcp/1"}))).seq, seq + 1);
}

TEST_F(OwnRecordTest, GoesOnAboveTheNumberOfAnEarlierRun) {
  std::uint64_t before = 0;
  {
    OwnRecord own(runtime.env(), key, peerstore);
    before = open(own.envelope(multiaddrs({"/ip4/192.0.2.1/tcp/1"}))).seq;
  }
  OwnRecord own(runtime.env_with_wall_offset(-hours(24 * 365)), key, peerstore);
  EXPECT_EQ(open(own.envelope(multiaddrs({"/ip4/192.0.2.1/tcp/1"}))).seq, before + 1);
}

}  // namespace
}  // namespace libp2p::identify
