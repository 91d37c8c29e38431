#include "starling/fleet/derive.hpp"

#include <algorithm>

#include "libp2p/base/notifier.hpp"
#include "starling/fleet/discards.hpp"
#include "starling/merge/merge.hpp"
#include "starling/model/order.hpp"

namespace starling {
namespace {

// Records looked at, and changes folded, before others have their turn.
constexpr std::size_t slice_records = 2000;
constexpr std::size_t slice_changes = 500;

bool in_order(const RecordPtr& a, const RecordPtr& b) { return comes_before(*a, *b); }

class Slices {
 public:
  Slices(Env env, const Changelog& log) : env_(env), log_(log), drops_(log.drops()) {}
  // Returns at once but for every so many steps. Errors: busy.
  Task<Result<>> step() {
    if (++steps_ % slice_records == 0) LIBP2P_CO_CHECK(co_await pause());
    co_return Result<>{};
  }
  Task<Result<>> pause() {
    co_await libp2p::yield_now(env_);
    if (log_.drops() != drops_) co_return fail(Errc::busy, "records were forgotten meanwhile: try again");
    co_return Result<>{};
  }

 private:
  Env env_;
  const Changelog& log_;
  std::uint64_t drops_;
  std::size_t steps_ = 0;
};

// What is covered and not by `from`, from the newest of each chain down.
class Covered {
 public:
  Covered(const Changelog& log, const VersionVector& vector, const BasePtr& from, Hlc latest)
      : log_(log), vector_(vector), from_(covered_by(from)), latest_(latest) {}

  [[nodiscard]] Result<> check_heads() const {
    if (!includes(vector_, from_))
      return fail(Errc::refused, "it covers less than the checkpoint that it follows");
    for (const auto& [chain, head] : vector_) {
      if (head.seq == first_of(chain) - 1) {
        if (head.seq > 0 && head.id != from_.at(chain).id)
          return fail(Errc::refused, "it covers another record than the checkpoint that it follows");
        continue;
      }
      const RecordPtr record = log_.get(head.id);
      if (!record) return fail(Errc::not_found, "not all that it covers is here");
      if (record->record.chain() != chain || record->record.seq != head.seq)
        return fail(Errc::refused, "it names a record that stands elsewhere");
    }
    return {};
  }

  Task<Result<>> collect(Slices& slices) {
    for (const auto& [chain, head] : vector_) {
      const std::uint64_t first = first_of(chain);
      RecordId next = head.id;
      for (std::uint64_t seq = head.seq; seq >= first; --seq) {
        RecordPtr record = log_.get(next);
        if (!record) co_return fail(Errc::not_found, "not all that it covers is here");
        if (record->record.chain() != chain || record->record.seq != seq)
          co_return fail(Errc::refused, "it covers a record that stands elsewhere");
        next = record->record.prev;
        if (record->record.hlc > latest_) co_return fail(Errc::refused, "it covers what was yet to come");
        if (has_lasting_effect(record->record)) lasting_.push_back(record);
        records_.push_back(std::move(record));
        LIBP2P_CO_CHECK(co_await slices.step());
      }
      if (first > 1 && head.seq >= first && next != from_.at(chain).id)
        co_return fail(Errc::refused, "it covers another branch than the checkpoint that it follows");
    }
    std::ranges::sort(records_, in_order);
    co_return Result<>{};
  }

  [[nodiscard]] const std::vector<RecordPtr>& records() const { return records_; }  // M1
  [[nodiscard]] const std::vector<RecordPtr>& lasting() const { return lasting_; }

 private:
  [[nodiscard]] std::uint64_t first_of(const ChainId& chain) const {
    const auto known = from_.find(chain);
    return known == from_.end() ? 1 : known->second.seq + 1;
  }

