// Every author's hash-chained records, as this node holds them: in the end the same set on every node.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "starling/changelog/ancestry.hpp"
#include "starling/changelog/forks.hpp"
#include "starling/changelog/version_vector.hpp"
#include "starling/changelog/waiting_room.hpp"
#include "starling/model/right.hpp"

namespace starling {

// What a checkpoint has settled (L8): what it covers is in its state, or counts for nothing. Only what it
// names as kept has an effect beyond that, whatever forks and rulings say.
struct LogBase {
  VersionVector covered;
  std::set<RecordId> kept;
};

// Does `vector` reach as far as `earlier` in every chain?
[[nodiscard]] bool includes(const VersionVector& vector, const VersionVector& earlier);

// Pure and in memory; what is durable is the Store's matter, and who may write what is a rule that comes from
// the charter.
// Structure is checked here: chains are without gaps, parents are there, clocks rise (L2, L3, L7). A record
// comes after its grant as after a parent: so what has no right is in nobody's log, nor what rests on it,
// whoever heard of it when (L4). Of a forked chain all branches are kept and served; which of them stands is
// for senior keys to say (Protections).
class Changelog {
 public:
  // Places where a chain's author went on from one record in more than one way. More of them prove nothing
  // new, and would fill memory and disk (RV06); what a senior key names is taken beyond that.
  static constexpr std::size_t max_branches_of_chain = 64;
  static constexpr std::size_t max_branches = 1024;
  // Tips that one author may have at a time, past forks not counted: its incarnations name its older heads,
  // so one is usual (RV08).
  static constexpr std::size_t max_tips_of_author = 64;
  // Records that are settled and say nothing by themselves, remembered until the other half of a fork's proof
  // comes.
  static constexpr std::size_t max_halves = 1024;
  static constexpr std::size_t max_halves_bytes = 16 * 1024 * 1024;

  // Without a rule every record has the right to be there.
  explicit Changelog(FleetId fleet, RightRule rule = {}) : fleet_(fleet), rule_(std::move(rule)) {}
  // As if it had never held anything; protections included.
  void clear() {
    const std::uint64_t drops = drops_ + 1;
    *this = Changelog(fleet_, std::move(rule_));
    drops_ = drops;
  }

  enum class Outcome {
    added,  // it and perhaps others that waited for it: see Ingested::added
    duplicate,
    waiting,  // its predecessor, a parent or its grant is missing
    forked,   // kept as well: its author wrote another with the same number
    denied,   // its grant doesn't allow it (L4)
    refused,  // breaks a rule or a bound; `why` names it
  };
  struct Ingested {
    Outcome outcome{};
    Error why;
    std::vector<RecordPtr> added;  // in an order in which each follows what it depends on
    std::vector<RecordPtr> forks;  // those of `added` that prove a fork
  };
  // `bringer`, as far as there is one, shares the room for what has to wait with other bringers (RV09).
  [[nodiscard]] Ingested ingest(RecordPtr record, const PeerId& bringer = {});
  // The same for what was taken before: no bound keeps out what is on disk already.
  [[nodiscard]] Ingested restore(RecordPtr record);

  // Has it the right to be here? Of what a checkpoint has settled nobody asks.
  [[nodiscard]] Right right_of(const Record& record) const;
  [[nodiscard]] const VersionVector& vector() const noexcept { return vector_; }
  [[nodiscard]] RecordPtr get(const RecordId& id) const;  // nullptr when not held
  [[nodiscard]] bool holds(const RecordId& id) const { return records_.contains(id); }
  // Is it held, or the last that the base covers of its chain?
  [[nodiscard]] bool knows(const RecordId& id) const { return holds(id) || base_heads_.contains(id); }
  // Is the last record known that it names of each chain?
  [[nodiscard]] bool knows_ends_of(const VersionVector& vector) const;
  // Records of one chain from `first_seq` on, by number and then id, at most `max_count`, stopping before
  // `max_bytes` is exceeded but never before the first. Past a fork it has every branch.
  [[nodiscard]] std::vector<RecordPtr> range(const ChainId& chain, std::uint64_t first_seq,
                                             std::size_t max_count, std::size_t max_bytes) const;
  // The tips: records that no other names as predecessor or parent. Ascending.
  [[nodiscard]] const std::set<RecordId>& heads() const noexcept { return heads_; }
  // The highest clock that doesn't exceed `ceiling`.
  [[nodiscard]] Hlc latest(Hlc ceiling = {UINT64_MAX}) const;
  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
  // Of all envelopes.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  // In order of arrival.
  [[nodiscard]] const std::vector<RecordPtr>& records() const noexcept { return order_; }

  // Had the author of `later` seen `earlier` (directly or through what it had seen)? A record has not seen
  // itself.
  [[nodiscard]] bool happened_before(const RecordId& earlier, const RecordId& later) const;

  // What senior keys said of forked chains. What they name and is not held is among missing() from now on.
  void protect(Protections protections);
  [[nodiscard]] const Protections& protections() const noexcept { return protections_; }
  [[nodiscard]] Standing standing(const SignedRecord& record) const;
  [[nodiscard]] bool stands(const SignedRecord& record) const { return standing(record) == Standing::stands; }
  // Does it stand whatever is settled, and whatever anchors cover? Only a ruling lets one stand at or past a
  // fork. Asked of checkpoints: what they say must not hang on themselves.
  [[nodiscard]] bool stands_by_itself(const SignedRecord& record) const;
  // Does it go more than one way, or another than the base's?
  [[nodiscard]] bool is_forked(const ChainId& chain) const { return forked_from(chain) != UINT64_MAX; }
  // The last record of a chain that stands; nullptr when none is held.
  [[nodiscard]] RecordPtr last_standing(const ChainId& chain) const;
  // Is it the record that its chain's entry names, or one before that?
  [[nodiscard]] bool covered_by(const VersionVector& vector, const SignedRecord& record) const;

