#include "starling/api/handlers/level_handler.hpp"

#include "starling/changelog/anchor.hpp"
#include "starling/merge/revision.hpp"
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

HttpResponse get_level(const ApiContext& context) {
  const Fleet& fleet = context.fleet;
  const json::value& tree = fleet.merged().document;
  const Anchor anchor{fleet.log().vector(), fleet.revision().value_or(revision_of(tree, fleet.level())),
                      newest_merge_level};
  const auto fault = check_renders(fleet, tree, newest_merge_level, context.applier.address());
  return json_response(200,
                       json::object{{"level", fleet.level()},
                                    {"newest", newest_merge_level},
                                    {"behind", members_behind(context, newest_merge_level)},
                                    {"fault", fault ? json::value(to_string(*fault)) : json::value(nullptr)},
                                    {"anchor", libp2p::to_hex(anchor.to_body())}});
}

}  // namespace starling
