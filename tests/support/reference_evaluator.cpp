#include "tests/support/reference_evaluator.hpp"

#include <algorithm>

#include "starling/changelog/anchor.hpp"
#include "tests/support/reference_base.hpp"
#include "tests/support/reference_charter.hpp"
#include "tests/support/reference_fold.hpp"

namespace starling::reference {
namespace {

using Answer = Authority::Answer;

constexpr Hlc five_minutes{(5ULL * 60 * 1000) << 16};

// Who knew what: a record's predecessor and parents, and what their authors knew. What is settled is no part
// of that (L8): of it some have forgotten a part.
std::map<RecordId, std::set<RecordId>> knowledge(std::vector<RecordPtr> records, const Base* base) {
  std::ranges::sort(records, [](const RecordPtr& a, const RecordPtr& b) { return before(*a, *b); });
  std::map<RecordId, std::set<RecordId>> knew;
  for (const RecordPtr& r : records) {
    std::set<RecordId>& mine = knew[r->id];
    if (base && base->settles(r->record)) continue;
    std::vector<RecordId> direct = r->record.parents;
    direct.push_back(r->record.prev);
    for (const RecordId& id : direct) {
      if (id.is_zero()) continue;
      mine.insert(id);
      const auto theirs = knew.find(id);
      if (theirs != knew.end()) mine.insert(theirs->second.begin(), theirs->second.end());
    }
  }
  return knew;
}

std::uint32_t level_said_by(const SignedRecord& said) {
  if (said.record.kind == RecordKind::anchor) return Anchor::from_body(said.record.body)->merge_level;
  if (said.record.kind == RecordKind::checkpoint)
    return Checkpoint::from_body(said.record.body)->anchor.merge_level;
  return 0;
}

bool is_layer_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [&](const char& c) {
    const bool first = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return first || (&c != name.data() && (c == '.' || c == '_' || c == '-'));
  });
}

bool level_knows(unsigned level, std::string_view scope) {
  if (scope == base_scope) return true;
  return level >= 2 && (scope == "@fleet" || is_layer_name(scope));
}

class Evaluation {
 public:
  Evaluation(const Input& input, const Base* base, bool forks_count)
      : input_(input),
        base_(base),
        authority_(input, base, forks_count),
        knew_(knowledge(input.records, base)) {
    for (const RecordPtr& r : input.records) {
      if (r->record.kind == RecordKind::change) changes_.push_back(r);
    }
    std::ranges::sort(changes_, [](const RecordPtr& a, const RecordPtr& b) { return before(*a, *b); });
  }

  Verdict run() {
    fold();
    verdict_.members = authority_.members();
    verdict_.labels = authority_.labels();
    verdict_.forks = authority_.forks;
    for (const RecordPtr& said : authority_.standing()) verdict_.standing.insert(said->id);
    if (base_) verdict_.base = base_->id;
    return std::move(verdict_);
  }

  Folded fold() {
    std::vector<Turn> turns;
    for (const RecordPtr& change : changes_) {
      if (settled(*change)) continue;
      if (const auto fate = kept_out(*change)) {
        verdict_.fates[change->id] = *fate;
      } else {
        turns.push_back(turn_of(*change));
      }
    }
    const Knew knew = [this](const RecordId& earlier, const RecordId& later) {
      return knew_.at(later).contains(earlier);
    };
    Fold fold(turns, knew, base_ ? &base_->state : nullptr);
    verdict_.tree = fold.run();
    verdict_.conflicts = fold.conflicts();
    verdict_.level = level_at(nullptr);
    for (const Turn& turn : turns) {
      Fate& fate = verdict_.fates[turn.id];
      if (turn.skipped)
        fate = Fate::skipped;
      else if (turn.lost.empty())
        fate = Fate::applied;
      else
        fate = turn.lost.size() == turn.steps.size() ? Fate::lost : Fate::partly;
    }
    return {verdict_.tree, fold.provenance(), verdict_.conflicts, verdict_.level};
  }

