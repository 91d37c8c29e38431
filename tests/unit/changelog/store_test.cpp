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
