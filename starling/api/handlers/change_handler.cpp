#include "starling/api/handlers/change_handler.hpp"

#include <algorithm>
#include <memory>

#include "starling/api/change_json.hpp"
#include "starling/api/change_lookup.hpp"
#include "starling/api/change_request.hpp"
#include "starling/api/writing.hpp"
#include "starling/history/revert.hpp"
#include "starling/merge/diff.hpp"
#include "starling/merge/tree.hpp"

namespace starling {
namespace {

WriteFault fault_of(const RequestFault& wrong) {
  json::object body{{"error", wrong.is_absence ? "Not found." : "Bad request."}, {"detail", wrong.detail}};
  json::array edits;
  for (const RequestFault::OfEdit& edit : wrong.edits) {
    edits.push_back(json::object{{"index", edit.index}, {"place", edit.place}, {"detail", edit.detail}});
  }
  if (!edits.empty()) body["errors"] = std::move(edits);
  return {wrong.is_absence ? 404 : 400, std::move(body)};
}

// Where the request itself says nothing.
void default_message(WriteTerms& terms, std::string message) {
  if (terms.options.message.empty()) terms.options.message = std::move(message);
}

Proposal proposal(const json::value& present, json::value document) {
  std::vector<Edit> edits = diff_trees(present, document);
  return {std::move(document), std::move(edits)};
}

Result<Point> rollback_target(const std::string& body) {
  const auto parsed = parse_json(body);
  const json::object* object = parsed ? parsed->if_object() : nullptr;
  const json::value* to = object ? object->if_contains("to") : nullptr;
  if (!to || !to->is_string() || object->size() != 1)
    return fail(Errc::invalid_argument, "the body is {\"to\": \"…\"}: a revision, a change, or HEAD~N");
  return parse_point(to->get_string());
}

const Conflict* find_conflict(const Fleet& fleet, const std::string& id) {
  const std::vector<Conflict>& open = fleet.merged().conflicts;
  const auto found = std::ranges::find(open, id, conflict_id);
  return found == open.end() ? nullptr : &*found;
}

// The edit that settles it; nothing where it can't be made any more.
std::optional<Edit> settling_edit(const Conflict& conflict, const json::value& tree, bool reapply) {
  const json::value* stands = find(tree, path_in_tree(conflict.scope, conflict.path));
  Edit edit{conflict.scope, conflict.path, EditOp::remove, std::nullopt};
  if (!reapply) {
    if (stands) edit = {conflict.scope, conflict.path, EditOp::set, *stands};
    return edit;
  }
  if (conflict.op == EditOp::remove) return edit;
  if (conflict.op == EditOp::append && (!stands || !stands->is_array())) return std::nullopt;
  return Edit{conflict.scope, conflict.path, conflict.op, conflict.mine};
}

std::expected<Proposal, WriteFault> settle(const Fleet& fleet, const json::value& tree, const std::string& id,
                                           bool reapply) {
  const Conflict* conflict = find_conflict(fleet, id);
  if (!conflict) {
    return fault(404, "Not found.",
                 "No conflict with the id " + libp2p::printable(id) +
                     " is open: it may be settled. See /v1/conflicts.");
  }
  const auto edit = settling_edit(*conflict, tree, reapply);
  const std::string where = to_text(Place{conflict->scope, conflict->path});
  if (!edit)
    return fault(409, "Conflict.",
                 "No array is at " + where + " any more that it could be appended to. Nothing has changed.");
  Proposal proposal{tree, {*edit}};
  if (!apply_to_tree(proposal.document, *edit))
    return fault(409, "Conflict.",
                 "What stands at " + where + " can't take it any more. Nothing has changed.");
  return proposal;
}

struct Reverting {
  RecordId change;
  Before before;
  json::value after;  // as its author left it
  bool force = false;
};

std::expected<Proposal, WriteFault> propose_revert(const ApiContext& context, const Reverting& what,
                                                   const json::value& present) {
  const Provenances& provenances = context.fleet.provenance();
  Reverted reverted = revert({what.change, what.before.tree, what.after, present,
                              [&](const Path& place) -> std::optional<RecordId> {
                                const Provenance* newest = newest_at(provenances, place);
                                return newest ? std::optional(newest->change) : std::nullopt;
                              }},
                             what.force);
  if (reverted.in_between.empty()) return proposal(present, std::move(reverted.document));
  json::array changed;
  std::string where;
  for (const ChangedSince& since : reverted.in_between) {
    json::object entry = place_json(since.path);
    if (since.by) {
      for (auto& member : authorship_json(context, *since.by)) entry[member.key()] = member.value();
    }
    changed.push_back(std::move(entry));
    where += (where.empty() ? "" : ", ") + to_text(place_of(since.path));
    if (since.by) where += " by " + authorship_text(context, *since.by);
  }
  return std::unexpected(WriteFault{
      409, json::object{
               {"error", "Conflict."},
               {"detail", "It has been changed since: " + where +
                              ". To undo it there too, send it again with ?force=1. Nothing has changed."},
               {"changed", std::move(changed)}}});
}

}  // namespace

Task<HttpResponse> post_changes(ApiContext& context, HttpRequest request) {
  auto terms = WriteTerms::parse(request);
  if (!terms) co_return problem(400, "bad-request", "Bad request.", terms.error().message);
  auto wanted = parse_change_request(request.body);
  if (!wanted) co_return problem_of(context, fault_of(wanted.error()));
  if (!wanted->actor.empty()) terms->options.actor = wanted->actor;
  if (!wanted->message.empty()) terms->options.message = wanted->message;
  co_return co_await write_and_tell(
      context, std::move(*terms),
      [edits = std::move(wanted->edits)](const json::value& tree) -> std::expected<Proposal, WriteFault> {
        auto proposal = propose_edits(tree, edits);
        if (!proposal) return std::unexpected(fault_of(proposal.error()));
        return std::move(*proposal);
      });
}

Task<HttpResponse> post_rollback(ApiContext& context, HttpRequest request) {
  auto terms = WriteTerms::parse(request);
  if (!terms) co_return problem(400, "bad-request", "Bad request.", terms.error().message);
  const auto to = rollback_target(request.body);
  if (!to) co_return problem(400, "bad-request", "Bad request.", to.error().message);
  auto state = co_await context.fleet.past().at(*to);
  if (!state) co_return problem_of_past(state.error());
  default_message(
      *terms, "roll back to " + (state->revision ? to_hex(*state->revision) : std::string("the beginning")));
  co_return co_await write_and_tell(context, std::move(*terms),
                                    [target = std::make_shared<const json::value>(std::move(state->tree))](
                                        const json::value& tree) -> std::expected<Proposal, WriteFault> {
                                      return proposal(tree, *target);
                                    });
}

Task<HttpResponse> post_revert(ApiContext& context, HttpRequest request, std::string id) {
  auto terms = WriteTerms::parse(request);
  if (!terms) co_return problem(400, "bad-request", "Bad request.", terms.error().message);
  const auto record = find_change(context.fleet, id);
  if (!record) co_return problem_of_past(record.error(), "no-such-change");
  const RecordId change_id = (*record)->id;
  auto before = co_await context.fleet.past().before(change_id);
  if (!before) co_return problem_of_past(before.error(), "no-such-change");
  const auto change = Change::from_body((*record)->record.body);
  if (!change) co_return problem_of_past(change.error(), "no-such-change");
  const auto prepared = co_await context.fleet.past().prepare_provenance();
  if (!prepared) co_return problem_of_past(prepared.error());
  const auto what = std::make_shared<Reverting>(change_id, std::move(*before));
  what->after = what->before.tree;
  for (const Edit& edit : change->edits) (void)apply_to_tree(what->after, edit);
  const auto force = request.query.find("force");
  what->force = force != request.query.end() && force->second == "1";
  terms->options.reads_fleet = true;
  default_message(*terms, "revert " + to_cid(change_id));
  co_return co_await write_and_tell(context, std::move(*terms), [&context, what](const json::value& tree) {
    return propose_revert(context, *what, tree);
  });
}

Task<HttpResponse> post_conflict(ApiContext& context, HttpRequest request, std::string id, bool reapply) {
  auto terms = WriteTerms::parse(request);
  if (!terms) co_return problem(400, "bad-request", "Bad request.", terms.error().message);
  terms->options.reads_fleet = true;
  default_message(*terms,
                  (reapply ? "reapply what lost in the conflict " : "keep what stands in the conflict ") +
                      id.substr(0, 64));
  co_return co_await write_and_tell(context, std::move(*terms),
                                    [&context, id = std::move(id), reapply](const json::value& tree) {
                                      return settle(context.fleet, tree, id, reapply);
                                    });
}

}  // namespace starling
