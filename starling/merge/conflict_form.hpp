// How a state writes its open conflicts down (rule L8).
#pragma once

#include <vector>

#include "libp2p/base/protobuf.hpp"
#include "starling/merge/fold.hpp"

namespace starling {

// A change that lost something: what of it stands is written once, however often it lost.
struct Loser {
  RecordId id;
  Stood stood;
};

// Ascending: a conflict names its loser by the place among them.
[[nodiscard]] std::vector<Loser> losers_of(const std::vector<Conflict>& conflicts);
[[nodiscard]] libp2p::ProtobufWriter loser_message(const Loser& loser);
[[nodiscard]] libp2p::ProtobufWriter conflict_message(const Conflict& conflict,
                                                      const std::vector<Loser>& losers);

// Errors: parse.
[[nodiscard]] Result<Loser> read_loser(BytesView bytes);
[[nodiscard]] Result<Conflict> read_conflict(BytesView bytes, const std::vector<Loser>& losers);

}  // namespace starling
