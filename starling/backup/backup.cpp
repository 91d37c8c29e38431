#include "starling/backup/backup.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "libp2p/base/varint.hpp"
#include "libp2p/crypto/hash.hpp"
#include "starling/backup/archive.hpp"
#include "starling/backup/new_file.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "starling/daemon/files.hpp"
#include "starling/model/document.hpp"

namespace starling {
namespace {

constexpr std::string_view manifest_name = "manifest.json";
constexpr std::string_view records_name = "records";
constexpr std::string_view facts_name = "facts.json";
constexpr std::int64_t format = 1;

constexpr std::size_t small_file = std::size_t{1} << 20;
constexpr std::size_t large_file = std::size_t{16} << 20;
constexpr std::size_t manifest_bytes = std::size_t{64} << 10;

// The files of a node's folder, as StateDir names them. Not the root key; not what a daemon makes anew.
struct NodeFile {
  MemberForm form;
  bool required = false;
};
constexpr std::array node_files{
    NodeFile{{"config.toml", small_file}, true},
    NodeFile{{"identity.key", small_file}, true},
    NodeFile{{"encryption.key", small_file}, true},
    NodeFile{{"swarm.key", small_file}},
    NodeFile{{"peers", large_file}},
    NodeFile{{"join.token", small_file}},
    NodeFile{{"before-first-apply.json", large_file}},
};

std::vector<MemberForm> forms() {
  std::vector<MemberForm> all{
      {manifest_name, manifest_bytes}, {records_name, max_backup_bytes}, {facts_name, large_file}};
  for (const NodeFile& file : node_files) all.push_back(file.form);
  return all;
}

// Each record's envelope behind its length.
Bytes to_bytes(const std::vector<RecordPtr>& records) {
  Bytes out;
  for (const RecordPtr& record : records) {
    libp2p::append_varint(out, record->envelope.size());
    libp2p::append(out, record->envelope);
  }
  return out;
}

Result<std::vector<RecordPtr>> records_from(BytesView bytes, const FleetId& fleet) {
  std::vector<RecordPtr> records;
  std::set<RecordId> ids;
  bool founded = false;
  while (!bytes.empty()) {
    const std::string where = "record " + std::to_string(records.size() + 1) + " of the backup";
    const auto size = libp2p::decode_varint(bytes);
    if (!size || size->value > bytes.size() - size->size) return fail(Errc::parse, where + " is cut off");
    auto record = open_record(bytes.subspan(size->size, size->value));
    if (!record) return libp2p::fail_in(where, record.error());
    bytes = bytes.subspan(size->size + size->value);
    const bool genesis = (*record)->record.kind == RecordKind::genesis;
    if (genesis ? (*record)->id != fleet : (*record)->record.fleet != fleet) {
      return fail(Errc::parse, where + " (" + to_cid((*record)->id) + ") is of another fleet");
    }
    if (!ids.insert((*record)->id).second) return fail(Errc::parse, where + " comes twice");
    founded = founded || genesis;
    records.push_back(std::move(*record));
  }
  // A node that has not been admitted yet knows nothing of its fleet, and then holds nothing of it either.
  if (!founded && !records.empty()) return fail(Errc::parse, "the backup lacks the fleet's first record");
  return records;
}

json::object to_json(const Facts& facts) {
  json::object object;
  for (const auto& [name, value] : facts) object[name] = value;
  return object;
}

Result<json::object> object_from(const ArchiveMember& member) {
  const auto value = parse_json(libp2p::as_text(member.contents), {.max_bytes = large_file});
  if (!value || !value->is_object()) return fail(Errc::parse, member.name + " is no JSON object");
  return value->get_object();
}

Result<Facts> facts_from(const ArchiveMember& member) {
  LIBP2P_TRY(const json::object object, object_from(member));
  Facts facts;
  for (const auto& [name, value] : object) {
    if (!value.is_string()) return fail(Errc::parse, member.name + ": not all members are strings");
    facts.emplace(name, value.get_string());
  }
  return facts;
}

std::string hash_of(BytesView contents) { return libp2p::to_hex(libp2p::sha256(contents)); }

json::object to_manifest(const Backup& backup, const std::vector<ArchiveMember>& members) {
  json::object hashes;
  for (const ArchiveMember& member : members) {
    hashes[member.name] =
        json::object{{"size", member.contents.size()}, {"sha256", hash_of(member.contents)}};
  }
  json::object manifest{{"starling-backup", format},
                        {"fleet", to_cid(backup.fleet)},
                        {"taken", std::to_string(backup.taken_ms)},
                        {"version", backup.version},
                        {"members", std::move(hashes)}};
  if (backup.node) {
    manifest["peer"] = backup.node->peer.to_string();
    manifest["state"] = backup.node->state;
  }
  return manifest;
}

const ArchiveMember* find_member(std::span<const ArchiveMember> members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &ArchiveMember::name);
  return found != members.end() ? &*found : nullptr;
}

// The members are those that the manifest names, to the byte.
Result<> check_members(const json::object& manifest, std::span<const ArchiveMember> members) {
  const json::value* listed = manifest.if_contains("members");
  if (listed == nullptr || !listed->is_object()) return fail(Errc::parse, "the manifest lists no members");
  for (const auto& entry : listed->get_object()) {
    if (find_member(members, entry.key()) == nullptr) {
      return fail(Errc::parse,
                  "the manifest names \"" + libp2p::printable(entry.key()) + "\", which the archive lacks");
    }
  }
  for (const ArchiveMember& member : members) {
    const json::value* entry = listed->get_object().if_contains(member.name);
    if (entry == nullptr || !entry->is_object()) {
      return fail(Errc::parse, "the manifest doesn't name " + member.name);
    }
    const json::value* size = entry->get_object().if_contains("size");
    const bool same = size != nullptr && *size == member.contents.size() &&
                      text_at(entry->get_object(), "sha256") == hash_of(member.contents);
    if (!same) return fail(Errc::parse, member.name + " is not what the manifest says");
  }
  return {};
}

// Keys and configuration are of their form, and of this node and this fleet.
Result<> check_node(const Backup::Node& node, const FleetId& fleet) {
  for (const NodeFile& file : node_files) {
    if (file.required && !node.files.contains(std::string(file.form.name))) {
      return fail(Errc::parse, "the backup lacks " + std::string(file.form.name));
    }
  }
  LIBP2P_TRY(const NodeConfig config, NodeConfig::from_toml(libp2p::as_text(node.files.at("config.toml"))));
  if (config.fleet != fleet) return fail(Errc::parse, "config.toml is of another fleet than the backup");
  const auto identity = PrivateKey::from_protobuf(node.files.at("identity.key"));
  if (!identity) return libp2p::fail_in("identity.key", identity.error());
  if (PeerId::from_public_key(identity->public_key()) != node.peer) {
    return fail(Errc::parse, "identity.key is of another node than the manifest says");
  }
  const auto encryption = encryption_key_from(node.files.at("encryption.key"));
  if (!encryption) return libp2p::fail_in("encryption.key", encryption.error());
  const auto network = node.files.find("swarm.key");
  if (config.private_network != (network != node.files.end())) {
    return fail(Errc::parse, "swarm.key and config.toml say different things of a private network");
  }
  if (network == node.files.end()) return {};
  const auto key = PreSharedKey::from_file(network->second);
  if (!key) return libp2p::fail_in("swarm.key", key.error());
  return {};
}

Result<Backup> read_manifest(const json::object& manifest) {
  const json::value* version = manifest.if_contains("starling-backup");
  if (version == nullptr || !version->is_int64()) return fail(Errc::parse, "this is no backup of starling");
  if (version->get_int64() != format) {
    return fail(Errc::not_supported, "the backup has format " + std::to_string(version->get_int64()) +
                                         ", this version knows " + std::to_string(format) +
                                         ": run a newer starling");
  }
  Backup backup;
  LIBP2P_TRY(backup.fleet, parse_record_id(text_at(manifest, "fleet")));
  const std::string taken = text_at(manifest, "taken");
  const auto [end, error] = std::from_chars(taken.data(), taken.data() + taken.size(), backup.taken_ms);
  if (error != std::errc() || end != taken.data() + taken.size()) {
    return fail(Errc::parse, "the manifest doesn't say when the backup was taken");
  }
  backup.version = text_at(manifest, "version");
  if (!manifest.contains("peer")) return backup;
  LIBP2P_TRY(PeerId peer, PeerId::parse(text_at(manifest, "peer")));
  backup.node.emplace(Backup::Node{std::move(peer), text_at(manifest, "state"), {}, {}});
  return backup;
}

}  // namespace

