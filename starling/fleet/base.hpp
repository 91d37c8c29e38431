// A checkpoint as what a fold begins with (rule L8).
#pragma once

#include <memory>

#include "starling/changelog/anchor.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/merge/state.hpp"

namespace starling {

struct Base {
  RecordPtr record;
  LogBase log;
  MergeState state;
};
// nullptr: the fold begins with nothing.
using BasePtr = std::shared_ptr<const Base>;

// Errors: parse, limit (its state is none).
[[nodiscard]] Result<BasePtr> read_base(const RecordPtr& checkpoint);

[[nodiscard]] inline RecordId id_of(const BasePtr& base) { return base ? base->record->id : RecordId{}; }
[[nodiscard]] inline const VersionVector& covered_by(const BasePtr& base) {
  static const VersionVector nothing;
  return base ? base->log.covered : nothing;
}

}  // namespace starling
