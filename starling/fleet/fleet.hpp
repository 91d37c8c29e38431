// The one owner of the flow: records → charter → valid changes → merge → revision.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/task_group.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/changelog/store.hpp"
#include "starling/charter/charter.hpp"
#include "starling/fleet/author.hpp"
#include "starling/fleet/base.hpp"
#include "starling/fleet/checkpoint_judge.hpp"
#include "starling/fleet/committer.hpp"
#include "starling/fleet/controls.hpp"
#include "starling/fleet/discards.hpp"
#include "starling/history/past.hpp"
#include "starling/history/tips.hpp"
#include "starling/merge/merge.hpp"
#include "starling/merge/state.hpp"

namespace starling {

// What has become of a change (M8).
enum class ChangeState { applied, partly, lost, skipped, held, set_aside, quarantined, voided };
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
  // This node folds what an anchor or a checkpoint covers to another state than its author did (M9).
  virtual void on_state_differs(const RecordPtr& /*anchor*/) {}
};

// A checkpoint of which something is missing here that may be forgotten everywhere.
struct UnseenCheckpoint {
  RecordPtr record;
  RecordId follows;
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
  // `refused` names what its bringer should not have sent (RV02), and what there is no room for; those that
  // wait for a grant or a predecessor are not among them. `bringer`, if it is a peer, shares the room for
  // what has to wait with others (RV09).
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
  // Several at once, in order, with one synced transaction: all of them or none. `drafts` is not empty.
  // Errors: also limit, when one of several is too large to be sure of, or has more parents than a record can
  // name.
  struct Draft {
    Bytes body;
    // What its writer had seen (AuthoringContext::parents); nothing: all that is known.
    std::optional<std::vector<RecordId>> parents;
  };
  [[nodiscard]] Task<Result<std::vector<RecordPtr>>> author_all(RecordKind kind, std::vector<Draft> drafts);
  // Why author() would refuse a change now, or nothing.
  [[nodiscard]] Result<> may_author(RecordKind kind) const;
  // An anchor of all that is here and neither held nor set aside; with a level, the rules of that level hold
  // from there on (M9). And the same with the state (L8). For whoever may sign them. Errors: invalid_argument
  // (a level that can't follow), limit (a state too large for a record), busy (ask again).
  [[nodiscard]] Task<Result<Anchor>> next_anchor(std::uint32_t merge_level = 0);
  [[nodiscard]] Task<Result<Checkpoint>> next_checkpoint();
  // Signed by this node. Errors: also those of author().
  [[nodiscard]] Task<Result<RecordPtr>> write_anchor(std::uint32_t merge_level = 0);
  [[nodiscard]] Task<Result<RecordPtr>> write_checkpoint();
  // Settles for good on the newest checkpoint that is older than `keep` by fleet time, if this node came to
  // the same state itself; and forgets what it covers while the log takes more than `above_bytes`: how many
  // records. Errors: io.
  [[nodiscard]] Task<Result<std::size_t>> drop_covered(std::chrono::milliseconds keep,
                                                       std::size_t above_bytes = 0);
  // Those that would count by what is here and what waits. Oldest first.
  [[nodiscard]] std::vector<UnseenCheckpoint> unseen_checkpoints();
  // Believes one of those, since others have forgotten what it covers: the fold begins with it from now on.
  // Errors: parse, limit (it holds no state), io.
  [[nodiscard]] Task<Result<>> rest_on_unseen(RecordPtr checkpoint);
  // The same for a key that is not the node's (root, in `init` and `invite`).
  [[nodiscard]] AuthoringContext authoring_context() const;

