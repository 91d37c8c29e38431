#include "starling/sync/horizons.hpp"

#include <gtest/gtest.h>

#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::key_of;
using testing::peer_of;

PeerId peer(std::uint8_t number) { return peer_of(key_of(number)); }

RecordId numbered(std::uint8_t number) {
  RecordId id;
  id.bytes.fill(number);
  return id;
}

UnseenCheckpoint unseen(std::uint8_t number, std::uint8_t follows) {
  auto record = std::make_shared<SignedRecord>();
  record->id = numbered(number);
  return {record, follows == 0 ? RecordId{} : numbered(follows)};
}

TEST(Horizons, L8_MostMustHaveForgottenWhatIsBelieved) {
  Horizons horizons;
  EXPECT_FALSE(horizons.any());
  const std::vector<UnseenCheckpoint> known{unseen(1, 0)};
  horizons.heard(peer(1), numbered(1));
  EXPECT_TRUE(horizons.any());
  EXPECT_EQ(horizons.believed(known, 1, 2), nullptr);
  EXPECT_EQ(horizons.believed(known, 1, 1), known[0].record);
  // Half is not most: the others may bring it.
  horizons.heard(peer(2), {});
  EXPECT_EQ(horizons.believed(known, 2, 1), nullptr);
  horizons.heard(peer(3), numbered(1));
  EXPECT_EQ(horizons.believed(known, 3, 2), known[0].record);
  // Members that are connected and have not been heard may bring it as well.
  EXPECT_EQ(horizons.believed(known, 4, 2), nullptr);
  horizons.gone(peer(3));
  EXPECT_EQ(horizons.believed(known, 1, 1), nullptr);
}

TEST(Horizons, L8_WhoHasForgottenMoreHasForgottenThatAsWell) {
  Horizons horizons;
  const std::vector<UnseenCheckpoint> known{unseen(1, 0), unseen(2, 1), unseen(3, 2)};
  horizons.heard(peer(1), numbered(3));
  horizons.heard(peer(2), numbered(2));
  EXPECT_EQ(horizons.believed(known, 2, 2), known[0].record);
  // The beginning of the chain is not here.
  EXPECT_EQ(horizons.believed(std::span(known).subspan(1), 2, 2), known[1].record);
}

TEST(Horizons, RV31_OneThatNobodyRestsOnIsNotBelievedThoughItIsHere) {
  Horizons horizons;
  const std::vector<UnseenCheckpoint> known{unseen(9, 0), unseen(1, 0), unseen(7, 8), unseen(8, 7)};
  horizons.heard(peer(1), numbered(1));
  horizons.heard(peer(2), numbered(1));
  EXPECT_EQ(horizons.believed(known, 2, 2), known[1].record);
  horizons.heard(peer(1), numbered(5));
  horizons.heard(peer(2), numbered(7));
  EXPECT_EQ(horizons.believed(std::span(known).first(2), 2, 1), nullptr);
}

}  // namespace
}  // namespace starling
