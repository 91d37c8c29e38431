// The fleet of one seed, and what all who act on it have to know: who is down or gone for good, and what must
// be there at the end.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/world.hpp"
#include "tests/simulation/faults.hpp"

namespace starling::sim {

inline constexpr std::chrono::milliseconds ten_years = std::chrono::hours(24 * 3652);

struct Stage {
  Stage(std::uint64_t seed, libp2p::Log* log);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() = default;

  libp2p::SeededRandom dice;
  Faults faults;
  bool gossip = false;
  bool all_granted = false;  // nobody is a member by another member's word
  std::set<std::size_t> wrong_clocks;
  World world;
  const std::size_t machines;  // without clones
  std::string broken;          // what was found wrong; empty: nothing yet
  std::vector<std::size_t> crashed;
  std::set<std::size_t> retired;
  std::vector<RecordId> acknowledged;
  std::map<std::size_t, Disk::Image> backups;
  std::set<std::size_t> witnesses;           // who lets others in
  bool a_clone_remembers = false;            // there is, or was one: a member's own chain may be forked
  std::optional<RecordId> forgotten_behind;  // the last checkpoint behind which anybody has forgotten records

  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return dice.below(bound); }
  [[nodiscard]] bool one_in(std::uint64_t count) { return dice.below(count) == 0; }
  [[nodiscard]] std::vector<std::size_t> running() const;
  // A running one, a member if there is any; a crashed one is brought back, if there is no other.
  [[nodiscard]] std::size_t one_running();
  void bring_back();
  // What was acknowledged and is on no other disk goes down with this one; what `stays` holds does not.
  void forget_what_only(std::size_t index, const Disk::Image* stays);
  // It is not started again.
  void retire(std::size_t index);

 private:
  WorldConfig config_of(std::uint64_t seed);
};

}  // namespace starling::sim
