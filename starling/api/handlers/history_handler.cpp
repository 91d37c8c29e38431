#include "starling/api/handlers/history_handler.hpp"

#include <algorithm>

#include "starling/api/change_json.hpp"
#include "starling/api/change_lookup.hpp"
#include "starling/api/writing.hpp"
#include "starling/model/order.hpp"

namespace starling {
namespace {

constexpr std::size_t default_page = 100;
constexpr std::size_t max_page = 1000;
constexpr std::size_t most_displaced = 1000;

std::string query_text(const HttpRequest& request, const std::string& name, std::string_view otherwise) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string(otherwise) : found->second;
}

// The place that ?scope= and ?path= name, with its scope. "/" is everything, as "" is.
Result<Path> place_asked(const HttpRequest& request) {
  const std::string scope = query_text(request, "scope", base_scope);
  if (!is_scope(scope))
    return fail(Errc::invalid_argument,
                "scope is base, @fleet or the name of a layer, not " + libp2p::printable(scope));
  const std::string pointer = query_text(request, "path", "");
  LIBP2P_TRY(const Path path, parse_pointer(pointer == "/" ? "" : pointer));
  return path_in_tree(scope, path);
}

bool touches(const SignedRecord& record, const Path& place) {
  const auto change = Change::from_body(record.record.body);
  return change && std::ranges::any_of(change->edits, [&](const Edit& edit) {
           return overlaps(path_in_tree(edit.scope, edit.path), place);
         });
}

std::vector<RecordPtr> changes_newest_first(const Fleet& fleet) {
  std::vector<RecordPtr> changes;
  for (const RecordPtr& record : fleet.log().records()) {
    if (record->record.kind == RecordKind::change) changes.push_back(record);
  }
  std::ranges::sort(changes, [](const RecordPtr& a, const RecordPtr& b) { return comes_before(*b, *a); });
  return changes;
}

// What stood in the way of the change's edits, and whose it was.
json::array displaced_json(const ApiContext& context, const Before& before, const json::value& after,
                           const Change& change) {
  std::map<Path, const Provenance*> displaced;
  const auto look = [&](const Path& place, const Provenance& provenance) {
    const json::value* old_value = find(before.tree, place);
    if (provenance.removed || !old_value) return;
    const json::value* new_value = find(after, place);
    if (!new_value || !same_json(*old_value, *new_value)) displaced.emplace(place, &provenance);
  };
  for (const Edit& edit : change.edits) {
    if (edit.op == EditOp::append) continue;
    const Path path = path_in_tree(edit.scope, edit.path);
    for (Path above; above.size() < path.size(); above.push_back(path[above.size()])) {
      if (const auto exact = before.provenance.find(above); exact != before.provenance.end())
        look(above, exact->second);
    }
    for (auto it = before.provenance.lower_bound(path);
         it != before.provenance.end() && is_prefix(path, it->first); ++it)
      look(it->first, it->second);
  }
  json::array list;
  for (const auto& [place, provenance] : displaced) {
    if (list.size() == most_displaced) break;
    json::object entry = place_json(place);
    entry["before"] = *find(before.tree, place);
    entry["removed"] = find(after, place) == nullptr;
    for (auto& member : authorship_json(context, provenance->change)) entry[member.key()] = member.value();
    list.push_back(std::move(entry));
  }
  return list;
}

// What it did to the state that its author knew, before anything that was written meanwhile came in.
void add_effect(const ApiContext& context, const Before& before, const Change& change, json::object& told) {
  json::value after = before.tree;
  for (const Edit& edit : change.edits) (void)apply_to_tree(after, edit);
  told["differences"] = differences_json(differences(before.tree, after));
  told["displaced"] = displaced_json(context, before, after, change);
}

}  // namespace

