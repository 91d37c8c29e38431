#include "libp2p/base/varint.hpp"

#include <gtest/gtest.h>

namespace libp2p {
namespace {

Bytes encoded(std::uint64_t value) {
  Bytes out;
  append_varint(out, value);
  return out;
}

TEST(Varint, WritesKnownExamples) {
  EXPECT_EQ(encoded(0), Bytes{0x00});
  EXPECT_EQ(encoded(127), Bytes{0x7f});
  EXPECT_EQ(encoded(128), (Bytes{0x80, 0x01}));
  EXPECT_EQ(encoded(300), (Bytes{0xac, 0x02}));
  EXPECT_EQ(encoded(16384), (Bytes{0x80, 0x80, 0x01}));
  EXPECT_EQ(encoded(UINT64_MAX), from_hex("ffffffffffffffffff01").value());
}

TEST(Varint, ReadsBackEveryLengthAndSaysHowMuchItTook) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    for (const std::uint64_t value :
         {std::uint64_t{1} << bits, (std::uint64_t{1} << bits) - 1, ~std::uint64_t{0} >> bits}) {
      Bytes bytes = encoded(value);
      EXPECT_EQ(varint_size(value), bytes.size());
      bytes.push_back(0xff);  // what follows is not looked at
      const auto decoded = decode_varint(bytes);
      ASSERT_TRUE(decoded) << value;
      EXPECT_EQ(decoded->value, value);
      EXPECT_EQ(decoded->size, bytes.size() - 1);
    }
  }
}

TEST(Varint, RefusesWhatIsCutShort) {
  EXPECT_EQ(decode_varint({}).error().code, Errc::parse);
  const Bytes whole = encoded(UINT64_MAX);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_varint(BytesView(whole).first(size)));
}

TEST(Varint, RefusesMoreBytesThanTheValueNeeds) {
  for (const std::string_view hex : {"8000", "ff00", "938000", "80808080808080808000"}) {
    EXPECT_FALSE(decode_varint(from_hex(hex).value())) << hex;
  }
}

TEST(Varint, RefusesMoreThan64Bits) {
  for (const std::string_view hex :
       {"ffffffffffffffffff02", "ffffffffffffffffff7f", "8080808080808080808001", "ffffffffffffffffffff01"}) {
    EXPECT_FALSE(decode_varint(from_hex(hex).value())) << hex;
  }
}

}  // namespace
}  // namespace libp2p
