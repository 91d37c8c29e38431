// The merge's rules once more, as plainly as they can be put: everything is copied, searched and validated
// from the beginning for each change. What the real one, which does none of that, is compared with.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "starling/merge/levels.hpp"
#include "starling/merge/references.hpp"
#include "starling/merge/state.hpp"
#include "starling/merge/tree_check.hpp"
#include "tests/unit/merge/build.hpp"

namespace starling::test {

class SlowFold {
 public:
  SlowFold(std::vector<MergeInput> inputs, HappenedBefore happened_before, Setting setting = {})
      : inputs_(std::move(inputs)),
        happened_before_(std::move(happened_before)),
        setting_(std::move(setting)) {
    std::ranges::sort(
        inputs_, [](const auto& a, const auto& b) { return a.hlc != b.hlc ? a.hlc < b.hlc : a.id > b.id; });
    const auto repeated = std::ranges::unique(inputs_, {}, &MergeInput::id);
    inputs_.erase(repeated.begin(), repeated.end());
    for (MergeInput& input : inputs_) {
      for (Edit& edit : input.change.edits) edit.path.insert(edit.path.begin(), edit.scope);
    }
  }

  MergeResult run() {
    if (setting_.base) {
      state_.document = setting_.base->document;
      state_.provenance = setting_.base->provenance;
      for (const auto& [scope, emptying] : setting_.base->emptied)
        state_.emptied[scope] = {emptying, std::nullopt};
      for (const Conflict& conflict : setting_.base->conflicts)
        state_.conflicts.push_back(
            {conflict, path_in_tree(conflict.scope, conflict.path), std::nullopt, std::nullopt});
    }
    for (std::size_t c = 0; c < inputs_.size(); ++c) turn(c);
    MergeResult result;
    result.document = state_.document;
    for (std::size_t c = 0; c < inputs_.size(); ++c) result.fates.push_back(fate(c));
    for (const Made& made : state_.conflicts) {
      if (made.settled) continue;
      result.conflicts.push_back(made.conflict);
      if (!made.loser) continue;
      std::set<Place> stood;
      for (const Edit& edit : edits(*made.loser)) stood.insert(place_of(edit.path));
      for (const Path& path : lost_paths(*made.loser)) stood.erase(place_of(path));
      result.conflicts.back().stood = std::make_shared<const std::vector<Place>>(stood.begin(), stood.end());
    }
    for (const auto& [scope, emptied] : state_.emptied) result.emptied[scope] = emptied.first;
    return result;
  }
  // Of what run() has folded.
  [[nodiscard]] const Provenances& provenance() const { return state_.provenance; }

 private:
  struct Wish {
    std::size_t change;
    std::size_t edit;
    Path path;
    std::optional<json::value> before;
  };
  struct Made {
    Conflict conflict;
    Path path;
    std::optional<std::size_t> winner;  // nothing: the base's
    std::optional<std::size_t> loser;
    bool settled = false;
  };
  struct State {
    json::value document = unset_tree();
    Provenances provenance;
    std::vector<Wish> wishes;
    std::vector<std::pair<Path, std::size_t>> kept;  // and for whom
    std::vector<Made> conflicts;
    std::multimap<std::size_t, std::size_t> lost;  // edits by change
    std::map<std::string, std::pair<Emptying, std::optional<std::size_t>>> emptied;
  };

  [[nodiscard]] const std::vector<Edit>& edits(std::size_t c) const { return inputs_[c].change.edits; }

  [[nodiscard]] bool concurrent(std::size_t a, std::size_t b) const {
    return a != b && !happened_before_(inputs_[a].id, inputs_[b].id) &&
           !happened_before_(inputs_[b].id, inputs_[a].id);
  }

  [[nodiscard]] static bool earlier(Hlc a_hlc, const RecordId& a, Hlc b_hlc, const RecordId& b) {
    return a_hlc != b_hlc ? a_hlc < b_hlc : a > b;
  }

  [[nodiscard]] unsigned level_of(std::size_t c) const {
    const LevelFrom* newest = nullptr;
    for (const LevelFrom& from : setting_.levels) {
      if (!earlier(from.hlc, from.from, inputs_[c].hlc, inputs_[c].id)) continue;
      if (newest == nullptr || earlier(newest->hlc, newest->from, from.hlc, from.from)) newest = &from;
    }
    return newest != nullptr ? newest->level : 1;
  }

