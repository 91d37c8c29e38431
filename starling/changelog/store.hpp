// What survives a restart.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "starling/model/record.hpp"

namespace starling {

// Small things to remember beside the records, by name.
using Facts = std::map<std::string, std::string, std::less<>>;

// One owner, the daemon (or the CLI while no daemon runs). Calls block: from the loop they go through
// Env::workers, one at a time.
class Store {
 public:
  virtual ~Store() = default;

  // All of it or nothing, and on disk when it returns (L6). Records that are there already are left alone,
  // facts replaced.
  [[nodiscard]] virtual Result<> append(std::span<const RecordPtr> records, const Facts& facts = {}) = 0;

  // Forgets records, all or nothing; ids of others are passed over. Facts as in append(). What they took is
  // used for what is stored later.
  [[nodiscard]] virtual Result<> drop(std::span<const RecordId> ids, const Facts& facts) = 0;

  struct Contents {
    std::vector<RecordPtr> records;  // in order of appending
    Facts facts;
  };
  // Errors: io, parse (names the record: the store is damaged).
  [[nodiscard]] virtual Result<Contents> load() = 0;
};

}  // namespace starling
