// Any bytes as the body of a change: what is accepted is written back as it was (L1), and whatever its edits
// do to a configuration, what comes of it is valid, and the difference leads there again.
#include "starling/model/change.hpp"

#include <cstdlib>

#include "starling/merge/diff.hpp"
#include "starling/merge/fold.hpp"
#include "starling/merge/tree_check.hpp"

namespace {

using namespace starling;

void require(bool holds) {
  if (!holds) std::abort();
}

Change base() {
  static const json::value document = *parse_json(
      R"({"listeners":{"*:80":{"pass":"routes/main"}},"routes":{"main":[{"action":{"pass":"upstreams/u"}}]},)"
      R"("upstreams":{"u":{"servers":{}}},"applications":{"a":{"targets":{"t":{}}}}})");
  Change change;
  change.edits = diff(empty_document(), document);
  return change;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  auto change = Change::from_body(input);
  if (!change) return 0;
  require(libp2p::equal(change->to_body(), input));

  RecordId first;
  RecordId second;
  second.bytes[0] = 1;
  const MergeResult result = fold(
      {{first, Hlc{1}, base()}, {second, Hlc{2}, std::move(*change)}},
      [&](const RecordId& earlier, const RecordId& later) { return earlier == first && later == second; });
  const json::value& merged = scope_document(result.document, base_scope);
  require(!validate_tree(result.document, first_merge_level));
  json::value document = empty_document();
  for (const Edit& edit : diff(empty_document(), merged)) require(apply_edit(document, edit));
  require(same_json(document, merged));
  return 0;
}
