#include "starling/dataplane/nginx/refusal.hpp"

namespace starling {

Path below(const Path& path, std::string_view segment) {
  Path longer = path;
  longer.emplace_back(segment);
  return longer;
}

Path below(const Path& path, std::size_t index) { return below(path, std::to_string(index)); }

DataPlaneFault to_fault(const Refusal& refusal) {
  const std::string pointer = to_pointer(refusal.path);
  json::object body{{"error", "Invalid configuration."},
                    {"detail", refusal.detail},
                    {"location", json::object{{"path", pointer}}}};
  return DataPlaneFault{.kind = DataPlaneFault::Kind::refused,
                        .status = 400,
                        .body = std::move(body),
                        .message = "nginx can't run the configuration: " + refusal.detail + " (at " +
                                   (pointer.empty() ? "the root" : pointer) + ")"};
}

}  // namespace starling
