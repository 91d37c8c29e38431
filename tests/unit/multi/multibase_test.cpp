#include "libp2p/multi/multibase.hpp"

#include <gtest/gtest.h>

namespace libp2p {
namespace {

struct Example {
  Multibase base;
  std::string_view text;
};

void expect_both_ways(std::string_view bytes, std::initializer_list<Example> examples) {
  for (const auto& [base, text] : examples) {
    EXPECT_EQ(multibase_encode(base, as_bytes(bytes)), text);
    const auto decoded = multibase_decode(text);
    ASSERT_TRUE(decoded) << text << " " << decoded.error().to_string();
    EXPECT_EQ(decoded->base, base);
    EXPECT_EQ(as_text(decoded->bytes), bytes) << text;
  }
}

TEST(Multibase, WritesTheExamplesOfTheSpecification) {
  expect_both_ways("yes mani !", {{Multibase::base16, "f796573206d616e692021"},
                                  {Multibase::base16_upper, "F796573206D616E692021"},
                                  {Multibase::base32, "bpfsxgidnmfxgsibb"},
                                  {Multibase::base32_upper, "BPFSXGIDNMFXGSIBB"},
                                  {Multibase::base36, "k2lcpzo5yikidynfl"},
                                  {Multibase::base36_upper, "K2LCPZO5YIKIDYNFL"},
                                  {Multibase::base58btc, "z7paNL19xttacUY"},
                                  {Multibase::base64, "meWVzIG1hbmkgIQ"},
                                  {Multibase::base64_pad, "MeWVzIG1hbmkgIQ=="},
                                  {Multibase::base64url, "ueWVzIG1hbmkgIQ"},
                                  {Multibase::base64url_pad, "UeWVzIG1hbmkgIQ=="}});
}

TEST(Multibase, KeepsLeadingZeros) {
  expect_both_ways(std::string_view("\0\0yes mani !", 12), {{Multibase::base16, "f0000796573206d616e692021"},
                                                            {Multibase::base32, "baaahszltebwwc3tjeaqq"},
                                                            {Multibase::base36, "k002lcpzo5yikidynfl"},
                                                            {Multibase::base58btc, "z117paNL19xttacUY"},
                                                            {Multibase::base64, "mAAB5ZXMgbWFuaSAh"},
                                                            {Multibase::base64_pad, "MAAB5ZXMgbWFuaSAh"},
                                                            {Multibase::base64url, "uAAB5ZXMgbWFuaSAh"}});
}

TEST(Multibase, ReadsEitherCaseWhereTheAlphabetHasOne) {
  for (const std::string_view text :
       {"f68656c6c6f20776F726C64", "F68656c6c6f20776F726C64", "bnbswy3dpeB3W64TMMQ", "Bnbswy3dpeB3W64TMMQ",
        "kfUvrsIvVnfRbjWaJo", "KfUVrSIVVnFRbJWAJo"}) {
    const auto decoded = multibase_decode(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(as_text(decoded->bytes), "hello world") << text;
  }
}

TEST(Multibase, RoundTripsEveryLengthInEveryBase) {
  for (const char prefix : std::string_view("fFbBkKzmMuU")) {
    Bytes bytes;
    for (unsigned size = 0; size < 70; ++size) {
      const std::string text = multibase_encode(static_cast<Multibase>(prefix), bytes);
      const auto decoded = multibase_decode(text);
      ASSERT_TRUE(decoded) << text << " " << decoded.error().to_string();
      EXPECT_EQ(decoded->bytes, bytes);
      bytes.push_back(static_cast<std::uint8_t>(size * 37 + 200));
    }
  }
}

TEST(Multibase, RefusesWhatIsNotOfTheAlphabet) {
  for (const std::string_view text : {"", "x00", "0101", "f0g", "b1", "b0", "z0", "zO", "zI", "zl", "z ",
                                      "mab-_", "uab+/", "u====", "bpfsxgid=", "f 00"}) {
    const auto decoded = multibase_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, Errc::parse) << text;
  }
}

TEST(Multibase, RefusesBitsThatNoEncoderWrites) {
  EXPECT_FALSE(multibase_decode("f0"));                 // half a byte
  EXPECT_FALSE(multibase_decode("ba"));                 // five bits
  EXPECT_FALSE(multibase_decode("bab"));                // two bits left over that are set
  EXPECT_TRUE(multibase_decode("baa"));                 // the same, and zero
  EXPECT_FALSE(multibase_decode("mA"));                 // six bits
  EXPECT_FALSE(multibase_decode("mAB"));                // four bits left over that are set
  EXPECT_FALSE(multibase_decode("MeWVzIG1hbmkgIQ"));    // padding left out
  EXPECT_FALSE(multibase_decode("MeWVzIG1hbmkgIQ="));   // half of it
  EXPECT_FALSE(multibase_decode("meWVzIG1hbmkgIQ=="));  // padding where there is none
  EXPECT_FALSE(multibase_decode("M===="));
}

TEST(Base58btc, WritesKnownExamples) {
  EXPECT_EQ(base58btc_encode(as_bytes("Hello World!")), "2NEpo7TZRRrLZSi2U");
  EXPECT_EQ(base58btc_encode(Bytes{0, 0, 0x28, 0x7f, 0xb4, 0xcd}), "11233QC4");
  EXPECT_EQ(base58btc_encode({}), "");
  EXPECT_EQ(base58btc_decode("11233QC4").value(), (Bytes{0, 0, 0x28, 0x7f, 0xb4, 0xcd}));
}

TEST(Base58btc, RefusesMoreThan128Characters) {
  EXPECT_TRUE(base58btc_decode(std::string(128, 'z')));
  const auto longer = base58btc_decode(std::string(129, 'z'));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, Errc::limit);
  EXPECT_EQ(multibase_decode("k" + std::string(129, 'z')).error().code, Errc::limit);
}

}  // namespace
}  // namespace libp2p
