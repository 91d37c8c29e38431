#include "starling/history/past.hpp"

#include <algorithm>

#include "libp2p/base/blocking.hpp"
#include "starling/history/tips.hpp"
#include "starling/history/unseen.hpp"
#include "starling/merge/revision.hpp"

namespace starling {
namespace {

std::unexpected<Error> takes_no_part(const RecordId& change) {
  return fail(
      Errc::not_found,
      "the change " + to_cid(change) +
          " takes no part in the merge here, or no longer by itself: `starling show` tells its state");
}

std::unexpected<Error> too_far(std::size_t changes) {
  return fail(Errc::not_found,
              "that is further back than the history goes: it has " + std::to_string(changes) + " changes");
}

// That takes as long as many slices do.
Task<> give_back(Env env, std::unique_ptr<PastFold> fold) {
  (void)co_await libp2p::run_blocking(env, [fold = std::move(fold)]() mutable {
    fold.reset();
    return true;
  });
}

}  // namespace

Past::Past(Env env, const Changelog& log, Merge& merge, const RevisionLog& revisions, PastLimits limits,
           Settled settled)
    : env_(env),
      log_(log),
      merge_(merge),
      revisions_(revisions),
      limits_(limits),
      settled_(std::move(settled)),
      turns_(env.executor) {}

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
  LIBP2P_CO_TRY(Section section, co_await section_of({std::move(heads), std::nullopt, std::nullopt}));
  auto fold = std::make_unique<PastFold>(log_, std::move(section.stretch), std::move(section.known));
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
  if (merge_.size() == 0 && !merge_.base()) return std::nullopt;
  PastState state{tips_of(log_, [this](const SignedRecord& record) { return merge_.contains(record.id); }),
                  merge_.result().document, merge_.revision()};
  if (newest && newest->changes == 0) return lasting(std::move(state));
  const auto known = revision ? revisions_.find(revision->digits) : fail(Errc::not_found, "");
  if (!known || merge_.revision() != (*known)->revision) return std::nullopt;
  PastState then{(*known)->heads, state.tree, (*known)->revision};
  then = lasting(std::move(then));
  // Who saw it then saw what is there now.
  return then.behind ? lasting(std::move(state)) : then;
}

Result<Past::Target> Past::target_of(const Point& point) const {
  if (const auto* revision = std::get_if<AtRevision>(&point)) return at_revision(*revision);
  if (const auto* change = std::get_if<AtChange>(&point)) return at_change(*change);
  return back(std::get<BeforeNewest>(point));
}

Result<Past::Target> Past::at_revision(const AtRevision& point) const {
  const auto known = revisions_.find(point.digits);
  if (known) return Target{(*known)->heads, (*known)->revision, std::nullopt};
  if (known.error().code == Errc::not_found && point.digits.size() == 64) {
    // A change's id may be written in hexadecimal, too.
    LIBP2P_TRY(const RecordId change, parse_record_id(point.digits));
    if (log_.holds(change)) return at_change({change});
  }
  return std::unexpected(known.error());
}

Result<Past::Target> Past::at_change(const AtChange& point) const {
  const RecordPtr record = log_.get(point.change);
  if (!record || record->record.kind != RecordKind::change) return no_change_here(point.change);
  if (!merge_.contains(point.change) && !is_settled(point.change)) return takes_no_part(point.change);
  return Target{std::vector<RecordId>{point.change}, std::nullopt, point.change};
}

Result<Past::Target> Past::back(const BeforeNewest& point) const {
  if (point.changes >= merge_.size() && point.changes > 0 && !merge_.base()) return too_far(merge_.size());
  return Target{point, std::nullopt, std::nullopt};
}

std::unexpected<Error> Past::no_change_here(const RecordId& id) const {
  std::string why = "no change has the id " + to_cid(id);
  const RecordId checkpoint = settled_.checkpoint();
  if (!checkpoint.is_zero())
    why += " here: if it lies behind the checkpoint " + to_cid(checkpoint) + ", it was dropped";
  return fail(Errc::not_found, std::move(why));
}

Result<std::vector<RecordId>> Past::written_upon(const RecordId& change) const {
  const RecordPtr record = log_.get(change);
  if (!record || record->record.kind != RecordKind::change) return no_change_here(change);
  std::vector<RecordId> heads = record->record.parents;
  if (!record->record.prev.is_zero()) heads.push_back(record->record.prev);
  return heads;
}

// ---- where that lies ----

bool Past::is_settled(const RecordId& id) const {
  const RecordPtr record = log_.get(id);
  return merge_.base() != nullptr && (!record || log_.is_settled(record->record));
}

bool Past::is_behind(const Target& target) const {
  if (const auto* back = std::get_if<BeforeNewest>(&target.known)) return back->changes > merge_.size();
  const auto& heads = std::get<std::vector<RecordId>>(target.known);
  return !heads.empty() && std::ranges::all_of(heads, [this](const RecordId& id) { return is_settled(id); });
}

