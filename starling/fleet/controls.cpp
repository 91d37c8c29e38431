#include "starling/fleet/controls.hpp"

#include <algorithm>

#include "starling/model/order.hpp"

namespace starling {
namespace {

bool counts(const SignedRecord& record, const Charter& charter, const Changelog& log) {
  return log.stands(record) && charter.judge(record.record) == Charter::Verdict::valid;
}

// The role under which its author acts.
Role role_of(const Record& record, const Charter& charter) {
  const auto grant = charter.grant(record.grant);
  return grant ? grant->role : Role::root;
}

}  // namespace

void Controls::add(const RecordPtr& record) {
  const Bytes& body = record->record.body;
  switch (record->record.kind) {
    case RecordKind::anchor:
      if (auto anchor = Anchor::from_body(body))
        anchors_.try_emplace(record->id, Anchored{record, std::move(*anchor)});
      break;
    case RecordKind::checkpoint:
      if (auto checkpoint = Checkpoint::from_body(body)) {
        anchors_.try_emplace(record->id, Anchored{record, std::move(checkpoint->anchor)});
      }
      break;
    case RecordKind::ruling:
      if (auto ruling = Ruling::from_body(body))
        rulings_.try_emplace(record->id, Ruled{record, std::move(*ruling)});
      break;
    default:
      break;
  }
}

void Controls::forget(const RecordId& id) { anchors_.erase(id); }

std::vector<const Controls::Anchored*> Controls::anchors(const Charter& charter, const Changelog& log) const {
  std::vector<const Anchored*> standing;
  for (const auto& [id, anchored] : anchors_) {
    if (counts(*anchored.record, charter, log)) standing.push_back(&anchored);
  }
  std::ranges::sort(
      standing, [](const Anchored* a, const Anchored* b) { return comes_before(*a->record, *b->record); });
  return standing;
}

std::vector<const Controls::Ruled*> Controls::rulings(const Charter& charter, const Changelog& log) const {
  std::vector<const Ruled*> standing;
  for (const auto& [id, ruled] : rulings_) {
    if (counts(*ruled.record, charter, log)) standing.push_back(&ruled);
  }
  std::ranges::sort(standing, {}, [&](const Ruled* ruled) {
    const Record& record = ruled->record->record;
    return std::tuple(role_of(record, charter), record.hlc, ruled->record->id);
  });
  return standing;
}

Protections Controls::protections(const Charter& charter, const Changelog& log) const {
  Protections protections;
  for (const auto& [chain, head] : log.vector()) {
    if (head.fork) protections[chain];
  }
  if (protections.empty()) return protections;
  for (const Ruled* ruled : rulings(charter, log)) {
    const auto said = protections.find(ruled->ruling.chain);
    if (said != protections.end()) said->second.rulings.push_back({ruled->ruling.seq, ruled->ruling.stands});
  }
  std::vector<const Anchored*> by_weight = anchors(charter, log);
  std::ranges::sort(by_weight, {}, [&](const Anchored* anchored) {
    const Record& record = anchored->record->record;
    return std::tuple(role_of(record, charter), record.hlc, anchored->record->id);
  });
  for (const Anchored* anchored : by_weight) {
    for (auto& [chain, said] : protections) {
      const auto covered = anchored->anchor.vector.find(chain);
      if (covered != anchored->anchor.vector.end() && covered->second.seq >= log.vector().at(chain).fork->seq)
        said.anchored.push_back(covered->second.id);
    }
  }
  return protections;
}

std::vector<RecordPtr> Controls::followers(const RecordId& id, const Charter& charter,
                                           const Changelog& log) const {
  std::vector<RecordPtr> found;
  for (const auto& [own, anchored] : anchors_) {
    if (anchored.is_checkpoint() && anchored.anchor.base == id && log.stands_by_itself(*anchored.record) &&
        charter.judge(anchored.record->record) == Charter::Verdict::valid)
      found.push_back(anchored.record);
  }
  return found;
}

const Controls::Anchored* Controls::find(const RecordId& id) const {
  const auto found = anchors_.find(id);
  return found == anchors_.end() ? nullptr : &found->second;
}

RecordPtr Controls::ruling_on(const ChainId& chain, const Charter& charter, const Changelog& log) const {
  for (const Ruled* ruled : rulings(charter, log)) {
    if (ruled->ruling.chain == chain) return ruled->record;
  }
  return nullptr;
}

}  // namespace starling
