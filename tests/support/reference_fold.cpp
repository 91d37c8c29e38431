#include "tests/support/reference_fold.hpp"

#include <algorithm>
#include <array>

namespace starling::reference {
namespace {

constexpr std::array known_at_the_top{"access_log", "applications", "certificates", "http",     "isolation",
                                      "js_module",  "listeners",    "routes",       "settings", "upstreams"};

bool is_empty_object(const std::optional<json::value>& value) {
  return value && value->is_object() && value->get_object().empty();
}

json::value* at(json::value& tree, const Path& path, std::size_t count) {
  json::value* value = &tree;
  for (std::size_t i = 0; i < count; ++i) {
    json::object* object = value->if_object();
    value = object ? object->if_contains(path[i]) : nullptr;
    if (!value) return nullptr;
  }
  return value;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

// Where a `pass` leads: to nothing that the documents decide, where there is a variable in it.
std::optional<Path> target_of(const json::value& pass) {
  const std::string text(pass.is_string() ? pass.get_string().c_str() : "");
  if (text.empty() || text.find('$') != std::string::npos) return std::nullopt;
  Path target = split(text);
  if (target.size() == 3 && target[0] == "applications") target.insert(target.begin() + 2, "targets");
  return target;
}

// A `pass` counts in a listener and in an action of a route's step, and in the actions that it falls back to.
void walk_action(const json::value& action, std::vector<Path>& found) {
  if (!action.is_object()) return;
  for (const auto& [name, value] : action.get_object()) {
    if (name == "fallback") walk_action(value, found);
    if (name != "pass") continue;
    if (auto target = target_of(value)) found.push_back(std::move(*target));
  }
}

void walk_steps(const json::value& steps, std::vector<Path>& found) {
  if (!steps.is_array()) return;
  for (const json::value& step : steps.get_array()) {
    if (step.is_object() && step.get_object().contains("action"))
      walk_action(step.get_object().at("action"), found);
  }
}

std::vector<Path> targets_in(const json::value& document) {
  std::vector<Path> found;
  if (!document.is_object()) return found;
  for (const auto& [name, value] : document.get_object()) {
    if (name == "routes") {
      walk_steps(value, found);
      if (!value.is_object()) continue;
      for (const auto& [route, steps] : value.get_object()) walk_steps(steps, found);
    } else if (name == "listeners" && value.is_object()) {
      for (const auto& [address, listener] : value.get_object()) walk_action(listener, found);
    }
  }
  return found;
}

// The same of a value that stands at `path` (without its scope): it is put there in an empty document.
std::vector<Path> targets_of(const Path& path, const json::value& value) {
  json::value document = json::object();
  json::value* place = &document;
  for (const std::string& segment : path) {
    if (is_number(segment) || segment == "-") {
      place = &place->emplace_array().emplace_back(nullptr);
    } else {
      place = &(place->is_object() ? place->get_object() : place->emplace_object())[segment];
    }
  }
  *place = value;
  return targets_in(document);
}

bool leads_somewhere(const json::object& tree, const Path& target) {
  return std::ranges::any_of(tree, [&](const auto& scope) {
    json::value document = scope.value();
    const json::value* there = at(document, target, target.size());
    return there != nullptr && (target != Path{"routes"} || there->is_array());
  });
}

bool valid(const json::value& tree) {
  for (const auto& [scope, document] : tree.get_object()) {
    if (scope == "@fleet") continue;
    if (!document.is_object()) return false;
    for (const auto& [name, value] : document.get_object()) {
      if (std::ranges::find(known_at_the_top, name) == known_at_the_top.end()) return false;
    }
    for (const Path& target : targets_in(document)) {
      if (!leads_somewhere(tree.get_object(), target)) return false;
    }
  }
  return true;
}

// What a step needs to be there of its own scope: the place above it, the array it appends to.
std::vector<Path> needs_of(const Step& step) {
  std::vector<Path> needs;
  if (step.op == EditOp::remove) return needs;
  Path parent = step.path;
  if (step.op == EditOp::set) parent.pop_back();
  needs.push_back(parent);
  return needs;
}

// What it wants to be at a place at or below its own: nothing, if that is gone then.
std::optional<json::value> wanted_at(const Step& step, const Path& place) {
  if (step.op != EditOp::set) return std::nullopt;
  json::value value = *step.value;
  const Path below(place.begin() + static_cast<std::ptrdiff_t>(step.path.size()), place.end());
  const json::value* there = at(value, below, below.size());
  return there ? std::optional(*there) : std::nullopt;
}

// And what it names, which may be in any scope.
std::vector<Path> names_of(const Step& step) {
  if (step.op == EditOp::remove || step.path.front() == "@fleet") return {};
  Path within(step.path.begin() + 1, step.path.end());
  if (step.op == EditOp::append) within.emplace_back("-");
  return targets_of(within, *step.value);
}

bool takes(const Path& removed, const Path& target) {
  return removed.front() != "@fleet" && is_prefix(Path(removed.begin() + 1, removed.end()), target);
}

// Nothing is lost between them, whichever comes last: they want the same, or leave room for one another.
bool get_along(const Step& earlier, const Step& later) {
  const bool first_above = earlier.path.size() < later.path.size();
  const Step& above = first_above ? earlier : later;
  const Step& below = first_above ? later : earlier;
  if (above.path != below.path && above.op == EditOp::set && is_empty_object(above.value)) return true;
  if (later.op == EditOp::append) return earlier.path == later.path;
  if (earlier.op == EditOp::append) return false;
  const std::optional<json::value> a = wanted_at(above, below.path);
  const std::optional<json::value> b = wanted_at(below, below.path);
  return a && b ? same_json(*a, *b) : !a && !b;
}

}  // namespace

bool Fold::concurrent(std::size_t a, std::size_t b) const {
  return a != b && !knew_(turns_[a].id, turns_[b].id) && !knew_(turns_[b].id, turns_[a].id);
}

// M5: whom this removal would take something from.
std::set<std::size_t> Fold::needed_by(std::size_t turn, const Path& removed) const {
  std::set<std::size_t> by;
  for (std::size_t other = 0; other < turns_.size(); ++other) {
    if (!turns_[other].usable || !concurrent(turn, other)) continue;
    for (const Step& step : turns_[other].steps) {
      for (const Path& need : needs_of(step)) {
        if (is_prefix(removed, need)) by.insert(other);
      }
      for (const Path& target : names_of(step)) {
        if (takes(removed, target)) by.insert(other);
      }
    }
  }
  return by;
}

// Of what was kept for somebody, what it names is kept for him too.
std::set<std::size_t> Fold::kept_for(std::size_t turn, const Path& removed) const {
  std::set<std::size_t> by;
  for (const Kept& kept : kept_) {
    if (!concurrent(turn, kept.turn)) continue;
    json::value tree = tree_;
    const json::value* there = at(tree, kept.path, kept.path.size());
    if (!there) continue;
    for (const Path& target : targets_of(Path(kept.path.begin() + 1, kept.path.end()), *there)) {
      if (takes(removed, target)) by.insert(kept.turn);
    }
  }
  return by;
}

// The removals of this turn that are dropped, seen from where its other edits lead. What is gone already is
// removed from nobody.
std::map<std::size_t, std::size_t> Fold::drop_removals(std::size_t turn) {
  const json::value tree_before = tree_;
  for (const Step& step : turns_[turn].steps) {
    if (step.op != EditOp::remove && !later_in_start(turns_[turn], step))
      (void)apply(turn, step, is_only_room(turn, step));
  }
  std::map<std::size_t, std::size_t> dropped;
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < turns_[turn].steps.size(); ++i) {
      const Step& step = turns_[turn].steps[i];
      if (step.op != EditOp::remove || dropped.contains(i) || !at(tree_, step.path, step.path.size()))
        continue;
      std::set<std::size_t> by = needed_by(turn, step.path);
      std::set<std::size_t> kept = kept_for(turn, step.path);
      if (by.empty() && kept.empty()) continue;
      // It loses to the first who needs it himself, if there is one.
      dropped.emplace(i, *(by.empty() ? kept : by).begin());
      by.merge(kept);
      for (const std::size_t other : by) kept_.push_back({step.path, other});
      more = true;
    }
  }
  tree_ = tree_before;
  return dropped;
}

