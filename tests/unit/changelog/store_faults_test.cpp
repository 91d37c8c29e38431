// Every operation that the store makes on its disk meets every fault once: nothing that was acknowledged is
// lost, each append and each drop is there whole or not at all, and a backup that succeeds holds what the
// store does.
//
// STARLING_STORE_FAULTS_STRIDE: of the pairs of crashes one in so many is tried (89; `./dev soak` tries all).
// STARLING_STORE_FAULTS_SEED: of what a disk keeps by chance.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "starling/changelog/anchor.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "tests/support/faulty_vfs.hpp"
#include "tests/support/fleet_fixture.hpp"
#include "tests/support/temp_dir.hpp"

namespace starling {
namespace {

using test::DiskFault;
using test::FaultyDisk;
using test::FaultyVfs;
using testing::FoundedFleet;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::vector<RecordId> ids_of(const std::vector<RecordPtr>& records) {
  std::vector<RecordId> ids;
  for (const RecordPtr& record : records) ids.push_back(record->id);
  return ids;
}

// One transaction.
struct Write {
  std::vector<RecordPtr> records;
  Facts facts;
  std::vector<RecordId> dropped = {};
};

// What a store may hold: all that it said it has, and perhaps the write that it never answered.
struct Promise {
  std::vector<RecordPtr> records;
  Facts facts;
  std::optional<Write> unanswered;

