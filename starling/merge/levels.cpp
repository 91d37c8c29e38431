#include "starling/merge/levels.hpp"

#include <algorithm>

namespace starling {
namespace {

bool comes_before(const LevelFrom& a, const LevelFrom& b) {
  return a.hlc != b.hlc ? a.hlc < b.hlc : a.from > b.from;
}

}  // namespace

Levels::Levels(std::vector<LevelFrom> levels) : levels_(std::move(levels)) {
  std::ranges::sort(levels_, comes_before);
}

unsigned Levels::at(Hlc hlc, const RecordId& change) const {
  const auto next = std::ranges::lower_bound(levels_, LevelFrom{hlc, change, 0}, comes_before);
  return next == levels_.begin() ? first_merge_level : std::prev(next)->level;
}

}  // namespace starling
