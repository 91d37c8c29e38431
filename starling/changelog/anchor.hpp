// What root and admins say of the history itself (rules L3, L8, M9): the bodies of anchors, checkpoints and
// rulings.
#pragma once

#include "starling/changelog/version_vector.hpp"
#include "starling/model/ids.hpp"

namespace starling {

// "So far this stands": what it covers can't be quarantined by a fork that is proven later (L3). A record is
// covered if its chain's entry names it or one that follows it in that chain.
struct Anchor {
  VersionVector vector;
  RevisionId revision;  // of the changes that it covers, folded
  // From this anchor on, in the order of the merge, the rules of this level hold (M9); 0: as before.
  std::uint32_t merge_level = 0;
  RecordId base = {};  // the checkpoint that the fold began with; zero: it began with nothing

  [[nodiscard]] Bytes to_body() const;
  // Errors: parse, limit.
  [[nodiscard]] static Result<Anchor> from_body(BytesView body);
};

// An anchor that carries the state as well, so that what it covers need not be kept for ever (L8). The one
// that it follows is its base.
struct Checkpoint {
  Anchor anchor;
  // Of what it covers, all that has an effect beyond the state: who is in the fleet, what was ruled and
  // raised, what makes other changes void. Ascending. This is never forgotten; what lies behind a checkpoint
  // and isn't named here has no effect of its own any more.
  std::vector<RecordId> kept;
  Bytes state;  // the merge's own encoding: documents and the provenance of every path

  [[nodiscard]] Bytes to_body() const;
  // Errors: parse, limit.
  [[nodiscard]] static Result<Checkpoint> from_body(BytesView body);
};

// The level that an anchor or a checkpoint raises the merge's rules to (M9); 0: none, or it is no such
// record.
[[nodiscard]] std::uint32_t level_raised_by(const Record& record);

// What stands of a forked chain (L3): the record named and all before it in its chain. What else lies at or
// past `seq` is void, whenever it arrives.
struct Ruling {
  ChainId chain;
  std::uint64_t seq = 0;  // of the fork
  RecordId stands;        // the last record that stands; zero: none from `seq` on

  [[nodiscard]] Bytes to_body() const;
  // Errors: parse.
  [[nodiscard]] static Result<Ruling> from_body(BytesView body);
};

}  // namespace starling
