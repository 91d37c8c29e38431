#include "starling/api/change_lookup.hpp"

#include <algorithm>

#include "starling/history/point.hpp"
#include "starling/model/order.hpp"

namespace starling {
namespace {

constexpr std::size_t min_characters = 12;

// What nobody finds that is looked for by its id.
std::string dropped(const Fleet& fleet) {
  if (!fleet.horizon()) return {};
  return " What lies behind the checkpoint " + to_cid(fleet.horizon()->record->id) + " was dropped.";
}

Result<RecordPtr> back_from_newest(const Fleet& fleet, std::size_t steps) {
  std::vector<RecordPtr> changes;
  std::ranges::copy_if(fleet.log().records(), std::back_inserter(changes),
                       [&](const RecordPtr& record) { return fleet.is_folded(*record); });
  if (steps >= changes.size()) {
    return fail(Errc::not_found,
                "The history holds " + std::to_string(changes.size()) + " changes." + dropped(fleet));
  }
  std::ranges::sort(changes, [](const RecordPtr& a, const RecordPtr& b) { return comes_before(*b, *a); });
  return std::move(changes[steps]);
}

bool is_change(const RecordPtr& record) { return record && record->record.kind == RecordKind::change; }

// Errors: invalid_argument, several begin so. None: nullptr.
Result<RecordPtr> beginning_with(const Fleet& fleet, std::string_view beginning) {
  RecordPtr found;
  if (beginning.size() < min_characters) return found;
  for (const RecordPtr& record : fleet.log().records()) {
    if (!is_change(record) || !to_cid(record->id).starts_with(beginning)) continue;
    if (found) {
      return fail(Errc::invalid_argument,
                  "Several changes have ids that begin with " + libp2p::printable(beginning) + ".");
    }
    found = record;
  }
  return found;
}

}  // namespace

Result<RecordPtr> find_change(const Fleet& fleet, std::string_view name) {
  const auto point = parse_point(name);
  if (const auto* newest = point ? std::get_if<BeforeNewest>(&*point) : nullptr)
    return back_from_newest(fleet, newest->changes);
  RecordPtr found;
  if (const auto id = parse_record_id(name)) {
    found = fleet.log().get(*id);
  } else {
    LIBP2P_TRY(found, beginning_with(fleet, name));
  }
  if (is_change(found)) return found;
  return fail(Errc::not_found, "No change has the id " + libp2p::printable(name.substr(0, 100)) +
                                   ": give one as `starling history` shows it, its first 12 characters "
                                   "or more, HEAD, or HEAD~N." +
                                   dropped(fleet));
}

}  // namespace starling
