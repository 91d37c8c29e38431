#include "starling/changelog/ancestry.hpp"

#include <algorithm>

namespace starling {
namespace {

constexpr std::size_t max_cached_lanes = 16 * 1024;

}  // namespace

Ancestry::Number Ancestry::add(std::optional<Number> prev, std::span<const Number> parents, bool only_tip) {
  const auto number = static_cast<Number>(nodes_.size());
  Node node{.first_edge = static_cast<std::uint32_t>(edges_.size())};
  const bool continues = prev && lanes_[nodes_[*prev].lane].back() == *prev;
  if (continues) {
    node.lane = nodes_[*prev].lane;
  } else {
    node.lane = static_cast<std::uint32_t>(lanes_.size());
    lanes_.emplace_back();
    if (prev) edges_.push_back(*prev);
  }
  if (prev) node.all_before = nodes_[*prev].all_before;
  for (const Number parent : parents) {
    edges_.push_back(parent);
    node.all_before = std::max(node.all_before, nodes_[parent].all_before);
  }
  if (only_tip) node.all_before = number;
  node.place = static_cast<std::uint32_t>(lanes_[node.lane].size());
  lanes_[node.lane].push_back(number);
  nodes_.push_back(node);
  return number;
}

std::span<const Ancestry::Number> Ancestry::edges(Number node) const {
  const std::size_t first = nodes_[node].first_edge;
  const std::size_t last = node + 1 < nodes_.size() ? nodes_[node + 1].first_edge : edges_.size();
  return std::span(edges_).subspan(first, last - first);
}

bool Ancestry::before(Number earlier, Number later) const {
  if (earlier >= later) return false;
  const Node& e = nodes_[earlier];
  const Node& l = nodes_[later];
  if (e.lane == l.lane || earlier < l.all_before) return true;
  return known(l.lane, l.place, e.lane) > e.place;
}

std::uint32_t Ancestry::Knowledge::at(std::uint32_t place) const {
  const auto after = std::ranges::upper_bound(steps, place, {}, [](const auto& step) { return step.first; });
  return after == steps.begin() ? 0 : std::prev(after)->second;
}

Ancestry::Knowledge& Ancestry::knowledge(std::uint32_t lane, std::uint32_t of) const {
  const auto [it, inserted] = known_.try_emplace({lane, of});
  if (inserted) {
    // Whatever came before the first of the other lane knows nothing of it.
    const auto first = std::ranges::lower_bound(lanes_[lane], lanes_[of].front());
    it->second.looked_at = static_cast<std::uint32_t>(first - lanes_[lane].begin());
  }
  return it->second;
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> Ancestry::look_at_next(std::uint32_t lane,
                                                                              std::uint32_t of) const {
  ++looks_;
  Knowledge& own = knowledge(lane, of);
  const std::uint32_t so_far = own.steps.empty() ? 0 : own.steps.back().second;
  std::uint32_t best = so_far;
  for (const Number edge : edges(lanes_[lane][own.looked_at])) {
    const Node& parent = nodes_[edge];
    if (parent.lane == of) {
      best = std::max(best, parent.place + 1);
      continue;
    }
    const Knowledge& theirs = knowledge(parent.lane, of);
    if (theirs.looked_at <= parent.place) return std::pair(parent.lane, parent.place);
    best = std::max(best, theirs.at(parent.place));
  }
  if (best > so_far) own.steps.emplace_back(own.looked_at, best);
  ++own.looked_at;
  return std::nullopt;
}

std::uint32_t Ancestry::known(std::uint32_t lane, std::uint32_t place, std::uint32_t of) const {
  if (known_.size() > max_cached_lanes) known_.clear();
  // No recursion: a graph may be as deep as it is large (RV10).
  std::vector<std::pair<std::uint32_t, std::uint32_t>> open{{lane, place}};
  while (!open.empty()) {
    const auto [from, upto] = open.back();
    if (knowledge(from, of).looked_at > upto) {
      open.pop_back();
    } else if (const auto first = look_at_next(from, of)) {
      open.push_back(*first);
    }
  }
  return knowledge(lane, of).at(place);
}

}  // namespace starling
