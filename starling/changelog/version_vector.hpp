// What a node knows, chain by chain (rule L5): what peers compare before they exchange records.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "libp2p/crypto/hash.hpp"
#include "starling/model/record.hpp"

namespace starling {

// Two records with one (author, incarnation, seq): proof that the author equivocated (rule L3). Of several
// proofs for a chain the lowest in this order counts, so every node comes to the same one.
struct ForkPoint {
  std::uint64_t seq = 0;
  RecordId first;  // the smaller id
  RecordId second;
  friend auto operator<=>(const ForkPoint&, const ForkPoint&) = default;
};

// A forked chain ends before its fork: seq and id are then those of the last record before it (0 and zero, if
// none).
struct ChainHead {
  std::uint64_t seq = 0;
  RecordId id;
  std::optional<ForkPoint> fork;
  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

using VersionVector = std::map<ChainId, ChainHead>;

inline constexpr std::size_t max_chains = 65'536;

[[nodiscard]] Bytes to_bytes(const VersionVector& vector);
// Errors: parse, limit (more than max_chains).
[[nodiscard]] Result<VersionVector> version_vector_from_bytes(BytesView bytes);

// One digest over the whole vector: equal digests, equal knowledge.
[[nodiscard]] libp2p::Sha256Digest digest(const VersionVector& vector);

}  // namespace starling
