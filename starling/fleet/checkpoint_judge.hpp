// Which checkpoint the fold begins with (rule L8).
#pragma once

#include <functional>
#include <set>

#include "starling/changelog/store.hpp"
#include "starling/fleet/controls.hpp"
#include "starling/fleet/derive.hpp"

namespace starling {

// Checkpoints form one chain, and each is believed only by who comes to the same state from what it covers:
// so with all records at hand the answer is a function of them. What was found of each is remembered; it
// never changes.
class CheckpointJudge {
 public:
  enum class Verdict {
    right,
    wrong,
    open,  // not all that it covers is here
  };

  // All must outlive it. `on_wrong` is told of each that has been found wrong; one above the ceiling is yet
  // to come (L7).
  CheckpointJudge(Env env, FleetId fleet, const Changelog& log, const Charter& charter,
                  const Controls& controls, std::function<void(const RecordPtr&)> on_wrong,
                  std::function<Hlc()> ceiling);

  // The newest of the chain that goes on from `horizon`; of several right ones that follow the same the one
  // with the smallest id. nullptr: there is none.
  [[nodiscard]] Task<RecordPtr> newest(BasePtr horizon);
  // Has one been passed over that may be right once more is here?
  [[nodiscard]] bool has_open() const noexcept { return open_; }
  [[nodiscard]] bool is_right(const RecordId& checkpoint) const { return right_.contains(checkpoint); }
  [[nodiscard]] bool is_wrong(const RecordId& checkpoint) const { return wrong_.contains(checkpoint); }

  // What is to be remembered of it, over restarts too.
  [[nodiscard]] Facts facts() const;
  void restore(const Facts& facts);

 private:
  [[nodiscard]] Task<RecordPtr> right_follower(RecordPtr of, BasePtr horizon);
  [[nodiscard]] Task<Verdict> judge(RecordPtr checkpoint, RecordPtr from, BasePtr horizon);

  Env env_;
  FleetId fleet_;
  const Changelog& log_;
  const Charter& charter_;
  const Controls& controls_;
  std::function<void(const RecordPtr&)> on_wrong_;
  std::function<Hlc()> ceiling_;
  JoinChecks join_checks_;
  std::set<RecordId> right_;
  std::set<RecordId> wrong_;
  bool open_ = false;
};

}  // namespace starling
