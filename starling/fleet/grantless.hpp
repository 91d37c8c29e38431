// Records that are kept although nobody knows yet whether their author is in the fleet (L4).
#pragma once

#include <functional>
#include <map>

#include "starling/model/record.hpp"

namespace starling {

// Whoever makes up keys can write as many as they like, and what is in the log is never given up: so they
// are bounded in all (RV09). Each bringer may have as much of the room as is left of it, so that nobody can
// crowd out the others.
class Grantless {
 public:
  static constexpr std::size_t max_records = 1024;
  static constexpr std::size_t max_bytes = std::size_t{16} * 1024 * 1024;

  [[nodiscard]] bool has_room(const SignedRecord& record, const PeerId& bringer) const;
  void add(const RecordPtr& record, const PeerId& bringer);
  // Those for which it is true are counted no more.
  void erase_if(const std::function<bool(const Record&)>& settled);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    RecordPtr record;
    PeerId bringer;
  };
  struct Share {
    std::size_t records = 0;
    std::size_t bytes = 0;
  };

  std::map<RecordId, Entry> entries_;
  std::map<PeerId, Share> shares_;
  std::size_t bytes_ = 0;
};

}  // namespace starling
