// Any bytes as the state of a checkpoint: what is accepted is written back as it was (L1), and can be folded
// onto.
#include <cstdlib>

#include "starling/merge/merge.hpp"

namespace {

using namespace starling;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  auto state = decode_state(input);
  if (!state) return 0;
  require(libp2p::equal(*encode_state(*state), input));

  Merge merge([](const RecordId&, const RecordId&) { return false; });
  merge.set_base(*state);
  require(merge.provenance() == state->provenance);
  for (const std::uint64_t time : {1U, 1U << 20}) {
    RecordId id;
    id.bytes[0] = static_cast<std::uint8_t>(time);
    Change change;
    change.edits = {{"base", {"routes"}, EditOp::append, json::object()},
                    {"base", {"settings", "http"}, EditOp::set, json::object()},
                    {"base", {"listeners"}, EditOp::remove, std::nullopt}};
    merge.add({id, Hlc{time}, std::move(change)});
  }
  require(merge.revision() == revision_of(merge.result().document, merge.level()));
  const auto again = encode_state(merge.state());
  require(!again || decode_state(*again).has_value());
  return 0;
}
