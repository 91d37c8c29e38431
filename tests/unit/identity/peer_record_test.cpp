#include "libp2p/identity/peer_record.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "libp2p/base/protobuf.hpp"

namespace libp2p {
namespace {

const Bytes standard_type{0x03, 0x01};

PrivateKey key_of(std::uint64_t seed) {
  SeededRandom random(seed);
  return PrivateKey::generate(KeyType::ed25519, random).value();
}

PeerRecord record_of(const PrivateKey& key) {
  return {.peer = PeerId::from_public_key(key.public_key()),
          .seq = 1570215229,
          .addresses = {Multiaddr::parse("/ip4/192.0.2.0/tcp/42").value(),
                        Multiaddr::parse("/dns4/a.example/tcp/1").value()}};
}

Bytes address_info(BytesView address) { return ProtobufWriter().bytes(1, address).take(); }

Bytes seal_payload(const PrivateKey& key, Bytes payload) {
  return SignedEnvelope::seal(key, "libp2p-peer-record", standard_type, std::move(payload))->to_bytes();
}

TEST(PeerRecord, IsOpenedInBothForms) {
  const PrivateKey key = key_of(1);
  const PeerRecord record = record_of(key);
  for (const auto form : {PeerRecord::Form::standard, PeerRecord::Form::legacy}) {
    const auto opened = PeerRecord::open(record.seal(key, form).value());
    ASSERT_TRUE(opened) << opened.error().to_string();
    EXPECT_EQ(opened->peer, record.peer);
    EXPECT_EQ(opened->seq, record.seq);
    EXPECT_EQ(opened->addresses, record.addresses);
  }
}

TEST(PeerRecord, IsSentAsTheOthersReadIt) {
  const PrivateKey key = key_of(1);
  const PeerRecord record = record_of(key);
  const Bytes payload = ProtobufWriter()
                            .bytes(1, record.peer.bytes())
                            .varint(2, record.seq)
                            .bytes(3, address_info(record.addresses[0].bytes()))
                            .bytes(3, address_info(record.addresses[1].bytes()))
                            .take();
  EXPECT_EQ(record.seal(key).value(), seal_payload(key, payload));
  EXPECT_EQ(
      record.seal(key, PeerRecord::Form::legacy).value(),
      SignedEnvelope::seal(key, "libp2p-routing-state", as_bytes("/libp2p/routing-state-record"), payload)
          ->to_bytes());
}

TEST(PeerRecord, OpensWhatGoSealedWithEveryKindOfKey) {
  std::ifstream file(std::string(STARLING_TEST_DATA) + "/keys/sealed-by-go-libp2p.txt");
  std::string peer, key, signature, envelope;
  int lines = 0;
  for (; file >> peer >> key >> signature >> envelope; ++lines) {
    const auto public_key = PublicKey::from_protobuf(from_hex(key).value());
    ASSERT_TRUE(public_key) << public_key.error().to_string();
    EXPECT_TRUE(public_key->verify(as_bytes("text"), from_hex(signature).value()));
    const auto record = PeerRecord::open(from_hex(envelope).value());
    ASSERT_TRUE(record) << record.error().to_string();
    EXPECT_EQ(record->peer.to_string(), peer);
    EXPECT_TRUE(record->peer.matches(*public_key));
    EXPECT_EQ(record->seq, 7U);
    ASSERT_EQ(record->addresses.size(), 2U);
    EXPECT_EQ(record->addresses[1].to_string(), "/dns4/a.example/udp/1/quic-v1");
  }
  EXPECT_EQ(lines, 4);
}

TEST(PeerRecord, IsSealedByItsOwnKeyOnly) {
  const auto sealed = record_of(key_of(1)).seal(key_of(2));
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code, Errc::invalid_argument);
}

TEST(PeerRecord, LeavesOutAddressesThatItCanNotReadAndKeeps64) {
  const PrivateKey key = key_of(1);
  ProtobufWriter payload;
  payload.bytes(1, PeerId::from_public_key(key.public_key()).bytes()).varint(2, 1);
  payload.bytes(3, address_info(Bytes{0x7f, 1, 2}));  // a protocol that is not known
  payload.bytes(3, {});
  for (std::uint16_t port = 0; port < 70; ++port) {
    payload.bytes(3, address_info(Multiaddr::parse("/ip4/192.0.2.1/tcp/" + std::to_string(port))->bytes()));
  }
  const auto opened = PeerRecord::open(seal_payload(key, payload.take()));
  ASSERT_TRUE(opened) << opened.error().to_string();
  ASSERT_EQ(opened->addresses.size(), PeerRecord::max_addresses);
  EXPECT_EQ(opened->addresses.front().port(), 0);
  EXPECT_EQ(opened->addresses.back().port(), 63);
}

TEST(PeerRecord, ReadsASeqOfZeroThatIsLeftOut) {
  const PrivateKey key = key_of(1);
  PeerRecord record = record_of(key);
  record.seq = 0;
  EXPECT_EQ(PeerRecord::open(record.seal(key).value())->seq, 0U);
}

TEST(PeerRecord, RefusesFieldsGivenTwiceAndAMissingPeer) {
  const PrivateKey key = key_of(1);
  const Bytes id = PeerId::from_public_key(key.public_key()).bytes();
  for (const Bytes& payload : {ProtobufWriter().bytes(1, id).bytes(1, id).take(),
                               ProtobufWriter().bytes(1, id).varint(2, 1).varint(2, 2).take(),
                               ProtobufWriter().varint(2, 1).take(), Bytes{}, Bytes{0xff}}) {
    const auto opened = PeerRecord::open(seal_payload(key, payload));
    ASSERT_FALSE(opened) << to_hex(payload);
    EXPECT_EQ(opened.error().code, Errc::parse);
  }
}

TEST(PeerRecord, CountsItsOwnSeqUpwardsWhateverTheClockSays) {
  const WallTime now{std::chrono::milliseconds(1'700'000'000'000)};
  EXPECT_EQ(PeerRecord::next_seq(0, now), 1'700'000'000'000U);
  EXPECT_EQ(PeerRecord::next_seq(1'700'000'000'000, now), 1'700'000'000'001U);
  EXPECT_EQ(PeerRecord::next_seq(1'800'000'000'000, now), 1'800'000'000'001U);
  EXPECT_EQ(PeerRecord::next_seq(5, WallTime{std::chrono::milliseconds(-1)}), 6U);
  EXPECT_EQ(PeerRecord::next_seq(UINT64_MAX, now), PeerRecord::max_seq);
}

}  // namespace
}  // namespace libp2p
