#include "starling/rollout/write_fault.hpp"

namespace starling {
namespace {

// Of the base as Unit says it, of other scopes with their name.
json::object location_of(const Place& place) {
  json::object location{{"path", to_pointer(place.path)}};
  if (!place.scope.empty() && place.scope != base_scope) location["scope"] = place.scope;
  return location;
}

}  // namespace

std::unexpected<WriteFault> fault(int status, std::string_view error, std::string_view detail) {
  return std::unexpected(WriteFault{status, json::object{{"error", error}, {"detail", detail}}});
}

std::unexpected<WriteFault> fault_of(const Error& error) {
  if (error.code == Errc::refused) return fault(403, "Not allowed.", error.message);
  if (error.code == Errc::limit) return fault(413, "Too large.", error.message);
  // What it is put after was forgotten since it was chosen.
  if (error.code == Errc::not_found) return fault(409, "Conflict.", error.message + ". Nothing has changed.");
  return fault(500, "The change could not be stored.", error.message + " Nothing has changed.");
}

std::unexpected<WriteFault> fault_of(DataPlaneFault data_plane) {
  if (data_plane.kind == DataPlaneFault::Kind::unreachable ||
      data_plane.kind == DataPlaneFault::Kind::unknown) {
    return fault(503, "The data plane is unreachable.", data_plane.message + " Nothing has changed.");
  }
  if (!data_plane.body.is_object())
    return fault(data_plane.status == 0 ? 400 : data_plane.status, "Invalid configuration.",
                 data_plane.message);
  json::object body = data_plane.body.get_object();
  // Unit's 500 gives no reason: ours says the likely ones.
  if (!body.contains("detail") && !data_plane.message.empty()) body["detail"] = data_plane.message;
  return std::unexpected(WriteFault{data_plane.status, std::move(body)});
}

WriteFault fault_of(const Invalid& invalid) {
  return {400, json::object{{"error", "Invalid configuration."},
                            {"detail", invalid.detail},
                            {"location", location_of(place_of(invalid.path))}}};
}

WriteFault fault_of(const RenderFault& fault) {
  json::object location = location_of({fault.fault.scope, fault.fault.path});
  location["node"] = fault.node;
  return {400, json::object{{"error", "Invalid configuration."},
                            {"detail", to_string(fault) + ". Nothing has changed."},
                            {"location", std::move(location)}}};
}

std::unexpected<WriteFault> needs_level(std::string_view scope) {
  return fault(409, "Upgrade needed.",
               "The fleet's rules of merging are older than layers and variables (\"" + std::string(scope) +
                   "\"): once every member runs this version, raise them with `starling fleet raise-level`. "
                   "Nothing has changed.");
}

std::unexpected<WriteFault> leaves_no_listener(const std::string& node) {
  return fault(400, "Refused.",
               "This would leave node " + node +
                   " without a listener. If that is meant, send it again with "
                   "?allow-empty=1. Nothing has changed.");
}

std::unexpected<WriteFault> ends() {
  return fault(503, "The node is stopping.", "Whether the change stands is seen once it runs again.");
}

std::unexpected<WriteFault> too_many() {
  auto busy = fault(503, "Too many writes.", "More are waiting than can. Nothing has changed: try again.");
  busy.error().retry_after_s = 1;
  return busy;
}

WriteFault cant_follow(const ScopeFault& fault) {
  return {400,
          json::object{
              {"error", "Refused."},
              {"detail",
               to_text(Place{fault.scope, fault.path}) + ": " + fault.detail +
                   ", with POST /v1/changes, or by `starling change --set PATH=JSON`, which says what is "
                   "written and not what a node is given. Nothing has changed."},
              {"location", location_of({fault.scope, fault.path})}}};
}

}  // namespace starling
