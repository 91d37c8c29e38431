// The one owner of a node's data plane: brings it to what the fleet wants, keeps it there, and says how that
// goes.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/turn_queue.hpp"
#include "starling/dataplane/driver.hpp"
#include "starling/fleet/fleet.hpp"
#include "starling/model/status.hpp"
#include "starling/rollout/generation.hpp"
#include "starling/rollout/own_addresses.hpp"

namespace starling {

enum class DriftPolicy { heal, report };

struct ApplierConfig {
  bool take_fleet =
      false;  // the fleet's configuration stands, whatever the data plane ran before its first apply
  DriftPolicy drift = DriftPolicy::heal;
  Duration check_interval = std::chrono::seconds(1);  // drift is found within twice this
  Duration retry_first = std::chrono::milliseconds(500);
  Duration retry_cap = std::chrono::seconds(30);
};

// What happens to a data plane, for whoever watches (events, logs).
struct DataPlaneEvent {
  enum class Kind { applied, failed, held, released, drift, healed, unreachable, back };
  Kind kind{};
  std::optional<GenerationId> generation;
  std::string message;
};
[[nodiscard]] std::string_view to_string(DataPlaneEvent::Kind kind) noexcept;

class Applier final : private FleetObserver {
 public:
  // Keeps a copy of what ran before the first apply ever (DESIGN section 6, point 7).
  using SaveBeforeFirstApply = std::function<Result<>(const json::value&)>;
  using OnStatus = std::function<void()>;
  using OnEvent = std::function<void(const DataPlaneEvent&)>;

  // All must outlive it.
  Applier(Env env, Fleet& fleet, Driver& driver, ApplierConfig config, SaveBeforeFirstApply save,
          OnStatus on_status, OnEvent on_event);
  ~Applier() override;

  // The address that this node's configuration can name, if it has one. Before start(): it must not change
  // while the node runs, or generations would.
  void set_address(std::optional<std::string> address) { address_ = std::move(address); }
  void start();
  [[nodiscard]] Task<> stop();
  // From now on no configuration that would take one of these is brought up.
  void protect(OwnAddresses own) { own_addresses_ = std::move(own); }

  // The four facts, what holds it back, and the last error, in the node's status.
  void fill(Status& status) const;
  // What the data plane runs, as far as we brought it up; on a node without one, while what the fleet wants
  // can't be rendered, what it was given before.
  [[nodiscard]] const std::optional<Generation>& running() const noexcept { return running_; }
  // Why there is no generation of what the fleet wants; empty where there is one, or nothing is wanted.
  [[nodiscard]] const std::string& render_error() const noexcept { return render_error_; }
  // What the fleet wants of this node; nullptr while that is nothing, or can't be rendered: what ran before
  // goes on. Valid until the fleet changes.
  [[nodiscard]] const Generation* wanted() const noexcept {
    return desired_ && desired_->generation ? &*desired_->generation : nullptr;
  }
  [[nodiscard]] const std::optional<std::string>& address() const noexcept { return address_; }
  [[nodiscard]] const std::string& held() const noexcept { return held_; }
  [[nodiscard]] Driver& driver() noexcept { return driver_; }

  // A candidate on trial: it runs on the data plane until it is kept, or put back. While it lasts nothing
  // else is applied.
  class Trial {
   public:
    Trial(Trial&&) noexcept = default;

   private:
    friend class Applier;
    Trial(libp2p::TurnQueue::Turn turn, std::optional<json::value> before)
        : turn_(std::move(turn)), before_(std::move(before)) {}
    libp2p::TurnQueue::Turn turn_;
    // What ran before it. Nothing: the data plane was left alone (it serves nothing, is held, or runs another
    // revision).
    std::optional<json::value> before_;
  };
  // Without a candidate, since this node can't render it, the data plane is left alone.
  [[nodiscard]] Task<std::expected<Trial, DataPlaneFault>> try_candidate(
      std::optional<json::value> candidate);
  // The candidate has become the fleet's revision (or part of it).
  [[nodiscard]] Task<> keep(Trial trial);
  [[nodiscard]] Task<> put_back(Trial trial);

  // What the data plane runs by itself has been made a change (`publish`): it holds nothing back any more.
  void release_hold();
  // The differences between what was last applied and what runs now (`publish`): the two documents.
  struct Local {
    json::value applied;
    json::value running;
  };
  [[nodiscard]] Task<DriverResult<Local>> read_local();

 private:
  void on_revision_changed() override;
  void on_charter_changed() override;

  void look_at_fleet();
  void want(std::optional<Desired> next);
  void note_render_fault(std::string error);
  void wake();
  Task<> keep_applied();
  Task<bool> bring_up_to_date();
  Task<bool> may_apply_first(const json::value& wanted);
  [[nodiscard]] std::string unasked_emptying(const Generation& wanted) const;
  [[nodiscard]] std::optional<DataPlaneFault> cuts_off(const json::value& document) const;
  Task<bool> apply(Generation wanted);
  Task<bool> confirm_or_apply(Generation wanted);
  Task<> check_drift();
  Task<> heal();
  Task<> note_running(Generation generation);
  void note_failure(const DataPlaneFault& fault);
  void hold(std::string why);
  void set_fact(FactKind kind, const RevisionId& revision, const std::vector<RecordId>& heads);
  void set_fact(FactKind kind, const Generation& generation);
  void tell(DataPlaneEvent::Kind kind, std::optional<GenerationId> generation, std::string message);

  struct TimedFact {
    RevisionId revision;
    std::vector<RecordId> heads;
    libp2p::Instant since;
  };

  Env env_;
  Fleet& fleet_;
  Driver& driver_;
  ApplierConfig config_;
  SaveBeforeFirstApply save_before_first_apply_;
  OnStatus on_status_;
  OnEvent on_event_;
  OwnAddresses own_addresses_;
  // In the order of coming: a writer that always has another candidate must not keep the loop from its work.
  libp2p::TurnQueue turns_;
  libp2p::Notifier wake_;
  std::uint64_t wakes_ = 0;  // ever: what comes while the loop is busy must not wait for its next round
  std::optional<std::string> address_;
  std::optional<NodeFacts> known_as_;    // by what the present generation was rendered
  std::optional<Desired> desired_;       // of the fleet, as it is
  std::optional<Generation> running_;    // what we brought up last, and believe to run
  std::optional<GenerationId> refused_;  // what the data plane would not take
  libp2p::Instant refused_until_{};      // and when to try it again: a port may have become free
  std::array<std::optional<TimedFact>, fact_kinds.size()> facts_;
  std::string held_;
  std::string error_;                // of the data plane
  std::string render_error_;         // why there is no generation for it
  bool first_apply_agreed_ = false;  // `publish` has taken in what ran before
  bool unreachable_ = false;
  bool drifted_ = false;
  Duration retry_{};
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
