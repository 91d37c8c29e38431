#include "libp2p/yamux/receive_buffer.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/random.hpp"

namespace libp2p::yamux {
namespace {

std::string pop(ReceiveBuffer& buffer, std::size_t at_most) {
  Bytes out(at_most);
  out.resize(buffer.pop(out));
  return std::string(as_text(out));
}

TEST(YamuxReceiveBuffer, GivesBackInOrderWhateverThePieces) {
  ReceiveBuffer buffer;
  buffer.push(as_bytes("abc"));
  buffer.push(as_bytes("defgh"));
  EXPECT_EQ(buffer.size(), 8U);
  EXPECT_EQ(pop(buffer, 4), "abcd");
  EXPECT_EQ(pop(buffer, 100), "efgh");
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(pop(buffer, 100), "");
}

TEST(YamuxReceiveBuffer, WhatIsPutBackComesFirst) {
  ReceiveBuffer buffer;
  buffer.push(as_bytes("world"));
  buffer.unread(as_bytes("hello "));
  buffer.unread({});
  EXPECT_EQ(pop(buffer, 100), "hello world");
  buffer.unread(as_bytes("again"));
  buffer.push(as_bytes(" and on"));
  EXPECT_EQ(pop(buffer, 100), "again and on");
}

TEST(YamuxReceiveBuffer, AgreesWithAStringOverRandomOperations) {
  SeededRandom random(7);
  ReceiveBuffer buffer;
  std::string model;
  for (int i = 0; i < 5000; ++i) {
    const std::size_t size = random.below(10) == 0 ? random.below(200'000) : random.below(600);
    switch (random.below(8)) {
      case 0: {
        const Bytes bytes = random.bytes(size);
        buffer.unread(bytes);
        model.insert(0, as_text(bytes));
        break;
      }
      case 1:
        if (random.below(50) > 0) break;
        buffer.clear();
        model.clear();
        break;
      case 2:
      case 3: {
        const Bytes bytes = random.bytes(size);
        buffer.push(bytes);
        model.append(as_text(bytes));
        break;
      }
      default: {
        const std::string expected = model.substr(0, size);
        model.erase(0, size);
        ASSERT_EQ(pop(buffer, size), expected);
      }
    }
    ASSERT_EQ(buffer.size(), model.size());
  }
}

}  // namespace
}  // namespace libp2p::yamux
