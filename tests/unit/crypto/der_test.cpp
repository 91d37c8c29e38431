#include "libp2p/crypto/der.hpp"

#include <gtest/gtest.h>

namespace libp2p::der {
namespace {

Bytes bytes_of(std::string_view hex) { return from_hex(hex).value(); }

TEST(Der, WritesLengthsInTheirShortestForm) {
  EXPECT_EQ(to_hex(element(octet_string, {})), "0400");
  EXPECT_EQ(to_hex(element(octet_string, {Bytes{1}, Bytes{2, 3}})), "0403010203");
  const auto header = [](std::size_t size, std::size_t bytes) {
    return to_hex(BytesView(element(octet_string, {Bytes(size)})).first(bytes));
  };
  EXPECT_EQ(header(127, 2), "047f");
  EXPECT_EQ(header(128, 3), "048180");
  EXPECT_EQ(header(255, 3), "0481ff");
  EXPECT_EQ(header(256, 4), "04820100");
  EXPECT_EQ(header(65535, 4), "0482ffff");
}

TEST(Der, TakesWhatItWrites) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 1000U, 65535U}) {
    Bytes both = element(octet_string, {Bytes(size, 7)});
    const std::size_t first = both.size();
    append(both, element(integer, {Bytes{1}}));
    BytesView in = both;
    const auto taken = take_element(in, octet_string);
    ASSERT_TRUE(taken) << size;
    EXPECT_EQ(taken->whole.size(), first);
    EXPECT_EQ(to_bytes(taken->content), Bytes(size, 7));
    EXPECT_EQ(to_bytes(*take(in, integer)), Bytes{1});
    EXPECT_TRUE(in.empty());
  }
}

TEST(Der, RefusesWhatIsNotDerAndTakesNothingOfIt) {
  for (const std::string_view hex : {
           "",                  // nothing
           "30",                // no length
           "3001",              // beyond the end
           "0400",              // another tag
           "3080",              // indefinite
           "30800000",          // indefinite, with its end
           "308105aabbccddee",  // 5, in two bytes
           "30820005aabbccddee",
           "3081",  // the length cut
           "308201",
           "3082ffff00",    // beyond the end
           "3083000001aa",  // 3 bytes
           "30847fffffff",
           "30ff",
       }) {
    const Bytes bytes = bytes_of(hex);
    BytesView in = bytes;
    EXPECT_FALSE(take(in, sequence)) << hex;
    EXPECT_EQ(in.size(), bytes.size());
  }
}

TEST(Der, PositiveIntegersHaveOneForm) {
  const auto positive = [](std::string_view hex) {
    const Bytes bytes = bytes_of(hex);
    BytesView in = bytes;
    const auto number = take_positive(in);
    return number ? to_hex(*number) : "refused";
  };
  EXPECT_EQ(positive("020101"), "01");
  EXPECT_EQ(positive("02017f"), "7f");
  EXPECT_EQ(positive("02020080"), "80");
  for (const std::string_view hex : {"0200", "020100", "020180", "0202007f", "0203000080", "040101"}) {
    EXPECT_EQ(positive(hex), "refused") << hex;
  }
}

TEST(Der, BitStringsAreOfWholeBytes) {
  const auto bits = [](std::string_view hex) {
    const Bytes bytes = bytes_of(hex);
    BytesView in = bytes;
    const auto taken = take_bits(in);
    return taken ? to_hex(*taken) : "refused";
  };
  EXPECT_EQ(bits("030200aa"), "aa");
  EXPECT_EQ(bits("030100"), "");
  for (const std::string_view hex : {"0300", "030201aa", "0302ffaa", "040200aa"}) {
    EXPECT_EQ(bits(hex), "refused") << hex;
  }
}

}  // namespace
}  // namespace libp2p::der