Result<Bytes> Backup::to_archive() const {
  std::vector<ArchiveMember> members{{std::string(records_name), to_bytes(records)}};
  if (members.front().contents.size() > max_backup_bytes) {
    return fail(Errc::limit, "the log is larger than a backup may be");
  }
  if (node) {
    const std::string facts = canonical_json(to_json(node->facts));
    members.push_back({std::string(facts_name), Bytes(facts.begin(), facts.end())});
    for (const auto& [name, contents] : node->files) members.push_back({name, contents});
  }
  const std::string manifest = canonical_json(to_manifest(*this, members)) + "\n";
  members.insert(members.begin(), {std::string(manifest_name), Bytes(manifest.begin(), manifest.end())});
  return write_archive(members);
}

Result<Backup> Backup::from_archive(BytesView archive) {
  LIBP2P_TRY(const std::vector<ArchiveMember> all, read_archive(archive, forms()));
  if (all.empty() || all.front().name != manifest_name) {
    return fail(Errc::parse, "this is no backup of starling: its manifest doesn't come first");
  }
  LIBP2P_TRY(const json::object manifest, object_from(all.front()));
  const std::span members = std::span(all).subspan(1);
  LIBP2P_TRY(Backup backup, read_manifest(manifest));
  LIBP2P_CHECK(check_members(manifest, members));
  const ArchiveMember* records = find_member(members, records_name);
  if (records == nullptr) return fail(Errc::parse, "the backup lacks its records");
  LIBP2P_TRY(backup.records, records_from(records->contents, backup.fleet));
  if (!backup.node) {
    if (members.size() != 1) return fail(Errc::parse, "a log's backup holds records and nothing else");
    return backup;
  }
  const ArchiveMember* facts = find_member(members, facts_name);
  if (facts == nullptr) return fail(Errc::parse, "the backup lacks " + std::string(facts_name));
  LIBP2P_TRY(backup.node->facts, facts_from(*facts));
  for (const ArchiveMember& member : members) {
    if (member.name != records_name && member.name != facts_name) {
      backup.node->files.emplace(member.name, member.contents);
    }
  }
  LIBP2P_CHECK(check_node(*backup.node, backup.fleet));
  return backup;
}

