#include "tests/support/reference_base.hpp"

#include <algorithm>

#include "libp2p/crypto/hash.hpp"
#include "starling/changelog/anchor.hpp"
#include "starling/model/change.hpp"
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

  // What is settled may name what is not here any more.
  [[nodiscard]] bool is_closed() const {
    const auto known = [&](const RecordId& id) {
      const auto found = all_.find(id);
      return covered_.contains(id) || found == all_.end() ||
             (before_ && before_->settles(found->second->record));
    };
    return std::ranges::all_of(
        added_, [&](const auto& entry) { return std::ranges::all_of(entry.second->record.parents, known); });
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
      for (const RecordPtr& record : Authority(input_, before, true).standing()) {
        if (record->record.kind != RecordKind::checkpoint || (next && next->id < record->id)) continue;
        if (auto found = following(*record, before)) next = std::move(found);
      }
      if (!next) break;
      at = std::move(next);
    }
    return at;
  }

 private:
  [[nodiscard]] std::optional<Base> following(const SignedRecord& record, const Base* before) const {
    const auto checkpoint = Checkpoint::from_body(record.record.body);
    if (!checkpoint || checkpoint->anchor.base != (before ? before->id : RecordId{})) return std::nullopt;
    auto state = decode_state(checkpoint->state);
    if (!state || !is_right(record.id, *checkpoint, *state, before)) return std::nullopt;
    return Base{record.id,
                checkpoint->anchor.vector,
                {checkpoint->kept.begin(), checkpoint->kept.end()},
                std::move(*state)};
  }

  [[nodiscard]] bool is_right(const RecordId& id, const Checkpoint& checkpoint, const MergeState& state,
                              const Base* before) const {
    if (before && !covers_all_of(checkpoint.anchor.vector, before->vector)) return false;
    auto covered = covered_by(checkpoint.anchor.vector, all_);
    if (!covered) return false;
    if (input_.known && input_.known->contains(id)) return input_.known->at(id);
    const Addition addition(input_, all_, std::move(*covered), before);
    const bool right = says_rightly(addition, checkpoint, state);
    if (input_.known) (*input_.known)[id] = right;
    return right;
  }

  [[nodiscard]] static bool says_rightly(const Addition& addition, const Checkpoint& checkpoint,
                                         const MergeState& state) {
    const std::set<RecordId> kept = addition.kept();
    if (!addition.goes_on() || !addition.is_closed() || !std::ranges::equal(kept, checkpoint.kept))
      return false;
    const Folded folded = addition.folded();
    return name_of(folded) == checkpoint.anchor.revision && same_json(folded.tree, state.document) &&
           folded.provenance == state.provenance;
  }

  const Input& input_;
  ById all_;
};

}  // namespace

std::optional<Base> find_base(const Input& input) { return Search(input).run(); }

}  // namespace starling::reference
