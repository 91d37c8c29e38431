#include "starling/sync/gate.hpp"

#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::peer_of;

// Of two whom one invite for one was used to let in, each can show a proof that leaves out the other.
TEST(Gate, JT05_AProofHoldsUntilTheWholeCharterDecides) {
  FoundedFleet fleet;
  const Charter charter = fleet.charter();
  Gate gate(charter);
  const PeerId peer = peer_of(key_of(9));
  RecordId elsewhere;
  elsewhere.bytes.fill(3);
  EXPECT_FALSE(gate.is_member(peer));
  gate.add_proven(peer, elsewhere);
  gate.forget_proofs_known_to(fleet.log);
  EXPECT_TRUE(gate.is_member(peer));
  gate.add_proven(peer, fleet.genesis->id);
  gate.forget_proofs_known_to(fleet.log);
  EXPECT_FALSE(gate.is_member(peer));
}

}  // namespace
}  // namespace starling
