// POST /v1/changes: whatever is sent, it is refused or becomes edits that lead to what is proposed (M2).
#include <cstdint>
#include <cstdlib>

#include "starling/api/change_request.hpp"
#include "starling/merge/fold.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const starling::json::value tree = *starling::parse_json(
      R"({"base": {"listeners": {"*:80": {"pass": "routes"}}, "routes": [{"a": 1}, []], "x": {"y": {}}}, "edge": {"r": []}})");
  const auto request = starling::parse_change_request(libp2p::as_text({data, size}));
  if (!request) return 0;
  const auto proposal = starling::propose_edits(tree, request->edits);
  if (!proposal) return 0;
  starling::json::value followed = tree;
  for (const starling::Edit& edit : proposal->edits) {
    if (!starling::apply_to_tree(followed, edit)) std::abort();
  }
  if (!starling::same_json(followed, proposal->document)) std::abort();
  return 0;
}
