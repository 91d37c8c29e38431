#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "starling/changelog/memory_store.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::must;

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "starling-store-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

TEST(SqliteStore, KeepsRecordsInOrderAndFactsOverAReopening) {
  const Folder folder;
  FoundedFleet fleet;
  fleet.grant(key_of(1), Role::operator_, "one");
  {
    const auto store = must(SqliteStore::open(folder.path / "s.db"));
    ASSERT_TRUE(store->append(fleet.log.records(), {{"name", "value"}}));
    ASSERT_TRUE(store->append(fleet.log.records(), {{"name", "newer"}}));
  }
  const auto store = must(SqliteStore::open(folder.path / "s.db"));
  const Store::Contents contents = must(store->load());
  ASSERT_EQ(contents.records.size(), fleet.log.records().size());
  for (std::size_t i = 0; i < contents.records.size(); ++i)
    EXPECT_EQ(contents.records[i]->id, fleet.log.records()[i]->id);
  EXPECT_EQ(contents.facts, Facts({{"name", "newer"}}));
}

TEST(SqliteStore, IsOpenOnceAtATime) {
  const Folder folder;
  const auto store = must(SqliteStore::open(folder.path / "s.db"));
  const auto second = SqliteStore::open(folder.path / "s.db");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
}

TEST(SqliteStore, SaysWhereItCannotBe) {
  const auto store = SqliteStore::open("/nonexistent/folder/s.db");
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("/nonexistent/folder"), std::string::npos);
}

std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_to(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

// Written by the first version: genesis, a grant, two invites and a fact.
const std::filesystem::path schema_1 = std::filesystem::path(STARLING_TEST_DATA) / "store/schema-1.db";

TEST(SqliteStore, RecordsThatItHasSealedNeedNotBeVerifiedAgain) {
  const Folder folder;
  FoundedFleet fleet;
  fleet.grant(key_of(1), Role::operator_, "one");
  const auto mine = seal_key_of(key_of(1));
  ASSERT_TRUE(must(SqliteStore::open(folder.path / "s.db", nullptr, mine))->append(fleet.log.records()));
  const auto verified = [&](SqliteStore::SealKey key) {
    const auto store = must(SqliteStore::open(folder.path / "s.db", nullptr, key));
    const auto contents = must(store->load());
    EXPECT_EQ(contents.records.size(), 2U);
    EXPECT_EQ(contents.records[1]->id, fleet.log.records()[1]->id);
    EXPECT_EQ(contents.records[1]->record.author, fleet.log.records()[1]->record.author);
    return store->verified();
  };
  EXPECT_EQ(verified(mine), 0U);
  EXPECT_EQ(verified(std::nullopt), 2U);
  // Another node's store: looked at whole, once.
  EXPECT_EQ(verified(seal_key_of(key_of(2))), 2U);
  EXPECT_EQ(verified(seal_key_of(key_of(2))), 0U);
}

TEST(SqliteStore, RV32_ARecordThatWasChangedOnDiskIsNoticedAndNamed) {
  const Folder folder;
  FoundedFleet fleet;
  fleet.grant(key_of(1), Role::operator_, "unmistakable");
  const auto key = seal_key_of(key_of(1));
  ASSERT_TRUE(must(SqliteStore::open(folder.path / "s.db", nullptr, key))->append(fleet.log.records()));
  std::string bytes = contents_of(folder.path / "s.db");
  const std::size_t name = bytes.find("unmistakable");
  ASSERT_NE(name, std::string::npos);
  bytes[name] = 'X';
  write_to(folder.path / "s.db", bytes);
  const auto loaded = must(SqliteStore::open(folder.path / "s.db", nullptr, key))->load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("damaged at record 2"), std::string::npos);
}

TEST(SqliteStore, AStoreOfTheFirstVersionIsTakenOver) {
  const Folder folder;
  std::filesystem::copy_file(schema_1, folder.path / "s.db");
  const auto key = seal_key_of(key_of(1));
  for (const std::size_t verified : {4U, 0U}) {
    const auto store = must(SqliteStore::open(folder.path / "s.db", nullptr, key));
    const auto contents = must(store->load());
    ASSERT_EQ(contents.records.size(), 4U);
    EXPECT_EQ(contents.records[0]->record.kind, RecordKind::genesis);
    EXPECT_EQ(contents.facts, Facts({{"name", "value"}}));
    EXPECT_EQ(store->verified(), verified);
  }
}

constexpr std::size_t last_byte_of_user_version = 63;

TEST(SqliteStore, TheVersionBeforeCanReadItUntilSomethingIsDropped) {
  const Folder folder;
  std::filesystem::copy_file(schema_1, folder.path / "s.db");
  FoundedFleet fleet;
  {
    const auto store = must(SqliteStore::open(folder.path / "s.db", nullptr, seal_key_of(key_of(1))));
    ASSERT_TRUE(store->append(fleet.log.records()));
  }
  EXPECT_EQ(contents_of(folder.path / "s.db").at(last_byte_of_user_version), 1);
  {
    const auto store = must(SqliteStore::open(folder.path / "s.db"));
    ASSERT_TRUE(store->drop({{fleet.genesis->id}}, {}));
  }
  EXPECT_EQ(contents_of(folder.path / "s.db").at(last_byte_of_user_version), 2);
}

