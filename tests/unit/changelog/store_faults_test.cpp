// Every operation that the store makes on its disk meets every fault once: nothing that was acknowledged is
// lost, and each append is there whole or not at all.
//
// STARLING_STORE_FAULTS_STRIDE: of the pairs of crashes one in so many is tried (61; `./dev soak` tries all).
// STARLING_STORE_FAULTS_SEED: of what a disk keeps by chance.
#include <gtest/gtest.h>

#include <cstdlib>

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

struct Append {
  std::vector<RecordPtr> records;
  Facts facts;
};

// What a store may hold: all that it said it has, and perhaps the append that it never answered.
struct Promise {
  std::vector<RecordPtr> records;
  Facts facts;
  std::optional<Append> unanswered;

  void answered() {
    records.insert(records.end(), unanswered->records.begin(), unanswered->records.end());
    for (const auto& [name, value] : unanswered->facts) facts.insert_or_assign(name, value);
    unanswered.reset();
  }
};

std::vector<RecordId> ids_of(const std::vector<RecordPtr>& records) {
  std::vector<RecordId> ids;
  for (const RecordPtr& record : records) ids.push_back(record->id);
  return ids;
}

class StoreFaults : public ::testing::Test {
 protected:
  StoreFaults() {
    for (std::uint8_t i = 1; i <= 6; ++i) {
      // Some of more pages than one.
      fleet_.grant(testing::key_of(i), Role::operator_, std::string(i == 3 ? 64U : 5U, 'n'));
    }
    Author author(testing::key_of(1), 9);
    for (const std::size_t size : {100UL, 20'000UL, 100UL, 6'000UL})
      fleet_.write(author, RecordKind::change, fleet_.log.records()[1]->id,
                   testing::set_change({"settings", "x"}, json::string(size, 'x')).to_body());
  }

  [[nodiscard]] std::vector<RecordPtr> records(std::size_t from, std::size_t to) const {
    const auto all = fleet_.log.records();
    return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
  }

  Result<std::unique_ptr<SqliteStore>> open(FaultyDisk& disk, const FaultyVfs& vfs) {
    auto store = SqliteStore::open(folder_ / "s.db", vfs.name());
    // A process that is dead has nothing.
    if (store && disk.dead()) return fail(Errc::io, "killed");
    return store;
  }

  static bool append(Store& store, Promise& promise, Append what) {
    promise.unanswered = what;
    if (!store.append(what.records, what.facts)) return false;
    promise.answered();
    return true;
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
    }
    const auto store = open(disk, vfs);
    if (store && (*store)->load()) write_then(**store, promise);
    if (killed) disk.kill();
  }
  bool write_first(Store& store, Promise& promise) {
    return append(store, promise, {records(0, 1), {{"name", "one"}}}) &&
           append(store, promise, {records(1, 6), {}}) && append(store, promise, {records(6, 9), {}}) &&
           append(store, promise, {{}, {{"name", "two"}, {"last_good", std::string(5000, 'g')}}});
  }
  void write_then(Store& store, Promise& promise) {
    (void)(append(store, promise, {records(9, 10), {}}) &&
           append(store, promise, {records(10, 11), {{"name", "three"}}}));
  }

  // What a start does: from now on it is known whether the append without an answer is there, and a node acts
  // upon it.
  static bool find_out(Store& store, Promise& promise) {
    const auto contents = store.load();
    if (!contents) return false;
    if (promise.unanswered) {
      const bool there = !promise.unanswered->records.empty()
                             ? contents->records.size() > promise.records.size()
                             : contents->facts != promise.facts;
      if (there) promise.answered();
      promise.unanswered.reset();
    }
    return true;
  }
  // A start, and its first write.
  void come_back(FaultyDisk& disk, const FaultyVfs& vfs, Promise& promise) {
    const auto store = open(disk, vfs);
    if (store && find_out(**store, promise))
      (void)append(**store, promise, {{}, {{"start", std::to_string(promise.records.size())}}});
  }

  ::testing::AssertionResult holds(FaultyDisk& disk, const FaultyVfs& vfs, const Promise& promise) {
    disk.plan(0, DiskFault::none);
    const auto store = open(disk, vfs);
    if (!store) return ::testing::AssertionFailure() << "refused at start: " << store.error().to_string();
    const auto contents = (*store)->load();
    if (!contents) return ::testing::AssertionFailure() << "unreadable: " << contents.error().to_string();
    const auto is = [&](const Promise& state) {
      return ids_of(contents->records) == ids_of(state.records) && contents->facts == state.facts;
    };
    if (is(promise)) return ::testing::AssertionSuccess();
    Promise with = promise;
    if (with.unanswered) {
      with.answered();
      if (is(with)) return ::testing::AssertionSuccess();
    }
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
    EXPECT_EQ(promise.records.size(), fleet_.log.records().size());
    const std::size_t operations = disk.operations();
    EXPECT_TRUE(holds(disk, vfs, promise));
    return operations;
  }

  FoundedFleet fleet_;
  test::TempDir folder_;
  const std::uint64_t seed_ = setting("STARLING_STORE_FAULTS_SEED", 1);
  const std::size_t stride_ = setting("STARLING_STORE_FAULTS_STRIDE", 61);
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
        if (writes) ASSERT_TRUE(append(**store, promise, {{}, {{"start", "again"}}})) << "operation " << at;
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
