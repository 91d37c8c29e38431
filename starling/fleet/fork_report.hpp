// Forked chains as people see them, and what may be ruled on them (rule L3).
#pragma once

#include <string>
#include <vector>

#include "starling/changelog/anchor.hpp"
#include "starling/fleet/fleet.hpp"

namespace starling {

struct ForkBranch {
  RecordPtr last;
  std::size_t records = 0;  // at or past the fork; branches may share some
  Standing standing{};      // of the last
};

struct ForkReport {
  ChainId chain;
  ForkPoint fork;
  RecordPtr ruling;  // nullptr: none has been made
  std::vector<ForkBranch> branches;
  // Records that count for nothing until a ruling is made: even with one, as it may lie past a fork that was
  // proven later.
  std::size_t quarantined = 0;
};

// In order of chains.
[[nodiscard]] std::vector<ForkReport> fork_reports(const Fleet& fleet);

// "PEER/INCARNATION", the incarnation in 16 hexadecimal digits.
[[nodiscard]] std::string to_text(const ChainId& chain);
// That, or the id of a record of the chain. Errors: parse, not_found.
[[nodiscard]] Result<ChainId> find_chain(const Changelog& log, std::string_view text);

// Lets `stands`, and what lies before it in its chain, stand and nothing else; zero: nothing from the fork
// on. Errors: not_found (a chain that isn't forked, a record that isn't one of the chain).
[[nodiscard]] Result<Ruling> ruling_on(const Changelog& log, const ChainId& chain, const RecordId& stands);

}  // namespace starling
