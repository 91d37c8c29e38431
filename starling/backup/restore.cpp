#include "starling/backup/restore.hpp"

#include <algorithm>
#include <set>

#include "starling/backup/new_file.hpp"
#include "starling/changelog/anchor.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "starling/charter/charter.hpp"
#include "starling/daemon/files.hpp"

namespace starling {
namespace {

std::filesystem::path normal(const std::filesystem::path& path) {
  std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

// The configuration of a node that moves from one folder to another: its API's socket lies in it.
Result<std::string> config_for(const Backup::Node& node, const std::filesystem::path& state) {
  std::string text(libp2p::as_text(node.files.at("config.toml")));
  const std::string from = "unix:" + StateDir(node.state).api_socket().string();
  const std::string to = "unix:" + StateDir(normal(state)).api_socket().string();
  if (from == to) return text;
  if (to.find_first_of("\"'\\\n") != std::string::npos) {
    return fail(Errc::invalid_argument, "a path with quotes or backslashes can't be named in config.toml");
  }
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  LIBP2P_CHECK(NodeConfig::from_toml(text));
  return text;
}

// Has a node dropped what a checkpoint covers (L8)?
bool lacks_ancestors(const std::vector<RecordPtr>& records) {
  std::set<RecordId> ids;
  for (const RecordPtr& record : records) ids.insert(record->id);
  return std::ranges::any_of(records, [&](const RecordPtr& record) {
    const bool lacks_prev = !record->record.prev.is_zero() && !ids.contains(record->record.prev);
    return lacks_prev || std::ranges::any_of(record->record.parents,
                                             [&](const RecordId& parent) { return !ids.contains(parent); });
  });
}

Result<> fill(const StateDir& folder, const Backup& backup, std::string_view config) {
  for (const auto& [name, contents] : backup.node->files) {
    const bool is_config = name == "config.toml";
    LIBP2P_CHECK(
        write_file(folder.path() / name, is_config ? libp2p::as_bytes(config) : BytesView(contents)));
  }
  LIBP2P_TRY(const auto store, SqliteStore::open(folder.store()));
  LIBP2P_CHECK(store->append(backup.records, backup.node->facts));
  // Which versions can read a store depends on that.
  return lacks_ancestors(backup.records) ? store->drop({}, {}) : Result<>();
}

// What it covers may have been dropped: the rest stands without it (L8).
std::optional<LogBase> newest_checkpoint(const FleetId& fleet, const std::vector<RecordPtr>& records) {
  const Charter charter = Charter::evaluate(fleet, records);
  RecordPtr newest;
  std::optional<LogBase> base;
  for (const RecordPtr& record : records) {
    if (record->record.kind != RecordKind::checkpoint) continue;
    if (newest && std::pair(record->record.hlc, record->id) <= std::pair(newest->record.hlc, newest->id))
      continue;
    if (charter.judge(record->record) != Charter::Verdict::valid) continue;
    auto checkpoint = Checkpoint::from_body(record->record.body);
    if (!checkpoint) continue;
    newest = record;
    base = LogBase{std::move(checkpoint->anchor.vector), {checkpoint->kept.begin(), checkpoint->kept.end()}};
  }
  return base;
}

// Gone again unless it was kept.
class Scaffold {
 public:
  explicit Scaffold(std::filesystem::path path) : path_(std::move(path)) {}
  Scaffold(const Scaffold&) = delete;
  Scaffold& operator=(const Scaffold&) = delete;
  ~Scaffold() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

Result<> check_restore(const Backup& backup, const std::filesystem::path& state) {
  if (!backup.node) {
    return fail(Errc::invalid_argument,
                "this backup is of a fleet's log alone, and no node can be made of it: give its records to a "
                "node of the "
                "fleet with --log-only");
  }
  std::error_code error;
  const auto status = std::filesystem::symlink_status(state, error);
  const bool empty_folder = std::filesystem::is_directory(status) && std::filesystem::is_empty(state, error);
  if (std::filesystem::exists(status) && !empty_folder) {
    return fail(Errc::exists,
                state.string() +
                    " is there already, and a restore overwrites nothing: choose another --state, or "
                    "move it away");
  }
  LIBP2P_CHECK(config_for(*backup.node, state));
  return {};
}

Result<> restore_node(const Backup& backup, const std::filesystem::path& state) {
  LIBP2P_CHECK(check_restore(backup, state));
  LIBP2P_TRY(const std::string config, config_for(*backup.node, state));
  const std::filesystem::path target = normal(state);
  const StateDir beside(target.string() + ".restoring");
  std::error_code error;
  if (std::filesystem::exists(beside.path(), error)) {
    return fail(Errc::exists,
                beside.path().string() + " is there, left by a restore that was cut off: remove it");
  }
  LIBP2P_CHECK(beside.create());
  Scaffold scaffold(beside.path());
  LIBP2P_CHECK(fill(beside, backup, config));
  std::filesystem::remove(target, error);  // only an empty folder can be removed so
  LIBP2P_CHECK(rename_to_new(beside.path(), target));
  scaffold.keep();
  return {};
}

Result<RestorableRecords> restorable_records(const Backup& backup, const FleetId& fleet,
                                             const std::vector<RecordPtr>& held) {
  if (backup.fleet != fleet) {
    return fail(Errc::refused, "the backup is of the fleet " + to_cid(backup.fleet) +
                                   ", and this node is of " + to_cid(fleet));
  }
  Changelog log(fleet);
  std::vector<RecordPtr> all = held;
  all.insert(all.end(), backup.records.begin(), backup.records.end());
  if (lacks_ancestors(all)) {
    if (auto base = newest_checkpoint(fleet, all)) (void)log.set_base(std::move(*base));
  }
  std::set<RecordId> stored;
  for (const RecordPtr& record : held) {
    (void)log.restore(record);
    stored.insert(record->id);
  }
  RestorableRecords missing;
  for (const RecordPtr& record : backup.records) {
    if (stored.contains(record->id)) {
      ++missing.held;
      continue;
    }
    const Changelog::Ingested ingested = log.restore(record);
    if (ingested.outcome == Changelog::Outcome::refused) {
      return fail(Errc::refused, "record " + to_cid(record->id) + ": " + ingested.why.message);
    }
    for (const RecordPtr& added : ingested.added) {
      // Some that waited in the store for this one come with it.
      if (!stored.contains(added->id)) missing.records.push_back(added);
    }
  }
  missing.waiting = backup.records.size() - missing.held - missing.records.size();
  return missing;
}

Result<RestorableRecords> restore_log(const Backup& backup, const StateDir& state, bool dry_run) {
  LIBP2P_TRY(const NodeConfig config, state.load_config());
  if (dry_run) {
    LIBP2P_TRY(const PrivateKey identity, state.load_identity());
    LIBP2P_TRY(const Store::Contents contents, SqliteStore::snapshot(state.store(), seal_key_of(identity)));
    return restorable_records(backup, config.fleet, contents.records);
  }
  auto store = SqliteStore::open(state.store());
  if (!store && store.error().code == Errc::busy) {
    return fail(Errc::busy,
                state.path().string() +
                    ": its daemon runs: stop it first (while it runs, it gets what it lacks from other "
                    "members)");
  }
  if (!store) return std::unexpected(store.error());
  LIBP2P_TRY(const Store::Contents contents, (*store)->load());
  LIBP2P_TRY(RestorableRecords missing, restorable_records(backup, config.fleet, contents.records));
  LIBP2P_CHECK((*store)->append(missing.records));
  return missing;
}

}  // namespace starling
