#include "starling/merge/conflict_book.hpp"

#include <algorithm>
#include <ranges>

namespace starling {

void ConflictBook::begin(const std::vector<Conflict>& left_open) {
  changed_ = changed_ || !entries_.empty();
  entries_.clear();
  open_.clear();
  for (const Conflict& conflict : left_open)
    add({.conflict = conflict, .path = path_in_tree(conflict.scope, conflict.path)});
}

ConflictBook::Id ConflictBook::add(Entry entry) {
  const Id id = entries_.empty() ? 0 : std::prev(entries_.end())->first + 1;
  entries_.emplace(id, std::move(entry));
  list(id);
  return id;
}

void ConflictBook::drop_last() {
  const auto last = std::prev(entries_.end());
  if (last->second.settled_by == nullptr) unlist(last->first);
  entries_.erase(last);
}

void ConflictBook::list(Id id) {
  changed_ = true;
  open_[entries_.at(id).path].push_back(id);
}

void ConflictBook::unlist(Id id) {
  changed_ = true;
  const auto place = open_.find(entries_.at(id).path);
  std::erase(place->second, id);
  if (place->second.empty()) open_.erase(place);
}

std::vector<ConflictBook::Id> ConflictBook::settled_by(Node& node, const Path& path,
                                                       const Concurrency& concurrency) const {
  std::vector<Id> settled;
  const auto look = [&](const std::vector<Id>& ids) {
    for (const Id id : ids) {
      const Entry& entry = entries_.at(id);
      const bool own = entry.winner == &node || entry.loser == &node;
      const auto knew = [&](Node* of) { return of == nullptr || !concurrency.concurrent(*of, node); };
      if (!own && knew(entry.winner) && knew(entry.loser)) settled.push_back(id);
    }
  };
  if (open_.empty()) return settled;
  for (Path above; above.size() < path.size(); above.push_back(path[above.size()])) {
    if (const auto exact = open_.find(above); exact != open_.end()) look(exact->second);
  }
  for (auto it = open_.lower_bound(path); it != open_.end() && is_prefix(path, it->first); ++it)
    look(it->second);
  std::ranges::sort(settled);
  return settled;
}

void ConflictBook::settle(Id id, const Node& by) {
  unlist(id);
  entries_.at(id).settled_by = &by;
}

void ConflictBook::reopen(Id id) {
  entries_.at(id).settled_by = nullptr;
  list(id);
}

void ConflictBook::rewind(std::size_t position) {
  const auto is_later = [&](const Entry& entry) {
    return entry.made_by != nullptr && entry.made_by->position >= position;
  };
  while (!entries_.empty() && is_later(std::prev(entries_.end())->second)) drop_last();
  for (auto& [id, entry] : entries_) {
    if (entry.settled_by != nullptr && entry.settled_by->position >= position) reopen(id);
  }
}

void ConflictBook::forget_settled(std::size_t position) {
  std::erase_if(entries_, [&](const auto& entry) {
    return entry.second.settled_by != nullptr && entry.second.settled_by->position < position;
  });
}

std::vector<Conflict> ConflictBook::open() const {
  std::vector<Conflict> conflicts;
  std::map<const Node*, Stood> stood;
  for (const Entry& entry : std::views::values(entries_)) {
    if (entry.settled_by != nullptr) continue;
    conflicts.push_back(entry.conflict);
    if (entry.loser == nullptr) continue;
    Stood& of_loser = stood[entry.loser];
    if (!of_loser) of_loser = what_stood(*entry.loser);
    conflicts.back().stood = of_loser;
  }
  return conflicts;
}

}  // namespace starling
