// Every author's hash-chained records, as this node holds them: in the end the same set on every node.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "starling/changelog/version_vector.hpp"
#include "starling/model/record.hpp"

namespace starling {

// Pure and in memory; what is durable is the Store's matter, and what a record may say is the charter's.
// Structure is checked here: chains are linear and without gaps, parents are there, clocks rise (L2, L3, L7).
class Changelog {
 public:
  // What waits for a predecessor or parents is bounded (RV09).
  static constexpr std::size_t max_waiting = 1024;
  static constexpr std::size_t max_waiting_bytes = 16 * 1024 * 1024;

  explicit Changelog(FleetId fleet) : fleet_(fleet) {}

  enum class Outcome {
    added,  // it and perhaps others that waited for it: see Ingested::added
    duplicate,
    waiting,  // its predecessor or a parent is missing
    forked,   // proof of equivocation: its chain is quarantined from that seq on
    refused,  // breaks a rule; `why` names it
  };
  struct Ingested {
    Outcome outcome{};
    Error why;
    std::vector<RecordPtr> added;  // in an order in which each follows what it depends on
    std::vector<RecordPtr> forks;  // rivals that prove a fork, to be stored as well
  };
  [[nodiscard]] Ingested ingest(RecordPtr record);

  [[nodiscard]] const VersionVector& vector() const noexcept { return vector_; }
  [[nodiscard]] RecordPtr get(const RecordId& id) const;  // nullptr when not held; fork rivals included
  [[nodiscard]] bool holds(const RecordId& id) const { return get(id) != nullptr; }
  // Records of one chain from `first_seq` on, at most `max_count`, stopping before `max_bytes` is exceeded
  // but never before the first.
  [[nodiscard]] std::vector<RecordPtr> range(const ChainId& chain, std::uint64_t first_seq,
                                             std::size_t max_count, std::size_t max_bytes) const;
  // The tips: records that no other names as predecessor or parent. Ascending.
  [[nodiscard]] const std::set<RecordId>& heads() const noexcept { return heads_; }
  [[nodiscard]] Hlc latest() const noexcept { return latest_; }
  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
  // In order of arrival.
  [[nodiscard]] const std::vector<RecordPtr>& records() const noexcept { return order_; }

  // Had the author of `later` seen `earlier` (directly or through what it had seen)? A record has not seen
  // itself.
  [[nodiscard]] bool happened_before(const RecordId& earlier, const RecordId& later) const;
  // Lies the record at or past a proven fork of its chain?
  [[nodiscard]] bool quarantined(const Record& record) const;

  // What records that wait are waiting for, so that it can be pulled.
  [[nodiscard]] std::vector<RecordId> missing() const;
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  [[nodiscard]] Result<> check_against(const SignedRecord& record) const;
  [[nodiscard]] std::vector<RecordId> missing_of(const Record& record) const;
  void add(const RecordPtr& record);
  void place(const RecordPtr& record, Ingested& result);
  void add_rival(const RecordPtr& record, const RecordPtr& standing);
  void hold_back(const RecordPtr& record, RecordId missing);
  void release_waiting(const RecordId& arrived, Ingested& result);

  FleetId fleet_;
  std::map<RecordId, RecordPtr> records_;
  std::map<ChainId, std::map<std::uint64_t, RecordPtr>> chains_;
  std::map<RecordId, RecordPtr> rivals_;
  std::vector<RecordPtr> order_;
  VersionVector vector_;
  std::set<RecordId> heads_;
  Hlc latest_;
  // Keyed by the one missing record each waits for next.
  std::multimap<RecordId, RecordPtr> waiting_;
  std::set<RecordId> waiting_ids_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace starling
