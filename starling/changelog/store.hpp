// What survives a restart.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/record.hpp"

namespace starling {

// One owner, the daemon (or the CLI while no daemon runs). Calls block: from the loop they go through Env::workers, one at
// a time.
class Store {
 public:
  virtual ~Store() = default;

  // All of them or none, and on disk when it returns (L6). Records that are there already are left alone.
  [[nodiscard]] virtual Result<> append(std::span<const RecordPtr> records) = 0;
  // Every record in order of appending. Errors: io, parse (names the record: the store is damaged).
  [[nodiscard]] virtual Result<std::vector<RecordPtr>> load() = 0;

  // Small facts beside the records, by name.
  [[nodiscard]] virtual Result<std::optional<std::string>> fact(std::string_view name) = 0;
  [[nodiscard]] virtual Result<> set_fact(std::string_view name, std::string_view value) = 0;
};

}  // namespace starling
