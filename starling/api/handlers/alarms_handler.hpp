// /v1/alarms: what an operator has to know now.
#pragma once

#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// kind, peer, name, what, message: for answers and events alike.
[[nodiscard]] json::object alarm_json(const Charter& charter, const Alarm& alarm);
// All that stand, each also with since and age_ms.
[[nodiscard]] json::array alarms_json(const ApiContext& context);

[[nodiscard]] HttpResponse get_alarms(const ApiContext& context);

}  // namespace starling
