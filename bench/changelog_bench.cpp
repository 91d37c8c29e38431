// What a long log costs: taking one more record (RV33), loading it at a start, and all that a start does.
// changelog_bench [RECORDS]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "libp2p/base/virtual_runtime.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "starling/charter/charter_records.hpp"
#include "starling/fleet/fleet.hpp"

namespace starling {
namespace {

using Clock = std::chrono::steady_clock;

PrivateKey key_of(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(number);
  return PrivateKey::ed25519_from_seed(seed);
}

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
    std::abort();
  }
  return std::move(*result);
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Bytes change_of(int number) {
  Change change;
  change.edits.push_back({std::string(base_scope),
                          {"settings", "n" + std::to_string(number % 500)},
                          EditOp::set,
                          json::value(number)});
  return change.to_body();
}

// Three nodes that write in turns, each having seen what the others wrote.
struct History {
  explicit History(int count) : log(FleetId{}) {
    const libp2p::WallTime start{std::chrono::sys_days{std::chrono::year(2026) / 1 / 1}};
    const PrivateKey root = key_of(200);
    const RecordPtr genesis = must(write_genesis(root, 1, Bytes(16, 7), start));
    id = genesis->id;
    log = Changelog(id);
    take(genesis);
    Author founder(root, 2);
    std::vector<Author> authors;
    std::vector<RecordId> grants;
    for (const std::uint8_t node : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
      const Grant grant{PeerId::from_public_key(key_of(node).public_key()),
                        Role::operator_,
                        "n" + std::to_string(node),
                        {},
                        {}};
      take(must(founder.write({id, log, start, Hlc{UINT64_MAX}}, RecordKind::grant, id, grant.to_body())));
      grants.push_back(records.back()->id);
      authors.emplace_back(key_of(node), node);
    }
    for (int i = 0; i < count; ++i) {
      const auto turn = static_cast<std::size_t>(i % 3);
      const RecordPtr record = must(authors[turn].write({id, log, start, Hlc{UINT64_MAX}}, RecordKind::change,
                                                        grants[turn], change_of(i)));
      const auto begin = Clock::now();
      take(record);
      taking += std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
      if ((i + 1) % (count / 5) == 0) {
        std::printf("taking one at %6d records: %.1f us\n", i + 1, taking * 5 / count);
        taking = 0;
      }
    }
  }
  void take(const RecordPtr& record) {
    if (log.ingest(record).outcome != Changelog::Outcome::added) std::abort();
    records.push_back(record);
  }

  Changelog log;
  FleetId id;
  std::vector<RecordPtr> records;
  double taking = 0;
};

// The parts of a start, each by itself.
void take_apart(const History& history) {
  auto begin = Clock::now();
  Changelog log(history.id);
  for (const RecordPtr& record : history.records) (void)log.restore(record);
  std::printf("the log alone: %.0f ms\n", milliseconds_since(begin));
  begin = Clock::now();
  Merge merge(
      [&](const RecordId& earlier, const RecordId& later) { return log.happened_before(earlier, later); });
  for (const RecordPtr& record : history.records) {
    if (record->record.kind != RecordKind::change) continue;
    merge.add({record->id, record->record.hlc, must(Change::from_body(record->record.body))});
  }
  std::printf("reading the changes: %.0f ms\n", milliseconds_since(begin));
  begin = Clock::now();
  (void)merge.result();
  std::printf("folding them: %.0f ms\n", milliseconds_since(begin));
}

int run(int count) {
  const History history(count);
  take_apart(history);
  std::string pattern = (std::filesystem::temp_directory_path() / "changelog-bench-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  const auto key = seal_key_of(key_of(1));
  {
    const auto store = must(SqliteStore::open(folder / "s.db", nullptr, key));
    auto begin = Clock::now();
    if (!store->append(history.records)) return 1;
    std::printf("storing all: %.0f ms\n", milliseconds_since(begin));
    begin = Clock::now();
    if (must(store->load()).records.size() != history.records.size()) return 1;
    std::printf("reading all, sealed: %.0f ms\n", milliseconds_since(begin));
    libp2p::VirtualRuntime runtime;
    Fleet fleet(runtime.env(), history.id, key_of(1), *store);
    begin = Clock::now();
    if (!fleet.load()) return 1;
    std::printf("a node's start, reading and folding: %.0f ms\n", milliseconds_since(begin));
  }
  {
    const auto store = must(SqliteStore::open(folder / "s.db"));
    const auto begin = Clock::now();
    if (must(store->load()).records.size() != history.records.size()) return 1;
    std::printf("reading all, every signature verified: %.0f ms\n", milliseconds_since(begin));
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) { return starling::run(argc > 1 ? std::atoi(argv[1]) : 100'000); }