Fold::Before Fold::before() const {
  Before all{tree_, wishes_, made_, kept_, conflicts_, provenance_, {}};
  for (const Turn& turn : turns_) all.lost.push_back(turn.lost);
  return all;
}

void Fold::go_back(Before before) {
  tree_ = std::move(before.tree);
  wishes_ = std::move(before.wishes);
  made_ = std::move(before.made);
  kept_ = std::move(before.kept);
  conflicts_ = std::move(before.conflicts);
  provenance_ = std::move(before.provenance);
  for (std::size_t i = 0; i < turns_.size(); ++i) turns_[i].lost = std::move(before.lost[i]);
}

void Fold::take_turn(std::size_t turn) {
  Before all = before();
  const std::map<std::size_t, std::size_t> dropped = drop_removals(turn);
  std::set<std::size_t> loses;
  bool possible = true;
  for (std::size_t i = 0; i < turns_[turn].steps.size() && possible; ++i) {
    if (const auto needed = dropped.find(i); needed != dropped.end()) {
      lose_removal(turn, i, needed->second);
      loses.insert(i);
      continue;
    }
    const Done done = take_step(turn, i);
    possible = done != Done::impossible;
    if (done == Done::loses) loses.insert(i);
  }
  if (possible && valid(tree_)) {
    turns_[turn].lost.insert(loses.begin(), loses.end());
    return;
  }
  go_back(std::move(all));
  turns_[turn].skipped = true;
}