 private:
  [[nodiscard]] bool settled(const SignedRecord& record) const {
    return base_ && base_->settles(record.record);
  }

  // L4: whether it may say what it says, whenever it does.
  [[nodiscard]] bool stands(const SignedRecord& change) const {
    return authority_.counts(change.id) && authority_.judge(change) == Answer::valid;
  }

  // L7. What is void makes nothing void; that can't go in circles, since the one that does it has the lower
  // clock by far. Nor does what is held, which DESIGN leaves open: it takes no part yet.
  [[nodiscard]] bool voided(const SignedRecord& change) const {
    return std::ranges::any_of(changes_, [&](const RecordPtr& other) {
      const auto body = Change::from_body(other->record.body);
      return body && std::ranges::find(body->voids, change.id) != body->voids.end() && stands(*other) &&
             change.record.hlc.value > other->record.hlc.value + five_minutes.value &&
             (settled(*other) || !input_.ahead(*other)) && !voided(*other) && may_discard(*other, change);
    });
  }
  // What another than its author has built upon is out of reach for all but its author and admins.
  [[nodiscard]] bool may_discard(const SignedRecord& by, const SignedRecord& change) const {
    if (by.record.author == change.record.author || authority_.acts_as(by.record) <= Role::admin) return true;
    if (settled(change)) return false;  // whoever signed the checkpoint has
    return std::ranges::none_of(input_.records, [&](const RecordPtr& other) {
      const std::optional<Role> role = authority_.acts_as(other->record);
      return other->record.author != change.record.author && role && *role <= Role::operator_ &&
             authority_.counts(other->id) && knew_.at(other->id).contains(change.id);
    });
  }

  [[nodiscard]] std::optional<Fate> kept_out(const SignedRecord& change) const {
    switch (authority_.forked(change.id)) {
      case Forked::quarantined:
        return Fate::quarantined;
      case Forked::ruled_out:
        return Fate::voided;
      default:
        break;
    }
    const Answer answer = authority_.judge(change);
    if (answer != Answer::valid) return answer == Answer::unknown ? Fate::set_aside : Fate::denied;
    if (voided(change)) return Fate::voided;
    if (input_.ahead(change)) return Fate::held;
    return std::nullopt;
  }

  // M9: that of the last one before this place in the order.
  [[nodiscard]] unsigned level_at(const SignedRecord* place) const {
    unsigned level = 1;
    for (const RecordPtr& said : authority_.standing()) {
      if (place && !before(*said, *place)) continue;
      if (const std::uint32_t raised = level_said_by(*said)) level = raised;
    }
    return level;
  }

  [[nodiscard]] Turn turn_of(const SignedRecord& change) const {
    Turn turn{change.id, change.record.hlc, {}, true, {}, false};
    const unsigned level = level_at(&change);
    for (Edit& edit : Change::from_body(change.record.body)->edits) {
      turn.usable = turn.usable && level_knows(level, edit.scope);
      edit.path.insert(edit.path.begin(), edit.scope);
      turn.steps.push_back({std::move(edit.path), edit.op, std::move(edit.value)});
    }
    return turn;
  }

  const Input& input_;
  const Base* base_;
  Authority authority_;
  std::map<RecordId, std::set<RecordId>> knew_;
  std::vector<RecordPtr> changes_;
  Verdict verdict_;
};

}  // namespace

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::applied:
      return "applied";
    case Fate::partly:
      return "partly";
    case Fate::lost:
      return "lost";
    case Fate::skipped:
      return "skipped";
    case Fate::held:
      return "held";
    case Fate::voided:
      return "voided";
    case Fate::quarantined:
      return "quarantined";
    case Fate::set_aside:
      return "set_aside";
    case Fate::denied:
      return "denied";
  }
  return "unknown";
}

Verdict evaluate(const Input& input) {
  const std::optional<Base> base = find_base(input);
  return Evaluation(input, base ? &*base : nullptr, true).run();
}

Folded fold_as_of(const Input& covered, const Base* before) {
  return Evaluation(covered, before, false).fold();
}

}  // namespace starling::reference