  [[nodiscard]] std::string unusable(std::size_t c) const {
    for (const Edit& edit : edits(c)) {
      const std::string where = to_text(place_of(edit.path));
      if (edit.scope != "base" && level_of(c) == 1)
        return where + ": this level of the merge knows no scope but base (M9)";
      if (!is_scope(edit.scope)) return where + ": there can be no such scope";
    }
    return {};
  }

  // Without the scope.
  static Path rest(const Path& path) { return {std::next(path.begin()), path.end()}; }

  // Only through objects.
  static const json::value* member(const json::value& document, const Path& path) {
    const json::value* value = &document;
    for (const std::string& segment : path) {
      if (!value->is_object()) return nullptr;
      value = value->get_object().if_contains(segment);
      if (value == nullptr) return nullptr;
    }
    return value;
  }
  static std::optional<json::value> copy(const json::value* value) {
    return value != nullptr ? std::optional(*value) : std::nullopt;
  }

  [[nodiscard]] bool needs(std::size_t c, const Path& removed) const {
    if (!unusable(c).empty()) return false;
    for (const Edit& edit : edits(c)) {
      if (edit.op == EditOp::remove) continue;
      const bool strictly = edit.op == EditOp::set;
      if (is_prefix(removed, edit.path) && (!strictly || edit.path.size() > removed.size())) return true;
      if (edit.scope == "@fleet" || removed[0] == "@fleet") continue;
      Path place = rest(edit.path);
      if (edit.op == EditOp::append) place.emplace_back("-");
      for (const Reference& reference : references(*edit.value, place)) {
        if (reference.form != Reference::Form::target || !is_prefix(rest(removed), reference.target))
          continue;
        Path here = reference.target;
        here.insert(here.begin(), removed[0]);
        if (removed[0] == "base" || member(state_.document, here) != nullptr) return true;
      }
    }
    return false;
  }

  void turn(std::size_t c) {
    const State before = state_;
    std::string obstacle = unusable(c);
    std::map<std::size_t, std::set<std::size_t>> drops;
    for (std::size_t e = 0; e < edits(c).size(); ++e) {
      for (std::size_t other = 0; other < inputs_.size() && edits(c)[e].op == EditOp::remove; ++other) {
        if (concurrent(other, c) && needs(other, edits(c)[e].path)) drops[e].insert(other);
      }
    }
    for (int round = 1; obstacle.empty(); ++round) {
      state_ = before;
      std::map<Path, std::size_t> removed;
      obstacle = try_edits(c, drops, removed);
      if (!obstacle.empty()) break;
      const std::vector<Violation> violations = violations_now(level_of(c));
      if (violations.empty()) break;
      if (round < 16 && drop_more(c, removed, drops, violations)) continue;
      const Invalid& invalid = violations.front().invalid;
      obstacle = to_text(place_of(invalid.path)) + ": " + invalid.detail;
    }
    if (!obstacle.empty()) {
      state_ = before;
      skipped_[c] = obstacle;
      return;
    }
    emptiness(c, before.document);
  }

  // By the change whose turn it is: what it left alone was valid by the rules of its time.
  [[nodiscard]] std::vector<Violation> violations_now(unsigned level) const {
    ScopeReferences all;
    for (const auto& scope : state_.document.as_object()) {
      if (scope.key() != "@fleet") all[std::string(scope.key())].replace({}, &scope.value());
    }
    return tree_violations_by(touched_, state_.document, all, level);
  }

  bool drop_more(std::size_t c, const std::map<Path, std::size_t>& removed,
                 std::map<std::size_t, std::set<std::size_t>>& drops,
                 const std::vector<Violation>& violations) const {
    const std::size_t before = drops.size();
    for (const Violation& violation : violations) {
      for (const auto& [kept, needer] : state_.kept) {
        if (violation.target.empty() || !is_prefix(kept, violation.place) || !concurrent(needer, c)) continue;
        for (const auto& [path, edit] : removed) {
          if (is_prefix(rest(path), violation.target)) drops[edit].insert(needer);
        }
      }
    }
    return drops.size() > before;
  }

