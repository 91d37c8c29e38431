// What a node says of itself (DESIGN: status): one signed message, the latest of a node counts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/crypto/hash.hpp"
#include "starling/model/record.hpp"

namespace starling {

using libp2p::Duration;

// "This revision, since then": `age` is how long ago it became so, at the moment of sending.
struct Fact {
  RevisionId revision;
  std::vector<RecordId>
      heads;  // the tips that the revision is made of: whoever knows them knows what it includes
  std::chrono::milliseconds age{0};
};

enum class FactKind : std::uint8_t { received = 0, validated = 1, applied = 2, healthy = 3 };
inline constexpr std::array fact_kinds{FactKind::received, FactKind::validated, FactKind::applied,
                                       FactKind::healthy};
[[nodiscard]] std::string_view to_string(FactKind kind) noexcept;

inline constexpr std::size_t max_status_bytes = 16 * 1024;
inline constexpr std::size_t max_status_heads = 64;
inline constexpr std::size_t max_status_error_bytes = 2048;

struct Status {
  FleetId fleet;
  PeerId node;
  std::uint64_t incarnation = 0;
  std::uint64_t counter = 0;    // rises with each message of an incarnation
  libp2p::WallTime clock{};     // the node's own idea of the time, for fleet time (L7)
  std::vector<RecordId> heads;  // what it holds on disk, by its tips: ascending
  std::optional<RevisionId> revision;
  // Of the version vector that `revision` follows from, while that is certain: nothing on its way to the
  // disk, nothing held. Two nodes with one digest, and one level, have one revision (M9).
  std::optional<libp2p::Sha256Digest> vector_digest;
  unsigned revision_level = 1;  // of the merge, that `revision` is of
  unsigned merge_levels = 1;    // the newest that this node knows
  std::optional<GenerationId> generation;
  std::array<std::optional<Fact>, fact_kinds.size()> facts;
  bool serves = true;  // has a data plane
  std::string held;    // why it applies nothing, for people; empty when it does
  std::string
      error;  // the last failure to apply, in the data plane's own words; empty when the last went well

  [[nodiscard]] const std::optional<Fact>& fact(FactKind kind) const {
    return facts[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::optional<Fact>& fact(FactKind kind) { return facts[static_cast<std::size_t>(kind)]; }

  // Signed by the node's key.
  [[nodiscard]] Result<Bytes> seal(const PrivateKey& key) const;
  // Errors: parse, crypto (also when another than the node has signed, RV29), limit.
  [[nodiscard]] static Result<Status> open(BytesView envelope);
  // What an envelope claims, with nobody's signature looked at: enough to tell whether it is old news.
  [[nodiscard]] static Result<Status> peek(BytesView envelope);
};

}  // namespace starling
