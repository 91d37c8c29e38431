#include "tests/simulation/mishaps.hpp"

#include <algorithm>

namespace starling::sim {

using std::chrono::milliseconds;

void Mishaps::happen() {
  const Faults& drawn = stage_.faults;
  switch (stage_.below(11)) {
    case 0:
      if (drawn.crashes) crash_one();
      break;
    case 1:
      if (drawn.crashes) stage_.bring_back();
      break;
    case 2:
      if (drawn.partitions) split();
      break;
    case 3:
      if (drawn.one_way_cuts) cut_one_way();
      break;
    case 4:
      if (drawn.flapping_links) begin_flapping();
      break;
    case 5:
    case 6:
      heal();
      break;
    case 7:
      if (drawn.wrong_clocks) set_a_clock();
      break;
    case 8:
      if (drawn.backups) back_up_or_restore();
      break;
    case 9:
      if (drawn.clones) clone_or_retire();
      break;
    default:
      if (drawn.withholders) withhold();
  }
}

void Mishaps::crash_one() {
  if (stage_.running().size() < 2) return;
  const std::size_t index = stage_.one_running();
  stage_.world.crash(index);
  stage_.crashed.push_back(index);
}

void Mishaps::split() {
  heal();
  std::vector<std::size_t> group;
  for (std::size_t i = 0; i < stage_.world.size(); ++i) {
    if (stage_.one_in(2)) group.push_back(i);
  }
  stage_.world.partition(group);
}

// Of one machine: it is not heard by some, or doesn't hear them.
void Mishaps::cut_one_way() {
  const std::size_t index = stage_.below(stage_.world.size());
  const bool deaf = stage_.one_in(2);
  for (std::size_t other = 0; other < stage_.world.size(); ++other) {
    if (other == index || stage_.one_in(3)) continue;
    stage_.world.cut_one_way(deaf ? other : index, deaf ? index : other);
  }
}

void Mishaps::begin_flapping() {
  const std::size_t index = stage_.below(stage_.world.size());
  for (std::size_t other = 0; other < stage_.world.size(); ++other) {
    if (other != index && stage_.one_in(2)) flapping_.try_emplace(std::minmax(index, other), true);
  }
}

void Mishaps::flap() {
  for (auto& [link, up] : flapping_) {
    if (!stage_.one_in(2)) continue;
    up = !up;
    stage_.world.set_link_up(link.first, link.second, up);
  }
}

void Mishaps::heal() {
  flapping_.clear();
  stage_.world.heal();
}

// Fewer than half are wrong at a time: fleet time is the median, so a majority of wrong clocks would be the
// fleet's time.
void Mishaps::set_a_clock() {
  const std::size_t index = stage_.below(stage_.machines);
  if (stage_.witnesses.contains(index)) return;
  if (stage_.wrong_clocks.erase(index) > 0) return stage_.world.set_clock_error(index, {});
  if (2 * (stage_.wrong_clocks.size() + 1) >= stage_.machines) return;
  stage_.wrong_clocks.insert(index);
  const bool ahead = stage_.one_in(2);
  const milliseconds error = stage_.one_in(2) ? ten_years : milliseconds(stage_.below(ten_years.count()));
  stage_.world.set_clock_error(index, ahead ? error : -error);
}

void Mishaps::back_up_or_restore() {
  const std::size_t index = stage_.one_running();
  const auto backup = stage_.backups.find(index);
  if (backup == stage_.backups.end()) {
    stage_.backups[index] = stage_.world.disk(index).image();
    return;
  }
  stage_.forget_what_only(index, &backup->second);
  stage_.world.restore(index, std::move(backup->second));
  stage_.backups.erase(backup);
}

void Mishaps::clone_or_retire() {
  if (clone_) {
    stage_.retire(*clone_);
    clone_.reset();
    return;
  }
  if (stage_.world.size() > stage_.machines) return;
  // Its memory too, unless that would cast doubt on those whom it has let in, who would be suspended, or on a
  // checkpoint behind which all is forgotten.
  clone_remembers_ = stage_.all_granted && !stage_.forgotten_behind && stage_.one_in(2);
  stage_.a_clone_remembers = stage_.a_clone_remembers || clone_remembers_;
  clone_ = stage_.world.clone(stage_.one_running(), clone_remembers_);
}

void Mishaps::withhold() {
  const std::size_t index = stage_.one_running();
  if (!stage_.world.withholding(index)) stage_.world.withhold(index);
}

void Mishaps::end() {
  heal();
  stage_.world.set_link({.latency = milliseconds(5)});
  const bool renewed = clone_ && stage_.one_in(2);
  const std::optional<std::size_t> clone = std::exchange(clone_, std::nullopt);
  if (clone) stage_.retire(*clone);
  while (!stage_.crashed.empty()) stage_.bring_back();
  for (const std::size_t i : stage_.running()) {
    if (!stage_.world.withholding(i)) continue;
    stage_.world.crash(i);
    stage_.world.start(i);
  }
  // Whom a witness has let in whose chain turns out to be forked would be suspended with it; and one whose
  // clock is ahead of the invite's end would let nobody in.
  const auto all = stage_.running();
  const auto witness =
      std::ranges::find_if(all, [this](std::size_t i) { return !stage_.wrong_clocks.contains(i); });
  if (!renewed || clone_remembers_ || witness == all.end()) return;
  // One of two with one identity takes another.
  stage_.retired.erase(*clone);
  stage_.world.reinstall(*clone, *witness);
}

}  // namespace starling::sim
