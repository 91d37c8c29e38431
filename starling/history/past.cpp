#include "starling/history/past.hpp"

#include "libp2p/base/blocking.hpp"
#include "starling/history/tips.hpp"
#include "starling/merge/revision.hpp"

namespace starling {
namespace {

// That takes as long as many slices do.
Task<> give_back(Env env, std::unique_ptr<PastFold> fold) {
  (void)co_await libp2p::run_blocking(env, [fold = std::move(fold)]() mutable {
    fold.reset();
    return true;
  });
}

}  // namespace

Past::Past(Env env, const Changelog& log, Merge& merge, const RevisionLog& revisions, PastLimits limits)
    : env_(env), log_(log), merge_(merge), revisions_(revisions), limits_(limits), turns_(env.executor) {}

Task<Result<PastState>> Past::at(Point point) {
  if (auto present = present_at(point)) co_return std::move(*present);
  LIBP2P_CO_CHECK(target_of(point));
  LIBP2P_CO_CHECK(has_room());
  const auto turn = co_await turns_.take();
  // What was there when it was asked for may have been forgotten since.
  LIBP2P_CO_TRY(Target target, target_of(point));
  co_return co_await fold(std::move(target));
}

Task<Result<Before>> Past::before(RecordId change) {
  LIBP2P_CO_CHECK(written_upon(change));
  LIBP2P_CO_CHECK(has_room());
  const auto turn = co_await turns_.take();
  LIBP2P_CO_TRY(std::vector<RecordId> heads, written_upon(change));
  auto fold = std::make_unique<PastFold>(log_, merge_, std::move(heads));
  while (true) {
    LIBP2P_CO_TRY(const bool done, fold->advance_provenance(limits_.slice));
    if (done) break;
    co_await libp2p::yield_now(env_);
  }
  Before before{{}, fold->merge().provenance()};
  before.tree = std::move(fold->merge()).take().document;
  co_await give_back(env_, std::move(fold));
  co_return before;
}

Task<Result<>> Past::prepare_provenance() {
  // What comes late makes it begin anew; what comes in time costs a slice more at most.
  for (std::size_t left = 2 * merge_.size() / limits_.slice + 64; left > 0; --left) {
    if (merge_.advance_provenance(limits_.slice)) co_return Result<>{};
    co_await libp2p::yield_now(env_);
  }
  co_return fail(Errc::busy, "changes come in faster than who made them is worked out: try again");
}

Result<> Past::has_room() const {
  if (turns_.size() < limits_.asked) return {};
  return fail(Errc::busy, "the past is being looked at by as many others as can be: try again");
}

// ---- which point is meant ----

std::optional<PastState> Past::present_at(const Point& point) const {
  const auto* revision = std::get_if<AtRevision>(&point);
  const auto* newest = std::get_if<BeforeNewest>(&point);
  if (merge_.size() == 0) return std::nullopt;
  if (newest && newest->changes == 0) {
    return PastState{tips_of(log_, [this](const SignedRecord& record) { return merge_.contains(record.id); }),
                     merge_.result().document, merge_.revision()};
  }
  const auto known = revision ? revisions_.find(revision->digits) : fail(Errc::not_found, "");
  if (!known || merge_.revision() != (*known)->revision) return std::nullopt;
  return PastState{(*known)->heads, merge_.result().document, (*known)->revision};
}

Result<Past::Target> Past::target_of(const Point& point) const {
  if (const auto* revision = std::get_if<AtRevision>(&point)) return at_revision(*revision);
  if (const auto* change = std::get_if<AtChange>(&point)) return at_change(*change);
  return back(std::get<BeforeNewest>(point));
}

Result<Past::Target> Past::at_revision(const AtRevision& point) const {
  const auto known = revisions_.find(point.digits);
  if (known) return Target{(*known)->heads, (*known)->revision};
  if (known.error().code == Errc::not_found && point.digits.size() == 64) {
    // A change's id may be written in hexadecimal, too.
    LIBP2P_TRY(const RecordId change, parse_record_id(point.digits));
    if (log_.holds(change)) return at_change({change});
  }
  return std::unexpected(known.error());
}

Result<Past::Target> Past::at_change(const AtChange& point) const {
  const RecordPtr record = log_.get(point.change);
  if (!record || record->record.kind != RecordKind::change)
    return fail(Errc::not_found, "no change has the id " + to_cid(point.change));
  if (!merge_.contains(point.change)) {
    return fail(
        Errc::not_found,
        "the change " + to_cid(point.change) +
            " takes no part in the merge here, or no longer by itself: `starling show` tells its state");
  }
  return Target{std::vector<RecordId>{point.change}, std::nullopt};
}

Result<Past::Target> Past::back(const BeforeNewest& point) const {
  if (point.changes >= merge_.size() && point.changes > 0) {
    return fail(Errc::not_found, "that is further back than the history goes: it has " +
                                     std::to_string(merge_.size()) + " changes");
  }
  return Target{merge_.size() - point.changes, std::nullopt};
}

Result<std::vector<RecordId>> Past::written_upon(const RecordId& change) const {
  const RecordPtr record = log_.get(change);
  if (!record || record->record.kind != RecordKind::change)
    return fail(Errc::not_found, "no change has the id " + to_cid(change));
  std::vector<RecordId> heads = record->record.parents;
  if (!record->record.prev.is_zero()) heads.push_back(record->record.prev);
  return heads;
}

// ---- what it was like there ----

Task<Result<PastState>> Past::fold(Target target) const {
  auto fold = std::make_unique<PastFold>(log_, merge_, std::move(target.known));
  while (true) {
    LIBP2P_CO_TRY(const bool done, fold->advance(limits_.slice));
    if (done) break;
    co_await libp2p::yield_now(env_);
  }
  PastState state{fold->heads(), {}, std::nullopt};
  co_await libp2p::yield_now(env_);
  if (fold->merge().size() > 0) state.revision = fold->merge().revision();
  state.tree = std::move(fold->merge()).take().document;
  co_await give_back(env_, std::move(fold));
  if (!target.revision) co_return state;
  // Its level is the one that held then (M9).
  bool is_it = state.revision == target.revision;
  for (unsigned level = first_merge_level; level <= newest_merge_level && !is_it; ++level) {
    co_await libp2p::yield_now(env_);
    is_it = revision_of(state.tree, level) == target.revision;
  }
  state.revision = target.revision;
  if (is_it) co_return state;
  co_return fail(Errc::not_found,
                 "changes that made up the revision " + to_hex(*target.revision) +
                     " count no longer, or others do that did not count then: name a change instead");
}

}  // namespace starling