  [[nodiscard]] const FleetId& id() const noexcept { return id_; }
  [[nodiscard]] const PeerId& node() const noexcept { return node_; }
  [[nodiscard]] const Charter& charter() const noexcept { return charter_; }
  [[nodiscard]] const Changelog& log() const noexcept { return log_; }
  [[nodiscard]] const Controls& controls() const noexcept { return controls_; }
  // The checkpoint that the fold begins with; nullptr: it begins with nothing.
  [[nodiscard]] RecordPtr checkpoint() const { return base_ ? base_->record : nullptr; }
  // The one behind which this node has forgotten records, or never had them; nullptr: it has all.
  [[nodiscard]] const BasePtr& horizon() const noexcept { return horizon_; }
  [[nodiscard]] const MergeResult& merged() const noexcept { return *merged_; }
  // What is desired of one scope (starling/model/scope.hpp).
  [[nodiscard]] const json::value& document(std::string_view scope = base_scope) const {
    return scope_document(merged_->document, scope);
  }
  // That of the merge's rules (M9). Above newest_merge_level this version can't tell what is desired.
  [[nodiscard]] unsigned level() const { return merge_.level(); }
  // The desired document's revision; nothing before the first valid change, and at a level that this version
  // doesn't know: then nothing is desired (M10).
  [[nodiscard]] const std::optional<RevisionId>& revision() const noexcept { return revision_; }
  // Does all of that follow from the whole log? Not while records are on their way to the disk, or a
  // checkpoint is being judged.
  [[nodiscard]] bool settled() const noexcept { return committing_ == 0 && !seeking_base_; }
  // The tips of what is on disk (L6); perhaps with some of what they were put after.
  [[nodiscard]] std::vector<RecordId> stored_heads() const;
  // The changes that are folded into it, oldest first.
  [[nodiscard]] std::vector<RecordPtr> changes() const;
  // The newest of them, and of those that the checkpoint covers: with all that they build on they are what
  // the revision is made of. Ascending.
  [[nodiscard]] const std::vector<RecordId>& tips() const noexcept { return tips_; }
  [[nodiscard]] ChangeStatus status_of(const RecordId& change) const;
  // Changes that are held here, be they settled or not, and whatever has come of them.
  [[nodiscard]] std::size_t change_count() const noexcept { return states_.size(); }
  // Is it a change that takes part in the merge, whatever has come of it there?
  [[nodiscard]] bool is_folded(const SignedRecord& record) const;
  // Changes whose clock is too far ahead of fleet time (L7), earliest first.
  [[nodiscard]] const std::set<std::pair<Hlc, RecordId>>& held() const noexcept { return held_; }

  // ---- looking back ----

  // The revisions that this node has been at, as far as it remembers.
  [[nodiscard]] const RevisionLog& revisions() const noexcept { return revisions_; }
  [[nodiscard]] Past& past() noexcept { return past_; }
  // Of whom what stands is, and who removed what is gone. Valid until something changes.
  [[nodiscard]] const Provenances& provenance() { return merge_.provenance(); }

  // ---- looking ahead ----

  // What a record is put after whose writer has seen what is merged now: not what is in the log and yet to
  // be considered (M4).
  [[nodiscard]] std::vector<RecordId> parents_now() const;
  // This node's own newest records: whatever it writes builds on them.
  [[nodiscard]] std::vector<RecordId> own_heads() const { return author_.newest(authoring_context()); }
  // What would come of a change that is written now and put after `parents` and those. Nothing is written.
  struct Preview {
    ChangeFate fate;
    json::value document;  // the tree of all scopes
  };
  [[nodiscard]] Preview preview(Change change, const std::vector<RecordId>& parents);

  // Small things this node remembers over restarts.
  [[nodiscard]] const Facts& facts() const noexcept { return facts_; }
  [[nodiscard]] Task<Result<>> remember(std::string name, std::string value);

  // Fleet time is our own clock plus this: the median over fresh statuses, told by the status service (L7).
  // Until it is told again it goes on by itself, so that a jump of our own clock is one voice among others.
  void set_clock_offset(std::chrono::milliseconds offset);
  [[nodiscard]] libp2p::WallTime fleet_time() const;
  // Records with a higher clock are held.
  [[nodiscard]] Hlc ceiling() const;
  // Releases what was held until now, and holds again what fleet time has fallen behind; call it about once a
  // second.
  void tick();

  void add_observer(FleetObserver& observer) { observers_.push_back(&observer); }
  void remove_observer(FleetObserver& observer) { std::erase(observers_, &observer); }

