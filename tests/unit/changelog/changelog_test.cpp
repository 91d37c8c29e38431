#include "starling/changelog/changelog.hpp"

#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::must;
using testing::noon;
using testing::peer_of;
using testing::set_change;

using Outcome = Changelog::Outcome;

// One author's chain of changes, written against a log of its own.
class ChangelogTest : public ::testing::Test {
 protected:
  ChangelogTest() : grant(fleet.grant(key_of(1), Role::operator_, "one")->id) {}

  std::vector<RecordPtr> write(Author& author, int count) {
    std::vector<RecordPtr> records;
    for (int i = 0; i < count; ++i) {
      records.push_back(fleet.write(author, RecordKind::change, grant, set_change({"a"}, i).to_body()));
    }
    return records;
  }
  // A second log that has the charter and none of the changes.
  Changelog other() const {
    Changelog log(fleet.id());
    for (const RecordPtr& record : fleet.log.records()) {
      if (record->record.kind != RecordKind::change) EXPECT_EQ(log.ingest(record).outcome, Outcome::added);
    }
    return log;
  }
  RecordPtr forged(Record record, const PrivateKey& key = key_of(1)) const {
    return must(sign_record(record, key));
  }

  FoundedFleet fleet;
  RecordId grant;
};

TEST_F(ChangelogTest, RecordsInReverseWaitForOneAnotherAndThenAllStand) {
  Author author(key_of(1), 5);
  const auto records = write(author, 6);
  Changelog log = other();
  for (std::size_t i = records.size(); i-- > 1;) EXPECT_EQ(log.ingest(records[i]).outcome, Outcome::waiting);
  EXPECT_EQ(log.missing(), std::vector<RecordId>({records[0]->id}));
  const auto last = log.ingest(records[0]);
  EXPECT_EQ(last.outcome, Outcome::added);
  EXPECT_EQ(last.added, records);
  EXPECT_EQ(log.waiting(), 0U);
  EXPECT_EQ(log.vector(), fleet.log.vector());
  EXPECT_EQ(log.heads(), fleet.log.heads());
}

TEST_F(ChangelogTest, RV11_WhatIsKnownIsADuplicateAndChangesNothing) {
  Author author(key_of(1), 5);
  const auto records = write(author, 2);
  const VersionVector before = fleet.log.vector();
  EXPECT_EQ(fleet.log.ingest(records[0]).outcome, Outcome::duplicate);
  EXPECT_EQ(fleet.log.vector(), before);
}

TEST_F(ChangelogTest, RV20_ARecordOfAnotherFleetIsRefused) {
  FoundedFleet elsewhere;
  Author author(key_of(1), 5);
  const auto records = write(author, 1);
  Record record = records[0]->record;
  record.fleet.bytes.fill(9);
  record.parents.clear();
  EXPECT_EQ(fleet.log.ingest(forged(record)).outcome, Outcome::refused);
}

TEST_F(ChangelogTest, RV04_AClockThatDoesNotExceedItsParentsIsRefused) {
  Author author(key_of(1), 5);
  const auto records = write(author, 2);
  Changelog log = other();
  EXPECT_EQ(log.ingest(records[0]).outcome, Outcome::added);
  Record record = records[1]->record;
  record.hlc = records[0]->record.hlc;
  const auto refused = log.ingest(forged(record));
  EXPECT_EQ(refused.outcome, Outcome::refused);
  EXPECT_NE(refused.why.message.find("L7"), std::string::npos);
}

TEST_F(ChangelogTest, RV05_AClockThatNothingCouldFollowIsNoRecord) {
  Author author(key_of(1), 5);
  Record record = write(author, 1)[0]->record;
  record.hlc = Hlc{UINT64_MAX};
  EXPECT_FALSE(sign_record(record, key_of(1)));
  EXPECT_FALSE(Record::from_payload(record.to_payload()));
}

TEST_F(ChangelogTest, APredecessorThatIsNotTheOneBeforeIsRefused) {
  Author author(key_of(1), 5);
  const auto records = write(author, 3);
  Changelog log = other();
  EXPECT_EQ(log.ingest(records[0]).outcome, Outcome::added);
  EXPECT_EQ(log.ingest(records[1]).outcome, Outcome::added);
  Record skips = records[2]->record;
  skips.seq = 9;
  EXPECT_EQ(log.ingest(forged(skips)).outcome, Outcome::refused);
}

