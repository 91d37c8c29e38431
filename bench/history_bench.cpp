// How long looking at the past of a long history takes, and for how long at a time nothing else can run.
// history_bench [CHANGES]
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "bench/large_configuration.hpp"
#include "libp2p/base/system_runtime.hpp"
#include "starling/changelog/memory_store.hpp"
#include "starling/charter/charter_records.hpp"
#include "starling/fleet/fleet.hpp"
#include "starling/merge/diff.hpp"

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

// Three nodes that write in turns, each having seen what the others wrote, on a configuration of 500 KB.
struct History {
  explicit History(std::size_t count) : log(FleetId{}) {
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
    for (std::size_t i = 0; i < count; ++i) {
      Change change;
      change.edits = i == 0 ? diff(empty_document(), large_document()) : std::vector<Edit>{small_edit(i)};
      for (Edit& edit : change.edits) edit.scope = base_scope;
      take(must(authors[i % 3].write({id, log, start, Hlc{UINT64_MAX}}, RecordKind::change, grants[i % 3],
                                     change.to_body())));
    }
  }
  void take(const RecordPtr& record) {
    if (log.ingest(record).outcome != Changelog::Outcome::added) std::abort();
    records.push_back(record);
  }

  Changelog log;
  FleetId id;
  std::vector<RecordPtr> records;
};

double milliseconds(Clock::duration taken) {
  return std::chrono::duration<double, std::milli>(taken).count();
}

// Beside what is measured: for how long at most it did not get its turn.
struct Neighbour {
  Task<> run(Env env) {
    Clock::time_point last = Clock::now();
    while (!stopped) {
      co_await libp2p::yield_now(env);
      const Clock::time_point now = Clock::now();
      longest = std::max(longest, now - last);
      last = now;
    }
  }
  bool stopped = false;
  Clock::duration longest{};
};

template <class Asked>
Task<> beside(Env env, Neighbour& neighbour, Task<Result<Asked>> asked) {
  libp2p::TaskGroup tasks(env);
  tasks.spawn("neighbour", neighbour.run(env));
  co_await libp2p::yield_now(env);
  (void)must(co_await std::move(asked));
  neighbour.stopped = true;
  co_await tasks.join();
}

template <class Asked>
void measure(libp2p::SystemRuntime& runtime, const char* what, Task<Result<Asked>> asked) {
  Neighbour neighbour;
  const Clock::time_point begin = Clock::now();
  runtime.run(beside(runtime.env(), neighbour, std::move(asked)));
  std::printf("%s: %.0f ms in all, at most %.1f ms at a time\n", what, milliseconds(Clock::now() - begin),
              milliseconds(neighbour.longest));
}

Task<Result<bool>> provenance(Fleet& fleet) {
  LIBP2P_CO_CHECK(co_await fleet.past().prepare_provenance());
  co_return !fleet.provenance().empty();
}

int run(std::size_t count) {
  History history(count);
  MemoryStore store;
  if (!store.append(history.records)) return 1;
  libp2p::StderrLog log(libp2p::LogLevel::error);
  libp2p::SystemRuntime runtime(log);
  Fleet fleet(runtime.env(), history.id, key_of(1), store);
  if (!fleet.load()) return 1;
  std::printf("%zu changes\n", fleet.merged().fates.size());
  measure(runtime, "the present", fleet.past().at(BeforeNewest{0}));
  measure(runtime, "one change back", fleet.past().at(BeforeNewest{1}));
  measure(runtime, "what the newest change was written upon",
          fleet.past().before(fleet.merged().fates.back().id));
  measure(runtime, "who made what stands", provenance(fleet));
  runtime.run(fleet.stop());
  return 0;
}

}  // namespace
}  // namespace starling

int main(int argc, char** argv) {
  return starling::run(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 60'000);
}
