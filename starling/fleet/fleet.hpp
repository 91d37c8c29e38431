// The one owner of the flow: records → charter → valid changes → merge → revision.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/changelog/store.hpp"
#include "starling/charter/charter.hpp"
#include "starling/fleet/author.hpp"
#include "starling/fleet/committer.hpp"
#include "starling/fleet/controls.hpp"
#include "starling/fleet/discards.hpp"
#include "starling/merge/merge.hpp"

namespace starling {

// What has become of a change (M8).
enum class ChangeState { applied, partly, lost, skipped, held, set_aside, quarantined, denied, voided };
[[nodiscard]] std::string_view to_string(ChangeState state) noexcept;

struct ChangeStatus {
  ChangeState state{};
  std::string reason;
};

class FleetObserver {
 public:
  virtual ~FleetObserver() = default;
  // New records are on disk, in an order in which each follows what it depends on.
  virtual void on_records(const std::vector<RecordPtr>& /*records*/) {}
  virtual void on_charter_changed() {}
  virtual void on_revision_changed() {}
  // An acknowledged change has met another fate than before (M8).
  virtual void on_change_state(const RecordId& /*change*/, const ChangeStatus& /*status*/) {}
  // Proof that somebody wrote two records with one number (L3).
  virtual void on_fork(const RecordPtr& /*rival*/) {}
  // A senior key has said what stands of a forked chain.
  virtual void on_ruling(const RecordPtr& /*ruling*/) {}
};

class Fleet {
 public:
  static constexpr std::chrono::minutes clock_tolerance = starling::clock_tolerance;

  // `store` must outlive it. Nothing is known before load().
  Fleet(Env env, FleetId fleet, PrivateKey node_key, Store& store);
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Reads the whole store; blocks. Errors: those of Store::load.
  [[nodiscard]] Result<> load();
  [[nodiscard]] Task<> stop();

  // Records from elsewhere. Each is checked, kept or refused by itself; returns once what was new is on disk.
  // `refused` names what its bringer should not have sent (RV02); those with an unknown grant or predecessor
  // are not among them. `bringer`, if it is a peer, shares the room for what has to wait with others (RV09).
  struct Accepted {
    std::size_t added = 0;
    std::size_t waiting = 0;
    std::vector<std::pair<RecordId, Error>> refused;
  };
  [[nodiscard]] Task<Result<Accepted>> accept(std::vector<RecordPtr> records, PeerId bringer = {});

  // Writes as this node, under its most senior grant; returns once it is on disk (L6).
  // Errors: refused (no grant that allows it; a clock too far ahead, with the offset; records here that only
  // a newer version understands), io (the store).
  [[nodiscard]] Task<Result<RecordPtr>> author(RecordKind kind, Bytes body);
  // Several at once, in order, with one synced transaction: all of them or none. `bodies` is not empty.
  // Errors: also limit, when one of several is too large to be sure of.
  [[nodiscard]] Task<Result<std::vector<RecordPtr>>> author_all(RecordKind kind, std::vector<Bytes> bodies);
  // Why author() would refuse a change now, or nothing.
  [[nodiscard]] Result<> may_author(RecordKind kind) const;
  // The same for a key that is not the node's (root, in `init` and `invite`).
  [[nodiscard]] AuthoringContext authoring_context() const;

  [[nodiscard]] const FleetId& id() const noexcept { return id_; }
  [[nodiscard]] const PeerId& node() const noexcept { return node_; }
  [[nodiscard]] const Charter& charter() const noexcept { return charter_; }
  [[nodiscard]] const Changelog& log() const noexcept { return log_; }
  [[nodiscard]] const Controls& controls() const noexcept { return controls_; }
  [[nodiscard]] const MergeResult& merged() const noexcept { return *merged_; }
  // What is desired of one scope (starling/model/scope.hpp).
  [[nodiscard]] const json::value& document(std::string_view scope = base_scope) const {
    return scope_document(merged_->document, scope);
  }
  // The desired document's revision; nothing before the first valid change: then nothing is desired (M10).
  [[nodiscard]] const std::optional<RevisionId>& revision() const noexcept { return revision_; }
  // Does all of that follow from the whole log? Not while records are on their way to the disk.
  [[nodiscard]] bool settled() const noexcept { return committing_ == 0; }
  // The changes that are folded into it, oldest first.
  [[nodiscard]] std::vector<RecordPtr> changes() const;
  [[nodiscard]] ChangeStatus status_of(const RecordId& change) const;
  // Changes whose clock is too far ahead of fleet time (L7), earliest first.
  [[nodiscard]] const std::set<std::pair<Hlc, RecordId>>& held() const noexcept { return held_; }

  // Small things this node remembers over restarts.
  [[nodiscard]] const Facts& facts() const noexcept { return facts_; }
  [[nodiscard]] Task<Result<>> remember(std::string name, std::string value);

  // Fleet time is our own clock plus this: the median over fresh statuses, told by the status service (L7).
  // Until it is told again it goes on by itself, so that a jump of our own clock is one voice among others.
  void set_clock_offset(std::chrono::milliseconds offset);
  [[nodiscard]] libp2p::WallTime fleet_time() const;
  // Releases what was held until now, and holds again what fleet time has fallen behind; call it about once a
  // second.
  void tick();

  void add_observer(FleetObserver& observer) { observers_.push_back(&observer); }
  void remove_observer(FleetObserver& observer) { std::erase(observers_, &observer); }

 private:
  [[nodiscard]] Hlc ceiling() const;
  void ingest(const RecordPtr& record, const PeerId& bringer, std::vector<RecordPtr>& stored,
              Accepted& accepted);
  // Keeps apart what is looked at by kind.
  void sort_in(const RecordPtr& record);
  void refresh(const std::vector<RecordPtr>& added);
  // Says whether the verdict on any record may have changed by `added`.
  [[nodiscard]] bool changes_verdicts(const std::vector<RecordPtr>& added) const;
  void evaluate_charter();
  // Lets every one of `records` that is a change take part in the merge, or keeps it out.
  void consider(const std::vector<RecordPtr>& records);
  // The same for one; names the changes that have to be looked at again because of it.
  [[nodiscard]] std::vector<RecordId> consider_one(const SignedRecord& record);
  void update_merge();
  [[nodiscard]] std::optional<ChangeStatus> kept_out(const SignedRecord& record) const;
  void set_state(const SignedRecord& change, ChangeStatus status);
  template <class Call>
  void tell(Call call) {
    for (FleetObserver* observer : std::vector(observers_)) call(*observer);
  }

  Env env_;
  FleetId id_;
  PeerId node_;
  Committer committer_;
  Store& store_;
  Author author_;
  Changelog log_;
  Charter charter_;
  JoinChecks join_checks_;
  Controls controls_;
  Discards discards_;
  std::vector<RecordPtr> charter_records_;
  std::vector<RecordPtr> unknown_records_;
  Merge merge_;
  const MergeResult* merged_;  // merge_'s own, as last updated
  std::optional<RevisionId> revision_;
  std::size_t committing_ = 0;  // batches in the log that are not on disk yet
  std::map<RecordId, ChangeStatus> states_;
  std::set<std::pair<Hlc, RecordId>> held_;
  std::set<std::pair<Hlc, RecordId>> taking_part_;
  Facts facts_;
  // Fleet time when it was last told, from where the monotonic clock goes on.
  libp2p::WallTime fleet_time_told_;
  libp2p::Instant told_at_;
  std::vector<FleetObserver*> observers_;
};

}  // namespace starling
