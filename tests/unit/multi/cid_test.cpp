#include "libp2p/multi/cid.hpp"

#include <gtest/gtest.h>

#include "libp2p/multi/peer_multihash.hpp"

namespace libp2p {
namespace {

const Bytes digest(32, 0xab);

TEST(Multicodec, KnowsItsEntriesByCodeAndByName) {
  EXPECT_EQ(multicodec_name(0x12), "sha2-256");
  EXPECT_EQ(multicodec_name(0x72), "libp2p-key");
  EXPECT_EQ(multicodec_name(0x0301), "libp2p-peer-record");
  EXPECT_EQ(multicodec_of_name("dag-pb"), Multicodec::dag_pb);
  EXPECT_EQ(multicodec_name(0x7777), std::nullopt);
  EXPECT_EQ(multicodec_of_name("no such"), std::nullopt);
}

TEST(Multihash, RoundTrips) {
  const Bytes bytes = encode_multihash(Multicodec::sha2_256, digest);
  EXPECT_EQ(to_hex(BytesView(bytes).first(2)), "1220");
  const auto hash = Multihash::from_bytes(bytes);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->is(Multicodec::sha2_256));
  EXPECT_TRUE(hash->is_known());
  EXPECT_EQ(hash->digest, digest);
  EXPECT_EQ(hash->to_bytes(), bytes);
}

TEST(Multihash, RefusesEveryCutAndWhatIsLeftOver) {
  Bytes bytes = encode_multihash(Multicodec::sha2_256, digest);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Multihash::from_bytes(BytesView(bytes).first(size))) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(Multihash::from_bytes(bytes));
}

TEST(Multihash, ChecksTheLengthOfKnownFunctions) {
  EXPECT_FALSE(Multihash::from_bytes(encode_multihash(Multicodec::sha2_256, Bytes(31))));
  EXPECT_FALSE(Multihash::from_bytes(encode_multihash(Multicodec::sha2_512, Bytes(32))));
  EXPECT_TRUE(Multihash::from_bytes(encode_multihash(Multicodec::sha2_512, Bytes(64))));
  const auto unknown = Multihash::from_bytes(encode_multihash(static_cast<Multicodec>(0x7777), Bytes(5)));
  ASSERT_TRUE(unknown);
  EXPECT_FALSE(unknown->is_known());
}

TEST(Multihash, RefusesDigestsOfMoreThan128Bytes) {
  EXPECT_TRUE(Multihash::from_bytes(encode_multihash(Multicodec::identity, Bytes(128))));
  EXPECT_EQ(Multihash::from_bytes(encode_multihash(Multicodec::identity, Bytes(129))).error().code,
            Errc::limit);
}

TEST(Cid, ReadsAndWritesVersionZero) {
  constexpr std::string_view text = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
  const auto cid = Cid::parse(text);
  ASSERT_TRUE(cid) << cid.error().to_string();
  EXPECT_EQ(cid->version(), Cid::Version::v0);
  EXPECT_EQ(cid->codec(), 0x70U);
  EXPECT_EQ(cid->to_string(), text);
  EXPECT_EQ(cid->to_bytes().size(), 34U);
  EXPECT_EQ(Cid::from_bytes(cid->to_bytes()).value(), *cid);
}

TEST(Cid, ReadsAndWritesVersionOneInEveryBase) {
  const Cid cid = Cid::v1(Multicodec::raw, Multihash{0x12, digest});
  EXPECT_EQ(to_hex(BytesView(cid.to_bytes()).first(4)), "01551220");
  EXPECT_TRUE(cid.to_string().starts_with("bafkrei"));
  for (const char base : std::string_view("fFbBkKzmMuU")) {
    const auto read = Cid::parse(cid.to_string(static_cast<Multibase>(base)));
    ASSERT_TRUE(read) << base;
    EXPECT_EQ(*read, cid);
  }
  EXPECT_EQ(Cid::from_bytes(cid.to_bytes()).value(), cid);
}

TEST(Cid, RefusesOtherVersionsAndVersionZeroInMultibase) {
  EXPECT_FALSE(Cid::from_bytes({}));
  EXPECT_FALSE(Cid::from_bytes(Bytes{0x02, 0x55, 0x12, 0x20}));
  EXPECT_FALSE(Cid::from_bytes(Bytes{0x01}));
  EXPECT_FALSE(Cid::from_bytes(Bytes{0x01, 0x55}));
  EXPECT_FALSE(Cid::parse("zQmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"));
  EXPECT_FALSE(Cid::parse(""));
  EXPECT_FALSE(Cid::parse("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5"));
}

TEST(PeerMultihash, ReadsBothTextFormsToTheSameBytes) {
  const auto old_form = parse_peer_multihash("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
  const auto cid_form = parse_peer_multihash("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe");
  ASSERT_TRUE(old_form && cid_form);
  EXPECT_EQ(*old_form, *cid_form);
  EXPECT_TRUE(parse_peer_multihash("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"));
}

TEST(PeerMultihash, RefusesOtherHashesAndLengths) {
  EXPECT_TRUE(check_peer_multihash(encode_multihash(Multicodec::identity, Bytes(42))));
  EXPECT_FALSE(check_peer_multihash(encode_multihash(Multicodec::identity, Bytes(43))));
  EXPECT_FALSE(check_peer_multihash(encode_multihash(Multicodec::identity, Bytes{})));
  EXPECT_FALSE(check_peer_multihash(encode_multihash(Multicodec::sha2_512, Bytes(64))));
  EXPECT_FALSE(check_peer_multihash({}));
  EXPECT_FALSE(parse_peer_multihash(""));
  EXPECT_FALSE(parse_peer_multihash("1"));
  EXPECT_FALSE(parse_peer_multihash("/p2p/"));
}

}  // namespace
}  // namespace libp2p
