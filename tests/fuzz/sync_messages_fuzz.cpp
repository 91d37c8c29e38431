// What members, joiners and strangers can put on a sync or join stream, and statuses.
#include <cstdint>
#include <cstdlib>

#include "starling/model/status.hpp"
#include "starling/sync/messages.hpp"
#include "starling/sync/proof.hpp"
#include "starling/sync/pull_planner.hpp"

namespace {

// What was read can be written and read again.
template <class Message>
void again(starling::BytesView bytes) {
  const auto message = Message::from_bytes(bytes);
  if (message && !Message::from_bytes(message->to_bytes())) std::abort();
}

// Whatever vectors a peer tells, what it is asked for is within them and within bounds, and asking comes to
// an end when it brings nothing.
void plan_for(const starling::VersionVector& theirs) {
  starling::PullPlanner planner;
  const starling::VersionVector ours;
  starling::Instant now(std::chrono::hours(1));
  for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
    libp2p::Bytes id{0x12, 0x20};  // sha2-256
    id.resize(34, number);
    planner.heard(*starling::PeerId::from_bytes(id), theirs, ours, now);
  }
  for (int round = 0; round < 20; ++round) {
    const auto asks = planner.plan(ours, now);
    if (asks.empty()) return;
    for (const auto& ask : asks) {
      if (ask.ranges.size() > starling::PullPlanner::max_claims) std::abort();
      for (const auto& range : ask.ranges) {
        if (range.first == 0 || range.last < range.first || theirs.at(range.chain).seq < range.last)
          std::abort();
      }
      planner.ended(ask.peer, true, now);
    }
    now += std::chrono::milliseconds(1);
    if (asks.size() > 1) planner.distrust_shares(now);
    planner.settle({.asks = asks, .begun = now}, ours, now);
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const starling::BytesView bytes(data + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      again<starling::PullRequest>(bytes);
      break;
    case 1:
      again<starling::PullFrame>(bytes);
      break;
    case 2:
      again<starling::JoinHello>(bytes);
      break;
    case 3:
      again<starling::JoinReply>(bytes);
      break;
    case 4:
      (void)starling::Status::open(bytes).has_value();
      break;
    case 5:
      if (const auto vector = starling::version_vector_from_bytes(bytes); vector) {
        if (starling::version_vector_from_bytes(starling::to_bytes(*vector)) != *vector) std::abort();
      }
      break;
    case 6:
      if (const auto vector = starling::version_vector_from_bytes(bytes); vector) plan_for(*vector);
      break;
    default: {
      const std::vector<starling::Bytes> proof{libp2p::to_bytes(bytes)};
      (void)starling::check_proof({}, proof).has_value();
    }
  }
  return 0;
}
