// ATTACKS, signed peer records: the cases that need no connection.
#include "libp2p/identity/peer_record.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/protobuf.hpp"

namespace libp2p {
namespace {

constexpr std::string_view domain = "libp2p-peer-record";
const Bytes type{0x03, 0x01};

PrivateKey key_of(std::uint64_t seed) {
  SeededRandom random(seed);
  return PrivateKey::generate(KeyType::ed25519, random).value();
}

Bytes payload_of(const PrivateKey& named, std::uint64_t seq = 1) {
  return ProtobufWriter().bytes(1, PeerId::from_public_key(named.public_key()).bytes()).varint(2, seq).take();
}

Result<PeerRecord> open(const PrivateKey& signer, std::string_view signed_domain, BytesView payload_type,
                        Bytes payload) {
  return PeerRecord::open(
      SignedEnvelope::seal(signer, signed_domain, payload_type, std::move(payload))->to_bytes());
}

TEST(PeerRecord, ID08_PayloadOfAnotherType) {
  const PrivateKey key = key_of(1);
  ASSERT_TRUE(open(key, domain, type, payload_of(key)));
  for (const Bytes& other : {Bytes{0x03, 0x02}, Bytes{0x81, 0x06}, Bytes{}, Bytes{0x03, 0x01, 0x00}}) {
    const auto record = open(key, domain, other, payload_of(key));
    ASSERT_FALSE(record) << to_hex(other);
    EXPECT_EQ(record.error().code, Errc::parse);
  }
}

TEST(PeerRecord, ID09_SignedByAnotherThanThePeerItNames) {
  for (const auto& [signed_domain, payload_type] :
       {std::pair(domain, type),
        std::pair(std::string_view("libp2p-routing-state"), to_bytes("/libp2p/routing-state-record"))}) {
    const auto record = open(key_of(1), signed_domain, payload_type, payload_of(key_of(2)));
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().code, Errc::crypto);
  }
}

TEST(PeerRecord, ID11_SeqThatNoRecordCanFollow) {
  const PrivateKey key = key_of(1);
  for (const std::uint64_t seq : {UINT64_MAX, UINT64_MAX - 1, PeerRecord::max_seq + 1}) {
    const auto record = open(key, domain, type, payload_of(key, seq));
    ASSERT_FALSE(record) << seq;
    EXPECT_EQ(record.error().code, Errc::limit);
  }
  EXPECT_TRUE(open(key, domain, type, payload_of(key, PeerRecord::max_seq)));
  const WallTime now{std::chrono::milliseconds(1'700'000'000'000)};
  EXPECT_EQ(PeerRecord::next_seq(2'000'000'000'000, now), 2'000'000'000'001U)
      << "a restart goes on above what was used";
}

TEST(PeerRecord, ID14_AnotherDomain) {
  const PrivateKey key = key_of(1);
  const Bytes legacy_type = to_bytes("/libp2p/routing-state-record");
  for (const auto& [signed_domain, payload_type] :
       {std::pair("libp2p-routing-state", type), std::pair("libp2p-peer-record", legacy_type),
        std::pair("libp2p-relay-rsvp", type), std::pair("", type)}) {
    const auto record = open(key, signed_domain, payload_type, payload_of(key));
    ASSERT_FALSE(record) << signed_domain;
    EXPECT_EQ(record.error().code, Errc::crypto);
  }
}

}  // namespace
}  // namespace libp2p
