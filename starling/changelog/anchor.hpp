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

  [[nodiscard]] Bytes to_body() const;
  // Errors: parse, limit.
  [[nodiscard]] static Result<Anchor> from_body(BytesView body);
};

// An anchor that carries the state as well, so that what it covers need not be kept for ever (L8).
struct Checkpoint {
  Anchor anchor;
  RecordId previous;  // the checkpoint that this one follows; zero: it is the first
  Bytes state;        // the merge's own encoding: documents and the provenance of every path

  [[nodiscard]] Bytes to_body() const;
  // Errors: parse, limit.
  [[nodiscard]] static Result<Checkpoint> from_body(BytesView body);
};

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
