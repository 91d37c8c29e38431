#include "libp2p/transport/websocket/frame.hpp"

#include <gtest/gtest.h>

#include "tests/support/websocket.hpp"

namespace libp2p::websocket {
namespace {

Bytes numbered(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return bytes;
}

Bytes written(Opcode opcode, BytesView payload, std::optional<MaskKey> key) {
  Bytes out(frame_size(payload.size(), key.has_value()));
  write_frame(opcode, payload, key, out.data());
  return out;
}

// RFC 6455, section 5.7.
TEST(WebsocketFrame, IsThatOfTheSpecification) {
  EXPECT_EQ(to_hex(written(Opcode::text, as_bytes("Hello"), std::nullopt)), "810548656c6c6f");
  EXPECT_EQ(to_hex(written(Opcode::text, as_bytes("Hello"), MaskKey{0x37, 0xfa, 0x21, 0x3d})),
            "818537fa213d7f9f4d5158");
  EXPECT_EQ(to_hex(written(Opcode::ping, as_bytes("Hello"), std::nullopt)), "890548656c6c6f");
  EXPECT_EQ(to_hex(BytesView(written(Opcode::binary, Bytes(256), std::nullopt)).first(4)), "827e0100");
  EXPECT_EQ(to_hex(BytesView(written(Opcode::binary, Bytes(65536), std::nullopt)).first(10)),
            "827f0000000000010000");
}

TEST(WebsocketFrame, IsWhatAnotherEncoderMakesOfAnyLength) {
  for (const std::size_t size : {0UZ, 1UZ, 125UZ, 126UZ, 127UZ, 65535UZ, 65536UZ, 100'003UZ}) {
    const Bytes payload = numbered(size);
    EXPECT_EQ(written(Opcode::binary, payload, std::nullopt), test::server_frame(0x82, payload)) << size;
    const test::RawFrame masked{.first = 0x82, .payload = payload};
    EXPECT_EQ(written(Opcode::binary, payload, masked.key), masked.bytes()) << size;
  }
}

TEST(WebsocketFrame, MasksFromAnyPlaceAndOntoItself) {
  const MaskKey key{0xde, 0xad, 0xbe, 0xef};
  const Bytes plain = numbered(300);
  for (std::uint64_t offset = 0; offset < 9; ++offset) {
    for (const std::size_t size : {0UZ, 1UZ, 31UZ, 32UZ, 33UZ, 290UZ}) {
      for (const std::size_t shift : {0UZ, 1UZ, 4UZ, 9UZ}) {
        Bytes bytes = plain;
        copy_masked(bytes.data() + shift, bytes.data(), size, key, offset);
        for (std::size_t i = 0; i < size; ++i) {
          ASSERT_EQ(bytes[i], plain[i + shift] ^ key[(offset + i) % 4])
              << offset << ' ' << size << ' ' << shift;
        }
      }
    }
  }
}

}  // namespace
}  // namespace libp2p::websocket
