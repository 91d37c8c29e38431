#include "libp2p/base/protobuf.hpp"

#include <gtest/gtest.h>

#include <set>

namespace libp2p {
namespace {

struct Everything {
  std::uint64_t number = 0;
  std::uint64_t fixed = 0;
  bool flag = false;
  Bytes bytes;
  std::string text;
  int children = 0;
};

Result<Everything> read(BytesView message) {
  Everything out;
  ProtobufReader in(message);
  while (const auto field = in.next()) {
    switch (field->number) {
      case 1:
        out.number = in.varint(*field);
        break;
      case 2:
        out.fixed = in.fixed64(*field);
        break;
      case 3:
        out.flag = in.boolean(*field);
        break;
      case 4:
        out.bytes = to_bytes(in.bytes(*field));
        break;
      case 5:
        out.text = in.string(*field);
        break;
      case 6:
        (void)in.bytes(*field);
        ++out.children;
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("Everything"));
  return out;
}

TEST(Protobuf, WritesTheExamplesOfItsSpecification) {
  EXPECT_EQ(to_hex(ProtobufWriter().varint(1, 150).view()), "089601");
  EXPECT_EQ(to_hex(ProtobufWriter().string(2, "testing").view()), "120774657374696e67");
  EXPECT_EQ(to_hex(ProtobufWriter().message(3, ProtobufWriter().varint(1, 150)).view()), "1a03089601");
  EXPECT_EQ(to_hex(ProtobufWriter().fixed64(1, 0x0102030405060708).view()), "090807060504030201");
  EXPECT_EQ(to_hex(ProtobufWriter().boolean(16, true).view()), "800101");
}

TEST(Protobuf, ReadsWhatItWrites) {
  const Bytes message = ProtobufWriter()
                            .varint(1, UINT64_MAX)
                            .fixed64(2, 77)
                            .boolean(3, true)
                            .bytes(4, Bytes{0, 255})
                            .string(5, "caf\xc3\xa9")
                            .message(6, ProtobufWriter().varint(1, 1))
                            .message(6, ProtobufWriter())
                            .take();
  const auto read_back = read(message);
  ASSERT_TRUE(read_back) << read_back.error().to_string();
  EXPECT_EQ(read_back->number, UINT64_MAX);
  EXPECT_EQ(read_back->fixed, 77U);
  EXPECT_TRUE(read_back->flag);
  EXPECT_EQ(read_back->bytes, (Bytes{0, 255}));
  EXPECT_EQ(read_back->text, "caf\xc3\xa9");
  EXPECT_EQ(read_back->children, 2);
}

TEST(Protobuf, TakesFieldsInAnyOrderAndAnEmptyMessage) {
  EXPECT_TRUE(read({}));
  EXPECT_EQ(read(ProtobufWriter().string(5, "x").varint(1, 9).take())->number, 9U);
}

TEST(Protobuf, SkipsUnknownFieldsOfEveryWireType) {
  Bytes message = ProtobufWriter().varint(100, 1).fixed64(101, 2).bytes(102, Bytes(10)).take();
  append(message, Bytes{0xbd, 0x06, 1, 2, 3, 4});  // field 103, 32 bits
  append(message, ProtobufWriter().varint(1, 5).take());
  const auto read_back = read(message);
  ASSERT_TRUE(read_back) << read_back.error().to_string();
  EXPECT_EQ(read_back->number, 5U);
}

TEST(Protobuf, RefusesAKnownFieldOfAnotherWireType) {
  EXPECT_FALSE(read(ProtobufWriter().bytes(1, Bytes{1}).take()));
  EXPECT_FALSE(read(ProtobufWriter().varint(2, 1).take()));
  EXPECT_FALSE(read(ProtobufWriter().varint(4, 1).take()));
  EXPECT_FALSE(read(ProtobufWriter().fixed64(5, 1).take()));
  EXPECT_EQ(read(ProtobufWriter().varint(5, 1).take()).error().message,
            "Everything: field 5 has another wire type");
}

TEST(Protobuf, RefusesEveryCutInsideAField) {
  const Bytes message = ProtobufWriter().varint(1, 300).fixed64(2, 7).string(5, "text").take();
  const std::set<std::size_t> between{0, 3, 12};
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_EQ(read(BytesView(message).first(size)).has_value(), between.contains(size)) << size;
  }
}

TEST(Protobuf, HandsOutViewsIntoTheMessage) {
  const Bytes message = ProtobufWriter().bytes(4, Bytes(100, 1)).take();
  ProtobufReader in(message);
  const auto field = in.next();
  ASSERT_TRUE(field);
  EXPECT_EQ(in.bytes(*field).data(), message.data() + 2);
}

TEST(Protobuf, EndsTheWalkAtTheFirstRefusalAndKeepsItsReason) {
  const Bytes message = ProtobufWriter().varint(1, 1).varint(1, 2).take();
  ProtobufReader in(message);
  ASSERT_TRUE(in.next());
  in.refuse("enough");
  in.refuse("something else");
  EXPECT_FALSE(in.next());
  EXPECT_TRUE(in.failed());
  EXPECT_EQ(in.finish("M").error().to_string(), "malformed: M: enough");
}

TEST(Protobuf, NarrowsNumbersOnlyWhereTheyFit) {
  const auto read32 = [](std::uint64_t value) {
    const Bytes message = ProtobufWriter().varint(1, value).take();
    ProtobufReader in(message);
    const auto field = in.next();
    (void)in.uint32(*field);
    return in.finish("M").has_value();
  };
  EXPECT_TRUE(read32(UINT32_MAX));
  EXPECT_FALSE(read32(std::uint64_t{UINT32_MAX} + 1));
}

TEST(Utf8, IsToldFromWhatOnlyLooksLikeIt) {
  for (const std::string_view text : {"", "ascii", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                      "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(as_bytes(text))) << to_hex(as_bytes(text));
  }
  for (const std::string_view text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xe1\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xfe",
        "\xf0\x90\x80"}) {
    EXPECT_FALSE(is_utf8(as_bytes(text))) << to_hex(as_bytes(text));
  }
}

}  // namespace
}  // namespace libp2p