Fold::Done Fold::take_step(std::size_t turn, std::size_t index) {
  const Step& step = turns_[turn].steps[index];
  if (const auto later = later_in_start(turns_[turn], step)) {
    if (!is_fulfilled(step)) {
      lose({turn, index, std::nullopt, later->change, std::nullopt, Conflict::Kind::overlap});
      return Done::loses;
    }
    wishes_.push_back({turn, index, std::nullopt});
    made_.push_back({turn, index, std::nullopt});
    return Done::yes;
  }
  settle_conflicts(turn, step.path);
  const bool only_room = is_only_room(turn, step);
  const Path reach = reach_of(step);
  std::optional<json::value> before = only_room ? std::nullopt : standing(step.path);
  const Done done = apply(turn, step, only_room);
  if (done == Done::loses) lose_append(turn, index);
  if (done != Done::yes) return done;
  settle(turn, index, reach, only_room, std::move(before));
  if (!only_room) note_origin(turns_[turn], step);
  return done;
}

bool Fold::is_fulfilled(const Step& step) {
  const json::value* there = at(tree_, step.path, step.path.size());
  if (step.op == EditOp::remove) return !there;
  if (step.op == EditOp::append || !there) return false;
  return is_empty_object(step.value) ? there->is_object() : same_json(*there, *step.value);
}

// Whether what stands above the path lets the step pass. What is no object gives way, but an array only where
// a concurrent change has put it there (M2).
Fold::Done Fold::clear_way(std::size_t turn, const Path& path) {
  for (std::size_t count = 1; count < path.size(); ++count) {
    const json::value* above = at(tree_, path, count);
    if (!above) return Done::yes;
    if (!above->is_array()) continue;
    const Path place(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(count));
    const bool strange = std::ranges::any_of(wishes_, [&](const Wish& wish) {
      return is_prefix(step_of(wish).path, place) && concurrent(wish.turn, turn);
    });
    if (!strange) return Done::impossible;
  }
  return Done::yes;
}

