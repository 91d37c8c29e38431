// How one edit enters the document, and what it does to the wishes of others (M2, M4, M5).
#include <algorithm>
#include <utility>

#include "starling/merge/fold_state.hpp"

namespace starling {
namespace {

const Edit& edit_of(const Wish& wish) { return wish.node->input.change.edits[wish.edit]; }

bool is_empty_object(const json::value& value) { return value.is_object() && value.get_object().empty(); }

std::optional<json::value> copied(const json::value* value) {
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

// An array as it was before the append `which` of the wishes at its path: each later one added one element.
json::value before_append(const json::array& array, const std::vector<Wish>& wishes, std::size_t which) {
  const auto added = std::count_if(wishes.begin() + static_cast<std::ptrdiff_t>(which), wishes.end(),
                                   [](const Wish& wish) { return edit_of(wish).op == EditOp::append; });
  return json::array(array.begin(), array.end() - added);
}

// What stood at `place` before an edit at `path` replaced `before`; nothing where that is not told.
std::optional<json::value> part_of(const json::value* before, const Path& path, const Path& place) {
  if (before == nullptr || !is_prefix(path, place)) return std::nullopt;
  return copied(member_at(*before, {place.begin() + static_cast<std::ptrdiff_t>(path.size()), place.end()}));
}

}  // namespace

FoldState::Obstacle FoldState::apply_set(Node& node, std::size_t edit) {
  const Edit& set = node.input.change.edits[edit];
  if (Obstacle blocked = blocked_by_array(node, set.path); !blocked.empty()) return blocked;
  if (makes_room_only(node, set)) {
    node.idle.push_back(edit);
    wish(node, edit, nullptr);
    return {};
  }
  std::vector<Contender> others = contenders(node, set.path);
  Replaced replaced = tree_.set(set.path, *set.value);
  const Path replaced_at = replaced.at;
  std::shared_ptr<const json::value> before = replaced_at == set.path ? replaced.old : nullptr;
  edited(std::move(replaced));
  judge(node, std::move(others));
  supersede(node, replaced_at);
  wish(node, edit, std::move(before));
  return {};
}

FoldState::Obstacle FoldState::apply_append(Node& node, std::size_t edit) {
  const Edit& append = node.input.change.edits[edit];
  const json::value* array = tree_.at(append.path);
  if (array == nullptr || !array->is_array()) {
    // A concurrent change has put something else in its place; else its author never saw an array here.
    std::vector<Contender> others = contenders(node, append.path);
    const auto last = std::ranges::max_element(
        others, {}, [](const Contender& other) { return other.wish.node->position; });
    if (last == others.end()) return to_text(place_of(append.path)) + ": there is no array to append to";
    node.idle.push_back(edit);
    Node& winner = *last->wish.node;
    std::optional<json::value> base = part_of(last->wish.before.get(), last->path, append.path);
    lose({&node, edit, &winner, winner.input.id, std::move(base), copied(array)}, Conflict::Kind::overlap,
         node);
    return {};
  }
  touched_.push_back(tree_.append(append.path, *append.value));
  steps_.emplace_back(undo::Appended{append.path});
  wish(node, edit, nullptr);
  return {};
}

FoldState::Obstacle FoldState::apply_remove(Node& node, std::size_t edit) {
  const Path& path = node.input.change.edits[edit].path;
  if (Obstacle blocked = blocked_by_array(node, path); !blocked.empty()) return blocked;
  std::shared_ptr<const json::value> before;
  if (tree_.at(path) != nullptr) {
    std::vector<Contender> others = contenders(node, path);
    Replaced replaced = tree_.remove(path);
    before = replaced.old;
    removed_.emplace(path, edit);
    edited(std::move(replaced));
    judge(node, std::move(others));
  }
  supersede(node, path);
  wish(node, edit, std::move(before));
  return {};
}

void FoldState::drop(Node& node, std::size_t edit, const Needers& needers) {
  const Path& path = node.input.change.edits[edit].path;
  node.idle.push_back(edit);
  Node& winner = *needers.front();
  lose({&node, edit, &winner, winner.input.id, copied(tree_.at(path)), copied(tree_.at(path))},
       Conflict::Kind::removal_dropped, node);
  const auto kept = kept_.find(path);
  steps_.emplace_back(undo::KeptAt{path, kept == kept_.end() ? std::nullopt : std::optional(kept->second)});
  Needers& all = kept_[path];
  all.insert(all.end(), needers.begin(), needers.end());
}

const Provenance* FoldState::newer_in_base(const Node& node, const Edit& edit) const {
  if (!newest_in_base_ || !newest_in_base_->is_after(node.input.hlc, node.input.id)) return nullptr;
  const Provenance* newest = nullptr;
  const auto look = [&](const Provenance& other) {
    if (!other.is_after(node.input.hlc, node.input.id)) return;
    if (newest == nullptr || other.is_after(newest->hlc, newest->change)) newest = &other;
  };
  const Provenances& known = base_->provenance;
  for (Path above; above.size() < edit.path.size(); above.push_back(edit.path[above.size()])) {
    if (const auto exact = known.find(above); exact != known.end()) look(exact->second);
  }
  for (auto it = known.lower_bound(edit.path); it != known.end() && is_prefix(edit.path, it->first); ++it) {
    // Appends get along with one another.
    if (edit.op == EditOp::append && it->first.size() > edit.path.size()) break;
    look(it->second);
  }
  return newest;
}

void FoldState::yield_to_base(Node& node, std::size_t edit, const Provenance& newer) {
  const Edit& lost = node.input.change.edits[edit];
  node.idle.push_back(edit);
  if (is_fulfilled({lost.path, {&node, edit, nullptr}, std::nullopt})) return wish(node, edit, nullptr);
  lose({&node, edit, nullptr, newer.change, std::nullopt, copied(tree_.at(lost.path))},
       Conflict::Kind::overlap, node);
}

void FoldState::settle(Node& node, const Path& path) {
  for (const ConflictBook::Id id : conflicts_.settled_by(node, path, concurrency_)) {
    conflicts_.settle(id, node);
    steps_.emplace_back(undo::ConflictSettled{id});
  }
}

// An array that its author knew is set whole or appended to, never edited inside (M2). One that a concurrent
// change has put there gives way, as all that is overlapped does (M4).
FoldState::Obstacle FoldState::blocked_by_array(Node& node, const Path& path) const {
  const std::optional<Path> array = array_above(tree_.value(), path);
  if (!array) return {};
  Path above;
  while (true) {
    if (const auto found = wishes_.find(above); found != wishes_.end()) {
      if (std::ranges::any_of(found->second,
                              [&](const Wish& wish) { return concurrency_.concurrent(*wish.node, node); })) {
        return {};
      }
    }
    if (above.size() == array->size()) break;
    above.push_back((*array)[above.size()]);
  }
  return to_text(place_of(*array)) + ": an array stands here, and no edit goes through one (M2)";
}

// An empty object that one author puts where there was none, and members that another one has set in it
// meanwhile, get along: whichever comes later, both have what they want.
bool FoldState::makes_room_only(Node& node, const Edit& edit) const {
  const json::value* standing = tree_.at(edit.path);
  if (!is_empty_object(*edit.value) || standing == nullptr || !standing->is_object()) return false;
  for (auto it = wishes_.lower_bound(edit.path); it != wishes_.end() && is_prefix(edit.path, it->first);
       ++it) {
    for (const Wish& wish : it->second) {
      if (edit_of(wish).op != EditOp::remove && concurrency_.concurrent(*wish.node, node)) return true;
    }
  }
  return false;
}

// Concurrent wishes at, above and below `path`.
std::vector<FoldState::Contender> FoldState::contenders(Node& node, const Path& path) const {
  std::vector<Contender> found;
  if (node.first_unknown == node.position) return found;
  const auto take = [&](const Path& at, const std::vector<Wish>& wishes) {
    for (std::size_t i = 0; i < wishes.size(); ++i) {
      if (!concurrency_.concurrent(*wishes[i].node, node)) continue;
      Contender contender{at, wishes[i], std::nullopt};
      if (edit_of(wishes[i]).op == EditOp::append) {
        // What was appended to stands as long as the wish does.
        contender.base = before_append(tree_.at(at)->get_array(), wishes, i);
      }
      found.push_back(std::move(contender));
    }
  };
  for (Path above; above.size() < path.size(); above.push_back(path[above.size()])) {
    if (const auto exact = wishes_.find(above); exact != wishes_.end()) take(above, exact->second);
  }
  for (auto it = wishes_.lower_bound(path); it != wishes_.end() && is_prefix(path, it->first); ++it) {
    take(it->first, it->second);
  }
  return found;
}

bool FoldState::is_fulfilled(const Contender& contender) const {
  const Edit& wished = edit_of(contender.wish);
  const json::value* standing = tree_.at(contender.path);
  switch (wished.op) {
    case EditOp::remove:
      return standing == nullptr;
    case EditOp::append:
      return false;
    case EditOp::set:
      break;
  }
  if (standing == nullptr) return false;
  return is_empty_object(*wished.value) ? standing->is_object() : same_json(*standing, *wished.value);
}

void FoldState::judge(Node& node, std::vector<Contender> contenders) {
  for (Contender& contender : contenders) {
    if (is_fulfilled(contender)) continue;
    const Wish& lost = contender.wish;
    erase_wish(contender.path, lost.node, lost.edit);
    std::optional<json::value> base =
        edit_of(lost).op == EditOp::append ? std::move(contender.base) : copied(lost.before.get());
    lose({lost.node, lost.edit, &node, node.input.id, std::move(base), copied(tree_.at(contender.path))},
         Conflict::Kind::overlap, node);
  }
}

void FoldState::lose(Loss loss, Conflict::Kind kind, Node& turn) {
  Node& loser = *loss.loser;
  const Edit& lost = loser.input.change.edits[loss.edit];
  Place place = place_of(lost.path);
  Conflict conflict{.kind = kind,
                    .scope = std::move(place.scope),
                    .path = std::move(place.path),
                    .winner = loss.winner_id,
                    .loser = loser.input.id,
                    .base = std::move(loss.base),
                    .mine = lost.value,
                    .theirs = std::move(loss.theirs),
                    .stood = {},
                    .op = lost.op};
  conflicts_.add({std::move(conflict), lost.path, loss.winner, &loser, &turn, nullptr});
  steps_.emplace_back(undo::ConflictMade{});
  loser.losses.push_back({loss.edit, &turn});
  losers_.insert(loser.input.id);
  steps_.emplace_back(undo::Lost{&loser});
}

// What the author of `node` knew of what stands, or stood, at or below `place`, is no wish any more.
void FoldState::supersede(Node& node, const Path& place) {
  std::vector<Path> places;
  for (auto it = wishes_.lower_bound(place); it != wishes_.end() && is_prefix(place, it->first); ++it) {
    places.push_back(it->first);
  }
  for (const Path& path : places) {
    std::erase_if(wishes_at(path),
                  [&](const Wish& wish) { return !concurrency_.concurrent(*wish.node, node); });
    if (wishes_.at(path).empty()) wishes_.erase(path);
  }
}

void FoldState::wish(Node& node, std::size_t edit, std::shared_ptr<const json::value> before) {
  std::vector<Wish>& wishes = wishes_at(node.input.change.edits[edit].path);
  // With one that wants the same it shares the base: what was there before either.
  const auto same = std::ranges::find_if(
      wishes, [&](const Wish& wish) { return concurrency_.concurrent(*wish.node, node); });
  if (same != wishes.end() && node.input.change.edits[edit].op != EditOp::append) before = same->before;
  wishes.push_back({&node, edit, std::move(before)});
  made_.push_back({&node, edit});
  steps_.emplace_back(undo::WishMade{});
}

void FoldState::erase_wish(const Path& path, const Node* node, std::size_t edit) {
  std::vector<Wish>& wishes = wishes_at(path);
  std::erase_if(wishes, [&](const Wish& wish) { return wish.node == node && wish.edit == edit; });
  if (wishes.empty()) wishes_.erase(path);
}

// To be changed: what they were is noted first.
std::vector<Wish>& FoldState::wishes_at(const Path& path) {
  const auto found = wishes_.find(path);
  steps_.emplace_back(
      undo::WishesAt{path, found == wishes_.end() ? std::nullopt : std::optional(found->second)});
  return found == wishes_.end() ? wishes_[path] : found->second;
}

void FoldState::edited(Replaced replaced) {
  touched_.push_back(replaced.at);
  steps_.emplace_back(undo::Edited{std::move(replaced)});
}

}  // namespace starling
