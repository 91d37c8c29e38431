#include "starling/backup/backup.hpp"

#include <sys/stat.h>

#include <functional>

#include "libp2p/crypto/hash.hpp"
#include "starling/backup/archive.hpp"
#include "starling/model/document.hpp"
#include "tests/unit/backup/backup_world.hpp"

namespace starling::test {
namespace {

using ::testing::HasSubstr;

class BackupFile : public BackupWorld {
 protected:
  using Members = std::vector<ArchiveMember>;

  // The archive's members, with a manifest that fits whatever is done to the others.
  static Bytes changed(const Backup& backup, const std::function<void(json::object&, Members&)>& change) {
    constexpr std::array names{
        "manifest.json",  "records",   "facts.json", "config.toml", "identity.key",
        "encryption.key", "swarm.key", "peers",      "join.token",  "before-first-apply.json"};
    std::vector<MemberForm> forms;
    for (const char* name : names) forms.push_back({name, 1 << 20});
    Members members = must(read_archive(must(backup.to_archive()), forms));
    json::object manifest = parse_json(libp2p::as_text(members[0].contents))->as_object();
    members.erase(members.begin());
    change(manifest, members);
    json::object listed;
    for (const ArchiveMember& member : members) {
      listed[member.name] = json::object{{"size", member.contents.size()},
                                         {"sha256", libp2p::to_hex(libp2p::sha256(member.contents))}};
    }
    manifest["members"] = std::move(listed);
    const std::string text = canonical_json(manifest);
    members.insert(members.begin(), {"manifest.json", Bytes(text.begin(), text.end())});
    return must(write_archive(members));
  }
  static std::string fault(const Backup& backup, const std::function<void(json::object&, Members&)>& change) {
    const auto read = Backup::from_archive(changed(backup, change));
    return read ? "none" : read.error().message;
  }
  static ArchiveMember& member(Members& members, std::string_view name) {
    return *std::ranges::find(members, name, &ArchiveMember::name);
  }
};

TEST_F(BackupFile, HoldsTheWholeNodeButTheRootKey) {
  const Backup read = must(Backup::from_archive(must(taken().to_archive())));
  EXPECT_EQ(read.fleet, fleet_);
  EXPECT_EQ(read.taken_ms, 1'700'000'000'000U);
  EXPECT_EQ(read.version, "1.2.3");
  ASSERT_EQ(read.records.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(read.records[i]->envelope, founding_[i]->envelope);
  ASSERT_TRUE(read.node);
  EXPECT_EQ(read.node->peer, peer_of(key_of(1)));
  EXPECT_EQ(read.node->facts, (Facts{{"last-good", "this"}}));
  std::vector<std::string> names;
  for (const auto& [name, contents] : read.node->files) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"config.toml", "encryption.key", "identity.key", "peers"}));
}

TEST_F(BackupFile, OfTheLogAloneHoldsNoKey) {
  const Backup backup = taken(false);
  const Bytes archive = must(backup.to_archive());
  const Backup read = must(Backup::from_archive(archive));
  EXPECT_FALSE(read.node);
  EXPECT_EQ(read.records.size(), 3U);
  const Bytes key = must(read_file(state_.path() / "identity.key"));
  EXPECT_TRUE(std::ranges::search(archive, key).empty());
}

TEST_F(BackupFile, OfANetworkThatIsPrivateHoldsItsKey) {
  config_.private_network = true;
  ASSERT_TRUE(state_.save_config(config_));
  EXPECT_FALSE(take_backup(state_, true, 0, "")) << "the key is missing";
  ASSERT_TRUE(state_.save_network_key(PreSharedKey::from_bytes(Bytes(32, 7)).value()));
  const Backup backup = taken();
  EXPECT_TRUE(backup.node->files.contains("swarm.key"));
  EXPECT_THAT(fault(backup, [](auto&, Members& members) { member(members, "swarm.key").contents = {1}; }),
              HasSubstr("swarm.key"));
}

// Another process has the store open, and is in the middle of writing.
TEST_F(BackupFile, IsTakenWhileTheDaemonRuns) {
  const auto store = must(SqliteStore::open(state_.store()));
  const auto one = node(1, *store);
  write(*one, "a");
  EXPECT_EQ(taken().records.size(), 4U);
  write(*one, "b");
  EXPECT_EQ(taken().records.size(), 5U);
  runtime_.run(one->stop());
}