  void answered() {
    records.insert(records.end(), unanswered->records.begin(), unanswered->records.end());
    std::erase_if(records, [this](const RecordPtr& record) {
      return std::ranges::find(unanswered->dropped, record->id) != unanswered->dropped.end();
    });
    for (const auto& [name, value] : unanswered->facts) facts.insert_or_assign(name, value);
    unanswered.reset();
  }
  [[nodiscard]] bool is(const Store::Contents& contents) const {
    return ids_of(contents.records) == ids_of(records) && contents.facts == facts;
  }
  [[nodiscard]] bool allows(const Store::Contents& contents) const {
    if (is(contents) || !unanswered) return is(contents);
    Promise with = *this;
    with.answered();
    return with.is(contents);
  }
};

class StoreFaults : public ::testing::Test {
 protected:
  StoreFaults() {
    for (std::uint8_t i = 1; i <= 6; ++i) {
      // Some of more pages than one.
      fleet_.grant(testing::key_of(i), Role::operator_, std::string(i == 3 ? 64U : 5U, 'n'));
    }
    Author author(testing::key_of(1), 9);
    const RecordId grant = fleet_.log.records()[1]->id;
    for (const std::size_t size : {100UL, 20'000UL, 100UL, 6'000UL})
      fleet_.write(author, RecordKind::change, grant,
                   testing::set_change({"settings", "x"}, json::string(size, 'x')).to_body());
    Checkpoint checkpoint;
    checkpoint.anchor.vector = fleet_.log.vector();
    checkpoint.state = Bytes(9'000, 7);
    fleet_.write(author, RecordKind::checkpoint, grant, checkpoint.to_body());
    fleet_.write(author, RecordKind::change, grant,
                 testing::set_change({"settings", "x"}, "after it").to_body());
  }

  [[nodiscard]] std::vector<RecordPtr> records(std::size_t from, std::size_t to) const {
    const auto all = fleet_.log.records();
    return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
  }

  Result<std::unique_ptr<SqliteStore>> open(FaultyDisk& disk, const FaultyVfs& vfs) {
    auto store = SqliteStore::open(folder_ / "s.db", vfs.name(), seal_key_);
    // A process that is dead has nothing.
    if (store && disk.dead()) return fail(Errc::io, "killed");
    return store;
  }

  static bool write(Store& store, Promise& promise, Write what) {
    promise.unanswered = what;
    const bool drops = !what.dropped.empty();
    if (!(drops ? store.drop(what.dropped, what.facts) : store.append(what.records, what.facts)))
      return false;
    promise.answered();
    return true;
  }

  // What `starling backup` reads, beside the daemon or when there is none. It may fail, and harms nobody
  // then.
  void back_up(const FaultyVfs& vfs, const Promise& promise) {
    const auto contents = SqliteStore::snapshot(folder_ / "s.db", seal_key_, vfs.name());
    if (contents && !promise.allows(*contents)) wrong_backups_ += 1;
    backups_ += contents ? 1 : 0;
  }

  // A store's whole life, as far as it gets: made, written to, closed, opened again, and written to. In the
  // end it is closed, or killed.
  void live(FaultyDisk& disk, const FaultyVfs& vfs, Promise& promise, bool killed = false) {
    {
      const auto store = open(disk, vfs);
      if (!store || !write_first(**store, promise)) {
        if (killed) disk.kill();
        return;
      }
      back_up(vfs, promise);
    }
    const auto store = open(disk, vfs);
    if (store && (*store)->load()) write_then(**store, vfs, promise);
    if (killed) disk.kill();
  }
  bool write_first(Store& store, Promise& promise) {
    return write(store, promise, {records(0, 1), {{"name", "one"}}}) &&
           write(store, promise, {records(1, 6), {}}) && write(store, promise, {records(6, 9), {}}) &&
           write(store, promise, {{}, {{"name", "two"}, {"last_good", std::string(5000, 'g')}}});
  }
  // A checkpoint is written, and what it covers is dropped, but for the change that it follows.
  void write_then(Store& store, const FaultyVfs& vfs, Promise& promise) {
    if (!write(store, promise, {records(9, 10), {}}) ||
        !write(store, promise, {records(10, 12), {{"base", to_cid(records(11, 12).front()->id)}}}) ||
        !write(store, promise, {.records = {}, .facts = {}, .dropped = ids_of(records(7, 10))}))
      return;
    back_up(vfs, promise);
    (void)write(store, promise, {records(12, 13), {{"name", "three"}}});
  }

  // What a start does: from now on it is known whether the write without an answer is there, and a node acts
  // upon it.
  static bool find_out(Store& store, Promise& promise) {
    const auto contents = store.load();
    if (!contents) return false;
    if (promise.unanswered && !promise.is(*contents)) promise.answered();
    promise.unanswered.reset();
    return true;
  }
  // A start, and its first write.
  void come_back(FaultyDisk& disk, const FaultyVfs& vfs, Promise& promise) {
    const auto store = open(disk, vfs);
    if (store && find_out(**store, promise))
      (void)write(**store, promise, {{}, {{"start", std::to_string(promise.records.size())}}});
  }

  ::testing::AssertionResult holds(FaultyDisk& disk, const FaultyVfs& vfs, const Promise& promise) {
    disk.plan(0, DiskFault::none);
    if (wrong_backups_ > 0) return ::testing::AssertionFailure() << "a backup that holds something else";
    const auto store = open(disk, vfs);
    if (!store) return ::testing::AssertionFailure() << "refused at start: " << store.error().to_string();
    const auto contents = (*store)->load();
    if (!contents) return ::testing::AssertionFailure() << "unreadable: " << contents.error().to_string();
    if (promise.allows(*contents)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << contents->records.size() << " records and " << contents->facts.size() << " facts, of "
           << promise.records.size() << " and " << promise.facts.size() << " that were acknowledged";
  }

  std::size_t operations_of_a_life() {
    FaultyDisk disk(seed_);
    const FaultyVfs vfs(disk);
    Promise promise;
    disk.plan(0, DiskFault::none);
    live(disk, vfs, promise);
    EXPECT_EQ(promise.records.size(), fleet_.log.records().size() - 3);
    EXPECT_EQ(backups_, 2U);
    const std::size_t operations = disk.operations();
    EXPECT_TRUE(holds(disk, vfs, promise));
    return operations;
  }

  FoundedFleet fleet_;
  test::TempDir folder_;
  std::size_t backups_ = 0;
  std::size_t wrong_backups_ = 0;
  const SqliteStore::SealKey seal_key_ = seal_key_of(testing::key_of(1));
  const std::uint64_t seed_ = setting("STARLING_STORE_FAULTS_SEED", 1);
  const std::size_t stride_ = setting("STARLING_STORE_FAULTS_STRIDE", 89);
};

class EachFault : public StoreFaults, public ::testing::WithParamInterface<DiskFault> {};

TEST_P(EachFault, AtEachOperationLosesNothingAcknowledged) {
  const std::size_t operations = operations_of_a_life();
  ASSERT_GT(operations, 100U);
  std::size_t met = 0;
  for (std::size_t at = 1; at <= operations; ++at) {
    // What a disk keeps by chance is tried more than once.
    const std::uint64_t rounds = GetParam() == DiskFault::power_lost_partly ? 4 : 1;
    for (std::uint64_t round = 0; round < rounds; ++round) {
      FaultyDisk disk(seed_ + at * 16 + round);
      const FaultyVfs vfs(disk);
      Promise promise;
      disk.plan(at, GetParam());
      live(disk, vfs, promise);
      met += disk.met() ? 1 : 0;
      if (is_crash(GetParam())) disk.crash_and_restart(GetParam());
      disk.plan(0, DiskFault::none);
      back_up(vfs, promise);
      ASSERT_TRUE(holds(disk, vfs, promise)) << "operation " << at << ", seed " << seed_;
      disk.plan(0, DiskFault::none);
      come_back(disk, vfs, promise);
      ASSERT_FALSE(promise.unanswered) << "operation " << at << ": it takes nothing any more";
      ASSERT_TRUE(holds(disk, vfs, promise)) << "operation " << at << ", seed " << seed_;
    }
  }
  // A fault that is met nowhere has tested nothing.
  EXPECT_GE(met, 10U);
  RecordProperty("operations", static_cast<int>(operations));
}

INSTANTIATE_TEST_SUITE_P(Store, EachFault,
                         ::testing::Values(DiskFault::io_error, DiskFault::disk_full, DiskFault::short_write,
                                           DiskFault::killed_before, DiskFault::killed_after,
                                           DiskFault::killed_halfway, DiskFault::power_lost,
                                           DiskFault::power_lost_partly),
                         [](const auto& each) { return std::string(to_string(each.param)); });

using Crashes = std::pair<DiskFault, DiskFault>;
class TwoCrashes : public StoreFaults, public ::testing::WithParamInterface<Crashes> {};

TEST_P(TwoCrashes, TheSecondWhileItComesBackLoseNothingAcknowledged) {
  const auto [first, second] = GetParam();
  const std::size_t operations = operations_of_a_life();
  std::size_t turn = 0;
  std::size_t met = 0;
  for (std::size_t at = 1; at <= operations; ++at) {
    for (std::size_t again = 1;; ++again) {
      // The stride goes on from one operation to the next, so that all of both are met in their turn.
      if (++turn % stride_ != 0 && again < operations) continue;
      FaultyDisk disk(seed_ + turn);
      const FaultyVfs vfs(disk);
      Promise promise;
      disk.plan(at, first);
      live(disk, vfs, promise);
      disk.crash_and_restart(first);
      disk.plan(again, second);
      come_back(disk, vfs, promise);
      if (!disk.met()) break;  // it was back before
      ++met;
      disk.crash_and_restart(second);
      ASSERT_TRUE(holds(disk, vfs, promise))
          << "operation " << at << ", then " << again << ", seed " << seed_ << ", stride " << stride_;
    }
  }
  EXPECT_GE(met, operations * 10 / stride_);
}

INSTANTIATE_TEST_SUITE_P(Store, TwoCrashes,
                         ::testing::Values(Crashes{DiskFault::killed_before, DiskFault::killed_after},
                                           Crashes{DiskFault::killed_before, DiskFault::power_lost},
                                           Crashes{DiskFault::killed_halfway, DiskFault::power_lost_partly},
                                           Crashes{DiskFault::power_lost, DiskFault::power_lost},
                                           Crashes{DiskFault::power_lost_partly, DiskFault::killed_after},
                                           Crashes{DiskFault::power_lost_partly,
                                                   DiskFault::power_lost_partly}),
                         [](const auto& each) {
                           return std::string(to_string(each.param.first)) + "_then_" +
                                  std::string(to_string(each.param.second));
                         });

class PowerAfterAStart : public StoreFaults, public ::testing::WithParamInterface<DiskFault> {};

// What a killed process has written may be readable and not be on disk. And what a failed sync was to write
// stays readable and is never written, on Linux: that, nobody was promised, may go, but not what comes after
// it.
TEST_P(PowerAfterAStart, TakesNothingThatTheStartHasFoundAndNothingThatWasWrittenSince) {
  const std::size_t operations = operations_of_a_life();
  std::size_t met = 0;
  for (std::size_t at = 1; at <= operations; ++at) {
    for (const bool writes : {false, true}) {
      if (!writes && GetParam() == DiskFault::sync_lost) continue;
      FaultyDisk disk(seed_);
      const FaultyVfs vfs(disk);
      Promise promise;
      disk.plan(at, GetParam());
      live(disk, vfs, promise, true);
      met += disk.met() ? 1 : 0;
      disk.crash_and_restart(DiskFault::killed_before);
      {
        const auto store = open(disk, vfs);
        ASSERT_TRUE(store && find_out(**store, promise)) << "operation " << at;
        if (writes) ASSERT_TRUE(write(**store, promise, {{}, {{"start", "again"}}})) << "operation " << at;
        disk.kill();
      }
      disk.crash_and_restart(DiskFault::power_lost);
      ASSERT_TRUE(holds(disk, vfs, promise)) << "operation " << at << (writes ? ", and a write" : "");
    }
  }
  EXPECT_GE(met, 5U);
}

INSTANTIATE_TEST_SUITE_P(Store, PowerAfterAStart,
                         ::testing::Values(DiskFault::killed_before, DiskFault::sync_lost),
                         [](const auto& each) { return std::string(to_string(each.param)); });

}  // namespace
}  // namespace starling
