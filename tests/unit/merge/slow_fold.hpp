// The merge's rules once more, as plainly as they can be put: everything is copied, searched and validated
// from the beginning for each change. What the real one, which does none of that, is compared with.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "starling/merge/references.hpp"
#include "starling/merge/validate.hpp"
#include "tests/unit/merge/build.hpp"

namespace starling::test {

class SlowFold {
 public:
  SlowFold(std::vector<MergeInput> inputs, HappenedBefore happened_before)
      : inputs_(std::move(inputs)), happened_before_(std::move(happened_before)) {
    std::ranges::sort(
        inputs_, [](const auto& a, const auto& b) { return a.hlc != b.hlc ? a.hlc < b.hlc : a.id > b.id; });
    const auto repeated = std::ranges::unique(inputs_, {}, &MergeInput::id);
    inputs_.erase(repeated.begin(), repeated.end());
  }

  MergeResult run() {
    for (std::size_t c = 0; c < inputs_.size(); ++c) turn(c);
    MergeResult result;
    result.document = state_.document;
    for (std::size_t c = 0; c < inputs_.size(); ++c) result.fates.push_back(fate(c));
    for (const Made& made : state_.conflicts) {
      if (made.settled) continue;
      result.conflicts.push_back(made.conflict);
      std::set<Path> stood;
      for (const Edit& edit : edits(made.loser)) stood.insert(edit.path);
      for (const Path& path : lost_paths(made.loser)) stood.erase(path);
      result.conflicts.back().stood.assign(stood.begin(), stood.end());
    }
    if (state_.emptied_by) result.emptied_by = inputs_[*state_.emptied_by].id;
    result.empty_allowed = state_.empty_allowed;
    return result;
  }

 private:
  struct Wish {
    std::size_t change;
    std::size_t edit;
    Path path;
    std::optional<json::value> before;
  };
  struct Made {
    Conflict conflict;
    std::size_t winner;
    std::size_t loser;
    bool settled = false;
  };
  struct State {
    json::value document = empty_document();
    std::vector<Wish> wishes;
    std::vector<std::pair<Path, std::size_t>> kept;  // and for whom
    std::vector<Made> conflicts;
    std::multimap<std::size_t, std::size_t> lost;  // edits by change
    std::optional<std::size_t> emptied_by;
    bool empty_allowed = false;
  };

  [[nodiscard]] const std::vector<Edit>& edits(std::size_t c) const { return inputs_[c].change.edits; }

  [[nodiscard]] bool concurrent(std::size_t a, std::size_t b) const {
    return a != b && !happened_before_(inputs_[a].id, inputs_[b].id) &&
           !happened_before_(inputs_[b].id, inputs_[a].id);
  }

  [[nodiscard]] std::string unusable(std::size_t c) const {
    for (const Edit& edit : edits(c)) {
      if (edit.scope != "base")
        return to_pointer(edit.path) + ": this level of the merge knows no scope but base (M9)";
    }
    return {};
  }

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
      Path place = edit.path;
      if (edit.op == EditOp::append) place.emplace_back("-");
      for (const Reference& reference : references(*edit.value, place)) {
        if (reference.form == Reference::Form::target && is_prefix(removed, reference.target)) return true;
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
      const auto invalid = validate(state_.document);
      if (!invalid) break;
      if (round < 16 && drop_more(c, removed, drops)) continue;
      obstacle = to_pointer(invalid->path) + ": " + invalid->detail;
    }
    if (!obstacle.empty()) {
      state_ = before;
      skipped_[c] = obstacle;
      return;
    }
    emptiness(c, has_listeners(before.document));
  }

  bool drop_more(std::size_t c, const std::map<Path, std::size_t>& removed,
                 std::map<std::size_t, std::set<std::size_t>>& drops) const {
    bool more = false;
    for (const Reference& reference : references(state_.document, {})) {
      if (resolves(state_.document, reference) || reference.form != Reference::Form::target) continue;
      for (const auto& [kept, needer] : state_.kept) {
        if (!is_prefix(kept, reference.from) || !concurrent(needer, c)) continue;
        for (const auto& [path, edit] : removed) {
          if (!is_prefix(path, reference.target)) continue;
          drops[edit].insert(needer);
          more = true;
        }
      }
    }
    return more;
  }

