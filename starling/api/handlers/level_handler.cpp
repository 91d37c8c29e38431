#include "starling/api/handlers/level_handler.hpp"

#include "starling/merge/levels.hpp"
#include "starling/rollout/plan_check.hpp"

namespace starling {
namespace {

// Members that are not known to know that level: what runs there would have to keep its configuration until
// it is upgraded. One that is away tells it by its last status.
json::array members_behind(const ApiContext& context, unsigned level) {
  json::array behind;
  for (const auto& [peer, member] : context.fleet.charter().members()) {
    if (peer == context.fleet.node()) continue;
    const SeenStatus* seen = context.sync.board().find(peer);
    if (!seen || seen->status.merge_levels < level) behind.emplace_back(member.name);
  }
  return behind;
}

}  // namespace

Task<HttpResponse> get_level(ApiContext& context) {
  Fleet& fleet = context.fleet;
  const auto anchor = co_await fleet.next_anchor(newest_merge_level);
  const auto fault = check_renders(fleet, unset_tree(), fleet.merged().document, newest_merge_level,
                                   context.applier.address());
  co_return json_response(
      200, json::object{
               {"level", fleet.level()},
               {"newest", newest_merge_level},
               {"behind", members_behind(context, newest_merge_level)},
               {"fault", fault ? json::value(to_string(*fault)) : json::value(nullptr)},
               {"anchor", anchor ? json::value(libp2p::to_hex(anchor->to_body())) : json::value(nullptr)}});
}

}  // namespace starling
