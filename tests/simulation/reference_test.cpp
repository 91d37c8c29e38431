// The reference evaluator beside the merge itself, on histories that nobody needs a network for.
#include "tests/support/reference_evaluator.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "starling/changelog/changelog.hpp"
#include "starling/merge/fold.hpp"
#include "tests/simulation/random_edits.hpp"
#include "tests/support/conflict_text.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling::sim {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::must;

reference::Fate to_reference(ChangeFate::State state) {
  switch (state) {
    case ChangeFate::State::applied:
      return reference::Fate::applied;
    case ChangeFate::State::partly:
      return reference::Fate::partly;
    case ChangeFate::State::lost:
      return reference::Fate::lost;
    default:
      return reference::Fate::skipped;
  }
}

// A few authors who hear of each other's changes only now and then.
class History {
 public:
  explicit History(std::uint64_t seed) : dice_(seed) {
    for (std::uint8_t i = 0; i < 3; ++i) {
      const PrivateKey key = key_of(static_cast<std::uint8_t>(1 + i));
      grants_.push_back(fleet_.grant(key, Role::operator_, "writer" + std::to_string(i))->id);
      writers_.push_back({Changelog(fleet_.id()), Author(key, 10 + i)});
    }
    for (Writer& writer : writers_) hear_all(writer);
  }

  void write(int changes) {
    for (int i = 0; i < changes; ++i) {
      const std::size_t who = dice_.below(writers_.size());
      if (dice_.below(3) == 0) hear_all(writers_[who]);
      Writer& writer = writers_[who];
      Change change{"", "", false,
                    random_edits(dice_, scope_document(folded(writer.log).document, base_scope))};
      if (change.edits.empty()) continue;
      const auto wall = testing::noon + std::chrono::seconds(i + static_cast<int>(dice_.below(20)));
      RecordPtr record = must(writer.author.write({fleet_.id(), writer.log, wall, Hlc{UINT64_MAX}},
                                                  RecordKind::change, grants_[who], change.to_body()));
      (void)writer.log.ingest(record);
      EXPECT_EQ(fleet_.log.ingest(record).outcome, Changelog::Outcome::added);
    }
  }

  [[nodiscard]] static MergeResult folded(const Changelog& log) {
    std::vector<MergeInput> inputs;
    for (const RecordPtr& r : log.records()) {
      if (r->record.kind == RecordKind::change)
        inputs.push_back({r->id, r->record.hlc, *Change::from_body(r->record.body)});
    }
    return fold(std::move(inputs),
                [&](const RecordId& a, const RecordId& b) { return log.happened_before(a, b); });
  }

  [[nodiscard]] const Changelog& log() const { return fleet_.log; }
  [[nodiscard]] FleetId id() const { return fleet_.id(); }

 private:
  struct Writer {
    Changelog log;
    Author author;
  };
  void hear_all(Writer& writer) {
    for (const RecordPtr& record : fleet_.log.records()) (void)writer.log.ingest(record);
  }

  libp2p::SeededRandom dice_;
  FoundedFleet fleet_;
  std::vector<RecordId> grants_;
  std::vector<Writer> writers_;
};

std::string told(const History& history) {
  std::string out;
  std::vector<RecordPtr> records = history.log().records();
  std::ranges::sort(records,
                    [](const RecordPtr& a, const RecordPtr& b) { return a->record.hlc < b->record.hlc; });
  for (const RecordPtr& r : records) {
    if (r->record.kind != RecordKind::change) continue;
    out += to_hex(r->id).substr(0, 8) + " knew";
    for (const RecordPtr& other : records) {
      if (other->record.kind == RecordKind::change && history.log().happened_before(other->id, r->id))
        out += " " + to_hex(other->id).substr(0, 8);
    }
    for (const Edit& edit : Change::from_body(r->record.body)->edits) {
      out += "\n    " + std::to_string(static_cast<int>(edit.op)) + " " + to_pointer(edit.path) + " " +
             (edit.value ? canonical_json(*edit.value) : "");
    }
    out += "\n";
  }
  return out;
}

class Reference : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Reference, FoldsAsTheMergeDoes) {
  for (std::uint64_t seed = GetParam() * 1000; seed < GetParam() * 1000 + 100; ++seed) {
    History history(seed);
    history.write(8 + static_cast<int>(seed % 25));
    const MergeResult merged = History::folded(history.log());
    const reference::Verdict verdict = reference::evaluate(
        {history.id(), history.log().records(), [](const SignedRecord&) { return false; }});
    ASSERT_EQ(canonical_json(verdict.tree), canonical_json(merged.document)) << "seed " << seed << "\n"
                                                                             << told(history);
    ASSERT_EQ(texts_of(verdict.conflicts), texts_of(merged.conflicts)) << "seed " << seed << "\n"
                                                                       << told(history);
    for (const ChangeFate& fate : merged.fates) {
      ASSERT_EQ(reference::to_string(verdict.fates.at(fate.id)),
                reference::to_string(to_reference(fate.state)))
          << "seed " << seed << ", " << to_hex(fate.id).substr(0, 8) << " " << fate.reason << "\n"
          << told(history);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Histories, Reference, ::testing::Range(std::uint64_t{0}, std::uint64_t{10}));

}  // namespace
}  // namespace starling::sim