TEST_F(BackupFile, IsReadableByItsOwnerAloneAndNeverOverwritten) {
  const std::filesystem::path file = directory_ / "backup.tar";
  ASSERT_TRUE(save_backup(file, taken()));
  EXPECT_EQ(mode_of(file), "600");
  const Bytes before = must(read_file(file));
  const auto again = save_backup(file, taken(false));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::exists);
  EXPECT_EQ(must(read_file(file)), before);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".partial"));
  EXPECT_TRUE(load_backup(file));
}

TEST_F(BackupFile, MayBeNamedWithoutItsFolder) {
  const Backup backup = taken();
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  const auto saved = save_backup("here.tar", backup);
  std::filesystem::current_path(before);
  EXPECT_TRUE(saved) << (saved ? "" : saved.error().message);
  EXPECT_TRUE(load_backup(directory_ / "here.tar"));
}

TEST_F(BackupFile, NothingIsLeftOfOneThatCouldNotBeSaved) {
  const std::filesystem::path file = directory_ / "kept.tar";
  const std::filesystem::path partial = file.string() + ".partial";
  // Nothing can be put in its place.
  ASSERT_TRUE(std::filesystem::create_directory(partial));
  EXPECT_FALSE(save_backup(file, taken()));
  EXPECT_FALSE(std::filesystem::exists(partial.string() + ".new"));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(BackupFile, WhatOthersPutInItsWayIsNotFollowed) {
  const std::filesystem::path file = directory_ / "b.tar";
  const std::filesystem::path theirs = directory_ / "theirs";
  ASSERT_TRUE(write_file(theirs, libp2p::to_bytes("theirs")));
  ASSERT_EQ(::chmod(theirs.c_str(), 0644), 0);
  for (const char* suffix : {".partial", ".partial.new"})
    std::filesystem::create_symlink(theirs, file.string() + suffix);
  ASSERT_TRUE(save_backup(file, taken()));
  EXPECT_EQ(must(read_file(theirs)), libp2p::to_bytes("theirs"));
  EXPECT_FALSE(std::filesystem::is_symlink(file));
  EXPECT_EQ(mode_of(file), "600");
  // Nor does one who can read it before keep it open.
  const std::filesystem::path other = directory_ / "c.tar";
  ASSERT_TRUE(write_file(other.string() + ".partial.new", {}));
  ASSERT_EQ(::chmod((other.string() + ".partial.new").c_str(), 0644), 0);
  ASSERT_TRUE(save_backup(other, taken()));
  EXPECT_EQ(mode_of(other), "600");
}

TEST_F(BackupFile, OfAFolderWithoutANodeIsNone) {
  const auto none = take_backup(StateDir(directory_ / "nothing"), true, 0, "");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
}

TEST_F(BackupFile, AMemberThatIsNotWhatTheManifestSaysIsNamed) {
  const Bytes archive = must(taken().to_archive());
  const std::string_view text = libp2p::as_text(archive);
  Bytes damaged = archive;
  damaged[text.find("name = ")] ^= 1;  // in config.toml
  const auto read = Backup::from_archive(damaged);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("config.toml is not what the manifest says"));
}

TEST_F(BackupFile, NoByteOfItChangesWithoutBeingSeenOrMeaningNothing) {
  const Backup backup = taken();
  const Bytes archive = must(backup.to_archive());
  int refused = 0;
  int taken_as_it_was = 0;
  for (std::size_t i = 0; i < archive.size(); i += 41) {
    Bytes damaged = archive;
    damaged[i] ^= 0x20;
    const auto read = Backup::from_archive(damaged);
    if (!read) {
      ++refused;
      continue;
    }
    ++taken_as_it_was;
    // What still passes is padding, or the manifest's own words.
    EXPECT_EQ(read->node->files, backup.node->files) << i;
    EXPECT_EQ(read->records.size(), backup.records.size()) << i;
  }
  EXPECT_GT(refused, 20);
  EXPECT_GT(taken_as_it_was, 0);
}

