// What is kept of a node, or of a fleet's log, outside of it: taken while its daemon runs, and trusted in
// nothing when it is read.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "starling/changelog/store.hpp"
#include "starling/daemon/state_dir.hpp"

namespace starling {

struct Backup {
  // The fleet's records and, of a node's backup, all that makes it this node. The fleet's root key is in
  // neither: it belongs elsewhere.
  struct Node {
    PeerId peer;
    std::string state;  // the folder it lay in; its configuration may name it
    std::map<std::string, Bytes> files;
    Facts facts;
  };

  FleetId fleet;
  std::uint64_t taken_ms = 0;  // since the epoch, by the clock of the machine
  std::string version;         // of the program that took it
  std::vector<RecordPtr> records;
  std::optional<Node> node;  // nothing: the log alone

  // The archive, its members' sizes and hashes in a manifest before them. Errors: limit.
  [[nodiscard]] Result<Bytes> to_archive() const;
  // Everything is verified: the members by the manifest, each record's form and signature, that the genesis
  // is this fleet's, and that keys and configuration belong together. Errors: parse, crypto, limit; each
  // names the member.
  [[nodiscard]] static Result<Backup> from_archive(BytesView archive);
};

inline constexpr std::size_t max_backup_bytes = std::size_t{1} << 30;

// Of the node whose folder is `state`, while its daemon runs or not. Without `node` of its log alone. Errors:
// not_found (no node there), io, parse (the store is damaged).
[[nodiscard]] Result<Backup> take_backup(const StateDir& state, bool node, std::uint64_t taken_ms,
                                         std::string version);

// Mode 0600, whole or not at all. Errors: exists, io, limit.
[[nodiscard]] Result<> save_backup(const std::filesystem::path& file, const Backup& backup);
// Errors: not_found, io; those of from_archive.
[[nodiscard]] Result<Backup> load_backup(const std::filesystem::path& file);

}  // namespace starling