  std::string try_edits(std::size_t c, const std::map<std::size_t, std::set<std::size_t>>& drops,
                        std::map<Path, std::size_t>& removed) {
    touched_.clear();
    for (std::size_t e = 0; e < edits(c).size(); ++e) {
      const Edit& edit = edits(c)[e];
      const auto dropped = drops.find(e);
      if (dropped != drops.end() && member(state_.document, edit.path) != nullptr) {
        const auto standing = copy(member(state_.document, edit.path));
        const std::size_t winner = *dropped->second.begin();
        lose(c, e, winner, inputs_[winner].id, Conflict::Kind::removal_dropped, standing, standing);
        for (const std::size_t needer : dropped->second) state_.kept.emplace_back(edit.path, needer);
        continue;
      }
      if (const auto newer = newer_in_base(c, edit)) {
        if (fulfilled(edit)) {
          record(c, e, std::nullopt);
        } else {
          lose(c, e, std::nullopt, newer->change, Conflict::Kind::overlap, std::nullopt,
               copy(member(state_.document, edit.path)));
        }
        continue;
      }
      for (Made& made : state_.conflicts) {
        const auto knew = [&](std::optional<std::size_t> other) {
          return !other || (*other != c && !concurrent(*other, c));
        };
        if (overlaps(made.path, edit.path) && knew(made.winner) && knew(made.loser)) made.settled = true;
      }
      std::string obstacle = edit.op == EditOp::append ? try_append(c, e) : try_replace(c, e, removed);
      if (!obstacle.empty()) return obstacle;
    }
    return {};
  }

  // L8: the newest of what the base knows of places that overlap it, if that is newer than the change.
  [[nodiscard]] std::optional<Provenance> newer_in_base(std::size_t c, const Edit& edit) const {
    std::optional<Provenance> newest;
    if (!setting_.base) return newest;
    for (const auto& [path, known] : setting_.base->provenance) {
      if (!overlaps(path, edit.path)) continue;
      if (edit.op == EditOp::append && path.size() > edit.path.size()) continue;
      if (!earlier(inputs_[c].hlc, inputs_[c].id, known.hlc, known.change)) continue;
      if (!newest || earlier(newest->hlc, newest->change, known.hlc, known.change)) newest = known;
    }
    return newest;
  }

  [[nodiscard]] bool fulfilled(const Edit& wished) const {
    const json::value* standing = member(state_.document, wished.path);
    if (wished.op == EditOp::remove) return standing == nullptr;
    if (wished.op == EditOp::append || standing == nullptr) return false;
    const bool room =
        wished.value->is_object() && wished.value->get_object().empty() && standing->is_object();
    return room || same_json(*standing, *wished.value);
  }

  // ---- who said what stands ----

  void note(const Path& path, std::size_t c, bool removed) {
    state_.provenance[path] = {inputs_[c].id, inputs_[c].hlc, removed};
  }

  void forget_below(const Path& path) {
    std::erase_if(state_.provenance, [&](const auto& known) { return is_prefix(path, known.first); });
  }

  void note_leaves(const Path& path, const json::value& value, std::size_t c) {
    if (!value.is_object() || value.as_object().empty()) return note(path, c, false);
    for (const auto& member : value.as_object()) {
      Path below = path;
      below.emplace_back(member.key());
      note_leaves(below, member.value(), c);
    }
  }

  void note_set(const Edit& edit, std::size_t c) {
    // Whoever set what gives way had done away with all below it.
    for (Path above = edit.path; above.size() > 1;) {
      above.pop_back();
      const auto known = state_.provenance.find(above);
      if (known == state_.provenance.end() || known->second.removed) continue;
      Provenance gave_way = known->second;
      forget_below(above);
      gave_way.removed = true;
      state_.provenance[above] = gave_way;
    }
    forget_below(edit.path);
    if (edit.value->is_object() && !edit.value->as_object().empty()) note(edit.path, c, true);
    note_leaves(edit.path, *edit.value, c);
  }

