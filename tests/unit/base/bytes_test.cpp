#include "libp2p/base/bytes.hpp"

#include <gtest/gtest.h>

namespace libp2p {
namespace {

TEST(Hex, GoesBothWays) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xa5, 0xff}), "000fa5ff");
  EXPECT_EQ(from_hex("000fA5fF").value(), (Bytes{0x00, 0x0f, 0xa5, 0xff}));
  EXPECT_EQ(from_hex("").value(), Bytes{});
}

TEST(Hex, RefusesOddLengthsAndNamesTheOffset) {
  EXPECT_EQ(from_hex("abc").error().code, Errc::parse);
  EXPECT_EQ(from_hex("00 0").error().message, "not hexadecimal at offset 2");
  EXPECT_FALSE(from_hex("0x"));
  EXPECT_FALSE(from_hex(std::string_view("\0\0", 2)));
}

TEST(Bytes, ComparesTheSameInConstantTimeAndNot) {
  const Bytes a{1, 2, 3};
  const Bytes b{1, 2, 4};
  const Bytes shorter{1, 2};
  for (const auto same : {&equal, &equal_constant_time}) {
    EXPECT_TRUE(same(a, a));
    EXPECT_TRUE(same({}, {}));
    EXPECT_FALSE(same(a, b));
    EXPECT_FALSE(same(a, shorter));
    EXPECT_FALSE(same(shorter, a));
  }
}

TEST(Bytes, StoresAndLoadsNumbers) {
  Bytes out(8);
  store_be<std::uint32_t>(0x01020304, out.data());
  EXPECT_EQ(to_hex(BytesView(out).first(4)), "01020304");
  EXPECT_EQ(load_be<std::uint32_t>(out.data()), 0x01020304U);
  EXPECT_EQ(load_le<std::uint32_t>(out.data()), 0x04030201U);
  store_be<std::uint64_t>(0xfedcba9876543210, out.data());
  EXPECT_EQ(load_be<std::uint64_t>(out.data()), 0xfedcba9876543210U);
  EXPECT_EQ(load_le<std::uint64_t>(out.data()), 0x1032547698badcfeU);
  store_be<std::uint16_t>(0xfffe, out.data());
  EXPECT_EQ(load_be<std::uint16_t>(out.data()), 0xfffe);
  EXPECT_EQ(load_be<std::uint8_t>(out.data()), 0xff);
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("plain text"), "plain text");
  EXPECT_EQ(printable("\x1b[31m\r\n\x7f"), "\\x1b[31m\\x0d\\x0a\\x7f");
  EXPECT_EQ(printable("a\\b"), "a\\x5cb");
  EXPECT_EQ(printable("\xc3\xa9"), "\\xc3\\xa9");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, CutsAtTheLimitAndSaysSo) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(printable("abcd\n", 6), "abcd...") << "an escape is not cut in two";
}

}  // namespace
}  // namespace libp2p