  const Changelog& log_;
  const VersionVector& vector_;
  const VersionVector& from_;
  Hlc latest_;
  std::vector<RecordPtr> records_;
  std::vector<RecordPtr> lasting_;
};

// What of it has an effect beyond the state: all that is there, in the order of the merge (M1).
Result<std::vector<RecordPtr>> lasting(const Changelog& log, const BasePtr& from, const Covered& covered) {
  std::vector<RecordPtr> records;
  for (const RecordId& id : from ? from->log.kept : std::set<RecordId>{}) {
    RecordPtr record = log.get(id);
    if (!record) return fail(Errc::not_found, "not all that the checkpoint it follows has kept is here");
    records.push_back(std::move(record));
  }
  std::ranges::copy(covered.lasting(), std::back_inserter(records));
  std::ranges::sort(records, in_order);
  return records;
}

std::vector<RecordId> ids_of(const std::vector<RecordPtr>& records) {
  std::vector<RecordId> ids;
  ids.reserve(records.size());
  for (const RecordPtr& record : records) ids.push_back(record->id);
  std::ranges::sort(ids);
  return ids;
}

std::vector<LevelFrom> levels_in(const std::vector<RecordPtr>& lasting, const Charter& charter) {
  std::vector<LevelFrom> levels;
  for (const RecordPtr& record : lasting) {
    const std::uint32_t level = level_raised_by(record->record);
    if (level != 0 && charter.judge(record->record) == Charter::Verdict::valid)
      levels.push_back({record->record.hlc, record->id, level});
  }
  return levels;
}

// Who may discard, and whom, as far as it is covered. What `from` has settled is built upon.
class Voided {
 public:
  Voided(const Charter& charter, const Knowledge& knowledge, const std::vector<RecordPtr>& newest,
         const BasePtr& from)
      : charter_(charter), knowledge_(knowledge), newest_(newest), from_(from) {}
  // In the order of the merge: what is void makes nothing void.
  void add(const SignedRecord& record) {
    const auto change = Change::from_body(record.record.body);
    if (change && !change->voids.empty() && charter_.judge(record.record) == Charter::Verdict::valid &&
        !contains(record))
      discards_.add(discard_by(record, charter_), change->voids);
  }
  [[nodiscard]] bool contains(const SignedRecord& change) const {
    const auto knew = [this](const RecordId& earlier, const RecordId& later) {
      return knowledge_.before(earlier, later);
    };
    const auto is_built_upon = [&] {
      return (from_ && from_->log.kept.contains(change.id)) || built_upon(change, newest_, knew, charter_);
    };
    return discards_.reason(change, is_built_upon).has_value();
  }

