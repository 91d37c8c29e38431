// What was told last of the changes that this node has acknowledged, over restarts too (rule M8).
#pragma once

#include <functional>
#include <map>
#include <string>

#include "libp2p/base/notifier.hpp"
#include "starling/fleet/fleet.hpp"

namespace starling {

// A clock that has been set, or what came just before the end, may give a change another fate while nobody
// watches. Of those of this node's own changes that are not simply applied, the newest `most`, it remembers
// what they are; older ones are told of at each start. Left out is what a checkpoint has settled: it has met
// its last fate.
class ToldFates final : private FleetObserver {
 public:
  static constexpr std::size_t most = 1024;
  using Tell = std::function<void(const RecordId&, const ChangeStatus&)>;

  // `fleet` must outlive it.
  ToldFates(Env env, Fleet& fleet, Tell tell);
  ~ToldFates() override;

  // Once the fleet is loaded: tells of each whose fate is another than it was told.
  void start();
  [[nodiscard]] Task<> stop();

 private:
  void on_change_state(const RecordId& change, const ChangeStatus& status) override;

  // Says whether that is another fate than was told.
  bool note(const SignedRecord& change, ChangeState state);
  void restore(const std::string& text);
  Task<> remember_soon();
  [[nodiscard]] Task<> remember();

  Env env_;
  Fleet& fleet_;
  Tell tell_;
  std::map<std::pair<Hlc, RecordId>, std::string> told_;  // of those that are not applied
  bool dirty_ = false;
  libp2p::Notifier changed_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
