#include "starling/api/router.hpp"

#include <algorithm>
#include <array>

#include "starling/api/etag.hpp"
#include "starling/api/handlers/alarms_handler.hpp"
#include "starling/api/handlers/change_handler.hpp"
#include "starling/api/handlers/config_handler.hpp"
#include "starling/api/handlers/fleet_handler.hpp"
#include "starling/api/handlers/history_handler.hpp"
#include "starling/api/handlers/layers_handler.hpp"
#include "starling/api/handlers/level_handler.hpp"
#include "starling/api/handlers/log_handler.hpp"
#include "starling/api/handlers/metrics_handler.hpp"
#include "starling/api/page.hpp"

namespace starling {
namespace {

using Answer = HttpResponse (*)(ApiContext&, const HttpRequest&);

struct FleetRoute {
  std::string_view path;
  Answer get;
};

// One whose answer takes a while: others have their turn meanwhile.
struct SlowRoute {
  std::string_view path;
  Task<HttpResponse> (*get)(ApiContext&, HttpRequest);
};

struct FleetAction {
  std::string_view path;
  Task<HttpResponse> (*post)(ApiContext&, HttpRequest);
};

constexpr std::array fleet_actions{
    FleetAction{"/v1/records", post_record},
    FleetAction{"/v1/changes", post_changes},
    FleetAction{"/v1/rollback", post_rollback},
    FleetAction{"/v1/forks", post_ruling},
    FleetAction{"/v1/anchors", [](ApiContext& c, HttpRequest) { return post_anchor(c); }},
    FleetAction{"/v1/checkpoints", [](ApiContext& c, HttpRequest) { return post_checkpoint(c); }},
};

constexpr std::string_view change_prefix = "/v1/changes/";
constexpr std::string_view conflict_prefix = "/v1/conflicts/";

// What can be done about one of several: `name` stands between the two.
struct MemberAction {
  std::string_view prefix;
  std::string_view verb;
  Task<HttpResponse> (*post)(ApiContext&, HttpRequest, std::string name);
};

constexpr std::array member_actions{
    MemberAction{change_prefix, "/revert", post_revert},
    MemberAction{change_prefix, "/discard",
                 [](ApiContext& c, HttpRequest, std::string ids) { return post_discard(c, std::move(ids)); }},
    MemberAction{
        change_prefix, "/repropose",
        [](ApiContext& c, HttpRequest, std::string ids) { return post_repropose(c, std::move(ids)); }},
    MemberAction{conflict_prefix, "/reapply",
                 [](ApiContext& c, HttpRequest r, std::string id) {
                   return post_conflict(c, std::move(r), std::move(id), true);
                 }},
    MemberAction{conflict_prefix, "/keep",
                 [](ApiContext& c, HttpRequest r, std::string id) {
                   return post_conflict(c, std::move(r), std::move(id), false);
                 }},
};

constexpr std::array slow_routes{
    SlowRoute{"/v1/anchors/next", [](ApiContext& c, HttpRequest) { return get_next_anchor(c); }},
    SlowRoute{"/v1/checkpoints/next", [](ApiContext& c, HttpRequest) { return get_next_checkpoint(c); }},
    SlowRoute{"/v1/diff", get_diff},
    SlowRoute{"/v1/blame", get_blame},
    SlowRoute{"/v1/level", [](ApiContext& c, HttpRequest) { return get_level(c); }},
};

constexpr std::array fleet_routes{
    FleetRoute{"/v1/nodes", [](ApiContext& c, const HttpRequest&) { return get_nodes(c); }},
    FleetRoute{"/v1/status", [](ApiContext& c, const HttpRequest&) { return get_status(c); }},
    FleetRoute{"/v1/alarms", [](ApiContext& c, const HttpRequest&) { return get_alarms(c); }},
    FleetRoute{"/v1/changes", [](ApiContext& c, const HttpRequest& r) { return get_changes(c, r); }},
    FleetRoute{"/v1/anchors", [](ApiContext& c, const HttpRequest&) { return get_anchors(c); }},
    FleetRoute{"/v1/forks", [](ApiContext& c, const HttpRequest& r) { return get_forks(c, r); }},
    FleetRoute{"/v1/history", [](ApiContext& c, const HttpRequest& r) { return get_changes(c, r); }},
    FleetRoute{"/v1/conflicts", [](ApiContext& c, const HttpRequest&) { return get_conflicts(c); }},
    FleetRoute{"/v1/events", [](ApiContext& c, const HttpRequest& r) { return get_events(c, r); }},
    FleetRoute{"/v1/authoring", [](ApiContext& c, const HttpRequest& r) { return get_authoring(c, r); }},
};

// What stands between the two in `path`; nothing where it doesn't have that form.
std::optional<std::string> between(const std::string& path, std::string_view prefix,
                                   std::string_view suffix) {
  if (path.size() < prefix.size() + suffix.size() || !path.starts_with(prefix) || !path.ends_with(suffix))
    return std::nullopt;
  return path.substr(prefix.size(), path.size() - prefix.size() - suffix.size());
}

// Nothing: nobody there takes a POST.
std::optional<Task<HttpResponse>> post_fleet(ApiContext& context, HttpRequest& request) {
  const std::string path = request.path;
  const auto* action = std::ranges::find(fleet_actions, std::string_view(path), &FleetAction::path);
  if (action != fleet_actions.end()) return action->post(context, std::move(request));
  for (const MemberAction& of_member : member_actions) {
    if (auto name = between(path, of_member.prefix, of_member.verb))
      return of_member.post(context, std::move(request), std::move(*name));
  }
  return std::nullopt;
}

template <class Routes>
bool lists(const Routes& routes, std::string_view path) {
  return std::ranges::any_of(routes, [path](const auto& route) { return route.path == path; });
}

// "GET, POST"; empty: there is no such resource.
std::string possible_methods(const std::string& path) {
  const auto change = between(path, change_prefix, "");
  const bool gives =
      lists(fleet_routes, path) || lists(slow_routes, path) || (change && !change->contains('/'));
  const bool takes =
      lists(fleet_actions, path) || std::ranges::any_of(member_actions, [&](const MemberAction& action) {
        return between(path, action.prefix, action.verb).has_value();
      });
  return std::string(gives ? "GET" : "") + (gives && takes ? ", " : "") + (takes ? "POST" : "");
}

Task<HttpResponse> route_fleet(ApiContext& context, HttpRequest request) {
  if (request.method == HttpMethod::post) {
    if (auto posted = post_fleet(context, request)) co_return co_await std::move(*posted);
  }
  if (auto answer = co_await route_layers(context, request)) co_return std::move(*answer);
  const std::string possible = possible_methods(request.path);
  if (possible.empty()) {
    co_return problem(404, "no-such-resource", "Not found.",
                      "There is no " + libp2p::printable(request.path) + ".");
  }
  if (request.method != HttpMethod::get || !possible.starts_with("GET")) co_return no_such_method(possible);
  const auto* found = std::ranges::find(fleet_routes, std::string_view(request.path), &FleetRoute::path);
  const auto* slow = std::ranges::find(slow_routes, std::string_view(request.path), &SlowRoute::path);
  if (const auto change = between(request.path, change_prefix, ""))
    co_return co_await get_change(context, *change);
  if (slow != slow_routes.end()) co_return co_await slow->get(context, std::move(request));
  co_return found->get(context, request);
}

Task<HttpResponse> get_data_plane_status(ApiContext& context, Path path) {
  auto status = co_await context.applier.driver().status();
  if (!status) co_return unit_error(503, "The data plane is unreachable.", status.error().message);
  const json::value* value = find(*status, path);
  co_return value ? unit_response(200, *value) : unit_error(404, "Invalid path.");
}

// GET /: what Unit's own root holds.
Task<HttpResponse> get_root(ApiContext& context) {
  auto status = co_await context.applier.driver().status();
  const GivenDocument given = given_document(context);
  if (!given.document) co_return unit_error(409, "It can't be rendered.", cannot_render(context));
  json::object root{{"certificates", json::object()}, {"config", *given.document}};
  root["status"] = status ? std::move(*status) : json::value(json::object());
  HttpResponse response = unit_response(200, root);
  response.headers["ETag"] = whole_etag(given.revision);
  co_return response;
}

}  // namespace

Task<HttpResponse> route(ApiContext& context, HttpRequest request) {
  if (request.path.starts_with("/v1/")) co_return co_await route_fleet(context, std::move(request));
  if (request.path == "/metrics") {
    if (request.method == HttpMethod::get) co_return get_metrics(context);
    co_return no_such_method("GET");
  }
  if (request.method == HttpMethod::get) {
    if (auto page = page_file(request)) co_return std::move(*page);
  }
  auto path = parse_url_path(request.path);
  if (!path) co_return unit_error(400, "Bad request.", path.error().message);
  if (path->empty()) {
    if (request.method != HttpMethod::get) co_return unit_error(405, "Invalid method.");
    co_return co_await get_root(context);
  }
  const std::string top = path->front();
  path->erase(path->begin());
  if (top == "config") co_return co_await handle_config(context, std::move(request), std::move(*path));
  if (top == "status") {
    if (request.method != HttpMethod::get) co_return unit_error(405, "Invalid method.");
    co_return co_await get_data_plane_status(context, std::move(*path));
  }
  co_return unit_error(404, "Value doesn't exist.");
}

}  // namespace starling
