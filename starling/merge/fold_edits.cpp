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

}  // namespace

FoldState::Obstacle FoldState::apply_set(Node& node, std::size_t edit) {
  const Edit& set = node.input.change.edits[edit];
  if (Obstacle blocked = blocked_by_array(node, set.path); !blocked.empty()) return blocked;
  if (makes_room_only(node, set)) {
    wish(node, edit, nullptr);
    return {};
  }
  std::vector<Contender> others = contenders(node, set.path);
  Replaced replaced = set_member(document_, set.path, *set.value);
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
  json::value* array = member_at(document_, append.path);
  if (array == nullptr || !array->is_array()) {
    // A concurrent change has put something else in its place; else its author never saw an array here.
    std::vector<Contender> others = contenders(node, append.path);
    const auto last = std::ranges::max_element(
        others, {}, [](const Contender& other) { return other.wish.node->position; });
    if (last == others.end()) return to_pointer(append.path) + ": there is no array to append to";
    const std::optional<json::value> standing = copied(array);
    lose(node, edit, *last->wish.node, Conflict::Kind::overlap, standing, standing, node);
    return {};
  }
  Path element = append.path;
  element.push_back(std::to_string(array->get_array().size()));
  array->get_array().push_back(*append.value);
  index_.replace(element, append.value ? &*append.value : nullptr);
  touched_.push_back(std::move(element));
  steps_.emplace_back(undo::Appended{append.path});
  wish(node, edit, nullptr);
  return {};
}

FoldState::Obstacle FoldState::apply_remove(Node& node, std::size_t edit) {
  const Path& path = node.input.change.edits[edit].path;
  if (Obstacle blocked = blocked_by_array(node, path); !blocked.empty()) return blocked;
  std::shared_ptr<const json::value> before;
  if (member_at(document_, path) != nullptr) {
    std::vector<Contender> others = contenders(node, path);
    Replaced replaced = remove_member(document_, path);
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
  const std::optional<json::value> standing = copied(member_at(document_, path));
  lose(node, edit, *needers.front(), Conflict::Kind::removal_dropped, standing, standing, node);
  const auto kept = kept_.find(path);
  steps_.emplace_back(undo::KeptAt{path, kept == kept_.end() ? std::nullopt : std::optional(kept->second)});
  Needers& all = kept_[path];
  all.insert(all.end(), needers.begin(), needers.end());
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
  const std::optional<Path> array = array_above(document_, path);
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
  return to_pointer(*array) + ": an array stands here, and no edit goes through one (M2)";
}

// An empty object that one author puts where there was none, and members that another one has set in it
// meanwhile, get along: whichever comes later, both have what they want.
bool FoldState::makes_room_only(Node& node, const Edit& edit) const {
  const json::value* standing = member_at(document_, edit.path);
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
        contender.base = before_append(member_at(document_, at)->get_array(), wishes, i);
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
  const json::value* standing = member_at(document_, contender.path);
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
    lose(*lost.node, lost.edit, node, Conflict::Kind::overlap, std::move(base),
         copied(member_at(document_, contender.path)), node);
  }
}

void FoldState::lose(Node& loser, std::size_t edit, Node& winner, Conflict::Kind kind,
                     std::optional<json::value> base, std::optional<json::value> theirs, Node& turn) {
  const Edit& lost = loser.input.change.edits[edit];
  Conflict conflict{.kind = kind,
                    .path = lost.path,
                    .winner = winner.input.id,
                    .loser = loser.input.id,
                    .base = std::move(base),
                    .mine = lost.value,
                    .theirs = std::move(theirs),
                    .stood = {},
                    .op = lost.op};
  conflicts_.add({std::move(conflict), &winner, &loser, &turn, nullptr});
  steps_.emplace_back(undo::ConflictMade{});
  loser.losses.push_back({edit, &turn});
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
  index_.replace(replaced.at, member_at(document_, replaced.at));
  touched_.push_back(replaced.at);
  steps_.emplace_back(undo::Edited{std::move(replaced)});
}

}  // namespace starling
