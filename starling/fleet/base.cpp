#include "starling/fleet/base.hpp"

namespace starling {

Result<BasePtr> read_base(const RecordPtr& record) {
  LIBP2P_TRY(Checkpoint checkpoint, Checkpoint::from_body(record->record.body));
  LIBP2P_TRY(MergeState state, decode_state(checkpoint.state));
  auto base = std::make_shared<Base>();
  base->record = record;
  base->log.covered = std::move(checkpoint.anchor.vector);
  base->log.kept = {checkpoint.kept.begin(), checkpoint.kept.end()};
  base->state = std::move(state);
  return base;
}

}  // namespace starling
