#include "libp2p/io/traffic_buffers.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace libp2p {
namespace {

constexpr std::size_t least = 4096;
constexpr std::size_t most = 100'000;

void arrive(ReceiveBuffer& buffer, BytesView bytes) {
  const MutableBytes tail = buffer.tail();
  ASSERT_LE(bytes.size(), tail.size());
  std::ranges::copy(bytes, tail.begin());
  buffer.arrived(bytes.size());
}

TEST(SendBuffer, GivesWhatIsAskedFor) {
  SendBuffer buffer(most);
  for (const std::size_t size : {std::size_t{1}, least, least + 1, most, std::size_t{10}}) {
    const MutableBytes room = buffer.room(size);
    EXPECT_EQ(room.size(), size);
    std::ranges::fill(room, std::uint8_t{1});
  }
}

TEST(ReceiveBuffer, KeepsWhatIsUnreadInOrder) {
  ReceiveBuffer buffer(most);
  EXPECT_TRUE(buffer.unread().empty());
  arrive(buffer, Bytes{1, 2, 3});
  arrive(buffer, Bytes{4});
  EXPECT_EQ(to_bytes(buffer.unread()), Bytes({1, 2, 3, 4}));
  buffer.pass_over(2);
  EXPECT_EQ(to_bytes(buffer.unread()), Bytes({3, 4}));
  arrive(buffer, Bytes{5});
  EXPECT_EQ(to_bytes(buffer.unread()), Bytes({3, 4, 5}));
  buffer.pass_over(3);
  EXPECT_TRUE(buffer.unread().empty());
}

TEST(ReceiveBuffer, GrowsUnderLoadToItsBoundAndShrinksInQuiet) {
  ReceiveBuffer buffer(most);
  std::size_t largest = 0;
  for (int i = 0; i < 10; ++i) {
    const std::size_t room = buffer.tail().size();
    largest = std::max(largest, room);
    buffer.arrived(room);
    buffer.pass_over(room);
  }
  EXPECT_EQ(largest, most);
  for (int i = 0; i < 10; ++i) {
    arrive(buffer, Bytes{1});
    buffer.pass_over(1);
  }
  EXPECT_EQ(buffer.tail().size(), least);
}

TEST(ReceiveBuffer, HasNoRoomWhileAllOfItIsUnread) {
  ReceiveBuffer buffer(most);
  std::size_t all = 0;
  for (MutableBytes room = buffer.tail(); !room.empty(); room = buffer.tail()) {
    all += room.size();
    buffer.arrived(room.size());
  }
  EXPECT_EQ(all, most);
  EXPECT_EQ(buffer.unread().size(), most);
}

}  // namespace
}  // namespace libp2p
