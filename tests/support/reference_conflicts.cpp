// What was lost to whom, and whether anybody has looked at it since (M4, M5, L8).
#include <algorithm>

#include "tests/support/reference_fold.hpp"

namespace starling::reference {

void Fold::lose(const Lost& lost) {
  const Turn& loser = turns_[lost.turn];
  const Step& step = loser.steps[lost.step];
  Conflict conflict;
  conflict.kind = lost.kind;
  conflict.scope = step.path.front();
  conflict.path = Path(step.path.begin() + 1, step.path.end());
  conflict.winner = lost.winner ? turns_[*lost.winner].id : lost.said;
  conflict.loser = loser.id;
  conflict.base = lost.base;
  conflict.mine = step.value;
  conflict.theirs = standing(step.path);
  conflict.op = step.op;
  conflicts_.push_back({std::move(conflict), step.path, lost.winner, lost.turn, false});
}

// A removal that somebody needs not to be made: what was there before is what stands.
void Fold::lose_removal(std::size_t turn, std::size_t step, std::size_t needed_by) {
  lose({turn, step, needed_by, {}, standing(turns_[turn].steps[step].path), Conflict::Kind::removal_dropped});
}

// The last who put something else where it should have been appended to, and what was there before that.
void Fold::lose_append(std::size_t turn, std::size_t index) {
  const Step& step = turns_[turn].steps[index];
  std::vector<Wish> others;
  std::ranges::copy_if(wishes_, std::back_inserter(others), [&](const Wish& wish) {
    return overlaps(step_of(wish).path, step.path) && concurrent(wish.turn, turn);
  });
  const auto comes_later = [&](const Wish& a, const Wish& b) {
    return a.turn != b.turn ? a.turn < b.turn : step_of(a).path > step_of(b).path;
  };
  const Wish& last = *std::ranges::max_element(others, comes_later);
  const Path& above = step_of(last).path;
  std::optional<json::value> base;
  if (last.before && is_prefix(above, step.path)) {
    const Path below(step.path.begin() + static_cast<std::ptrdiff_t>(above.size()), step.path.end());
    if (const json::value* there = find(*last.before, below)) base = *there;
  }
  lose({turn, index, last.turn, {}, std::move(base), Conflict::Kind::overlap});
}

// By whoever touches the place again and knew both; what was settled with the start everybody knows.
void Fold::settle_conflicts(std::size_t turn, const Path& path) {
  const auto knew = [&](const std::optional<std::size_t>& other) {
    return !other || (*other != turn && !concurrent(*other, turn));
  };
  for (Made& made : conflicts_) {
    if (overlaps(made.path, path) && knew(made.winner) && knew(made.loser)) made.settled = true;
  }
}

std::vector<Conflict> Fold::conflicts() const {
  std::vector<Conflict> open;
  for (const Made& made : conflicts_) {
    if (made.settled) continue;
    open.push_back(made.conflict);
    if (!made.loser) continue;
    const Turn& loser = turns_[*made.loser];
    std::set<Path> stood;
    for (const Step& step : loser.steps) stood.insert(step.path);
    for (const std::size_t lost : loser.lost) stood.erase(loser.steps[lost].path);
    std::vector<Place> places;
    for (const Path& path : stood) places.push_back(place_of(path));
    open.back().stood = std::make_shared<const std::vector<Place>>(std::move(places));
  }
  return open;
}

}  // namespace starling::reference
