// Why a write was not taken, as it is answered: in Unit's form, with Unit's words where Unit has some.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "starling/dataplane/driver.hpp"
#include "starling/layers/layer.hpp"
#include "starling/merge/findings.hpp"
#include "starling/rollout/generation.hpp"

namespace starling {

// Nothing has changed anywhere.
struct WriteFault {
  int status = 0;         // of HTTP
  json::value body{};     // {"error":…, "detail":…}
  int retry_after_s = 0;  // 0: trying again will not help
};

[[nodiscard]] std::unexpected<WriteFault> fault(int status, std::string_view error, std::string_view detail);
// Of a change that may not be written, or could not be stored.
[[nodiscard]] std::unexpected<WriteFault> fault_of(const Error& error);
[[nodiscard]] std::unexpected<WriteFault> fault_of(DataPlaneFault data_plane);
[[nodiscard]] WriteFault fault_of(const Invalid& invalid);  // whose path begins with the scope
[[nodiscard]] WriteFault fault_of(const RenderFault& fault);

// The fleet's level of the merge doesn't know that scope (M9).
[[nodiscard]] std::unexpected<WriteFault> needs_level(std::string_view scope);
[[nodiscard]] std::unexpected<WriteFault> leaves_no_listener(const std::string& node);  // M10
// What is written of the configuration that a node is given has no place in the scopes that it comes from.
[[nodiscard]] WriteFault cant_follow(const ScopeFault& fault);
[[nodiscard]] std::unexpected<WriteFault> ends();
[[nodiscard]] std::unexpected<WriteFault> too_many();

}  // namespace starling