 private:
  void ingest(const RecordPtr& record, const PeerId& bringer, std::vector<RecordPtr>& stored,
              Accepted& accepted);
  // Keeps apart what is looked at by kind.
  void sort_in(const RecordPtr& record);
  void refresh(const std::vector<RecordPtr>& added);
  // What stands of a forked chain may change with every record of it, and with that what was built upon.
  [[nodiscard]] bool touches_forks(const std::vector<RecordPtr>& added) const;
  // Says whether it gives others rights than before, or protects other records.
  bool evaluate_charter();
  // Lets every one of `records` that is a change take part in the merge, or keeps it out.
  void consider(const std::vector<RecordPtr>& records);
  // The same for one; names the changes that have to be looked at again because of it.
  [[nodiscard]] std::vector<RecordId> consider_one(const SignedRecord& record);
  [[nodiscard]] std::vector<RecordId> consider_settled(const SignedRecord& record);
  void update_merge();
  // Once a batch is on disk: what it released goes the same way.
  Task<Result<>> store_and_refresh(std::vector<RecordPtr> records);

  [[nodiscard]] VersionVector anchor_vector() const;
  [[nodiscard]] std::vector<RecordId> not_considered() const;
  // Is what it covers just what is folded now?
  [[nodiscard]] bool is_present(const VersionVector& vector) const;
  // Of what the vector covers, folded from `base_`. Errors: those of derive().
  [[nodiscard]] Task<Result<RevisionId>> revision_at(VersionVector vector, Hlc latest);
  void tell_difference(const RecordPtr& anchor);
  // Compares what waits for it with what this node comes to.
  Task<> compare_anchors();
  Task<> compare(RecordPtr anchor);

  // Looks for the checkpoint to begin with, and begins with it.
  void seek_base();
  Task<> find_base();
  [[nodiscard]] Result<BasePtr> base_of(const RecordPtr& checkpoint) const;
  void rest_on(BasePtr base);
  // Reads all records anew, as after a start.
  void rebuild_log();
  // Remembered with the next commit.
  void note(std::string_view name, std::string value);
  void note_verdicts();
  void restore_base(const std::vector<RecordPtr>& records);
  // Is there one that is old enough?
  [[nodiscard]] Result<bool> move_horizon(std::chrono::milliseconds keep);
  [[nodiscard]] std::set<RecordId> droppable(const VersionVector& covered) const;

  void note_revision();
  [[nodiscard]] bool happened_before(const RecordId& earlier, const RecordId& later) const;
  // What makes it void, if anything does.
  [[nodiscard]] std::optional<RecordId> discarded_by(const SignedRecord& change) const;
  [[nodiscard]] std::optional<ChangeStatus> kept_out(const SignedRecord& record) const;
  [[nodiscard]] bool is_void(const RecordId& change) const;
  void set_state(const SignedRecord& change, ChangeStatus status);
  // It is not in the log any more.
  void forget(const SignedRecord& record);
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
  std::vector<RecordId> tips_;  // as of the last merge
  RevisionLog revisions_;
  Past past_;
  // While a preview is worked out: the change that is not there, and what its author would have known.
  struct Imagined {
    RecordId id;
    std::vector<RecordId> heads;
  };
  std::optional<Imagined> imagined_;
  std::size_t committing_ = 0;   // batches in the log that are not on disk yet
  std::set<RecordId> unseen_;    // those of their records that were not considered yet
  std::set<RecordId> unstored_;  // what is in the log and not on disk yet
  std::map<RecordId, ChangeStatus> states_;
  std::set<std::pair<Hlc, RecordId>> held_;
  std::set<std::pair<Hlc, RecordId>> contested_;  // void, until somebody has built upon it
  std::set<RecordId> set_aside_;
  std::vector<LevelFrom> levels_;
  BasePtr base_;     // what the fold begins with
  BasePtr horizon_;  // what lies behind it is not all here
  CheckpointJudge judge_;
  bool base_sought_ = false;  // since the start
  bool seeking_base_ = false;
  bool seek_again_ = false;
  std::vector<RecordPtr> released_;    // by a checkpoint, and not on disk yet
  std::vector<RecordPtr> to_compare_;  // anchors
  bool comparing_ = false;
  Facts new_facts_;                                 // to be remembered with the next commit
  std::set<std::pair<Hlc, RecordId>> taking_part_;  // in the merge
  Facts facts_;
  // Fleet time when it was last told, from where the monotonic clock goes on.
  libp2p::WallTime fleet_time_told_;
  libp2p::Instant told_at_;
  std::vector<FleetObserver*> observers_;
  libp2p::TaskGroup tasks_;
};

}  // namespace starling
