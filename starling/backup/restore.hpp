// From a backup back to a node.
#pragma once

#include <filesystem>
#include <vector>

#include "starling/backup/backup.hpp"

namespace starling {

// Can `backup` become the node in `state`? Errors: invalid_argument (it is of a log alone), exists (something
// is there: says what to do), and what the configuration says wrongly for another folder.
[[nodiscard]] Result<> check_restore(const Backup& backup, const std::filesystem::path& state);

// Makes the folder, whole or not at all: it is filled beside its place, and renamed. What it writes next, the
// node writes into an incarnation of its own (L2), so nothing that it has forgotten meanwhile is written
// twice. Errors: those of check_restore; io.
[[nodiscard]] Result<> restore_node(const Backup& backup, const std::filesystem::path& state);

// What of a backup's records a node of the same fleet lacks.
struct RestorableRecords {
  std::vector<RecordPtr> records;  // in an order in which each follows what it depends on
  std::size_t held = 0;            // it has these
  std::size_t waiting = 0;         // these depend on records that neither has: not taken
  std::optional<RecordId> horizon =
      {};  // the checkpoint that all of it rests on, where something is forgotten
};
// Errors: refused (of another fleet, or a record that breaks a rule of the log: nothing of it is taken).
[[nodiscard]] Result<RestorableRecords> restorable_records(const Backup& backup, const FleetId& fleet,
                                                           const std::vector<RecordPtr>& held);

// Adds them to the store of the node in `state`, whose daemon doesn't run; for `dry_run` only says which.
// Errors: not_found (no node there), busy (its daemon runs), io; those of restorable_records.
[[nodiscard]] Result<RestorableRecords> restore_log(const Backup& backup, const StateDir& state,
                                                    bool dry_run);

}  // namespace starling
