// Hostile records: what no author could have written in good faith.
#include <gtest/gtest.h>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/identity/signed_envelope.hpp"
#include "starling/merge/fold.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::must;
using testing::noon;
using testing::peer_of;
using testing::set_change;

// As it would travel; whatever `record` claims.
Bytes signed_by(const PrivateKey& key, const Record& record) {
  return must(libp2p::SignedEnvelope::seal(key, "starling-record", libp2p::as_bytes("/starling/record/1"),
                                           record.to_payload()))
      .to_bytes();
}

Record change_of(const FoundedFleet& fleet, const RecordPtr& grant, const PrivateKey& author) {
  Record record;
  record.fleet = fleet.id();
  record.kind = RecordKind::change;
  record.author = peer_of(author);
  record.incarnation = 7;
  record.seq = 1;
  record.grant = grant->id;
  record.hlc = Hlc::at(noon + std::chrono::hours(1));
  record.body = set_change({"settings"}, json::object()).to_body();
  return record;
}

TEST(Records, RV01_OneSignedByAnotherKeyThanItsAuthorsIsNoRecord) {
  FoundedFleet fleet;
  const RecordPtr grant = fleet.grant(key_of(1), Role::operator_, "one");
  const Record record = change_of(fleet, grant, key_of(1));
  EXPECT_TRUE(open_record(signed_by(key_of(1), record)));
  const auto forged = open_record(signed_by(key_of(2), record));
  ASSERT_FALSE(forged);
  EXPECT_EQ(forged.error().code, Errc::crypto);
}

TEST(Records, RV05_AClockThatNothingCouldFollowIsNoRecord) {
  FoundedFleet fleet;
  const RecordPtr grant = fleet.grant(key_of(1), Role::operator_, "one");
  Record record = change_of(fleet, grant, key_of(1));
  record.hlc = Hlc{UINT64_MAX};
  EXPECT_FALSE(open_record(signed_by(key_of(1), record)));
  record.hlc = Hlc{UINT64_MAX - 1};
  EXPECT_TRUE(open_record(signed_by(key_of(1), record)));
}

// It would take a broken hash to make one; then it must be no more than records that wait.
TEST(Records, RV07_ACircleOfParentsWaitsAndNothingElseHappens) {
  FoundedFleet fleet;
  const RecordPtr grant = fleet.grant(key_of(1), Role::operator_, "one");
  const auto in_circle = [&](std::uint64_t incarnation, std::uint8_t id, std::uint8_t parent) {
    auto record = std::make_shared<SignedRecord>();
    record->record = change_of(fleet, grant, key_of(1));
    record->record.incarnation = incarnation;
    record->id.bytes.fill(id);
    record->record.parents.emplace_back().bytes.fill(parent);
    return record;
  };
  const std::size_t held = fleet.log.size();
  EXPECT_EQ(fleet.log.ingest(in_circle(1, 101, 102)).outcome, Changelog::Outcome::waiting);
  EXPECT_EQ(fleet.log.ingest(in_circle(2, 102, 101)).outcome, Changelog::Outcome::waiting);
  EXPECT_EQ(fleet.log.ingest(in_circle(3, 103, 103)).outcome, Changelog::Outcome::waiting);
  EXPECT_EQ(fleet.log.size(), held);
  // Nobody has what they wait for but they themselves.
  RecordId own_parent;
  own_parent.bytes.fill(103);
  EXPECT_EQ(std::ranges::count(fleet.log.missing(), own_parent), 0);
}

TEST(Records, RV12_OldContentSignedAnewIsAChangeLikeAnyOther) {
  FoundedFleet fleet;
  const RecordPtr operator_grant = fleet.grant(key_of(1), Role::operator_, "one");
  const RecordPtr node_grant = fleet.grant(key_of(2), Role::node, "two");
  Author author(key_of(1), 5);
  const Path path{"settings", "http", "max_body_size"};
  std::vector<MergeInput> inputs;
  for (const int value : {1, 2, 1}) {
    const Change change = set_change(path, value);
    const RecordPtr record = fleet.write(author, RecordKind::change, operator_grant->id, change.to_body());
    EXPECT_EQ(record->record.seq, inputs.size() + 1);
    inputs.push_back({record->id, record->record.hlc, change});
  }
  const MergeResult merged = fold(inputs, [&](const RecordId& earlier, const RecordId& later) {
    return fleet.log.happened_before(earlier, later);
  });
  EXPECT_EQ(merged.fates.size(), 3U);
  EXPECT_TRUE(merged.conflicts.empty());
  // And it takes the role that any change takes.
  Record replayed = inputs.empty() ? Record{} : fleet.log.get(inputs.front().id)->record;
  replayed.author = peer_of(key_of(2));
  replayed.grant = node_grant->id;
  EXPECT_EQ(fleet.charter().judge(replayed), Charter::Verdict::denied);
}

// Nothing in a record is ever unpacked, so it costs what it weighs.
TEST(Records, RV25_WhatLooksCompressedIsNoValue) {
  const Bytes gzip{0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03};
  libp2p::ProtobufWriter edit;
  edit.string(1, "base").string(2, "settings").varint(3, 1).bytes(4, gzip);
  EXPECT_FALSE(Change::from_body(libp2p::ProtobufWriter().message(4, edit).take()));
}

}  // namespace
}  // namespace starling
