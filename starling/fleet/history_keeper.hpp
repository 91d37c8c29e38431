// Writes anchors and checkpoints when they are due, and forgets what they cover (rule L8).
#pragma once

#include <optional>

#include "starling/fleet/fleet.hpp"

namespace starling {

struct HistoryPolicy {
  // An anchor, when the newest is older than this and something was changed since, or so many changes were.
  std::chrono::milliseconds anchor_every = std::chrono::hours(24);
  std::size_t anchor_changes = 10'000;
  // A checkpoint, when the records that the present one doesn't cover take more; its bodies are kept for a
  // while.
  std::size_t log_bytes = 256 * 1024 * 1024;
  std::chrono::milliseconds keep_bodies = std::chrono::hours(24 * 30);
  // More heads than this are joined by a record that says nothing else (RV08).
  std::size_t heads = 64;
  libp2p::Duration look_every = std::chrono::minutes(1);
  // After a checkpoint that was too large for a record: what it takes to see that is derived anew each time.
  libp2p::Duration too_large_again = std::chrono::hours(24);
};

enum class HistoryDuty { nothing, join_heads, anchor, checkpoint };

// What this node ought to write now: nothing, unless it may. With `too_large` a checkpoint would not fit into
// a record, and what else is due is.
[[nodiscard]] HistoryDuty history_duty(const Fleet& fleet, const HistoryPolicy& policy,
                                       bool too_large = false);

class HistoryKeeper {
 public:
  // `fleet` must outlive it.
  HistoryKeeper(Env env, Fleet& fleet, HistoryPolicy policy = {});

  void start();
  [[nodiscard]] Task<> stop();

 private:
  Task<> run();
  Task<> look();
  Task<Result<>> write(HistoryDuty duty);
  Task<Result<>> write_checkpoint();

  Env env_;
  Fleet& fleet_;
  HistoryPolicy policy_;
  std::optional<libp2p::Instant> checkpoint_from_;  // not before: the last one was too large
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
