#include "starling/changelog/waiting_room.hpp"

#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::key_of;
using testing::peer_of;

RecordId numbered(std::size_t number) {
  RecordId id;
  id.bytes[0] = static_cast<std::uint8_t>(number);
  id.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  id.bytes[2] = static_cast<std::uint8_t>(number >> 16);
  return id;
}

RecordPtr record_of(std::size_t number, std::size_t bytes = 100) {
  auto record = std::make_shared<SignedRecord>();
  record->id = numbered(number);
  record->record.kind = RecordKind::change;
  record->envelope.resize(bytes);
  return record;
}

TEST(WaitingRoom, ReleasesInOrderOfArrivalWhatWaitsForOneRecord) {
  WaitingRoom room;
  const PeerId peer = peer_of(key_of(1));
  EXPECT_TRUE(room.add(record_of(3), numbered(1), peer));
  EXPECT_TRUE(room.add(record_of(2), numbered(1), peer));
  EXPECT_TRUE(room.add(record_of(4), numbered(3), peer));
  EXPECT_EQ(room.missing(), std::vector<RecordId>({numbered(1)}));
  const auto released = room.release(numbered(1));
  ASSERT_EQ(released.size(), 2U);
  EXPECT_EQ(released[0].record->id, numbered(3));
  EXPECT_EQ(released[1].record->id, numbered(2));
  EXPECT_EQ(room.size(), 1U);
  EXPECT_TRUE(room.release(numbered(1)).empty());
}

TEST(WaitingRoom, RV09_AFloodOfOneBringerGivesWayToTheRecordsOfOthers) {
  WaitingRoom room;
  const PeerId flooder = peer_of(key_of(1));
  const PeerId honest = peer_of(key_of(2));
  for (std::size_t i = 0; i < WaitingRoom::max_records; ++i)
    EXPECT_TRUE(room.add(record_of(i), numbered(70'000), flooder));
  EXPECT_FALSE(room.add(record_of(60'000), numbered(70'000), flooder));
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_TRUE(room.add(record_of(10'000 + i), numbered(70'001), honest));
  EXPECT_EQ(room.size(), WaitingRoom::max_records);
  EXPECT_EQ(room.release(numbered(70'001)).size(), 100U);
}

TEST(WaitingRoom, RV09_LargeRecordsOfOneBringerGiveWayBySize) {
  WaitingRoom room;
  const PeerId flooder = peer_of(key_of(1));
  const PeerId honest = peer_of(key_of(2));
  const std::size_t quarter = WaitingRoom::max_bytes / 4;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(room.add(record_of(i, quarter), numbered(9), flooder));
  EXPECT_FALSE(room.add(record_of(5, quarter), numbered(9), flooder));
  EXPECT_TRUE(room.add(record_of(6, quarter), numbered(8), honest));
  EXPECT_EQ(room.release(numbered(9)).size(), 3U);
}

}  // namespace
}  // namespace starling
