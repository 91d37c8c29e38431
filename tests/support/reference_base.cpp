#include "tests/support/reference_base.hpp"

#include <algorithm>
#include <tuple>

#include "libp2p/crypto/hash.hpp"
#include "starling/changelog/anchor.hpp"
#include "starling/model/change.hpp"
#include "tests/support/conflict_text.hpp"
#include "tests/support/reference_charter.hpp"

namespace starling::reference {
namespace {

using ById = std::map<RecordId, RecordPtr>;

RevisionId named(unsigned level, BytesView state) {
  Bytes text = libp2p::to_bytes("starling-revision");
  text.push_back(static_cast<std::uint8_t>(level));
  libp2p::append(text, state);
  return RevisionId{libp2p::sha256(text)};
}

libp2p::Sha256Digest hash_of(std::string_view key, const json::value& value) {
  Bytes text{static_cast<std::uint8_t>(value.is_object() ? 1 : 0)};
  const auto size = static_cast<std::uint32_t>(key.size());
  for (const int shift : {24, 16, 8, 0}) text.push_back(static_cast<std::uint8_t>(size >> shift));
  libp2p::append(text, libp2p::as_bytes(key));
  if (const json::object* object = value.if_object()) {
    std::map<std::string, libp2p::Sha256Digest> members;
    for (const auto& [name, member] : *object) members[std::string(name)] = hash_of(name, member);
    for (const auto& [name, hash] : members) libp2p::append(text, hash);
  } else {
    libp2p::append(text, libp2p::as_bytes(canonical_json(value)));
  }
  return libp2p::sha256(text);
}

// M9: what a state is called.
RevisionId name_of(const Folded& folded) {
  if (folded.level >= 2) return named(folded.level, hash_of("", folded.tree));
  return named(folded.level, libp2p::as_bytes(canonical_json(folded.tree.at(base_scope))));
}

bool raises_level(const Record& record) {
  if (record.kind == RecordKind::anchor) {
    const auto anchor = Anchor::from_body(record.body);
    return anchor && anchor->merge_level != 0;
  }
  if (record.kind != RecordKind::checkpoint) return false;
  const auto checkpoint = Checkpoint::from_body(record.body);
  return checkpoint && checkpoint->anchor.merge_level != 0;
}

bool has_effect_of_its_own(const Record& record) {
  if (record.kind < RecordKind::change || record.kind == RecordKind::ruling) return true;
  if (record.kind != RecordKind::change) return raises_level(record);
  const auto change = Change::from_body(record.body);
  return change && !change->voids.empty();
}

// Nothing, where not all of it is here.
std::optional<ById> covered_by(const VersionVector& vector, const ById& all) {
  ById covered;
  for (const auto& [chain, head] : vector) {
    auto at = all.find(head.id);
    if (at == all.end() || at->second->record.chain() != chain || at->second->record.seq != head.seq)
      return std::nullopt;
    for (; at != all.end(); at = all.find(at->second->record.prev)) {
      covered.insert(*at);
      if (at->second->record.seq == 1) break;
    }
    if (at == all.end()) return std::nullopt;
  }
  return covered;
}

bool covers_all_of(const VersionVector& vector, const VersionVector& before) {
  return std::ranges::all_of(before, [&](const auto& entry) {
    const auto mine = vector.find(entry.first);
    return mine != vector.end() && mine->second.seq >= entry.second.seq;
  });
}

// What a checkpoint adds to the one before it, and what of that one it needs besides.
class Addition {
 public:
  Addition(const Input& input, const ById& all, ById covered, const Base* before)
      : input_(input), all_(all), covered_(std::move(covered)), before_(before) {
    for (const auto& [id, record] : covered_) {
      if (!before_ || !before_->settles(record->record)) added_.insert({id, record});
    }
  }

  // Of what was there when it was signed, but for what clocks may differ by (L7)?
  [[nodiscard]] bool is_due(const Record& checkpoint) const {
    constexpr std::chrono::minutes tolerance{5};
    return std::ranges::all_of(added_, [&](const auto& entry) {
      return entry.second->record.hlc <= Hlc::at(checkpoint.hlc.wall() + tolerance);
    });
  }
  // On the same branches?
  [[nodiscard]] bool goes_on() const {
    return !before_ || std::ranges::all_of(before_->vector, [&](const auto& entry) {
      return covered_.contains(entry.second.id);
    });
  }
  [[nodiscard]] std::set<RecordId> kept() const {
    std::set<RecordId> kept = before_ ? before_->kept : std::set<RecordId>();
    for (const auto& [id, record] : added_) {
      if (has_effect_of_its_own(record->record)) kept.insert(id);
    }
    return kept;
  }
  [[nodiscard]] Folded folded() const {
    Input covered{input_.fleet, {}, [](const SignedRecord&) { return false; }, nullptr};
    ById records = added_;
    if (before_) {
      for (const RecordId& id : before_->kept) records.insert({id, all_.at(id)});
    }
    for (const auto& [id, record] : records) covered.records.push_back(record);
    return fold_as_of(covered, before_);
  }

