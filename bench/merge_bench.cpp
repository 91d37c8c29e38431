// What the merge costs on a configuration of 500 KB: cold, with one change more, and with one that comes late
// (F7).
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <map>

#include "bench/large_configuration.hpp"
#include "starling/merge/diff.hpp"
#include "starling/merge/merge.hpp"
#include "starling/merge/validate.hpp"

namespace starling {
namespace {

constexpr std::size_t writers = 3;
// Histories with a clock vector for each change, so that asking who knew what costs next to nothing.
class Writers {
 public:
  // Every change is written knowing all but the last `lag` of what the others wrote.
  explicit Writers(std::size_t lag) : lag_(lag) {
    write(0, diff(empty_document(), large_document()));
    for (Known& known : known_) known[0] = 1;
  }

  const MergeInput& next() {
    const std::size_t n = changes.size();
    const std::size_t writer = n % writers;
    for (std::size_t other = 0; other < writers; ++other) {
      if (written_[other].size() > lag_)
        known_[writer][other] = std::max(known_[writer][other], written_[other].size() - lag_);
    }
    known_[writer][writer] = written_[writer].size();
    write(writer, {small_edit(n)});
    return changes.back();
  }

  [[nodiscard]] HappenedBefore happened_before() const {
    return [this](const RecordId& earlier, const RecordId& later) {
      const Place& place = places_.at(earlier);
      return places_.at(later).known[place.writer] >= place.seq;
    };
  }

  std::vector<MergeInput> changes;

 private:
  using Known = std::array<std::size_t, writers>;
  struct Place {
    std::size_t writer;
    std::size_t seq;
    Known known;
  };

  void write(std::size_t writer, std::vector<Edit> edits) {
    const std::size_t n = changes.size();
    RecordId id;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
    written_[writer].push_back(n);
    places_.emplace(id, Place{writer, written_[writer].size(), known_[writer]});
    changes.push_back({id, Hlc{n + 1}, Change{"", "", false, std::move(edits)}});
  }

  std::size_t lag_;
  std::array<std::vector<std::size_t>, writers> written_;
  std::array<Known, writers> known_{};
  std::map<RecordId, Place> places_;
};

std::vector<LevelFrom> level(std::int64_t wanted) { return {{Hlc{0}, {}, static_cast<unsigned>(wanted)}}; }

// Cold: 10,000 changes over the document, each written `range` changes behind the other writers; to the
// revision.
void ColdFold(benchmark::State& state) {
  Writers log(static_cast<std::size_t>(state.range(0)));
  while (log.changes.size() < 10'000) (void)log.next();
  for ([[maybe_unused]] const auto _ : state) {
    Merge merge(log.happened_before());
    merge.reset(log.changes);
    if (merge.result().fates.size() != 10'000) std::abort();
    benchmark::DoNotOptimize(merge.revision());
  }
  state.counters["document_bytes"] = static_cast<double>(canonical_json(large_document()).size());
}

// Warm: the last in the order comes last, as it usually does. All that a fleet asks for after each change,
// the revision of that level included.
void WarmLast(benchmark::State& state) {
  Writers log(static_cast<std::size_t>(state.range(0)));
  Merge merge(log.happened_before());
  merge.set_levels(level(state.range(1)));
  merge.reset(log.changes);
  (void)merge.revision();
  for ([[maybe_unused]] const auto _ : state) {
    merge.add(log.next());
    benchmark::DoNotOptimize(merge.result().fates.size());
    benchmark::DoNotOptimize(merge.take_changed().size());
    benchmark::DoNotOptimize(merge.revision());
  }
}

// Each second change arrives `range` turns late.
void WarmLate(benchmark::State& state) {
  const auto late = static_cast<std::size_t>(state.range(0));
  Writers log(late);
  Merge merge(log.happened_before());
  merge.reset(log.changes);
  (void)merge.result();
  std::deque<MergeInput> held;
  for ([[maybe_unused]] const auto _ : state) {
    const MergeInput& next = log.next();
    if (log.changes.size() % 2 == 0) {
      held.push_back(next);
    } else {
      merge.add(next);
    }
    if (held.size() > late / 2) {
      merge.add(std::move(held.front()));
      held.pop_front();
    }
    benchmark::DoNotOptimize(merge.result().fates.size());
    benchmark::DoNotOptimize(merge.take_changed().size());
    benchmark::DoNotOptimize(merge.revision());
  }
}

// A checkpoint of 10,000 changes, written and read.
void State(benchmark::State& state) {
  Writers log(0);
  while (log.changes.size() < 10'000) (void)log.next();
  Merge merge(log.happened_before());
  merge.reset(log.changes);
  std::size_t bytes = 0;
  for ([[maybe_unused]] const auto _ : state) {
    const Bytes written = *encode_state(merge.state());
    bytes = written.size();
    benchmark::DoNotOptimize(decode_state(written)->provenance.size());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

void ValidateWhole(benchmark::State& state) {
  const json::value document = large_document();
  for ([[maybe_unused]] const auto _ : state) benchmark::DoNotOptimize(validate(document).has_value());
}

void DiffWhole(benchmark::State& state) {
  const json::value before = large_document();
  json::value after = before;
  after.as_object()["settings"] = json::object{{"listen_threads", 2}};
  for ([[maybe_unused]] const auto _ : state) benchmark::DoNotOptimize(diff(before, after).size());
}

void Revision(benchmark::State& state) {
  const json::value tree = json::object{{"base", large_document()}};
  for ([[maybe_unused]] const auto _ : state)
    benchmark::DoNotOptimize(revision_of(tree, static_cast<unsigned>(state.range(0))));
}

BENCHMARK(ColdFold)->Arg(0)->Arg(10)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK(WarmLast)->Args({0, 1})->Args({10, 1})->Args({0, 2})->Args({10, 2})->Unit(benchmark::kMicrosecond);
BENCHMARK(WarmLate)->Arg(5)->Arg(50)->Unit(benchmark::kMicrosecond);
BENCHMARK(State)->Unit(benchmark::kMillisecond);
BENCHMARK(ValidateWhole)->Unit(benchmark::kMillisecond);
BENCHMARK(DiffWhole)->Unit(benchmark::kMillisecond);
BENCHMARK(Revision)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace starling