  // From now on what the checkpoint covers counts as known, and is taken without predecessor and parents. It
  // covers what the base covered until now. Gives back what had waited for nothing else.
  [[nodiscard]] Ingested set_base(LogBase base);
  [[nodiscard]] const LogBase& base() const noexcept { return base_; }
  // Does the base cover the place of the record?
  [[nodiscard]] bool is_settled(const Record& record) const;
  // Forgets those of them that are settled, and neither kept nor the proof of a fork.
  void drop(const std::set<RecordId>& ids);
  // Is it the last that the base covers of its chain?
  [[nodiscard]] bool ends_base(const RecordId& id) const { return base_heads_.contains(id); }
  // Is it beyond what the base covers of its chain, and on the same branch? Of a chain of which it covers
  // nothing every record is.
  [[nodiscard]] bool goes_on_from_base(const SignedRecord& record) const;
  // May drop() forget it?
  [[nodiscard]] bool is_droppable(const SignedRecord& record) const;
  // Changes whenever something was forgotten, or settled.
  [[nodiscard]] std::uint64_t drops() const noexcept { return drops_; }

  // What is to be pulled by name: what senior keys have named, then what waiting records wait for.
  [[nodiscard]] std::vector<RecordId> missing() const;
  // Is it one of those?
  [[nodiscard]] bool awaits(const RecordId& id) const {
    return !knows(id) && (named_.contains(id) || waiting_.awaits(id));
  }
  [[nodiscard]] std::vector<RecordPtr> waiting_records() const { return waiting_.records(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  struct Held {
    RecordPtr record;
    Ancestry::Number number = 0;
  };
  struct Chain {
    std::map<std::pair<std::uint64_t, RecordId>, RecordPtr> records;
    std::size_t branches = 0;
  };

  [[nodiscard]] Result<> check_against(const SignedRecord& record) const;
  [[nodiscard]] Result<> check_bounds(const SignedRecord& record) const;
  [[nodiscard]] std::optional<RecordId> first_missing_of(const Record& record) const;
  // Does it go on from where the base ends in its chain, but from another record?
  [[nodiscard]] bool strays(const Record& record) const;
  [[nodiscard]] std::uint64_t forked_from(const ChainId& chain) const;
  [[nodiscard]] bool says_nothing(const SignedRecord& record) const;
  // Takes what it remembers: the other half of the proof that this is a fork; what is named by this id.
  bool place_rival_of(const SignedRecord& record, Ingested& result);
  bool place_half(const RecordId& id, Ingested& result);
  RecordPtr take_half(std::deque<RecordPtr>::iterator half);
  void remember_half(const RecordPtr& record);
  void hold_only(std::vector<RecordPtr> records);
  void end_before_fork(const ChainId& chain, ChainHead& head) const;
  // Is there another record at its place, or another that follows the same one?
  [[nodiscard]] bool is_rival(const Record& record) const;
  [[nodiscard]] bool branches_off(const Record& record) const;
  // What stands of a forked chain from number `from` on.
  [[nodiscard]] Settlement settle_from(const ChainId& chain, std::uint64_t from, const ChainProtections& said,
                                       bool beyond_base) const;
  [[nodiscard]] const Settlement& settlement(const ChainId& chain, std::uint64_t from) const;
  void place(const RecordPtr& record, Ingested& result);
  void add_to_chain(const RecordPtr& record);
  void note_fork(const Record& record);
  void add_to_graph(const RecordPtr& record);
  // Of the heads of `record`'s author that are bounded: not those that its forks account for.
  [[nodiscard]] bool is_counted_tip(const Record& record) const;
  void add_head(const SignedRecord& record);
  void remove_head(const RecordId& id);
  void uncount_tip(const PeerId& author);
  [[nodiscard]] std::optional<RecordId> still_missing(const Record& record, Ingested& result);
  // False: there is no room for it.
  [[nodiscard]] bool let_wait(const RecordPtr& record, const RecordId& missing, const PeerId& bringer);
  void release_waiting(const RecordId& arrived, Ingested& result);
  Ingested take(const RecordPtr& record, const PeerId& bringer);

  FleetId fleet_;
  RightRule rule_;
  std::map<RecordId, Held> records_;
  std::map<ChainId, Chain> chains_;
  std::size_t branches_ = 0;
  std::size_t bytes_ = 0;
  std::vector<RecordPtr> order_;
  VersionVector vector_;
  LogBase base_;
  std::set<RecordId> base_heads_;
  std::set<ChainId> strays_;  // chains of which something was taken that doesn't follow the base
  std::deque<RecordPtr> halves_;
  std::size_t halves_bytes_ = 0;
  std::uint64_t drops_ = 0;
  std::set<RecordId> heads_;
  std::map<PeerId, std::size_t> tips_of_;  // how many of them are counted, by author
  Ancestry ancestry_;
  Protections protections_;
  std::set<RecordId> named_;                       // by protections
  mutable std::map<ChainId, Settlement> settled_;  // of forked chains, as far as it was asked for
  WaitingRoom waiting_;
  bool restoring_ = false;
};

}  // namespace starling
