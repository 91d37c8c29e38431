// Records on their way from answers into the fleet: verified on the workers while others are read, taken in
// order, many frames to a commit, and never more of them at once than fit a window.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/base/task_group.hpp"
#include "starling/fleet/fleet.hpp"

namespace starling {

// One round of pulling. Its lanes bring the blocks of a striped answer in turn: the first block comes down
// lane 0, the second down lane 1, and so on; a single lane brings all. What was taken before something broke
// is kept.
class RecordIntake {
 public:
  // Bytes of envelopes that a lane may hold; a larger record is held alone.
  static constexpr std::size_t lane_window = 2UZ * 1024 * 1024;
  // Records taken in one step: the loop is busy with them for so long.
  static constexpr std::size_t max_group = 512;
  // Groups that wait for the disk while the next is prepared.
  static constexpr std::size_t max_commits = 2;

  // `fleet` must outlive it; join() must have ended before it goes.
  // A lane for each of `peers`.
  RecordIntake(Env env, Fleet& fleet, std::vector<PeerId> peers);

  // For whoever reads lane `lane`: returns once there is room for more. Errors: what broke the round (then
  // nothing more is taken).
  [[nodiscard]] Task<Result<>> put(std::size_t lane, std::vector<Bytes> envelopes);
  // The lane's answer has ended, in order or not.
  void finish(std::size_t lane);

  // Why a round ended early, and whose lane it was.
  struct Break {
    std::optional<std::size_t> lane;  // none: our own store
    Error why;
  };
  struct Outcome {
    std::size_t taken = 0;             // records, known ones too
    std::size_t added = 0;             // to the log
    std::size_t waiting = 0;           // for something before them that has not come
    std::map<ChainId, Error> refused;  // where our rules refuse what was brought, and why
    std::optional<Break> broken;
  };
  // Takes all that comes until every lane has finished and is empty, or one breaks: a signature or a form
  // that is wrong, a block too long or too short, the store.
  [[nodiscard]] Task<Outcome> run();
  // Waits for what is still being verified or committed.
  [[nodiscard]] Task<> join() { return tasks_.join(); }

 private:
  struct Batch {
    std::vector<Bytes> envelopes;
    std::vector<RecordPtr> records;
    std::size_t bytes = 0;
    bool opened = false;
    std::optional<Error> wrong;
  };
  struct Lane {
    PeerId peer;
    std::deque<std::shared_ptr<Batch>> batches;
    std::size_t bytes = 0;
    std::uint64_t in_block = 0;  // taken of the present block
    bool finished = false;
  };

  Task<> open(std::shared_ptr<Batch> batch);
  Task<> accept(std::vector<RecordPtr> group, PeerId bringer);
  // Of one lane.
  [[nodiscard]] std::vector<RecordPtr> next_group();
  // Moves on to the next lane at the end of a block, or of a lane. False when there is nothing to take yet.
  [[nodiscard]] bool find_batch();
  void take_batch(std::vector<RecordPtr>& group);
  void break_off(std::optional<std::size_t> lane, Error why);
  [[nodiscard]] bool done() const;

  Env env_;
  Fleet& fleet_;
  std::vector<Lane> lanes_;
  std::size_t lane_ = 0;              // whose block is being taken
  std::size_t taken_from_ = 0;        // the lane of the last group
  std::optional<std::size_t> short_;  // a lane that ended within a block: nothing may come after it
  std::size_t commits_ = 0;
  Outcome outcome_;
  libp2p::Notifier changed_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