TEST_F(ChangelogTest, RV06_TwoRecordsWithOneNumberAreProofWhicheverCameFirst) {
  Author author(key_of(1), 5);
  const auto records = write(author, 3);
  Record rival_record = records[1]->record;
  rival_record.body = set_change({"a"}, "rival").to_body();
  const RecordPtr rival = forged(rival_record);

  Changelog one = other();
  Changelog two = other();
  for (const RecordPtr& record : records) EXPECT_EQ(one.ingest(record).outcome, Outcome::added);
  EXPECT_EQ(one.ingest(rival).outcome, Outcome::forked);
  EXPECT_EQ(two.ingest(records[0]).outcome, Outcome::added);
  EXPECT_EQ(two.ingest(rival).outcome, Outcome::added);
  EXPECT_EQ(two.ingest(records[1]).outcome, Outcome::forked);
  EXPECT_EQ(two.ingest(records[2]).outcome, Outcome::added);

  EXPECT_EQ(one.vector(), two.vector());
  for (const Changelog* log : {&one, &two}) {
    EXPECT_FALSE(log->standing(*records[0]) == Standing::quarantined);
    EXPECT_TRUE(log->standing(*records[1]) == Standing::quarantined);
    EXPECT_TRUE(log->standing(*records[2]) == Standing::quarantined);
    EXPECT_TRUE(log->standing(*rival) == Standing::quarantined);
    EXPECT_EQ(log->vector().at(records[0]->record.chain()).seq, 1U);
  }
}

TEST_F(ChangelogTest, RV09_WhatWaitsIsBounded) {
  Author author(key_of(1), 5);
  const auto first = write(author, 1);
  Changelog log = other();
  Record record = first[0]->record;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < WaitingRoom::max_records + 10; ++i) {
    record.incarnation = 1000 + i;
    record.seq = 2;
    record.prev.bytes.fill(1);
    record.prev.bytes[0] = static_cast<std::uint8_t>(i);
    record.prev.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    if (log.ingest(forged(record)).outcome == Outcome::refused) ++refused;
  }
  EXPECT_EQ(refused, 10U);
  EXPECT_EQ(log.waiting(), WaitingRoom::max_records);
}

TEST_F(ChangelogTest, AnIncarnationOpensWithItsAuthorsOlderHeads) {
  Author before(key_of(1), 5);
  const auto old = write(before, 2);
  Author after(key_of(1), 6);
  const auto fresh = write(after, 1);
  EXPECT_EQ(fresh[0]->record.seq, 1U);
  EXPECT_TRUE(std::ranges::binary_search(fresh[0]->record.parents, old.back()->id));
}

TEST_F(ChangelogTest, HappenedBeforeFollowsChainsAndParentsAndNothingElse) {
  Author one(key_of(1), 5);
  const auto first = write(one, 2);
  // Somebody who has seen only the charter.
  Changelog blind = other();
  Author two(key_of(1), 7);
  const RecordPtr apart = must(two.write({fleet.id(), blind, noon + std::chrono::hours(1), Hlc{UINT64_MAX}},
                                         RecordKind::change, grant, set_change({"b"}, 1).to_body()));
  EXPECT_EQ(fleet.log.ingest(apart).outcome, Outcome::added);
  Author three(key_of(1), 8);
  const auto joined = write(three, 1);
  EXPECT_TRUE(fleet.log.happened_before(first[0]->id, first[1]->id));
  EXPECT_FALSE(fleet.log.happened_before(first[1]->id, first[0]->id));
  EXPECT_FALSE(fleet.log.happened_before(first[1]->id, apart->id));
  EXPECT_FALSE(fleet.log.happened_before(apart->id, first[1]->id));
  EXPECT_TRUE(fleet.log.happened_before(first[0]->id, joined[0]->id));
  EXPECT_TRUE(fleet.log.happened_before(apart->id, joined[0]->id));
  EXPECT_FALSE(fleet.log.happened_before(joined[0]->id, joined[0]->id));
}

TEST_F(ChangelogTest, RangesAreBoundedButNeverEmptyForASingleLargeRecord) {
  Author author(key_of(1), 5);
  const auto records = write(author, 5);
  EXPECT_EQ(fleet.log.range(records[0]->record.chain(), 2, 2, 1 << 20).size(), 2U);
  EXPECT_EQ(fleet.log.range(records[0]->record.chain(), 1, 10, 1).size(), 1U);
  EXPECT_TRUE(fleet.log.range(records[0]->record.chain(), 6, 10, 1 << 20).empty());
}

TEST(VersionVector, RoundTripsAndRefusesWhatIsNotOne) {
  VersionVector vector;
  vector[{peer_of(key_of(1)), 5}] = {3, {}, std::nullopt};
  RecordId low;
  RecordId high;
  low.bytes.fill(1);
  high.bytes.fill(2);
  vector[{peer_of(key_of(2)), 6}] = {0, {}, ForkPoint{1, low, high}};
  EXPECT_EQ(must(version_vector_from_bytes(to_bytes(vector))), vector);
  EXPECT_EQ(digest(vector), digest(must(version_vector_from_bytes(to_bytes(vector)))));
  EXPECT_FALSE(version_vector_from_bytes(libp2p::to_bytes("\x0a\x02\x0a\x00")));
  EXPECT_FALSE(version_vector_from_bytes(Bytes(20, 0xff)));
}

}  // namespace
}  // namespace starling
