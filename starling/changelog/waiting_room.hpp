// Records whose predecessor or parents have not come yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "starling/model/record.hpp"

namespace starling {

// Bounded in all, and shared fairly among those who bring: where room is short the one who takes most of it
// gives way, so that nobody can crowd out the others (RV09). Charter records and checkpoints have a room of
// their own: a newcomer to a fleet that has forgotten its beginnings needs all of them before it can take
// anything else.
class WaitingRoom {
 public:
  static constexpr std::size_t max_records = 1024;
  static constexpr std::size_t max_bytes = 16 * 1024 * 1024;
  static constexpr std::size_t max_charter_records = 65'536;
  static constexpr std::size_t max_charter_bytes = 32 * 1024 * 1024;

  // False: there is no room, and nobody takes more of it than `bringer` would.
  [[nodiscard]] bool add(const RecordPtr& record, const RecordId& missing, const PeerId& bringer);
  // Whatever the bounds say: it has been taken before.
  void restore(const RecordPtr& record, const RecordId& missing);
  // Takes out what waits for `arrived`, with who brought it, in the order in which it came.
  struct Released {
    RecordPtr record;
    PeerId bringer;
  };
  [[nodiscard]] std::vector<Released> release(const RecordId& arrived);
  // Takes out everything, in the order in which it came.
  [[nodiscard]] std::vector<Released> release_all();

  [[nodiscard]] bool contains(const RecordId& id) const { return places_.contains(id); }
  // Does anything wait for `id`?
  [[nodiscard]] bool awaits(const RecordId& id) const { return by_missing_.contains(id); }
  // What is waited for and does not wait itself: to be asked for.
  [[nodiscard]] std::vector<RecordId> missing() const;
  [[nodiscard]] std::vector<RecordPtr> records() const;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    RecordPtr record;
    RecordId missing;
    PeerId bringer;
  };
  struct Share {
    std::set<std::uint64_t> places;
    std::size_t bytes = 0;
  };
  struct Room {
    std::size_t max_records = 0;
    std::size_t max_bytes = 0;
    std::size_t records = 0;
    std::size_t bytes = 0;
    std::map<PeerId, Share> shares = {};

    // Which part of it that is, in 1/2^20.
    [[nodiscard]] std::size_t part(std::size_t of_records, std::size_t of_bytes) const;
    // The newest record of whoever takes more than `limit`, and most of all.
    [[nodiscard]] std::optional<std::uint64_t> newest_of_greediest(std::size_t limit) const;
  };
  [[nodiscard]] Room& room_for(const SignedRecord& record);
  void put(const RecordPtr& record, const RecordId& missing, const PeerId& bringer);
  Entry take(std::uint64_t place);

  std::map<std::uint64_t, Entry> entries_;  // by arrival
  std::map<RecordId, std::uint64_t> places_;
  std::map<RecordId, std::set<std::uint64_t>> by_missing_;
  Room history_{max_records, max_bytes};
  Room charter_{max_charter_records, max_charter_bytes};
  std::uint64_t arrivals_ = 0;
};

}  // namespace starling