TEST(SqliteStore, AStoreOfANewerVersionIsLeftAlone) {
  const Folder folder;
  std::string bytes = contents_of(schema_1);
  bytes[last_byte_of_user_version] = 9;
  write_to(folder.path / "s.db", bytes);
  const auto store = SqliteStore::open(folder.path / "s.db");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::not_supported);
  EXPECT_EQ(contents_of(folder.path / "s.db").at(last_byte_of_user_version), 9);
}

TEST(SqliteStore, L8_WhatIsDroppedMakesRoomForWhatComes) {
  const Folder folder;
  FoundedFleet fleet;
  const RecordId grant = fleet.grant(key_of(1), Role::operator_, "one")->id;
  Author author(key_of(1), 5);
  const auto store = must(SqliteStore::open(folder.path / "s.db"));
  std::vector<RecordId> before;
  std::uintmax_t early = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<RecordPtr> records;
    for (int i = 0; i < 100; ++i) {
      records.push_back(
          fleet.write(author, RecordKind::change, grant, testing::set_change({"a"}, i).to_body()));
    }
    ASSERT_TRUE(store->append(records));
    ASSERT_TRUE(store->drop(before, {{"round", std::to_string(round)}}));
    before.clear();
    for (const RecordPtr& record : records) before.push_back(record->id);
    if (round == 4) early = std::filesystem::file_size(folder.path / "s.db");
  }
  EXPECT_EQ(must(store->load()).records.size(), 100U);
  EXPECT_EQ(must(store->load()).facts.at("round"), "29");
  EXPECT_LE(std::filesystem::file_size(folder.path / "s.db"), early * 2);
}

TEST(SqliteStore, ABackupIsAStoreOfItsOwn) {
  const Folder folder;
  FoundedFleet fleet;
  const auto store = must(SqliteStore::open(folder.path / "s.db"));
  ASSERT_TRUE(store->append(fleet.log.records(), {{"a", "b"}}));
  ASSERT_TRUE(store->backup(folder.path / "copy.db"));
  fleet.grant(key_of(1), Role::operator_, "one");
  ASSERT_TRUE(store->append(fleet.log.records()));
  const auto copy = must(SqliteStore::open(folder.path / "copy.db"));
  EXPECT_EQ(must(copy->load()).records.size(), 1U);
  EXPECT_EQ(must(copy->load()).facts, Facts({{"a", "b"}}));
  EXPECT_FALSE(store->backup(folder.path / "copy.db"));
  EXPECT_FALSE(store->backup("/nonexistent/copy.db"));
}

TEST(MemoryStore, DropsWhatItIsToldTo) {
  MemoryStore store;
  FoundedFleet fleet;
  fleet.grant(key_of(1), Role::operator_, "one");
  ASSERT_TRUE(store.append(fleet.log.records()));
  const std::array ids{fleet.log.records()[0]->id, RecordId{}};
  ASSERT_TRUE(store.drop(ids, {{"a", "b"}}));
  EXPECT_EQ(must(store.load()).records.size(), 1U);
  EXPECT_EQ(must(store.load()).facts, Facts({{"a", "b"}}));
}

TEST(SqliteStore, SaysThatItIsDamagedAndWhatToDo) {
  for (const std::size_t damage_at : {std::size_t{0}, std::size_t{4096}}) {
    const Folder folder;
    const std::filesystem::path file = folder.path / "s.db";
    FoundedFleet fleet;
    {
      const auto store = must(SqliteStore::open(file));
      ASSERT_TRUE(store->append(fleet.log.records()));
    }
    std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(static_cast<std::streamoff>(damage_at)) << std::string(2000, 'x');
    damaged.close();
    const auto store = SqliteStore::open(file);
    const auto contents = store ? (*store)->load() : std::unexpected(store.error());
    ASSERT_FALSE(contents) << damage_at;
    EXPECT_EQ(contents.error().code, Errc::io);
    EXPECT_NE(contents.error().message.find(file.string() + " is damaged"), std::string::npos)
        << contents.error().message;
    EXPECT_NE(contents.error().message.find("restore a backup"), std::string::npos);
  }
}

TEST(MemoryStore, KeepsWhatWasAppendedAndFailsWhenToldTo) {
  MemoryStore store;
  FoundedFleet fleet;
  ASSERT_TRUE(store.append(fleet.log.records()));
  store.fail_appends(Error{Errc::io, "no space left"});
  EXPECT_FALSE(store.append(fleet.log.records(), {{"a", "b"}}));
  EXPECT_EQ(must(store.load()).records.size(), 1U);
  EXPECT_TRUE(must(store.load()).facts.empty());
}

}  // namespace
}  // namespace starling
