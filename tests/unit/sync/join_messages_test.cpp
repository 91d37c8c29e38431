#include <algorithm>

#include "starling/charter/token.hpp"
#include "starling/sync/messages.hpp"
#include "starling/sync/proof.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::join_statement;
using testing::key_of;
using testing::must;
using testing::peer_of;

bool contains(BytesView haystack, BytesView needle) { return !std::ranges::search(haystack, needle).empty(); }

// All that a joiner ever says, before encryption: the hello and the statement.
Bytes said_by_joiner(const JoinToken& token, const PrivateKey& joiner, const PeerId& admitter,
                     libp2p::Random& random) {
  const PrivateKey invite = token.invite_key();
  JoinHello hello;
  hello.fleet = token.fleet;
  hello.invite_key = peer_of(invite);
  Bytes said = hello.to_bytes();
  JoinStatement statement{token.fleet, peer_of(invite), peer_of(joiner), {},
                          "joiner",    admitter,        random.bytes(32)};
  random.fill(statement.encryption_key);
  libp2p::append(said, must(SignedJoinStatement::sign(std::move(statement), joiner, invite)).to_bytes());
  return said;
}

TEST(JoinMessages, AThousandJoinsHoldNoPartOfTheTokensKey) {
  libp2p::SeededRandom random(5);
  for (int i = 0; i < 1000; ++i) {
    JoinToken token;
    token.issuer = peer_of(key_of(1));
    random.fill(token.fleet.bytes);
    random.fill(token.seed);
    const Bytes said = said_by_joiner(token, key_of(2), token.issuer, random);
    // The key in every form that it is kept in: the seed, and the scalar and prefix that Ed25519 makes of it.
    const libp2p::Sha512Digest expanded = libp2p::sha512(token.seed);
    for (const BytesView secret : {BytesView(token.seed), BytesView(expanded)}) {
      for (std::size_t at = 0; at + 8 <= secret.size(); at += 4) {
        ASSERT_FALSE(contains(said, secret.subspan(at, 8))) << "join " << i << ", byte " << at;
      }
    }
  }
}

TEST(JoinMessages, RoundTrip) {
  JoinHello hello;
  hello.fleet.bytes.fill(3);
  hello.invite_key = peer_of(key_of(1));
  hello.proof = {Bytes{1, 2}, Bytes{3}};
  const JoinHello again = must(JoinHello::from_bytes(hello.to_bytes()));
  EXPECT_EQ(again.fleet, hello.fleet);
  EXPECT_EQ(again.invite_key, hello.invite_key);
  EXPECT_EQ(again.proof, hello.proof);
  JoinReply reply;
  reply.kind = JoinReply::Kind::refused;
  reply.reason = "used";
  reply.final = true;
  const JoinReply reply_again = must(JoinReply::from_bytes(reply.to_bytes()));
  EXPECT_EQ(reply_again.kind, reply.kind);
  EXPECT_EQ(reply_again.reason, reply.reason);
  EXPECT_TRUE(reply_again.final);
  EXPECT_FALSE(JoinReply::from_bytes(Bytes{}));
}

TEST(Proof, IsTheFewRecordsThatAGrantRestsOn) {
  FoundedFleet fleet;
  for (std::uint8_t other = 20; other < 40; ++other)
    fleet.grant(key_of(other), Role::node, "n" + std::to_string(other));
  const RecordPtr witness_grant = fleet.grant(key_of(1), Role::operator_, "witness");
  const RecordPtr invite = fleet.invite(key_of(100), Role::node);
  Author witness(key_of(1), 5);
  const auto join = join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(1)), "two");
  const RecordPtr admitted =
      fleet.write(witness, RecordKind::admit, witness_grant->id, Admit{invite->id, join}.to_body());
  const std::vector<RecordPtr> proof = proof_of(fleet.log, fleet.id(), admitted->id);
  EXPECT_EQ(proof.size(), 4U);  // genesis, the witness's grant, the invite, the admission
  std::vector<Bytes> envelopes;
  for (const RecordPtr& record : proof) envelopes.push_back(record->envelope);
  const Charter charter = must(check_proof(fleet.id(), envelopes));
  EXPECT_NE(charter.member(peer_of(key_of(2))), nullptr);
  EXPECT_NE(charter.member(peer_of(key_of(1))), nullptr);
  // JT07: shown for another fleet it proves nothing, and without its genesis neither.
  FleetId other;
  other.bytes.fill(9);
  EXPECT_FALSE(check_proof(other, envelopes));
  std::erase(envelopes, fleet.genesis->envelope);
  EXPECT_FALSE(check_proof(fleet.id(), envelopes));
}

TEST(Proof, IsEmptyForAGrantThatIsNotHeld) {
  FoundedFleet fleet;
  RecordId unknown;
  unknown.bytes.fill(7);
  EXPECT_TRUE(proof_of(fleet.log, fleet.id(), unknown).empty());
}

}  // namespace
}  // namespace starling