 private:
  const Input& input_;
  const ById& all_;
  ById covered_;
  const Base* before_;
  ById added_;
};

class Search {
 public:
  explicit Search(const Input& input) : input_(input) {
    for (const RecordPtr& record : input.records) all_[record->id] = record;
  }

  std::optional<Base> run() {
    std::optional<Base> at;
    const bool any = std::ranges::any_of(
        input_.records, [](const RecordPtr& r) { return r->record.kind == RecordKind::checkpoint; });
    while (any) {
      const Base* before = at ? &*at : nullptr;
      std::optional<Base> next;
      const Authority authority(input_, before, true);
      for (const RecordPtr& record : input_.records) {
        if (record->record.kind != RecordKind::checkpoint || (next && next->id < record->id)) continue;
        if (input_.ahead(*record) || !stands_by_itself(authority, *record)) continue;
        if (auto found = following(*record, before)) next = std::move(found);
      }
      if (!next) break;
      at = std::move(next);
    }
    return at;
  }

 private:
  // At or past a fork only a ruling lets a checkpoint stand: what anchors cover would hang on itself.
  [[nodiscard]] bool stands_by_itself(const Authority& authority, const SignedRecord& record) const {
    if (authority.judge(record) != Authority::Answer::valid) return false;
    const auto fork = authority.forks.find(record.record.chain());
    if (fork == authority.forks.end() || record.record.seq < fork->second) return true;
    std::vector<std::tuple<Role, Hlc, RecordId, Ruling>> rulings;
    for (const RecordPtr& said : authority.standing()) {
      if (said->record.kind != RecordKind::ruling) continue;
      const Ruling ruling = *Ruling::from_body(said->record.body);
      if (ruling.chain == record.record.chain())
        rulings.emplace_back(*authority.acts_as(said->record), said->record.hlc, said->id, ruling);
    }
    std::ranges::sort(rulings, {}, [](const auto& one) {
      return std::tuple(std::get<0>(one), std::get<1>(one), std::get<2>(one));
    });
    std::uint64_t void_from = UINT64_MAX;
    for (const auto& [by, hlc, id, ruling] : rulings) {
      if (ruling.stands.is_zero()) {
        void_from = std::min(void_from, std::max(ruling.seq, fork->second));
        continue;
      }
      for (auto at = all_.find(ruling.stands); at != all_.end(); at = all_.find(at->second->record.prev)) {
        if (at->first == record.id) return record.record.seq < void_from;
      }
      return false;
    }
    return false;
  }

  [[nodiscard]] std::optional<Base> following(const SignedRecord& record, const Base* before) const {
    const auto checkpoint = Checkpoint::from_body(record.record.body);
    if (!checkpoint || checkpoint->anchor.base != (before ? before->id : RecordId{})) return std::nullopt;
    auto state = decode_state(checkpoint->state);
    if (!state || !is_right(record, *checkpoint, *state, before)) return std::nullopt;
    return Base{record.id,
                checkpoint->anchor.vector,
                {checkpoint->kept.begin(), checkpoint->kept.end()},
                std::move(*state)};
  }

  [[nodiscard]] bool is_right(const SignedRecord& record, const Checkpoint& checkpoint,
                              const MergeState& state, const Base* before) const {
    const RecordId& id = record.id;
    if (before && !covers_all_of(checkpoint.anchor.vector, before->vector)) return false;
    auto covered = covered_by(checkpoint.anchor.vector, all_);
    if (!covered) return false;
    if (input_.known && input_.known->contains(id)) return input_.known->at(id);
    const Addition addition(input_, all_, std::move(*covered), before);
    const bool right = addition.is_due(record.record) && says_rightly(addition, checkpoint, state);
    if (input_.known) (*input_.known)[id] = right;
    return right;
  }

  [[nodiscard]] static bool says_rightly(const Addition& addition, const Checkpoint& checkpoint,
                                         const MergeState& state) {
    const std::set<RecordId> kept = addition.kept();
    if (!addition.goes_on() || !std::ranges::equal(kept, checkpoint.kept)) return false;
    const Folded folded = addition.folded();
    return name_of(folded) == checkpoint.anchor.revision && same_json(folded.tree, state.document) &&
           folded.provenance == state.provenance && texts_of(folded.conflicts) == texts_of(state.conflicts);
  }

  const Input& input_;
  ById all_;
};

}  // namespace

std::optional<Base> find_base(const Input& input) { return Search(input).run(); }

}  // namespace starling::reference
