// The state that a fold arrives at and that another can begin with: what a checkpoint carries (rule L8).
#pragma once

#include <map>

#include "starling/merge/fold.hpp"

namespace starling {

// Of a leaf (whatever is no object, and an empty one), of an element that was appended, or of a place whose
// value was removed or replaced as a whole: of that last kind there may be leaves below, which came later.
struct Provenance {
  RecordId change;
  Hlc hlc;
  bool removed = false;
  friend bool operator==(const Provenance&, const Provenance&) = default;

  // M1.
  [[nodiscard]] bool is_after(Hlc other_hlc, const RecordId& other) const {
    return hlc != other_hlc ? hlc > other_hlc : change < other;
  }
};

// By path in the tree of all scopes. What nobody has ever set, in the unset tree, has none.
using Provenances = std::map<Path, Provenance>;

struct MergeState {
  json::value document;  // the tree of all scopes
  Provenances provenance;
  std::map<std::string, Emptying> emptied;
  std::vector<Conflict> conflicts;  // that nobody has settled, in the order in which they came about
};

inline constexpr std::size_t max_state_bytes =
    max_record_bytes - 256 * 1024;  // the record holds more besides
inline constexpr std::size_t max_provenances = 1 << 18;
inline constexpr std::size_t max_open_conflicts = 1 << 16;

// One encoding for one state. Errors: limit (more than max_state_bytes, max_provenances or
// max_open_conflicts).
[[nodiscard]] Result<Bytes> encode_state(const MergeState& state);
// Errors: parse (form, or another encoding than the one), limit. Whether its document is valid is not asked:
// it is what the rules made of valid changes when it was signed.
[[nodiscard]] Result<MergeState> decode_state(BytesView bytes);

}  // namespace starling
