#include "libp2p/base/protobuf.hpp"
#include "starling/sync/messages.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::key_of;
using testing::must;
using testing::peer_of;

ChainId chain() { return {peer_of(key_of(1)), 77}; }

TEST(PullMessages, AComparisonRoundTrips) {
  PullRequest request;
  request.digest.emplace().fill(9);
  request.statuses = {{1, 2, 3}, {UINT64_MAX, 0, 1}};
  request.in_return = true;
  const PullRequest again = must(PullRequest::from_bytes(request.to_bytes()));
  EXPECT_EQ(again.digest, request.digest);
  EXPECT_EQ(again.statuses, request.statuses);
  EXPECT_TRUE(again.in_return);
  EXPECT_TRUE(again.vector.empty());
}

TEST(PullMessages, ARequestForRangesRoundTrips) {
  PullRequest request;
  request.ranges = {{chain(), 1, 1}, {chain(), 5, UINT64_MAX}};
  request.stripe = {2, 3};
  request.limit = 4096;
  const PullRequest again = must(PullRequest::from_bytes(request.to_bytes()));
  EXPECT_EQ(again.ranges, request.ranges);
  EXPECT_EQ(again.stripe, request.stripe);
  EXPECT_EQ(again.limit, 4096U);
}

TEST(PullMessages, TheEndOfAComparisonIsAFewBytesWhereNothingDiffers) {
  PullFrame frame;
  frame.end = true;
  frame.same = true;
  EXPECT_LE(frame.to_bytes().size(), 4U);
  const PullFrame again = must(PullFrame::from_bytes(frame.to_bytes()));
  EXPECT_TRUE(again.end);
  EXPECT_TRUE(again.same);
}

// As a node of 1.0 reads it: by fields 1 and 2.
TEST(PullMessages, ARequestByVectorIsTheSameToOneThatKnowsNothingNew) {
  PullRequest request;
  request.vector[chain()] = {3, RecordId{}, {}};
  request.limit = 16'384;
  const Bytes bytes = request.to_bytes();
  libp2p::ProtobufReader reader(bytes);
  Bytes vector;
  while (auto field = reader.next()) {
    if (field->number == 1) {
      vector = libp2p::to_bytes(reader.bytes(*field));
    } else {
      reader.skip(*field);
    }
  }
  ASSERT_TRUE(reader.finish("request"));
  EXPECT_EQ(must(version_vector_from_bytes(vector)), request.vector);
}

TEST(PullMessages, WhatIsNoRangeStripeOrMarkIsRefused) {
  const auto refused = [](const auto& change) {
    PullRequest request;
    change(request);
    return !PullRequest::from_bytes(request.to_bytes());
  };
  EXPECT_TRUE(refused([](PullRequest& r) { r.ranges = {{chain(), 0, 5}}; }));
  EXPECT_TRUE(refused([](PullRequest& r) { r.ranges = {{chain(), 6, 5}}; }));
  EXPECT_TRUE(refused([](PullRequest& r) { r.ranges = {{ChainId{}, 1, 5}}; }));
  EXPECT_TRUE(refused([](PullRequest& r) { r.ranges.assign(max_ranges + 1, {chain(), 1, 1}); }));
  EXPECT_TRUE(refused([](PullRequest& r) { r.stripe = {2, 2}; }));
  EXPECT_TRUE(refused([](PullRequest& r) { r.stripe = {0, max_stripes + 1}; }));
  EXPECT_TRUE(refused([](PullRequest& r) { r.statuses.resize(max_status_marks + 1); }));
  libp2p::ProtobufWriter broken;
  broken.bytes(8, Bytes(25, 1));
  EXPECT_FALSE(PullRequest::from_bytes(broken.view()));
  libp2p::ProtobufWriter short_digest;
  short_digest.bytes(3, Bytes(31, 1));
  EXPECT_FALSE(PullRequest::from_bytes(short_digest.view()));
}

}  // namespace
}  // namespace starling