 private:
  const Charter& charter_;
  const Knowledge& knowledge_;
  const std::vector<RecordPtr>& newest_;
  const BasePtr& from_;
  Discards discards_;
};

std::vector<RecordPtr> newest_of(const Changelog& log, const VersionVector& vector) {
  std::vector<RecordPtr> newest;
  for (const auto& [chain, head] : vector) {
    if (RecordPtr record = log.get(head.id)) newest.push_back(std::move(record));
  }
  return newest;
}

// What is covered, and what it takes to fold it.
struct Gathered {
  std::vector<RecordPtr> kept;
  Stretch stretch;
  std::shared_ptr<const Knowledge> records;
};

// It is folded once.
constexpr MergeLimits once{.undo_changes = 0, .snapshot_bytes = 0};

}  // namespace

bool has_lasting_effect(const Record& record) {
  switch (record.kind) {
    case RecordKind::change: {
      const auto change = Change::from_body(record.body);
      return change && !change->voids.empty();
    }
    case RecordKind::anchor:
    case RecordKind::checkpoint:
      return level_raised_by(record) != 0;
    default:
      return true;
  }
}

namespace {

Task<Result<Gathered>> gather(Slices& slices, const Changelog& log, JoinChecks& checks, FleetId fleet,
                              BasePtr from, VersionVector vector, Hlc latest) {
  Covered covered(log, vector, from, latest);
  LIBP2P_CO_CHECK(covered.check_heads());
  LIBP2P_CO_CHECK(co_await covered.collect(slices));
  LIBP2P_CO_TRY(std::vector<RecordPtr> kept, lasting(log, from, covered));
  LIBP2P_CO_CHECK(co_await slices.pause());
  const Charter charter = Charter::evaluate(fleet, kept, checks);
  std::vector<LevelFrom> levels = levels_in(kept, charter);
  if (Levels(levels).last() > newest_merge_level)
    co_return fail(Errc::not_supported, "a newer version's rules are asked for (M9)");
  const auto knowledge = std::make_shared<Knowledge>();
  for (const RecordPtr& record : covered.records()) {
    knowledge->add(*record);
    LIBP2P_CO_CHECK(co_await slices.step());
  }
  const std::vector<RecordPtr> newest = newest_of(log, vector);
  Voided voided(charter, *knowledge, newest, from);
  for (const RecordPtr& record : kept) voided.add(*record);
  Stretch stretch{{},
                  [knowledge](const RecordId& earlier, const RecordId& later) {
                    return knowledge->before(earlier, later);
                  },
                  nullptr};
  for (const RecordPtr& record : covered.records()) {
    LIBP2P_CO_CHECK(co_await slices.step());
    if (record->record.kind == RecordKind::change && !voided.contains(*record) &&
        charter.judge(record->record) == Charter::Verdict::valid)
      stretch.changes.push_back(record->id);
  }
  stretch.merge = std::make_unique<Merge>(stretch.knew, once);
  if (from) stretch.merge->set_base(from->state);
  stretch.merge->set_levels(std::move(levels));
  co_return Gathered{std::move(kept), std::move(stretch), knowledge};
}

std::unexpected<Error> not_held(const RecordId& checkpoint) {
  return fail(Errc::not_found, "that lies behind the checkpoint " + to_cid(checkpoint) +
                                   ", and what it covers is not all held here any more");
}

}  // namespace

Task<Result<Derived>> derive(Env env, const Changelog& log, JoinChecks& checks, FleetId fleet, BasePtr from,
                             VersionVector vector, Hlc latest) {
  Slices slices(env, log);
  LIBP2P_CO_TRY(Gathered gathered,
                co_await gather(slices, log, checks, fleet, from, std::move(vector), latest));
  Merge& merge = *gathered.stretch.merge;
  for (const RecordId& id : gathered.stretch.changes) {
    const Record& record = log.get(id)->record;
    if (auto change = Change::from_body(record.body)) merge.add({id, record.hlc, std::move(*change)});
    LIBP2P_CO_CHECK(co_await slices.step());
  }
  while (!merge.advance_provenance(slice_changes)) LIBP2P_CO_CHECK(co_await slices.pause());
  co_return Derived{merge.revision(), merge.state(), ids_of(gathered.kept)};
}

Task<Result<SettledStretch>> recall(Env env, const Changelog& log, JoinChecks& checks, FleetId fleet,
                                    RecordId checkpoint) {
  const RecordPtr record = log.get(checkpoint);
  const auto said = record ? Checkpoint::from_body(record->record.body) : fail(Errc::not_found, "");
  if (!said) co_return not_held(checkpoint);
  const RecordId follows = said->anchor.base;
  BasePtr from;
  if (!follows.is_zero()) {
    const RecordPtr before = log.get(follows);
    if (!before) co_return not_held(checkpoint);
    LIBP2P_CO_TRY(from, read_base(before));
  }
  Slices slices(env, log);
  auto gathered =
      co_await gather(slices, log, checks, fleet, from, said->anchor.vector, latest_covered(record->record));
  if (!gathered && gathered.error().code == Errc::not_found) co_return not_held(checkpoint);
  if (!gathered) co_return std::unexpected(gathered.error());
  co_return SettledStretch{std::move(gathered->stretch), std::move(gathered->records), follows};
}

}  // namespace starling
