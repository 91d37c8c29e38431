#include "starling/history/past_fold.hpp"

#include <algorithm>

namespace starling {

PastFold::PastFold(const Changelog& log, Merge& merge, KnownThen known)
    : log_(log),
      drops_(log.drops()),
      known_(std::move(known)),
      merge_(merge.begin_anew([&log](const RecordId& earlier, const RecordId& later) {
        return log.happened_before(earlier, later);
      })) {
  const std::vector<ChangeFate>& order = merge.result().fates;
  const auto* oldest = std::get_if<std::size_t>(&known_);
  const std::size_t count = oldest ? std::min(*oldest, order.size()) : order.size();
  taking_part_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) taking_part_.push_back(order[i].id);
}

Result<bool> PastFold::advance(std::size_t changes) {
  LIBP2P_TRY(const bool prepared, prepare(changes));
  return prepared && merge_->advance(changes);
}

Result<bool> PastFold::advance_provenance(std::size_t changes) {
  LIBP2P_TRY(const bool prepared, prepare(changes));
  return prepared && merge_->advance_provenance(changes);
}

// One slice is of one thing alone.
Result<bool> PastFold::prepare(std::size_t changes) {
  // Who knew whom is not what it was.
  if (log_.drops() != drops_) return fail(Errc::busy, "records were forgotten meanwhile: try again");
  if (looked_at_ == taking_part_.size()) return true;
  const std::size_t end = looked_at_ + std::min(taking_part_.size() - looked_at_, changes);
  for (; looked_at_ < end; ++looked_at_) {
    if (was_known(taking_part_[looked_at_])) LIBP2P_CHECK(add(*log_.get(taking_part_[looked_at_])));
  }
  return false;
}

bool PastFold::was_known(const RecordId& change) const {
  const auto* heads = std::get_if<std::vector<RecordId>>(&known_);
  return heads == nullptr || std::ranges::any_of(*heads, [&](const RecordId& head) {
           return head == change || log_.happened_before(change, head);
         });
}

Result<> PastFold::add(const SignedRecord& record) {
  LIBP2P_TRY(Change change, Change::from_body(record.record.body));
  merge_->add({record.id, record.record.hlc, std::move(change)});
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
    return std::ranges::none_of(tips_,
                                [&](const RecordId& other) { return log_.happened_before(tip, other); });
  });
  return heads;
}

}  // namespace starling