Result<Backup> take_backup(const StateDir& state, bool node, std::uint64_t taken_ms, std::string version) {
  LIBP2P_TRY(const NodeConfig config, state.load_config());
  LIBP2P_TRY(const PrivateKey identity, state.load_identity());
  LIBP2P_TRY(Store::Contents contents, SqliteStore::snapshot(state.store(), seal_key_of(identity)));
  Backup backup{config.fleet, taken_ms, std::move(version), std::move(contents.records), {}};
  if (!node) return backup;
  backup.node.emplace(Backup::Node{PeerId::from_public_key(identity.public_key()),
                                   std::filesystem::absolute(state.path()).lexically_normal().string(),
                                   {},
                                   std::move(contents.facts)});
  for (const NodeFile& file : node_files) {
    auto bytes = read_file(state.path() / file.form.name, file.form.max_bytes);
    if (!bytes && bytes.error().code == Errc::not_found && !file.required) continue;
    if (!bytes) return std::unexpected(bytes.error());
    backup.node->files.emplace(file.form.name, std::move(*bytes));
  }
  LIBP2P_CHECK(check_node(*backup.node, backup.fleet));
  return backup;
}

Result<> save_backup(const std::filesystem::path& file, const Backup& backup) {
  LIBP2P_TRY(const Bytes archive, backup.to_archive());
  return write_new_file(file, archive);
}

Result<Backup> load_backup(const std::filesystem::path& file) {
  // What stands around the members is small.
  LIBP2P_TRY(const Bytes archive, read_file(file, max_backup_bytes + 4 * large_file));
  auto backup = Backup::from_archive(archive);
  if (!backup) return libp2p::fail_in(file.string(), backup.error());
  return backup;
}

}  // namespace starling
