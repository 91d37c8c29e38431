// A store in memory, with what a disk does at a crash: for simulation and tests.
#pragma once

#include <map>

#include "starling/changelog/store.hpp"

namespace starling {

class MemoryStore final : public Store {
 public:
  [[nodiscard]] Result<> append(std::span<const RecordPtr> records) override;
  [[nodiscard]] Result<std::vector<RecordPtr>> load() override;
  [[nodiscard]] Result<std::optional<std::string>> fact(std::string_view name) override;
  [[nodiscard]] Result<> set_fact(std::string_view name, std::string_view value) override;

  // From now on appending fails, as a full or broken disk does.
  void fail_appends(std::optional<Error> error) { failure_ = std::move(error); }
  [[nodiscard]] std::size_t size() const noexcept { return envelopes_.size(); }

 private:
  std::vector<Bytes> envelopes_;
  std::map<RecordId, std::size_t> index_;
  std::map<std::string, std::string, std::less<>> facts_;
  std::optional<Error> failure_;
};

}  // namespace starling