  std::string try_append(std::size_t c, std::size_t e) {
    const Edit& edit = edits(c)[e];
    const auto* array = const_cast<json::value*>(member(state_.document, edit.path));
    if (array != nullptr && array->is_array()) {
      Path element = edit.path;
      element.push_back(std::to_string(array->get_array().size()));
      note(element, c, false);
      touched_.push_back(element);
      const_cast<json::value*>(array)->get_array().push_back(*edit.value);
      state_.wishes.push_back({c, e, edit.path, std::nullopt});
      return {};
    }
    std::optional<Wish> winner;
    for (const Wish& wish : overlapped(c, edit.path)) {
      if (!winner || wish.change > winner->change) winner = wish;
    }
    if (!winner) return to_text(place_of(edit.path)) + ": there is no array to append to";
    std::optional<json::value> base;
    if (winner->before && is_prefix(winner->path, edit.path)) {
      const auto above = static_cast<std::ptrdiff_t>(winner->path.size());
      base = copy(member(*winner->before, {edit.path.begin() + above, edit.path.end()}));
    }
    lose(c, e, winner->change, inputs_[winner->change].id, Conflict::Kind::overlap, base, copy(array));
    return {};
  }

  std::string try_replace(std::size_t c, std::size_t e, std::map<Path, std::size_t>& removed) {
    const Edit& edit = edits(c)[e];
    for (std::size_t size = 0; size < edit.path.size(); ++size) {
      const Path above(edit.path.begin(), edit.path.begin() + static_cast<std::ptrdiff_t>(size));
      const json::value* standing = member(state_.document, above);
      if (standing == nullptr || !standing->is_array()) continue;
      const bool may_give_way = std::ranges::any_of(state_.wishes, [&](const Wish& wish) {
        return is_prefix(wish.path, above) && concurrent(wish.change, c);
      });
      if (!may_give_way)
        return to_text(place_of(above)) + ": an array stands here, and no edit goes through one (M2)";
    }
    std::optional<json::value> before = copy(member(state_.document, edit.path));
    Path replaced = edit.path;
    if (edit.op == EditOp::set && makes_room_only(c, edit)) {
      record(c, e, std::nullopt);
      return {};
    }
    if (edit.op == EditOp::set || before) {
      const std::vector<Wish> others = overlapped(c, edit.path);
      std::vector<std::optional<json::value>> bases;
      for (const Wish& wish : others) bases.push_back(base_of(wish));
      // The highest place that becomes another one.
      while (edit.op == EditOp::set && !replaced.empty()) {
        const Path parent(replaced.begin(), std::prev(replaced.end()));
        const json::value* holder = member(state_.document, parent);
        if (holder != nullptr && holder->is_object()) break;
        replaced = parent;
      }
      if (edit.op == EditOp::remove) removed.emplace(edit.path, e);
      touched_.push_back(replaced);
      apply(edit);
      for (std::size_t i = 0; i < others.size(); ++i) judge(c, others[i], bases[i]);
    }
    std::erase_if(state_.wishes, [&](const Wish& wish) {
      return is_prefix(replaced, wish.path) && !concurrent(wish.change, c);
    });
    if (edit.op == EditOp::set) {
      note_set(edit, c);
    } else {
      forget_below(edit.path);
      note(edit.path, c, true);
    }
    record(c, e, before);
    return {};
  }

  void apply(const Edit& edit) {
    if (edit.op == EditOp::remove && edit.path == Path{"base"}) {
      state_.document.as_object()["base"] = empty_document();
    } else {
      apply_edit(state_.document, edit);
    }
  }

  [[nodiscard]] bool makes_room_only(std::size_t c, const Edit& edit) const {
    const json::value* standing = member(state_.document, edit.path);
    if (*edit.value != json::value(json::object()) || standing == nullptr || !standing->is_object())
      return false;
    return std::ranges::any_of(state_.wishes, [&](const Wish& wish) {
      return is_prefix(edit.path, wish.path) && concurrent(wish.change, c) && op_of(wish) != EditOp::remove;
    });
  }

  void record(std::size_t c, std::size_t e, std::optional<json::value> before) {
    for (const Wish& wish : state_.wishes) {
      if (wish.path != edits(c)[e].path || !concurrent(wish.change, c)) continue;
      before = wish.before;
      break;
    }
    state_.wishes.push_back({c, e, edits(c)[e].path, std::move(before)});
  }

  [[nodiscard]] EditOp op_of(const Wish& wish) const { return edits(wish.change)[wish.edit].op; }

  [[nodiscard]] std::vector<Wish> overlapped(std::size_t c, const Path& path) const {
    std::vector<Wish> found;
    for (const Wish& wish : state_.wishes) {
      if (overlaps(wish.path, path) && concurrent(wish.change, c)) found.push_back(wish);
    }
    // Of one path, in the order in which they were made.
    std::ranges::sort(found, {},
                      [](const Wish& wish) { return std::tie(wish.path, wish.change, wish.edit); });
    return found;
  }