// An empty object takes away what is there, unless others have put something there that its author did not
// know: then it is no more than the wish that there be an object. (DESIGN leaves that open; so the merge
// reads it.)
bool Fold::is_only_room(std::size_t turn, const Step& step) {
  if (step.op != EditOp::set || !is_empty_object(step.value)) return false;
  const json::value* there = at(tree_, step.path, step.path.size());
  return there && there->is_object() && std::ranges::any_of(made_, [&](const Wish& wish) {
           const Path& theirs = step_of(wish).path;
           return is_prefix(step.path, theirs) && concurrent(wish.turn, turn);
         });
}

Fold::Done Fold::apply(std::size_t turn, const Step& step, bool only_room) {
  if (step.op == EditOp::append) {
    json::value* array = at(tree_, step.path, step.path.size());
    if (array && array->is_array()) {
      array->get_array().push_back(*step.value);
      return Done::yes;
    }
    const bool replaced = std::ranges::any_of(wishes_, [&](const Wish& wish) {
      return overlaps(step_of(wish).path, step.path) && concurrent(wish.turn, turn);
    });
    return replaced ? Done::loses : Done::impossible;
  }
  if (clear_way(turn, step.path) == Done::impossible) return Done::impossible;
  if (step.op == EditOp::remove) {
    json::value* above = at(tree_, step.path, step.path.size() - 1);
    if (above && above->is_object()) above->get_object().erase(step.path.back());
    return Done::yes;
  }
  if (only_room) return Done::yes;
  json::value* place = &tree_;
  for (const std::string& segment : step.path) {
    place = &(place->is_object() ? place->get_object() : place->emplace_object())[segment];
  }
  *place = *step.value;
  return Done::yes;
}

// The highest place that the step makes something else of: its own, or where there was no object on the way.
Path Fold::reach_of(const Step& step) {
  std::size_t count = 1;
  for (; count < step.path.size(); ++count) {
    const json::value* above = at(tree_, step.path, count);
    if (!above || !above->is_object()) break;
  }
  return {step.path.begin(), step.path.begin() + static_cast<std::ptrdiff_t>(count)};
}

// M4: whoever wanted something else there and did not know of this turn, nor was known, has lost it; what was
// known is replaced. Who wants the same as somebody he did not know meant to change what was there before
// either.
void Fold::settle(std::size_t turn, std::size_t step, const Path& reach, bool only_room,
                  std::optional<json::value> before) {
  const Step& mine = turns_[turn].steps[step];
  std::erase_if(wishes_, [&](const Wish& wish) {
    const Step& theirs = step_of(wish);
    if (concurrent(wish.turn, turn)) {
      if (!overlaps(theirs.path, mine.path) || get_along(theirs, mine)) return false;
      turns_[wish.turn].lost.insert(wish.step);
      lose({wish.turn, wish.step, turn, {}, wish.before, Conflict::Kind::overlap});
      return true;
    }
    if (mine.op == EditOp::append || !is_prefix(mine.op == EditOp::set ? reach : mine.path, theirs.path))
      return false;
    return !(only_room && theirs.path.size() > mine.path.size());
  });
  const auto same = std::ranges::find_if(wishes_, [&](const Wish& wish) {
    return step_of(wish).path == mine.path && concurrent(wish.turn, turn);
  });
  if (same != wishes_.end() && mine.op != EditOp::append) before = same->before;
  wishes_.push_back({turn, step, std::move(before)});
  made_.push_back({turn, step, std::nullopt});
}

std::optional<json::value> Fold::standing(const Path& path) {
  const json::value* there = at(tree_, path, path.size());
  return there ? std::optional(*there) : std::nullopt;
}

json::object Fold::run() {
  tree_ = start_ ? start_->document : json::object{{base_scope, empty_document()}};
  if (start_) {
    provenance_ = start_->provenance;
    for (const Conflict& left : start_->conflicts)
      conflicts_.push_back({left, path_in_tree(left.scope, left.path), {}, {}, false});
  }
  for (std::size_t turn = 0; turn < turns_.size(); ++turn) {
    if (turns_[turn].usable)
      take_turn(turn);
    else
      turns_[turn].skipped = true;
  }
  return tree_.get_object();
}

}  // namespace starling::reference
