#include "tests/simulation/forgeries.hpp"

#include <algorithm>

#include "starling/merge/revision.hpp"

namespace starling::sim {
namespace {

RecordId nobody() {
  RecordId id;
  id.bytes.fill(9);
  return id;
}

bool forge_state(Checkpoint& checkpoint, unsigned level) {
  auto state = decode_state(checkpoint.state);
  if (!state) return false;
  state->document.get_object()[base_scope].get_object()["access_log"] = "/tmp/forged.log";
  checkpoint.anchor.revision = revision_of(state->document, level);
  auto encoded = encode_state(*state);
  if (encoded) checkpoint.state = std::move(*encoded);
  return encoded.has_value();
}

// One change was written later than it was: what is older than that loses to it.
bool forge_provenance(Checkpoint& checkpoint) {
  auto state = decode_state(checkpoint.state);
  if (!state || state->provenance.empty()) return false;
  const RecordId change = state->provenance.begin()->second.change;
  for (auto& [path, of] : state->provenance) {
    if (of.change == change) of.hlc.value += 1;
  }
  auto encoded = encode_state(*state);
  if (encoded) checkpoint.state = std::move(*encoded);
  return encoded.has_value();
}

}  // namespace

bool forge(Checkpoint& checkpoint, Forgery how, const Fleet& fleet) {
  VersionVector& vector = checkpoint.anchor.vector;
  const VersionVector& settled = fleet.log().base().covered;
  switch (how) {
    case Forgery::entry_of_nobody:
      vector[ChainId{fleet.node(), 7}] = {3, nobody(), std::nullopt};
      return true;
    case Forgery::base_of_nobody:
      checkpoint.anchor.base = nobody();
      return true;
    case Forgery::covers_less:
      return !settled.empty() && vector.erase(settled.begin()->first) > 0;
    case Forgery::keeps_less:
      if (checkpoint.kept.empty()) return false;
      checkpoint.kept.pop_back();
      return true;
    case Forgery::another_state:
      return forge_state(checkpoint, fleet.level());
    case Forgery::another_provenance:
      return forge_provenance(checkpoint);
  }
  return false;
}

}  // namespace starling::sim
