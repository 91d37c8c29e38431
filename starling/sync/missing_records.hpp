// What another lacks of a log, found chain by chain: it costs what is missing, however long the log (rule
// L5).
#pragma once

#include <map>
#include <queue>
#include <set>
#include <vector>

#include "starling/changelog/changelog.hpp"
#include "starling/sync/messages.hpp"

namespace starling {

// Gives the records that answer a request one after another, by clock and then id, so that each follows what
// it depends on. Nothing but places in chains is kept between two calls: the log may grow meanwhile, and what
// it gained is the next request's matter.
class MissingRecords {
 public:
  // Of proofs of forks, and of records wanted by name with their predecessors, in one answer.
  static constexpr std::size_t max_singles = 4096;

  // `log` must outlive it.
  MissingRecords(const Changelog& log, const PullRequest& request);

  // nullptr once all that was asked for has been given.
  [[nodiscard]] RecordPtr next();
  // Is the record that next() gave the last of its block, or next() at its end?
  [[nodiscard]] bool block_ended() const noexcept { return place_ % stripe_block == 0; }

 private:
  struct Cursor {
    ChainId chain;
    std::uint64_t next = 0;
    std::uint64_t last = 0;
    std::vector<RecordPtr> ahead = {};  // the next ones of the chain, the first at the back
  };
  struct Candidate {
    Hlc hlc;
    RecordId id;
    std::size_t cursor = 0;
    friend auto operator<=>(const Candidate&, const Candidate&) = default;
  };

  void add_range(const ChainId& chain, std::uint64_t first, std::uint64_t last);
  void add_missing_of(const VersionVector& theirs);
  [[nodiscard]] bool differs_at(const ChainId& chain, const ChainHead& theirs) const;
  void add_forks(const ChainId& chain, const ChainHead& ours, const ChainHead* theirs);
  void add_wanted(const RecordId& id, const VersionVector& theirs);
  // A record outside of the ranges. False when it comes anyway, is none, or one too many.
  bool add_single(const RecordPtr& record);
  [[nodiscard]] bool in_a_range(const SignedRecord& record) const;
  void refill(Cursor& cursor);
  void offer(std::size_t cursor);
  [[nodiscard]] RecordPtr take();

  const Changelog& log_;
  Stripe stripe_;
  std::uint64_t limit_;
  std::uint64_t place_ = 0;  // of the record given last, from 1, in all stripes
  std::vector<Cursor> cursors_;
  std::map<ChainId, ChainRange> range_of_;  // of the cursors, in an answer by vector
  std::set<RecordId> singles_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates_;
};

}  // namespace starling