Task<Result<Past::Section>> Past::section_of(Target target) const {
  if (is_behind(target)) co_return co_await section_behind(std::move(target));
  Section section{present_stretch(log_, merge_), std::size_t{0}, std::nullopt};
  if (auto* heads = std::get_if<std::vector<RecordId>>(&target.known)) {
    section.known = std::move(*heads);
  } else {
    section.known = merge_.size() - std::get<BeforeNewest>(target.known).changes;
  }
  co_return section;
}

// From checkpoint to checkpoint, to the stretch in which any of the heads is, or that has so many changes.
Task<Result<Past::Section>> Past::section_behind(Target target) const {
  const auto* heads = std::get_if<std::vector<RecordId>>(&target.known);
  const std::size_t back = heads ? 0 : std::get<BeforeNewest>(target.known).changes;
  std::size_t passed = merge_.size();
  for (RecordId checkpoint = settled_.checkpoint(); !checkpoint.is_zero();) {
    LIBP2P_CO_TRY(SettledStretch found, co_await settled_.recall(checkpoint));
    const std::vector<RecordId>& changes = found.stretch.changes;
    const auto is_here = [&](const RecordId& head) { return found.records->contains(head); };
    if (heads && std::ranges::any_of(*heads, is_here)) {
      if (target.change && std::ranges::find(changes, *target.change) == changes.end())
        co_return takes_no_part(*target.change);
      co_return Section{std::move(found.stretch), *heads, checkpoint};
    }
    const std::size_t reached = passed + changes.size();
    if (!heads && (back < reached || (back == reached && !found.follows.is_zero()))) {
      const std::size_t oldest = reached - back;
      co_return Section{std::move(found.stretch), oldest, checkpoint};
    }
    passed = reached;
    checkpoint = found.follows;
  }
  if (!heads) co_return too_far(passed);
  co_return fail(Errc::not_found, "what was known there is not held here any more");
}

PastState Past::lasting(PastState state) const {
  const RecordPtr checkpoint = log_.get(settled_.checkpoint());
  if (!checkpoint) return state;
  const auto settled = std::erase_if(state.heads, [this](const RecordId& id) { return is_settled(id); });
  if (settled == 0 && !state.heads.empty()) return state;
  // What came while it was written it knew, and doesn't cover.
  std::vector<RecordId> known = checkpoint->record.parents;
  known.push_back(checkpoint->record.prev);
  std::vector<RecordId> seen = state.heads;
  seen.emplace_back();  // and what is settled
  const auto takes_part = [this](const SignedRecord& record) { return merge_.contains(record.id); };
  if (!unseen(log_, known, seen, takes_part, 1).empty()) state.behind = checkpoint->id;
  state.heads.push_back(checkpoint->id);
  std::ranges::sort(state.heads);
  return state;
}

// ---- what it was like there ----

// Whatever level held then (M9).
Task<bool> Past::is_named(json::value tree, RevisionId revision) const {
  for (unsigned level = first_merge_level; level <= newest_merge_level; ++level) {
    if (revision_of(tree, level) == revision) co_return true;
    co_await libp2p::yield_now(env_);
  }
  co_return false;
}

// The checkpoint's own state is there, whatever has been forgotten.
Task<std::optional<PastState>> Past::begun_with(Target target) const {
  if (!target.revision || !is_behind(target)) co_return std::nullopt;
  PastState state{std::get<std::vector<RecordId>>(target.known), merge_.base()->document, target.revision};
  if (!co_await is_named(state.tree, *target.revision)) co_return std::nullopt;
  co_return lasting(std::move(state));
}

Task<Result<PastState>> Past::fold(Target target) const {
  if (auto begun = co_await begun_with(target)) co_return std::move(*begun);
  LIBP2P_CO_TRY(Section section, co_await section_of(target));
  auto fold = std::make_unique<PastFold>(log_, std::move(section.stretch), std::move(section.known));
  while (true) {
    LIBP2P_CO_TRY(const bool done, fold->advance(limits_.slice));
    if (done) break;
    co_await libp2p::yield_now(env_);
  }
  PastState state{fold->heads(), {}, std::nullopt};
  co_await libp2p::yield_now(env_);
  if (fold->merge().size() > 0 || fold->merge().base()) state.revision = fold->merge().revision();
  state.tree = std::move(fold->merge()).take().document;
  co_await give_back(env_, std::move(fold));
  // Where nothing has come between, it is the checkpoint's state.
  if (section.settled_by && !(merge_.base() && same_json(state.tree, merge_.base()->document)))
    state.behind = section.settled_by;
  if (!state.behind) state = lasting(std::move(state));
  if (!target.revision) co_return state;
  const bool is_it = state.revision == target.revision || co_await is_named(state.tree, *target.revision);
  state.revision = target.revision;
  if (is_it) co_return state;
  co_return fail(Errc::not_found,
                 "changes that made up the revision " + to_hex(*target.revision) +
                     " count no longer, or others do that did not count then: name a change instead");
}

}  // namespace starling
