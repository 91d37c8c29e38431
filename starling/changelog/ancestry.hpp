// Which records happened before which, told without walking the graph again for every question.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace starling {

// Records are numbered in an order in which each follows what it names: a later one is never before an
// earlier one. They form lanes, runs in which each follows the one before it; who knows one of a lane knows
// all before it there. How far one lane knows another is worked out once, when it is asked for, so that many
// questions cost as much as one walk (RV33).
class Ancestry {
 public:
  using Number = std::uint32_t;

  // `parents` are numbers given before; a new lane begins where `prev` has a follower already, or is none.
  // `only_tip`: everything numbered so far is before the new one.
  Number add(std::optional<Number> prev, std::span<const Number> parents, bool only_tip);
  [[nodiscard]] bool before(Number earlier, Number later) const;
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  // The work that all answers so far have cost: how often a record was looked at.
  [[nodiscard]] std::uint64_t looks() const noexcept { return looks_; }

 private:
  struct Node {
    std::uint32_t lane = 0;
    std::uint32_t place = 0;       // in its lane
    Number all_before = 0;         // whatever has a smaller number is before it
    std::uint32_t first_edge = 0;  // into edges_; the next node's is where they end
  };
  // How far one lane knows another: from each place on, so many of its records.
  struct Knowledge {
    std::uint32_t looked_at = 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> steps;
    [[nodiscard]] std::uint32_t at(std::uint32_t place) const;
  };
  using Lanes = std::pair<std::uint32_t, std::uint32_t>;  // who knows, and whom

  // Of lane `of`, the records known to the one at `place` of `lane`.
  [[nodiscard]] std::uint32_t known(std::uint32_t lane, std::uint32_t place, std::uint32_t of) const;
  // Looks at the next record of `lane`; nothing when it has been, else what has to be looked at before.
  [[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint32_t>> look_at_next(std::uint32_t lane,
                                                                                    std::uint32_t of) const;
  [[nodiscard]] Knowledge& knowledge(std::uint32_t lane, std::uint32_t of) const;
  [[nodiscard]] std::span<const Number> edges(Number node) const;

  std::vector<Node> nodes_;
  std::vector<Number> edges_;  // to other lanes
  std::vector<std::vector<Number>> lanes_;
  mutable std::map<Lanes, Knowledge> known_;  // a cache: emptied when it grows too large
  mutable std::uint64_t looks_ = 0;
};

}  // namespace starling
