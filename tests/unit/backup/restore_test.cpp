#include "starling/backup/restore.hpp"

#include <fstream>

#include "starling/changelog/anchor.hpp"
#include "tests/unit/backup/backup_world.hpp"

namespace starling::test {
namespace {

using ::testing::HasSubstr;

class Restore : public BackupWorld {
 protected:
  [[nodiscard]] std::filesystem::path target() const { return directory_ / "restored"; }
  // As a member would bring them.
  void give(Fleet& to, const Fleet& from) {
    EXPECT_TRUE(must(runtime_.run(to.accept(from.log().records()))).refused.empty());
  }
};

TEST_F(Restore, MakesTheNodeThatItWas) {
  ASSERT_TRUE(restore_node(taken(), target()));
  const StateDir restored(target());
  EXPECT_EQ(mode_of(target()), "700");
  for (const char* name : {"identity.key", "encryption.key", "config.toml", "peers"}) {
    EXPECT_EQ(mode_of(target() / name), "600") << name;
  }
  EXPECT_EQ(must(read_file(target() / "identity.key")), must(read_file(state_.path() / "identity.key")));
  EXPECT_FALSE(std::filesystem::exists(restored.root_key()));
  const Store::Contents contents = must(must(SqliteStore::open(restored.store()))->load());
  EXPECT_EQ(contents.records.size(), 3U);
  EXPECT_EQ(contents.facts, (Facts{{"last-good", "this"}}));
  // Its API's socket lies in its folder, wherever that is now.
  EXPECT_EQ(must(restored.load_config()).api,
            (std::vector<std::string>{"unix:" + restored.api_socket().string(), "127.0.0.1:7118"}));
}

TEST_F(Restore, InItsOwnPlaceChangesNoByteOfTheConfiguration) {
  const Backup backup = taken();
  const Bytes before = must(read_file(state_.path() / "config.toml"));
  std::filesystem::remove_all(state_.path());
  ASSERT_TRUE(restore_node(backup, state_.path()));
  EXPECT_EQ(must(read_file(state_.path() / "config.toml")), before);
}

TEST_F(Restore, OverwritesNothing) {
  const auto refused = restore_node(taken(), state_.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::exists);
  EXPECT_THAT(refused.error().message, HasSubstr("choose another --state, or move it away"));
  std::ofstream(target()) << "a file";
  EXPECT_FALSE(restore_node(taken(), target()));
  std::filesystem::remove(target());
  std::filesystem::create_symlink(directory_ / "elsewhere", target());
  EXPECT_FALSE(restore_node(taken(), target())) << "a link, if only into nothing";
  EXPECT_FALSE(std::filesystem::exists(target().string() + ".restoring"));
}

TEST_F(Restore, AnEmptyFolderIsNothingToOverwrite) {
  std::filesystem::create_directory(target());
  EXPECT_TRUE(restore_node(taken(), target().string() + "/"));
  EXPECT_TRUE(StateDir(target()).holds_node());
}

TEST_F(Restore, LeavesNothingWhereItFails) {
  Backup backup = taken();
  backup.node->files["no/such/folder"] = {1};  // no archive has that; it stands for a disk that fails halfway
  EXPECT_FALSE(restore_node(backup, target()));
  EXPECT_FALSE(std::filesystem::exists(target()));
  EXPECT_FALSE(std::filesystem::exists(target().string() + ".restoring"));
}

TEST_F(Restore, SaysWhatAnInterruptedOneLeft) {
  std::filesystem::create_directory(target().string() + ".restoring");
  const auto refused = restore_node(taken(), target());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("remove it"));
}

TEST_F(Restore, CheckingWritesNothing) {
  EXPECT_TRUE(check_restore(taken(), target()));
  EXPECT_FALSE(std::filesystem::exists(target()));
  EXPECT_FALSE(check_restore(taken(false), target())) << "no node can be made of a log";
  EXPECT_FALSE(check_restore(taken(), directory_ / "a\"quote"));
}

// Its own writes of after the backup come back to it, and what it writes now forks none of them.
TEST_F(Restore, L2_ARestoredNodeWritesOnWithoutLosingOrForgingAnything) {
  MemoryStore other_store;
  ASSERT_TRUE(other_store.append(founding_));
  const auto other = node(2, other_store);
  const std::filesystem::path file = directory_ / "backup.tar";
  std::vector<RecordId> written;
  {
    const auto store = must(SqliteStore::open(state_.store()));
    const auto before = node(1, *store);
    written.push_back(write(*before, "before")->id);
    ASSERT_TRUE(save_backup(file, taken()));
    written.push_back(write(*before, "after")->id);
    written.push_back(write(*before, "later")->id);
    give(*other, *before);
    runtime_.run(before->stop());
  }
  ASSERT_TRUE(restore_node(must(load_backup(file)), target()));
  const auto store = must(SqliteStore::open(StateDir(target()).store()));
  const auto restored = node(1, *store);
  EXPECT_FALSE(restored->log().holds(written[1])) << "the backup is older";
  const RecordPtr first = write(*restored, "restored");
  written.push_back(first->id);
  EXPECT_EQ(first->record.seq, 1U) << "of an incarnation of its own";
  EXPECT_NE(first->record.incarnation, other->log().get(written[0])->record.incarnation);
  give(*other, *restored);
  give(*restored, *other);
  written.push_back(write(*restored, "on")->id);
  give(*other, *restored);
  for (const RecordId& change : written) {
    EXPECT_EQ(restored->status_of(change).state, ChangeState::applied);
    EXPECT_EQ(other->status_of(change).state, ChangeState::applied);
  }
  EXPECT_EQ(restored->log().vector(), other->log().vector());
  EXPECT_EQ(restored->revision(), other->revision());
  runtime_.run(restored->stop());
  runtime_.run(other->stop());
}

class RestoreLog : public Restore {
 protected:
  // Of a fleet that went on after this node was copied.
  Backup of_the_others(int changes) {
    MemoryStore store;
    EXPECT_TRUE(store.append(founding_));
    const auto other = node(2, store);
    for (int i = 0; i < changes; ++i) write(*other, "s" + std::to_string(i));
    runtime_.run(other->stop());
    return {fleet_, 0, "", must(store.load()).records, {}};
  }
};

TEST_F(RestoreLog, GivesANodeTheRecordsThatItLacks) {
  const Backup backup = of_the_others(3);
  const RestorableRecords tried = must(restore_log(backup, state_, true));
  EXPECT_EQ(std::pair(tried.records.size(), tried.held), std::pair(std::size_t{3}, std::size_t{3}));
  EXPECT_EQ(must(SqliteStore::snapshot(state_.store())).records.size(), 3U) << "only looked at";
  EXPECT_EQ(must(restore_log(backup, state_, false)).records.size(), 3U);
  const auto store = must(SqliteStore::open(state_.store()));
  const auto restored = node(1, *store);
  for (const RecordPtr& record : backup.records) EXPECT_TRUE(restored->log().holds(record->id));
  EXPECT_TRUE(restored->revision());
  runtime_.run(restored->stop());
}

TEST_F(RestoreLog, ASecondTimeThereIsNothingLeftToGive) {
  const Backup backup = of_the_others(2);
  ASSERT_TRUE(restore_log(backup, state_, false));
  const RestorableRecords again = must(restore_log(backup, state_, false));
  EXPECT_TRUE(again.records.empty());
  EXPECT_EQ(again.held, 5U);
}

TEST_F(RestoreLog, OfAnotherFleetIsRefused) {
  Backup backup = of_the_others(0);
  backup.fleet.bytes.fill(3);
  const auto refused = restore_log(backup, state_, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_THAT(refused.error().message, HasSubstr("this node is of " + to_cid(fleet_)));
}

TEST_F(RestoreLog, WhileTheDaemonRunsIsRefusedWithTheWayOut) {
  const auto store = must(SqliteStore::open(state_.store()));
  const auto refused = restore_log(of_the_others(1), state_, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::busy);
  EXPECT_THAT(refused.error().message, HasSubstr("stop it first"));
  EXPECT_TRUE(restore_log(of_the_others(1), state_, true)) << "looking may be done at any time";
}

TEST_F(RestoreLog, WhatDependsOnRecordsThatNobodyHasIsNotTaken) {
  Backup backup = of_the_others(3);
  backup.records.erase(backup.records.begin() + 3);  // the first change
  const RestorableRecords missing = must(restore_log(backup, state_, false));
  EXPECT_TRUE(missing.records.empty());
  EXPECT_EQ(std::pair(missing.held, missing.waiting), std::pair(std::size_t{3}, std::size_t{2}));
}

// Proof of what its author did, to be kept as the fleet keeps it (L3).
TEST_F(RestoreLog, L3_BothBranchesOfAForkAreTakenOnce) {
  Backup backup = of_the_others(1);
  Record rival = backup.records.back()->record;
  rival.body = set_change({"settings", "rival"}, 2).to_body();
  backup.records.push_back(must(sign_record(rival, key_of(2))));
  const RestorableRecords missing = must(restore_log(backup, state_, false));
  EXPECT_EQ(missing.records.size(), 2U);
  EXPECT_EQ(missing.waiting, 0U);
  EXPECT_EQ(must(SqliteStore::snapshot(state_.store())).records.size(), 5U);
}

TEST_F(RestoreLog, WhatTheNodeHeldBackForWantOfARecordIsNotCountedTwice) {
  const Backup backup = of_the_others(2);
  ASSERT_TRUE(must(SqliteStore::open(state_.store()))->append({&backup.records.back(), 1}));
  const RestorableRecords missing = must(restore_log(backup, state_, false));
  EXPECT_EQ(missing.records.size(), 1U);
  EXPECT_EQ(std::pair(missing.held, missing.waiting), std::pair(std::size_t{4}, std::size_t{0}));
}

// A node that has dropped what a checkpoint covers still gives what came after it.
TEST_F(RestoreLog, L8_WhatRestsOnACheckpointIsTakenWithoutWhatItCovers) {
  Backup backup = of_the_others(2);
  Changelog log(fleet_);
  for (const RecordPtr& record : backup.records) (void)log.ingest(record);
  Checkpoint checkpoint;
  checkpoint.anchor.vector = log.vector();
  Author root(key_of(200), 9);
  const AuthoringContext context{fleet_, log, runtime_.env().clock.wall(), Hlc{UINT64_MAX}};
  const RecordPtr covering = must(root.write(context, RecordKind::checkpoint, fleet_, checkpoint.to_body()));
  (void)log.ingest(covering);
  Record later = backup.records.back()->record;
  later.seq = 3;
  later.prev = backup.records.back()->id;
  later.hlc = Hlc{covering->record.hlc.value + 1};
  later.parents = {};
  backup.records.erase(backup.records.begin() + 3);  // what later ones name is kept, what is before it is not
  backup.records.push_back(must(sign_record(later, key_of(2))));
  EXPECT_EQ(must(restore_log(backup, state_, true)).waiting, 2U);
  backup.records.push_back(covering);
  const RestorableRecords missing = must(restore_log(backup, state_, false));
  EXPECT_EQ(std::pair(missing.records.size(), missing.waiting), std::pair(std::size_t{3}, std::size_t{0}));
}

TEST_F(RestoreLog, OneThatBreaksARuleOfTheLogIsNamedAndNothingTaken) {
  Backup backup = of_the_others(1);
  Record wrong = backup.records.back()->record;
  wrong.hlc = Hlc{0};
  wrong.seq = 2;
  wrong.prev = backup.records.back()->id;
  backup.records.push_back(must(sign_record(wrong, key_of(2))));
  const auto refused = restore_log(backup, state_, false);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr(to_cid(backup.records.back()->id)));
  EXPECT_EQ(must(SqliteStore::snapshot(state_.store())).records.size(), 3U);
}

}  // namespace
}  // namespace starling::test
