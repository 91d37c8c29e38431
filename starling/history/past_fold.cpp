#include "starling/history/past_fold.hpp"

#include <algorithm>

namespace starling {

Stretch present_stretch(const Changelog& log, Merge& merge) {
  Stretch stretch{
      {},
      [&log](const RecordId& earlier, const RecordId& later) { return log.happened_before(earlier, later); },
      nullptr};
  const std::vector<ChangeFate>& order = merge.result().fates;
  stretch.changes.reserve(order.size());
  for (const ChangeFate& fate : order) stretch.changes.push_back(fate.id);
  stretch.merge = merge.begin_anew(stretch.knew);
  return stretch;
}

PastFold::PastFold(const Changelog& log, Stretch stretch, KnownThen known)
    : log_(log), drops_(log.drops()), known_(std::move(known)), stretch_(std::move(stretch)) {
  if (const auto* oldest = std::get_if<std::size_t>(&known_))
    stretch_.changes.resize(std::min(*oldest, stretch_.changes.size()));
}

Result<bool> PastFold::advance(std::size_t changes) {
  LIBP2P_TRY(const bool prepared, prepare(changes));
  return prepared && stretch_.merge->advance(changes);
}

Result<bool> PastFold::advance_provenance(std::size_t changes) {
  LIBP2P_TRY(const bool prepared, prepare(changes));
  return prepared && stretch_.merge->advance_provenance(changes);
}

// One slice is of one thing alone.
Result<bool> PastFold::prepare(std::size_t changes) {
  // Who knew whom is not what it was.
  const auto forgotten = [] { return fail(Errc::busy, "records were forgotten meanwhile: try again"); };
  if (log_.drops() != drops_) return forgotten();
  if (looked_at_ == stretch_.changes.size()) return true;
  const std::size_t end = looked_at_ + std::min(stretch_.changes.size() - looked_at_, changes);
  for (; looked_at_ < end; ++looked_at_) {
    if (!was_known(stretch_.changes[looked_at_])) continue;
    const RecordPtr record = log_.get(stretch_.changes[looked_at_]);
    if (!record) return forgotten();
    LIBP2P_CHECK(add(*record));
  }
  return false;
}

bool PastFold::was_known(const RecordId& change) const {
  const auto* heads = std::get_if<std::vector<RecordId>>(&known_);
  return heads == nullptr || std::ranges::any_of(*heads, [&](const RecordId& head) {
           return head == change || stretch_.knew(change, head);
         });
}

Result<> PastFold::add(const SignedRecord& record) {
  LIBP2P_TRY(Change change, Change::from_body(record.record.body));
  stretch_.merge->add({record.id, record.record.hlc, std::move(change)});
  tips_.erase(record.record.prev);
  for (const RecordId& parent : record.record.parents) tips_.erase(parent);
  tips_.insert(record.id);
  return {};
}

// Of what is named through a record that is no change the tips still hold both.
std::vector<RecordId> PastFold::heads() const {
  if (const auto* heads = std::get_if<std::vector<RecordId>>(&known_)) return *heads;
  std::vector<RecordId> heads;
  std::ranges::copy_if(tips_, std::back_inserter(heads), [this](const RecordId& tip) {
    return std::ranges::none_of(tips_, [&](const RecordId& other) { return stretch_.knew(tip, other); });
  });
  return heads;
}

}  // namespace starling
