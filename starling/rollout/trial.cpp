// Candidates on trial: the part of Applier that lets the data plane run what is not the fleet's yet.
#include "starling/rollout/applier.hpp"

namespace starling {

Task<std::expected<Applier::Trial, DataPlaneFault>> Applier::try_candidate(
    std::optional<json::value> candidate) {
  libp2p::TurnQueue::Turn turn = co_await turns_.take();
  if (!driver_.serves() || !candidate) co_return Trial(std::move(turn), std::nullopt);
  json::value document = std::move(*candidate);
  const Generation* present_wanted = wanted();
  const bool runs_present = present_wanted ? (running_ && running_->id == present_wanted->id) : !running_;
  // What is to go back if the change can't be stored. It is asked for only where it isn't known: that would
  // be one more question on the way of every change.
  json::value before;
  if (runs_present && running_ && !drifted_) {
    before = running_->document;
  } else {
    auto present = co_await driver_.read();
    if (!present) co_return std::unexpected(std::move(present.error()));
    before = std::move(*present);
  }
  // Not its turn while it is held, or still on its way to the present revision: it will come to this one,
  // too.
  if (!runs_present) co_return Trial(std::move(turn), std::nullopt);
  if (auto fault = cuts_off(document)) co_return std::unexpected(std::move(*fault));
  if (!running_ && !co_await may_apply_first(document)) co_return Trial(std::move(turn), std::nullopt);
  const GenerationId id = generation_id(document);
  // A change that doesn't reach this node: a layer of others.
  if (running_ && running_->id == id && !drifted_) co_return Trial(std::move(turn), std::nullopt);
  if (auto done = co_await driver_.apply(std::move(document), id); !done)
    co_return std::unexpected(std::move(done.error()));
  co_return Trial(std::move(turn), std::move(before));
}

Task<> Applier::keep(Trial trial) {
  if (!trial.before_) co_return;
  // Concurrent changes may have put more into the revision than the candidate held: the loop brings that up
  // next.
  const auto present = co_await driver_.read();
  const Generation* generation = wanted();
  if (generation && present && same_json(*present, generation->document)) {
    const GenerationId id = generation->id;
    co_await note_running(*generation);
    tell(DataPlaneEvent::Kind::applied, id, "");
  }
  wake();
}

Task<> Applier::put_back(Trial trial) {
  if (!trial.before_) co_return;
  const GenerationId id = generation_id(*trial.before_);
  if (const auto done = co_await driver_.apply(std::move(*trial.before_), id); !done)
    note_failure(done.error());
}

}  // namespace starling