  [[nodiscard]] std::optional<json::value> base_of(const Wish& wish) const {
    if (op_of(wish) != EditOp::append) return wish.before;
    std::ptrdiff_t later = 0;
    bool seen = false;
    for (const Wish& other : state_.wishes) {
      seen = seen || (other.change == wish.change && other.edit == wish.edit);
      if (seen && other.path == wish.path && op_of(other) == EditOp::append) ++later;
    }
    const json::array& array = member(state_.document, wish.path)->get_array();
    return json::value(json::array(array.begin(), array.end() - later));
  }

  void judge(std::size_t c, const Wish& wish, const std::optional<json::value>& base) {
    if (fulfilled(edits(wish.change)[wish.edit])) return;
    std::erase_if(state_.wishes,
                  [&](const Wish& other) { return other.change == wish.change && other.edit == wish.edit; });
    lose(wish.change, wish.edit, c, inputs_[c].id, Conflict::Kind::overlap, base,
         copy(member(state_.document, wish.path)));
  }

  void lose(std::size_t loser, std::size_t e, std::optional<std::size_t> winner, RecordId winner_id,
            Conflict::Kind kind, std::optional<json::value> base, std::optional<json::value> theirs) {
    const Edit& edit = edits(loser)[e];
    Conflict conflict{kind,       edit.scope,        rest(edit.path),
                      winner_id,  inputs_[loser].id, std::move(base),
                      edit.value, std::move(theirs), {},
                      edit.op};
    state_.conflicts.push_back({std::move(conflict), edit.path, winner, loser});
    state_.lost.emplace(loser, e);
  }

  [[nodiscard]] std::set<std::string> scopes_since(const json::value& before) const {
    std::set<std::string> scopes;
    for (const auto& scope : before.as_object()) scopes.emplace(scope.key());
    for (const auto& scope : state_.document.as_object()) scopes.emplace(scope.key());
    for (const auto& [scope, emptied] : state_.emptied) scopes.insert(scope);
    return scopes;
  }

  void emptiness(std::size_t c, const json::value& before) {
    const bool allows = inputs_[c].change.allow_empty;
    for (const std::string& scope : scopes_since(before)) {
      const auto touches = [&](const Path& place) {
        return std::ranges::any_of(edits(c), [&](const Edit& edit) { return overlaps(edit.path, place); });
      };
      const bool touches_listeners = touches({scope, "listeners"});
      const auto emptied = state_.emptied.find(scope);
      if (has_listeners(scope_document(state_.document, scope))) {
        state_.emptied.erase(scope);
      } else if (has_listeners(scope_document(before, scope))) {
        state_.emptied[scope] = {{inputs_[c].id, allows}, c};
      } else if (emptied != state_.emptied.end() && !emptied->second.first.allowed && allows) {
        const auto by = emptied->second.second;
        if (!by || !concurrent(*by, c) || touches_listeners) emptied->second = {{inputs_[c].id, true}, c};
      }
    }
  }

  [[nodiscard]] std::set<Path> lost_paths(std::size_t c) const {
    std::set<Path> paths;
    const auto [first, last] = state_.lost.equal_range(c);
    for (auto it = first; it != last; ++it) paths.insert(edits(c)[it->second].path);
    return paths;
  }

  [[nodiscard]] ChangeFate fate(std::size_t c) const {
    if (const auto skipped = skipped_.find(c); skipped != skipped_.end()) {
      return {inputs_[c].id, ChangeFate::State::skipped, skipped->second};
    }
    const std::set<Path> lost = lost_paths(c);
    if (lost.empty()) return {inputs_[c].id, ChangeFate::State::applied, {}};
    const bool all =
        std::ranges::all_of(edits(c), [&](const Edit& edit) { return lost.contains(edit.path); });
    return {inputs_[c].id, all ? ChangeFate::State::lost : ChangeFate::State::partly,
            "lost " + to_text(place_of(*lost.begin())) + " to a concurrent change"};
  }

  std::vector<MergeInput> inputs_;
  HappenedBefore happened_before_;
  Setting setting_;
  State state_;
  std::vector<Path> touched_;  // by the change whose turn it is
  std::map<std::size_t, std::string> skipped_;
};

}  // namespace starling::test
