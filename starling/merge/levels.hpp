// By which level of the merge's rules each change is folded (M9).
#pragma once

#include <vector>

#include "starling/model/hlc.hpp"
#include "starling/model/ids.hpp"

namespace starling {

// The newest level that this program knows, and the one that every fleet begins at. Level 1 knows the base
// alone; level 2 all scopes.
inline constexpr unsigned newest_merge_level = 2;
inline constexpr unsigned first_merge_level = 1;

// From the anchor `from` on, in the order M1, the rules of `level` hold.
struct LevelFrom {
  Hlc hlc;
  RecordId from;
  unsigned level = 0;
  friend bool operator==(const LevelFrom&, const LevelFrom&) = default;
};

class Levels {
 public:
  Levels() = default;
  // In any order.
  explicit Levels(std::vector<LevelFrom> levels);

  [[nodiscard]] unsigned at(Hlc hlc, const RecordId& change) const;
  // After all of them.
  [[nodiscard]] unsigned last() const { return levels_.empty() ? first_merge_level : levels_.back().level; }

  friend bool operator==(const Levels&, const Levels&) = default;

 private:
  std::vector<LevelFrom> levels_;  // M1
};

}  // namespace starling
