// A store in memory, with what a disk does at a crash: for simulation and tests.
#pragma once

#include <map>
#include <optional>

#include "starling/changelog/store.hpp"

namespace starling {

class MemoryStore : public Store {
 public:
  [[nodiscard]] Result<> append(std::span<const RecordPtr> records, const Facts& facts = {}) override;
  [[nodiscard]] Result<> drop(std::span<const RecordId> ids, const Facts& facts) override;
  [[nodiscard]] Result<Contents> load() override;

  // From now on appending fails, as a full or broken disk does.
  void fail_appends(std::optional<Error> error) { failure_ = std::move(error); }
  [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }

 private:
  std::map<std::size_t, Bytes> envelopes_;  // by order of appending
  std::map<RecordId, std::size_t> index_;
  std::size_t appended_ = 0;
  Facts facts_;
  std::optional<Error> failure_;
};

}  // namespace starling
