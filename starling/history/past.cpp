#include "starling/history/past.hpp"

#include "starling/history/causal_past.hpp"
#include "starling/history/tips.hpp"
#include "starling/merge/revision.hpp"

namespace starling {

Result<PastState> Past::at(const Point& point) const {
  if (const auto* revision = std::get_if<AtRevision>(&point)) return at_revision(*revision);
  if (const auto* change = std::get_if<AtChange>(&point)) return at_change(*change);
  return back(std::get<BeforeNewest>(point));
}

Result<PastState> Past::at_revision(const AtRevision& point) const {
  const auto known = revisions_.find(point.digits);
  if (!known && known.error().code == Errc::not_found && point.digits.size() == 64) {
    // A change's id may be written in hexadecimal, too.
    LIBP2P_TRY(const RecordId change, parse_record_id(point.digits));
    if (log_.holds(change)) return at_change({change});
  }
  if (!known) return std::unexpected(known.error());
  const RevisionId revision = (*known)->revision;
  if (merge_.size() > 0 && merge_.revision() == revision)
    return PastState{(*known)->heads, merge_.result().document, revision};
  LIBP2P_TRY(PastState state, fold_at((*known)->heads));
  // Its level is the one that held then (M9).
  bool is_it = false;
  for (unsigned level = first_merge_level; level <= newest_merge_level && !is_it; ++level)
    is_it = revision_of(state.tree, level) == revision;
  state.revision = revision;
  if (!is_it) {
    return fail(Errc::not_found,
                "changes that made up the revision " + to_hex(revision) +
                    " count no longer, or others do that did not count then: name a change instead");
  }
  return state;
}

Result<PastState> Past::at_change(const AtChange& point) const {
  const RecordPtr record = log_.get(point.change);
  if (!record || record->record.kind != RecordKind::change)
    return fail(Errc::not_found, "no change has the id " + to_cid(point.change));
  if (!merge_.contains(point.change)) {
    return fail(
        Errc::not_found,
        "the change " + to_cid(point.change) +
            " takes no part in the merge here, or no longer by itself: `starling show` tells its state");
  }
  return fold_at({point.change});
}

Result<PastState> Past::back(const BeforeNewest& point) const {
  const std::vector<ChangeFate>& order = merge_.result().fates;
  if (point.changes >= order.size() && point.changes > 0) {
    return fail(Errc::not_found, "that is further back than the history goes: it has " +
                                     std::to_string(order.size()) + " changes");
  }
  std::set<RecordId> known;
  for (const ChangeFate& fate : std::span(order).first(order.size() - point.changes)) known.insert(fate.id);
  std::vector<RecordId> heads =
      tips_of(log_, [&known](const SignedRecord& record) { return known.contains(record.id); });
  if (point.changes > 0 || order.empty()) return fold_at(std::move(heads));
  return PastState{std::move(heads), merge_.result().document, merge_.revision()};
}

Result<Before> Past::before(const RecordId& change) const {
  const RecordPtr record = log_.get(change);
  if (!record || record->record.kind != RecordKind::change)
    return fail(Errc::not_found, "no change has the id " + to_cid(change));
  std::vector<RecordId> heads = record->record.parents;
  if (!record->record.prev.is_zero()) heads.push_back(record->record.prev);
  LIBP2P_TRY(const std::unique_ptr<Merge> merge, merge_of(causal_past(log_, heads)));
  return Before{merge->result().document, merge->provenance()};
}

Result<PastState> Past::fold_at(std::vector<RecordId> heads) const {
  LIBP2P_TRY(const std::unique_ptr<Merge> merge, merge_of(causal_past(log_, heads)));
  PastState state{std::move(heads), merge->result().document, std::nullopt};
  if (merge->size() > 0) state.revision = merge->revision();
  return state;
}

Result<std::unique_ptr<Merge>> Past::merge_of(const std::set<RecordId>& records) const {
  std::unique_ptr<Merge> merge = merge_.begin_anew();
  for (const RecordId& id : records) {
    if (!merge_.contains(id)) continue;
    const RecordPtr record = log_.get(id);
    LIBP2P_TRY(Change change, Change::from_body(record->record.body));
    merge->add({id, record->record.hlc, std::move(change)});
  }
  return merge;
}

}  // namespace starling