HttpResponse get_changes(const ApiContext& context, const HttpRequest& request) {
  const auto asked = query_number(request, "limit");
  const std::uint64_t limit = asked.value_or(request.query.contains("limit") ? 0 : default_page);
  if (limit < 1 || limit > max_page) return problem(400, "bad-limit", "Bad request.", "limit is 1 to 1000.");
  const auto place = place_asked(request);
  if (!place) return problem_of_past(place.error());
  const bool everywhere = !request.query.contains("path") && !request.query.contains("scope");
  std::vector<RecordPtr> changes = changes_newest_first(context.fleet);
  auto first = changes.begin();
  if (const auto after = request.query.find("after"); after != request.query.end()) {
    const auto named = find_change(context.fleet, after->second);
    first = named ? std::ranges::find(changes, *named) : changes.end();
    if (first == changes.end()) {
      return problem(400, "bad-cursor", "Bad request.", "after names no change: start again without it.");
    }
    ++first;
  }
  json::array page;
  json::value next = nullptr;
  for (auto it = first; it != changes.end(); ++it) {
    if (page.size() == limit) {
      next = to_cid((*std::prev(it))->id);
      break;
    }
    if (everywhere || touches(**it, *place)) page.push_back(change_json(context, **it));
  }
  return json_response(200, json::object{{"changes", std::move(page)}, {"next", std::move(next)}});
}

Task<HttpResponse> get_change(ApiContext& context, std::string id) {
  const auto named = find_change(context.fleet, id);
  if (!named) co_return problem_of_past(named.error(), "no-such-change");
  const RecordPtr record = *named;
  const auto change = Change::from_body(record->record.body);
  const auto before = co_await context.fleet.past().before(record->id);
  if (!before && before.error().code == Errc::busy) co_return problem_of_past(before.error());
  json::object told = change_json(context, *record);
  json::array conflicts;
  for (const Conflict& conflict : context.fleet.merged().conflicts) {
    if (conflict.winner == record->id || conflict.loser == record->id)
      conflicts.push_back(conflict_json(context, conflict));
  }
  told["conflicts"] = std::move(conflicts);
  if (before && change) add_effect(context, *before, *change, told);
  if (!before) told["differences_missing"] = before.error().message;
  co_return json_response(200, told);
}

Task<HttpResponse> get_diff(ApiContext& context, HttpRequest request) {
  if (!request.query.contains("from")) {
    co_return problem(400, "bad-request", "Bad request.",
                      "from, and to if it isn't HEAD, name two points of the history.");
  }
  json::object told;
  std::vector<json::value> trees;
  for (const std::string side : {"from", "to"}) {
    const auto point = parse_point(query_text(request, side, "HEAD"));
    if (!point) co_return problem_of_past(point.error());
    auto state = co_await context.fleet.past().at(*point);
    if (!state) co_return problem_of_past(state.error());
    told[side] = state->revision ? json::value(to_hex(*state->revision)) : json::value(nullptr);
    trees.push_back(std::move(state->tree));
  }
  told["differences"] = differences_json(differences(trees[0], trees[1]));
  co_return json_response(200, told);
}

Task<HttpResponse> get_blame(ApiContext& context, HttpRequest request) {
  const auto place = place_asked(request);
  if (!place) co_return problem_of_past(place.error());
  const auto prepared = co_await context.fleet.past().prepare_provenance();
  if (!prepared) co_return problem_of_past(prepared.error());
  const bool removed = query_text(request, "removed", "") == "1";
  const json::value& tree = context.fleet.merged().document;
  if (!removed && !find(tree, *place)) {
    co_return problem(404, "nothing-there", "Not found.",
                      "Nothing is at " + to_text(place_of(*place)) + ": removed=1 tells what was.");
  }
  json::array leaves;
  const auto tell = [&](const Path& path, const Provenance& provenance) {
    if (provenance.removed && !removed) return;
    json::object leaf = place_json(path);
    for (auto& member : authorship_json(context, provenance.change)) leaf[member.key()] = member.value();
    leaf["removed"] = provenance.removed;
    leaves.push_back(std::move(leaf));
  };
  const Provenances& provenances = context.fleet.provenance();
  // What stands within an array or a value is of whoever set that.
  for (Path above; above.size() < place->size(); above.push_back((*place)[above.size()])) {
    const auto exact = provenances.find(above);
    if (exact != provenances.end() && (exact->second.removed || find(tree, *place)))
      tell(above, exact->second);
  }
  for (auto it = provenances.lower_bound(*place); it != provenances.end() && is_prefix(*place, it->first);
       ++it)
    tell(it->first, it->second);
  co_return json_response(200, json::object{{"leaves", std::move(leaves)}});
}

HttpResponse get_conflicts(const ApiContext& context) {
  json::array conflicts;
  for (const Conflict& conflict : context.fleet.merged().conflicts)
    conflicts.push_back(conflict_json(context, conflict));
  return json_response(200, json::object{{"conflicts", std::move(conflicts)}});
}

}  // namespace starling
