#include "starling/api/handlers/alarms_handler.hpp"

#include "starling/api/change_json.hpp"

namespace starling {

json::object alarm_json(const Charter& charter, const Alarm& alarm) {
  const Member* member = charter.member(alarm.node);
  return {{"kind", to_string(alarm.kind)},
          {"peer", alarm.node.to_string()},
          {"name", member ? json::value(member->name) : json::value(nullptr)},
          {"what", alarm.what},
          {"message", explain(alarm)}};
}

json::array alarms_json(const ApiContext& context) {
  json::array alarms;
  for (const auto& [alarm, since] : context.sync.alarms().standing()) {
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(context.env.now() - since);
    json::object told = alarm_json(context.fleet.charter(), alarm);
    told["since"] = iso_time(context.env.clock.wall() - age);
    told["age_ms"] = age.count();
    alarms.push_back(std::move(told));
  }
  return alarms;
}

HttpResponse get_alarms(const ApiContext& context) {
  return json_response(200, json::object{{"alarms", alarms_json(context)}});
}

}  // namespace starling
