#include "starling/api/preconditions.hpp"

#include <algorithm>
#include <ranges>

#include "starling/api/change_json.hpp"
#include "starling/api/handlers/config_handler.hpp"
#include "starling/history/unseen.hpp"

namespace starling {
namespace {

constexpr std::size_t most_told = 20;  // changes, and places of each

struct Moved {
  json::array list;    // {scope, path, change, author…}
  std::string newest;  // who did it, and where, for people
};

void tell(const ApiContext& context, const RecordId& change, const std::vector<Path>& places, Moved& moved) {
  std::string where;
  for (const Path& place : places | std::views::take(most_told)) {
    json::object entry = place_json(place);
    for (auto& member : authorship_json(context, change)) entry[member.key()] = member.value();
    moved.list.push_back(std::move(entry));
    where += (where.empty() ? "" : ", ") + to_text(place_of(place));
  }
  if (moved.newest.empty())
    moved.newest = authorship_text(context, change) + (where.empty() ? "" : ": " + where);
}

std::vector<Path> places_of(const SignedRecord& record) {
  std::vector<Path> places;
  if (const auto change = Change::from_body(record.record.body)) {
    for (const Edit& edit : change->edits) places.push_back(path_in_tree(edit.scope, edit.path));
  }
  return places;
}

// The changes that came after the version that the request names, newest first; of one that is not known, the
// newest change of all.
Moved moved_since(const ApiContext& context, const EtagList& wanted) {
  const Fleet& fleet = context.fleet;
  std::vector<RecordId> seen;
  bool version_known = false;
  for (const std::string& name : wanted.names()) {
    const auto revision = fleet.revisions().find(name);
    if (!revision) continue;
    version_known = true;
    seen.insert(seen.end(), (*revision)->heads.begin(), (*revision)->heads.end());
  }
  const auto counts = [&fleet](const SignedRecord& record) { return fleet.is_folded(record); };
  Moved moved;
  for (const RecordPtr& record :
       unseen(fleet.log(), fleet.tips(), seen, counts, version_known ? most_told : 1))
    tell(context, record->id, places_of(*record), moved);
  return moved;
}

WriteFault stale(const std::string& detail, Moved moved) {
  return WriteFault{412, json::object{{"error", "Precondition failed."},
                                      {"detail", detail + " Nothing has changed."},
                                      {"moved", std::move(moved.list)}}};
}

WriteFault whole_moved(const ApiContext& context, const EtagList& wanted) {
  Moved moved = moved_since(context, wanted);
  std::string detail = "The fleet has moved since: it is now at " + whole_etag(context.fleet.revision());
  if (!moved.newest.empty()) detail += ", last changed by " + moved.newest;
  return stale(detail + ".", std::move(moved));
}

WriteFault part_moved(const ApiContext& context, const Path& place) {
  Moved moved;
  std::string detail = to_text(place_of(place)) + " has moved since";
  if (const Provenance* newest = newest_at(context.fleet.provenance(), place)) {
    tell(context, newest->change, {place}, moved);
    detail += ": it was last changed by " + authorship_text(context, newest->change);
  }
  return stale(detail + ".", std::move(moved));
}

// All of them are of other places: that says nothing of what has happened here.
bool is_of_elsewhere(const EtagList& list, const Path& place) {
  return std::ranges::all_of(list.names(), [&](const std::string& name) {
    return names_a_part(name) && (place.empty() || !names_part(name, place));
  });
}

WriteFault of_elsewhere(const ApiContext& context, const Path& place) {
  const std::string what = place.empty() ? "the whole" : to_text(place_of(place));
  return stale("The ETag in If-Match is that of another place, not of " + what +
                   ": GET it there, or name the whole, " + whole_etag(context.fleet.revision()) + ".",
               {});
}

// Would the edit overwrite, unseen, what one of the others did? Not where all is as it is to be, and appends
// get along.
bool overwrites(const Edit& edit, const std::vector<Edit>& unseen, const json::value& present,
                const json::value& wanted) {
  const Path path = path_in_tree(edit.scope, edit.path);
  const auto in_the_way = [&](const Edit& other) {
    return overlaps(path_in_tree(other.scope, other.path), path) &&
           !(edit.op == EditOp::append && other.op == EditOp::append);
  };
  if (std::ranges::none_of(unseen, in_the_way)) return false;
  const json::value* now = find(present, path);
  const json::value* then = find(wanted, path);
  return now && then ? !same_json(*now, *then) : now != then;
}

std::optional<WriteFault> overwrites_unseen(const ApiContext& context, const PastState& base,
                                            const Proposal& proposal) {
  // A change put after the base's heads comes after this node's own later changes as well, and what they were
  // written upon.
  const auto is_change = [](const SignedRecord& record) { return record.record.kind == RecordKind::change; };
  for (const RecordPtr& record :
       unseen(context.fleet.log(), context.fleet.own_heads(), base.heads, is_change)) {
    const auto known = Change::from_body(record->record.body);
    if (!known) continue;
    for (const Edit& edit : proposal.edits) {
      if (!overwrites(edit, known->edits, context.fleet.merged().document, proposal.document)) continue;
      Moved moved;
      tell(context, record->id, {path_in_tree(edit.scope, edit.path)}, moved);
      const std::string detail = "What this write touches has been changed since its base by " +
                                 moved.newest +
                                 ", and this node has built on that: look at it, and send it again on " +
                                 whole_etag(context.fleet.revision()) + ".";
      return stale(detail, std::move(moved));
    }
  }
  return std::nullopt;
}

// Who knew what is not told of what is settled (L8): nobody could say what such a write would overwrite.
WriteFault stale_behind(const ApiContext& context, const RecordId& checkpoint) {
  return stale("Its base lies behind the checkpoint " + to_cid(checkpoint) +
                   ": look at what stands now, and send it again on " + whole_etag(context.fleet.revision()) +
                   ".",
               {});
}

Result<std::optional<EtagList>> etags_of(const HttpRequest& request, const std::string& name) {
  const std::string_view header = request.header(name);
  if (header.empty()) return std::nullopt;
  auto list = EtagList::parse(header);
  if (!list) return fail(Errc::invalid_argument, name + ": " + list.error().message);
  return std::move(*list);
}

}  // namespace

Result<Preconditions> Preconditions::parse(const HttpRequest& request) {
  Preconditions wanted;
  LIBP2P_TRY(wanted.if_match, etags_of(request, "if-match"));
  LIBP2P_TRY(wanted.if_none_match, etags_of(request, "if-none-match"));
  if (wanted.if_none_match && !wanted.if_none_match->any())
    return fail(Errc::invalid_argument, "if-none-match of a write is * alone: nothing may be there yet");
  if (const std::string_view base = request.header("starling-base"); !base.empty()) {
    auto point = parse_point(base);
    if (!point) return fail(Errc::invalid_argument, "starling-base: " + point.error().message);
    wanted.base = std::move(*point);
  }
  return wanted;
}

std::optional<WriteFault> check_preconditions(const ApiContext& context, const Preconditions& wanted,
                                              const json::value& tree, const Path& place) {
  const json::value* there = place.empty() ? &tree : find(tree, place);
  const Place part = place.empty() ? Place{} : place_of(place);
  const bool is_given = !place.empty() && part.scope == base_scope;
  const json::value* whole = is_given ? given_document(context).document : nullptr;
  const json::value* given = whole ? find(*whole, part.path) : nullptr;
  // Below /config a node's own resource is what it is given: base, layers and templates (RFC 9110, 13.1).
  const bool exists = is_given ? given != nullptr : there != nullptr;
  if (wanted.if_none_match && place.empty()) {
    return WriteFault{
        400, json::object{{"error", "Bad request."},
                          {"detail", "If-None-Match is for a write of one place. Nothing has changed."}}};
  }
  if (wanted.if_none_match && exists) return stale(to_text(place_of(place)) + " is there already.", {});
  if (!wanted.if_match) return std::nullopt;
  const EtagList& list = *wanted.if_match;
  if (list.any()) {
    if (exists) return std::nullopt;
    return stale("Nothing is at " + to_text(place_of(place)) + ".", {});
  }
  if (list.has_strong(whole_etag(context.fleet.revision()))) return std::nullopt;
  if (is_of_elsewhere(list, place)) return of_elsewhere(context, place);
  if (place.empty() || std::ranges::none_of(list.names(), names_a_part)) return whole_moved(context, list);
  if ((given || there) && list.has_strong(part_etag(place, given, there))) return std::nullopt;
  return part_moved(context, place);
}

std::expected<Proposal, WriteFault> propose_on_base(ApiContext& context, const Propose& propose,
                                                    const PastState& base, const WriteOptions& options) {
  auto proposal = propose(base.tree);
  if (!proposal) return proposal;
  const json::value& present = context.fleet.merged().document;
  if (proposal->edits.empty()) return Proposal{present, {}};
  if (base.behind) return std::unexpected(stale_behind(context, *base.behind));
  if (auto unseen = overwrites_unseen(context, base, *proposal)) return std::unexpected(std::move(*unseen));
  Fleet::Preview preview = context.fleet.preview(
      Change{options.actor, options.message, options.allow_empty, proposal->edits}, base.heads);
  if (preview.fate.state == ChangeFate::State::skipped) {
    return std::unexpected(
        WriteFault{409, json::object{{"error", "Conflict."},
                                     {"detail", "Upon what has come since its base it is impossible: " +
                                                    preview.fate.reason + ". Nothing has changed."}}});
  }
  return Proposal{std::move(preview.document), std::move(proposal->edits)};
}

}  // namespace starling
