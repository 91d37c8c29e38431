#include "starling/sync/record_intake.hpp"

#include "libp2p/base/virtual_runtime.hpp"
#include "starling/changelog/memory_store.hpp"
#include "starling/sync/messages.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::must;
using testing::set_change;

class CountingStore final : public Store {
 public:
  Result<> append(std::span<const RecordPtr> records, const Facts& facts = {}) override {
    ++appends;
    if (failing) return fail(Errc::io, "the disk is full");
    return inner.append(records, facts);
  }
  Result<> drop(std::span<const RecordId> ids, const Facts& facts) override { return inner.drop(ids, facts); }
  Result<Contents> load() override { return inner.load(); }

  MemoryStore inner;
  std::size_t appends = 0;
  bool failing = false;
};

class Intake : public ::testing::Test {
 protected:
  Intake() : grant(fleet.grant(key_of(1), Role::operator_, "one")->id), author(key_of(1), 5) {
    EXPECT_TRUE(store.inner.append(fleet.log.records()));
    EXPECT_TRUE(ours.load());
    runtime.run_for(testing::noon - runtime.env().clock.wall());
    before = fleet.log.size();
  }

  void write(std::size_t changes) {
    for (std::size_t i = 0; i < changes; ++i)
      fleet.write(author, RecordKind::change, grant, set_change({"a"}, i).to_body());
  }
  // The envelopes of new records, from the `first`-th on.
  [[nodiscard]] std::vector<Bytes> envelopes(std::size_t first, std::size_t count) const {
    std::vector<Bytes> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(fleet.log.records()[before + first + i]->envelope);
    return all;
  }
  Task<> feed(RecordIntake& intake, std::size_t lane, std::vector<std::vector<Bytes>> batches) {
    for (std::vector<Bytes>& batch : batches) {
      if (!co_await intake.put(lane, std::move(batch))) break;
    }
    intake.finish(lane);
  }
  Task<> count_puts(RecordIntake& intake, std::size_t& put) {
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_TRUE(co_await intake.put(0, envelopes(i, 1)));
      ++put;
    }
    intake.finish(0);
  }
  // Each lane's batches are put by a reader of its own.
  RecordIntake::Outcome take(std::vector<std::vector<std::vector<Bytes>>> lanes) {
    RecordIntake intake(runtime.env(), ours, std::vector<PeerId>(lanes.size(), testing::peer_of(key_of(1))));
    libp2p::TaskGroup readers(runtime.env());
    for (std::size_t lane = 0; lane < lanes.size(); ++lane)
      readers.spawn("feed", feed(intake, lane, std::move(lanes[lane])));
    const RecordIntake::Outcome outcome = runtime.run(intake.run());
    runtime.run(readers.stop());
    runtime.run(intake.join());
    return outcome;
  }
  [[nodiscard]] std::size_t held() const { return ours.log().size() - before; }

  libp2p::VirtualRuntime runtime;
  FoundedFleet fleet;
  RecordId grant;
  Author author;
  CountingStore store;
  Fleet ours{runtime.env(), fleet.id(), key_of(1), store};
  std::size_t before = 0;
};

TEST_F(Intake, ManyFramesShareACommit) {
  write(400);
  std::vector<std::vector<Bytes>> frames;
  for (std::size_t i = 0; i < 40; ++i) frames.push_back(envelopes(i * 10, 10));
  const auto outcome = take({std::move(frames)});
  EXPECT_FALSE(outcome.broken);
  EXPECT_EQ(outcome.taken, 400U);
  EXPECT_EQ(outcome.added, 400U);
  EXPECT_EQ(outcome.waiting, 0U);
  EXPECT_EQ(ours.log().vector(), fleet.log.vector());
  EXPECT_LE(store.appends, 20U);
}

TEST_F(Intake, BlocksOfSeveralLanesAreTakenInTurnWhoeverIsFaster) {
  write(stripe_block * 3 + 7);
  const auto outcome = take({{envelopes(0, stripe_block), envelopes(stripe_block * 2, stripe_block)},
                             {envelopes(stripe_block, stripe_block), envelopes(stripe_block * 3, 7)}});
  EXPECT_FALSE(outcome.broken);
  EXPECT_EQ(outcome.waiting, 0U);
  EXPECT_EQ(ours.log().vector(), fleet.log.vector());
}

TEST_F(Intake, RV13_ALaneThatEndsWithinItsBlockIsTheOneToBlame) {
  write(stripe_block * 3);
  const auto outcome = take({{envelopes(0, stripe_block), envelopes(stripe_block * 2, stripe_block)},
                             {envelopes(stripe_block, 100)}});
  ASSERT_TRUE(outcome.broken);
  EXPECT_EQ(outcome.broken->lane, 1U);
  EXPECT_EQ(held(), stripe_block + 100);
}

TEST_F(Intake, ALaneThatBringsMoreThanItsBlockIsRefused) {
  write(stripe_block + 10);
  const auto outcome = take({{envelopes(0, stripe_block + 1)}, {}});
  ASSERT_TRUE(outcome.broken);
  EXPECT_EQ(outcome.broken->lane, 0U);
}

TEST_F(Intake, RV01_AForgedRecordEndsTheRoundAndWhatCameBeforeItIsKept) {
  write(30);
  std::vector<Bytes> forged = envelopes(10, 10);
  forged[5].back() ^= 1;
  const auto outcome = take({{envelopes(0, 10), std::move(forged), envelopes(20, 10)}});
  ASSERT_TRUE(outcome.broken);
  EXPECT_EQ(outcome.broken->lane, 0U);
  EXPECT_EQ(outcome.broken->why.code, Errc::crypto);
  EXPECT_EQ(held(), 15U);
}

TEST_F(Intake, AReaderWaitsWhileItsWindowIsFull) {
  for (int i = 0; i < 5; ++i)
    fleet.write(author, RecordKind::change, grant,
                set_change({"a"}, json::string(RecordIntake::lane_window / 2, 'x')).to_body());
  RecordIntake intake(runtime.env(), ours, {testing::peer_of(key_of(1))});
  libp2p::TaskGroup readers(runtime.env());
  std::size_t put = 0;
  readers.spawn("feed", count_puts(intake, put));
  runtime.run_ready();
  EXPECT_EQ(put, 1U);  // two would be more than the window
  EXPECT_EQ(runtime.run(intake.run()).added, 5U);
  EXPECT_EQ(put, 5U);
  runtime.run(readers.join());
  runtime.run(intake.join());
}

TEST_F(Intake, WhatTheStoreCantKeepIsNobodysFault) {
  write(10);
  store.failing = true;
  const auto outcome = take({{envelopes(0, 10)}});
  ASSERT_TRUE(outcome.broken);
  EXPECT_FALSE(outcome.broken->lane);
  EXPECT_EQ(outcome.broken->why.code, Errc::io);
}

TEST_F(Intake, RV02_WhatTheCharterDeniesIsRefusedByChain) {
  Record record;
  record.fleet = fleet.id();
  record.kind = RecordKind::change;
  record.author = testing::peer_of(key_of(9));
  record.incarnation = 1;
  record.seq = 1;
  record.hlc = Hlc::at(testing::noon);
  record.grant = grant;  // another's
  record.body = set_change({"a"}, 1).to_body();
  const auto outcome = take({{{must(sign_record(record, key_of(9)))->envelope}}});
  EXPECT_EQ(outcome.added, 0U);
  EXPECT_TRUE(outcome.refused.contains(record.chain()));
}

}  // namespace
}  // namespace starling