  std::string try_edits(std::size_t c, const std::map<std::size_t, std::set<std::size_t>>& drops,
                        std::map<Path, std::size_t>& removed) {
    for (std::size_t e = 0; e < edits(c).size(); ++e) {
      const Edit& edit = edits(c)[e];
      const auto dropped = drops.find(e);
      if (dropped != drops.end() && member(state_.document, edit.path) != nullptr) {
        const auto standing = copy(member(state_.document, edit.path));
        lose(c, e, *dropped->second.begin(), Conflict::Kind::removal_dropped, standing, standing);
        for (const std::size_t needer : dropped->second) state_.kept.emplace_back(edit.path, needer);
        continue;
      }
      for (Made& made : state_.conflicts) {
        const bool knew_both =
            made.winner != c && made.loser != c && !concurrent(made.winner, c) && !concurrent(made.loser, c);
        if (overlaps(made.conflict.path, edit.path) && knew_both) made.settled = true;
      }
      std::string obstacle = edit.op == EditOp::append ? try_append(c, e) : try_replace(c, e, removed);
      if (!obstacle.empty()) return obstacle;
    }
    return {};
  }

  std::string try_append(std::size_t c, std::size_t e) {
    const Edit& edit = edits(c)[e];
    const auto* array = const_cast<json::value*>(member(state_.document, edit.path));
    if (array != nullptr && array->is_array()) {
      const_cast<json::value*>(array)->get_array().push_back(*edit.value);
      state_.wishes.push_back({c, e, edit.path, std::nullopt});
      return {};
    }
    std::optional<std::size_t> winner;
    for (const Wish& wish : overlapped(c, edit.path)) winner = std::max(winner.value_or(0), wish.change);
    if (!winner) return to_pointer(edit.path) + ": there is no array to append to";
    lose(c, e, *winner, Conflict::Kind::overlap, copy(array), copy(array));
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
        return to_pointer(above) + ": an array stands here, and no edit goes through one (M2)";
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
      apply_edit(state_.document, edit);
      for (std::size_t i = 0; i < others.size(); ++i) judge(c, others[i], bases[i]);
    }
    std::erase_if(state_.wishes, [&](const Wish& wish) {
      return is_prefix(replaced, wish.path) && !concurrent(wish.change, c);
    });
    record(c, e, before);
    return {};
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
    const json::value* standing = member(state_.document, wish.path);
    const auto& wished = edits(wish.change)[wish.edit];
    if (wished.op == EditOp::remove && standing == nullptr) return;
    if (wished.op == EditOp::set && standing != nullptr) {
      const bool room =
          wished.value->is_object() && wished.value->get_object().empty() && standing->is_object();
      if (room || same_json(*standing, *wished.value)) return;
    }
    std::erase_if(state_.wishes,
                  [&](const Wish& other) { return other.change == wish.change && other.edit == wish.edit; });
    lose(wish.change, wish.edit, c, Conflict::Kind::overlap, base, copy(standing));
  }

  void lose(std::size_t loser, std::size_t e, std::size_t winner, Conflict::Kind kind,
            std::optional<json::value> base, std::optional<json::value> theirs) {
    const Edit& edit = edits(loser)[e];
    Conflict conflict{kind,
                      edit.path,
                      inputs_[winner].id,
                      inputs_[loser].id,
                      std::move(base),
                      edit.value,
                      std::move(theirs),
                      {},
                      edit.op};
    state_.conflicts.push_back({std::move(conflict), winner, loser});
    state_.lost.emplace(loser, e);
  }

  void emptiness(std::size_t c, bool had_listeners) {
    const bool allows = inputs_[c].change.allow_empty;
    if (has_listeners(state_.document)) {
      state_.emptied_by.reset();
      state_.empty_allowed = false;
    } else if (had_listeners) {
      state_.emptied_by = c;
      state_.empty_allowed = allows;
    } else if (state_.emptied_by && !state_.empty_allowed && allows) {
      const bool touches =
          std::ranges::any_of(edits(c), [](const Edit& edit) { return overlaps(edit.path, {"listeners"}); });
      if (concurrent(*state_.emptied_by, c) && !touches) return;
      state_.emptied_by = c;
      state_.empty_allowed = true;
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
            "lost " + to_pointer(*lost.begin()) + " to a concurrent change"};
  }

  std::vector<MergeInput> inputs_;
  HappenedBefore happened_before_;
  State state_;
  std::map<std::size_t, std::string> skipped_;
};

}  // namespace starling::test
