// ATTACKS, protobuf framing: PB01 to PB12, against the one reader that all messages go through, and against
// the signed forms where these must be stricter.
#include "libp2p/base/protobuf.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/varint.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/identity/peer_record.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/io/memory_stream.hpp"

namespace libp2p {
namespace {

Bytes bytes_of(std::string_view hex) { return from_hex(hex).value(); }

// Walks a message as a caller does who knows field 1 as a 32-bit number, 2 as text, 3 as bytes and no others.
struct Walk {
  std::uint32_t number = 0;
  std::string text;
  BytesView bytes;
  std::size_t fields = 0;
  Result<> end;
};

Walk walk(BytesView message) {
  Walk out;
  ProtobufReader in(message);
  while (const auto field = in.next()) {
    ++out.fields;
    switch (field->number) {
      case 1:
        out.number = in.uint32(*field);
        break;
      case 2:
        out.text = in.string(*field);
        break;
      case 3:
        out.bytes = in.bytes(*field);
        break;
      default:
        in.skip(*field);
    }
  }
  out.end = in.finish("message");
  return out;
}

void expect_refused(BytesView message) {
  const Walk result = walk(message);
  ASSERT_FALSE(result.end) << to_hex(message.first(std::min<std::size_t>(message.size(), 32)));
  EXPECT_EQ(result.end.error().code, Errc::parse);
}

TEST(Protobuf, PB01_FieldNumberZero) {
  expect_refused(bytes_of("0000"));
  expect_refused(bytes_of("0200"));
  expect_refused(bytes_of("f8ffffff1f00"));  // 2^29 and more are as wrong
}

TEST(Protobuf, PB02_WireTypesSixAndSeven) {
  expect_refused(bytes_of("0e00"));
  expect_refused(bytes_of("0f00"));
}

TEST(Protobuf, PB03_GroupsNestedAHundredDeep) {
  const Bytes message(100, 0x1b);
  const Walk result = walk(message);
  EXPECT_FALSE(result.end);
  EXPECT_EQ(result.fields, 0U);
  expect_refused(bytes_of("1c"));
}

TEST(Protobuf, PB04_LengthBeyondTheMessage) {
  expect_refused(bytes_of("1a0501"));
  expect_refused(bytes_of("1affffffff0f"));
  expect_refused(bytes_of("1affffffffffffffffff01"));
  expect_refused(bytes_of("1a"));
}

TEST(Protobuf, PB05_VarintBeyond64Bits) {
  expect_refused(bytes_of("08ffffffffffffffffff02"));
  expect_refused(bytes_of("08ffffffffffffffffffff01"));
  expect_refused(bytes_of("ffffffffffffffffff0201"));
}

TEST(Protobuf, PB06_NegativeWhereANumberOf32BitsIsDue) { expect_refused(bytes_of("08ffffffffffffffffff01")); }

TEST(Protobuf, PB07_AMillionPackedScalarsCostNothing) {
  const Bytes million(1'000'000, 0x01);
  expect_refused(ProtobufWriter().bytes(1, million).take());
  const Bytes message = ProtobufWriter().bytes(3, million).take();
  const Walk result = walk(message);
  ASSERT_TRUE(result.end);
  EXPECT_EQ(result.bytes.data() + result.bytes.size(), message.data() + message.size())
      << "a view, not a copy";
}

TEST(Protobuf, PB08_DuplicatesAreTheLastInPlainMessagesAndRefusedInSignedOnes) {
  const Walk plain = walk(ProtobufWriter().varint(1, 1).varint(1, 2).take());
  EXPECT_TRUE(plain.end);
  EXPECT_EQ(plain.number, 2U);

  SeededRandom random(1);
  const PrivateKey key = PrivateKey::generate(KeyType::ed25519, random).value();
  const SignedEnvelope sealed = SignedEnvelope::seal(key, "domain", Bytes{1}, Bytes{2}).value();
  const Bytes twice = ProtobufWriter()
                          .bytes(1, key.public_key().to_protobuf())
                          .bytes(2, Bytes{9})
                          .bytes(2, Bytes{1})
                          .bytes(3, Bytes{2})
                          .bytes(5, sealed.signature())
                          .take();
  EXPECT_TRUE(SignedEnvelope::open(sealed.to_bytes(), "domain"));
  EXPECT_EQ(SignedEnvelope::open(twice, "domain").error().code, Errc::parse);
  const Bytes key_twice = ProtobufWriter().varint(1, 1).varint(1, 1).bytes(2, key.public_key().raw()).take();
  EXPECT_EQ(PublicKey::from_protobuf(key_twice).error().code, Errc::parse);
}

TEST(Protobuf, PB09_AMebibyteOfUnknownFields) {
  expect_refused(ProtobufWriter().bytes(99, Bytes(1024 * 1024)).take());
  Bytes many;
  for (int i = 0; i < 100'000; ++i) append(many, bytes_of("980601"));
  const Walk result = walk(many);
  EXPECT_FALSE(result.end);
  EXPECT_LE(result.fields, 1024U / 3 + 1) << "the walk ends when the budget does";
}

TEST(Protobuf, PB10_TextThatIsNotUtf8) {
  expect_refused(bytes_of("1202c080"));
  expect_refused(bytes_of("1203eda080"));
  expect_refused(bytes_of("1201ff"));
}

TEST(Protobuf, PB11_EnvelopeWithoutASignature) {
  SeededRandom random(1);
  const PrivateKey key = PrivateKey::generate(KeyType::ed25519, random).value();
  const Bytes unsigned_form =
      ProtobufWriter().bytes(1, key.public_key().to_protobuf()).bytes(2, Bytes{1}).bytes(3, Bytes{2}).take();
  EXPECT_EQ(SignedEnvelope::open(unsigned_form, "domain").error().code, Errc::parse);
  Bytes empty_signature = unsigned_form;
  append(empty_signature, Bytes{0x2a, 0x00});
  EXPECT_EQ(SignedEnvelope::open(empty_signature, "domain").error().code, Errc::parse);
  EXPECT_FALSE(PublicKey::from_protobuf(ProtobufWriter().bytes(2, key.public_key().raw()).take()));
}

TEST(Protobuf, PB12_AResponseThatClaimsFourGibibytes) {
  VirtualRuntime runtime;
  auto [ours, theirs] = make_memory_stream_pair(runtime.env());
  ASSERT_TRUE(runtime.run(theirs->write(bytes_of("ffffffff0f"))));
  const auto response = runtime.run(read_length_prefixed(*ours, 16 * 1024));
  ASSERT_FALSE(response) << "refused with the claim alone: nothing else has been sent";
  EXPECT_EQ(response.error().code, Errc::limit);
}

}  // namespace
}  // namespace libp2p