TEST_F(BackupFile, MembersAndManifestAgree) {
  const Backup backup = taken();
  EXPECT_EQ(fault(backup, [](auto&, Members&) {}), "none");
  EXPECT_THAT(fault(backup,
                    [](auto&, Members& members) {
                      std::erase_if(members, [](auto& m) { return m.name == "records"; });
                    }),
              HasSubstr("lacks its records"));
  EXPECT_THAT(fault(backup,
                    [](auto&, Members& members) {
                      std::erase_if(members, [](auto& m) { return m.name == "identity.key"; });
                    }),
              HasSubstr("lacks identity.key"));
  EXPECT_THAT(fault(taken(false), [](auto&, Members& members) { members.push_back({"identity.key", {1}}); }),
              HasSubstr("records and nothing else"));
  EXPECT_THAT(fault(backup, [](json::object& manifest, Members&) { manifest["starling-backup"] = 2; }),
              HasSubstr("newer starling"));
  EXPECT_THAT(fault(backup, [](json::object& manifest, Members&) { manifest.erase("starling-backup"); }),
              HasSubstr("no backup"));
  EXPECT_THAT(fault(backup, [](json::object& manifest, Members&) { manifest["taken"] = "now"; }),
              HasSubstr("when"));
  for (const char* key : {"fleet", "peer"}) {
    EXPECT_NE(fault(backup, [&](json::object& manifest, Members&) { manifest[key] = "x"; }), "none") << key;
  }
  EXPECT_THAT(fault(backup, [](auto&, Members& members) { member(members, "facts.json").contents = {'5'}; }),
              HasSubstr("facts.json"));
}

TEST_F(BackupFile, OnlyRecordsThatTheirAuthorsSignedAreTaken) {
  Backup backup = taken();
  const auto with = [&](const std::vector<RecordPtr>& records) {
    Backup other = backup;
    other.records = records;
    const auto read = Backup::from_archive(must(other.to_archive()));
    return read ? "none" : read.error().message;
  };
  EXPECT_EQ(with({founding_[0], founding_[1]}), "none");
  EXPECT_THAT(with({founding_[1], founding_[2]}), HasSubstr("lacks the fleet's first record"));
  EXPECT_THAT(with({founding_[0], founding_[1], founding_[1]}),
              HasSubstr("record 3 of the backup comes twice"));
  const RecordPtr foreign = must(write_genesis(key_of(201), 1, Bytes(16, 8), runtime_.env().clock.wall()));
  EXPECT_THAT(with({founding_[0], foreign}), HasSubstr("is of another fleet"));
  SignedRecord forged = *founding_[1];
  forged.envelope.back() ^= 1;
  EXPECT_THAT(with({founding_[0], std::make_shared<const SignedRecord>(forged)}),
              HasSubstr("record 2 of the backup"));
  EXPECT_THAT(fault(backup, [](auto&, Members& members) { member(members, "records").contents.pop_back(); }),
              HasSubstr("record 3 of the backup is cut off"));
  EXPECT_THAT(
      fault(backup, [](auto&, Members& members) { member(members, "records").contents = Bytes(9, 0xff); }),
      HasSubstr("cut off"));
}

TEST_F(BackupFile, KeysAndConfigurationBelongTogether) {
  const Backup backup = taken();
  EXPECT_THAT(fault(backup,
                    [](auto&, Members& members) {
                      member(members, "identity.key").contents = key_of(2).to_protobuf();
                    }),
              HasSubstr("of another node"));
  EXPECT_THAT(
      fault(backup, [](auto&, Members& members) { member(members, "identity.key").contents = {1, 2}; }),
      HasSubstr("identity.key"));
  EXPECT_THAT(
      fault(backup, [](auto&, Members& members) { member(members, "encryption.key").contents = {'a', 'b'}; }),
      HasSubstr("encryption.key"));
  EXPECT_THAT(fault(backup, [](auto&, Members& members) { member(members, "config.toml").contents = {'='}; }),
              HasSubstr("config.toml"));
  config_.fleet.bytes.fill(9);
  const std::string other = config_.to_toml();
  EXPECT_THAT(fault(backup,
                    [&](auto&, Members& members) {
                      member(members, "config.toml").contents = Bytes(other.begin(), other.end());
                    }),
              HasSubstr("of another fleet"));
}

}  // namespace
}  // namespace starling::test
