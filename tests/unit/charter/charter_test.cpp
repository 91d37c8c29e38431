#include "starling/charter/charter.hpp"

#include <algorithm>

#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::join_statement;
using testing::key_of;
using testing::noon;
using testing::peer_of;

TEST(Charter, NothingStandsWithoutItsGenesis) {
  FoundedFleet fleet;
  fleet.grant(key_of(1), Role::operator_, "one");
  std::vector<RecordPtr> records = fleet.log.records();
  std::erase(records, fleet.genesis);
  EXPECT_FALSE(Charter::evaluate(fleet.id(), records).founded());
  EXPECT_TRUE(Charter::evaluate(fleet.id(), records).members().empty());
}

TEST(Charter, AGenesisOfAnotherFleetFoundsNothingHere) {
  FoundedFleet fleet;
  const RecordPtr other = testing::must(write_genesis(key_of(201), 1, Bytes(16, 9), noon));
  const std::vector<RecordPtr> records{other};
  EXPECT_FALSE(Charter::evaluate(fleet.id(), records).founded());
}

TEST(Charter, RootsGrantMakesAMember) {
  FoundedFleet fleet;
  const RecordPtr grant = fleet.grant(key_of(1), Role::operator_, "one");
  const Charter charter = fleet.charter();
  const Member* member = charter.member(peer_of(key_of(1)));
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->role, Role::operator_);
  EXPECT_EQ(member->name, "one");
  EXPECT_EQ(member->grant, grant->id);
  EXPECT_EQ(charter.role_of(peer_of(fleet.root)), Role::root);
  EXPECT_EQ(charter.role_of(peer_of(key_of(9))), std::nullopt);
}

TEST(Charter, RV19_NobodyRaisesHimself) {
  FoundedFleet fleet;
  const RecordPtr grant = fleet.grant(key_of(1), Role::operator_, "one");
  Author author(key_of(1), 5);
  fleet.write(author, RecordKind::grant, grant->id,
              Grant{peer_of(key_of(1)), Role::admin, "one", {}, {}}.to_body());
  fleet.write(author, RecordKind::grant, grant->id,
              Grant{peer_of(key_of(2)), Role::operator_, "two", {}, {}}.to_body());
  const Charter charter = fleet.charter();
  EXPECT_EQ(charter.member(peer_of(key_of(1)))->role, Role::operator_);
  EXPECT_EQ(charter.member(peer_of(key_of(2))), nullptr);
}

TEST(Charter, AGrantThatIsSomebodyElsesCountsForNothing) {
  FoundedFleet fleet;
  const RecordPtr admin_grant = fleet.grant(key_of(1), Role::admin, "one");
  Author thief(key_of(2), 5);
  fleet.write(thief, RecordKind::grant, admin_grant->id,
              Grant{peer_of(key_of(2)), Role::operator_, "two", {}, {}}.to_body());
  EXPECT_EQ(fleet.charter().member(peer_of(key_of(2))), nullptr);
}

TEST(Charter, EveryOrderOfTheRecordsGivesTheSameMembers) {
  FoundedFleet fleet;
  const RecordPtr admin = fleet.grant(key_of(1), Role::admin, "admin");
  Author author(key_of(1), 5);
  fleet.write(author, RecordKind::grant, admin->id,
              Grant{peer_of(key_of(2)), Role::operator_, "two", {}, {}}.to_body());
  const RecordPtr invite = fleet.invite(key_of(100), Role::node, 2);
  for (const std::uint8_t joiner : {std::uint8_t{3}, std::uint8_t{4}, std::uint8_t{5}}) {
    const auto join = join_statement(fleet.id(), key_of(joiner), key_of(100), peer_of(key_of(1)),
                                     "n" + std::to_string(joiner));
    fleet.write(author, RecordKind::admit, admin->id, Admit{invite->id, join}.to_body());
  }
  const Charter charter = fleet.charter();
  EXPECT_EQ(charter.members().size(), 4U);  // the third joiner found the invite used up
  std::vector<RecordPtr> records = fleet.log.records();
  libp2p::SeededRandom random(7);
  for (int round = 0; round < 50; ++round) {
    for (std::size_t i = records.size(); i > 1; --i) std::swap(records[i - 1], records[random.below(i)]);
    const Charter again = Charter::evaluate(fleet.id(), records);
    ASSERT_EQ(again.members().size(), charter.members().size());
    for (const auto& [peer, member] : charter.members()) {
      ASSERT_NE(again.member(peer), nullptr);
      EXPECT_EQ(again.member(peer)->role, member.role);
      EXPECT_EQ(again.member(peer)->grant, member.grant);
    }
  }
}

class Joining : public ::testing::Test {
 protected:
  Joining() : witness_grant(fleet.grant(key_of(1), Role::operator_, "witness")), witness(key_of(1), 5) {}

  RecordPtr admit(const RecordPtr& invite, const SignedJoinStatement& join, libp2p::WallTime wall = noon) {
    return fleet.write(witness, RecordKind::admit, witness_grant->id, Admit{invite->id, join}.to_body(),
                       wall);
  }
  bool is_member(std::uint8_t number) { return fleet.charter().member(peer_of(key_of(number))) != nullptr; }

  FoundedFleet fleet;
  RecordPtr witness_grant;
  Author witness;
};

TEST_F(Joining, AWitnessedHolderOfAnInviteIsAMemberWithTheInvitesRole) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::operator_);
  const RecordPtr admitted =
      admit(invite, join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(1)), "two"));
  const Charter charter = fleet.charter();
  const Member* member = charter.member(peer_of(key_of(2)));
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->role, Role::operator_);
  EXPECT_EQ(member->grant, admitted->id);
  EXPECT_EQ(member->admitted_by, peer_of(key_of(1)));
}

TEST_F(Joining, JT01_ATokenUsedTwiceAdmitsOnce) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::node);
  admit(invite, join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(1)), "two"));
  admit(invite, join_statement(fleet.id(), key_of(3), key_of(100), peer_of(key_of(1)), "three"));
  EXPECT_TRUE(is_member(2));
  EXPECT_FALSE(is_member(3));
  const Charter charter = fleet.charter();
  EXPECT_EQ(charter.invites().at(invite->id).used, 1U);
  EXPECT_EQ(charter.invites().at(invite->id).surplus, 1U);
}

TEST_F(Joining, WhatIsRememberedOfAnAdmissionsSignaturesChangesNoAnswer) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::node, 2);
  JoinChecks checks;
  const std::vector<RecordPtr> before = fleet.log.records();
  EXPECT_EQ(Charter::evaluate(fleet.id(), before, checks).members().size(), fleet.charter().members().size());
  admit(invite, join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(1)), "two"));
  // Signed with another key than the invite's.
  admit(invite, join_statement(fleet.id(), key_of(3), key_of(101), peer_of(key_of(1)), "three"));
  const std::vector<RecordPtr> after = fleet.log.records();
  for (int again = 0; again < 2; ++again) {
    const Charter charter = Charter::evaluate(fleet.id(), after, checks);
    EXPECT_NE(charter.member(peer_of(key_of(2))), nullptr);
    EXPECT_EQ(charter.member(peer_of(key_of(3))), nullptr);
  }
}

TEST_F(Joining, JT03_AnAdmissionLongAfterTheInvitesEndDoesNotStand) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::node);
  const auto end = noon + std::chrono::hours(1);
  admit(invite, join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(1)), "two"),
        end + invite_clock_slack + std::chrono::seconds(1));
  EXPECT_FALSE(is_member(2));
  const RecordPtr other = fleet.invite(key_of(101), Role::node, 1, std::chrono::hours(2));
  admit(other, join_statement(fleet.id(), key_of(3), key_of(101), peer_of(key_of(1)), "three"), end);
  EXPECT_TRUE(is_member(3));
}

TEST_F(Joining, JT05_AForgedInviteKeyAdmitsNobody) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::node);
  SignedJoinStatement join = join_statement(fleet.id(), key_of(2), key_of(101), peer_of(key_of(1)), "two");
  join.statement.invite_key = peer_of(key_of(100));
  admit(invite, join);
  EXPECT_FALSE(is_member(2));
}

TEST_F(Joining, JT09_AStatementMadeForAnotherAdmitterOrFleetAdmitsNobody) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::node, 9);
  admit(invite, join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(7)), "two"));
  admit(invite, join_statement(FleetId{}, key_of(3), key_of(100), peer_of(key_of(1)), "three"));
  EXPECT_FALSE(is_member(2));
  EXPECT_FALSE(is_member(3));
}

TEST_F(Joining, JT15_AdmittingTheSameJoinerAgainUsesTheInviteOnce) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::node);
  const auto join = join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(1)), "two");
  admit(invite, join);
  admit(invite, join);
  EXPECT_TRUE(is_member(2));
  EXPECT_EQ(fleet.charter().invites().at(invite->id).used, 1U);
  EXPECT_EQ(fleet.charter().invites().at(invite->id).surplus, 0U);
}

TEST_F(Joining, AWitnessCannotConferMoreThanItHolds) {
  const RecordPtr node_grant = fleet.grant(key_of(4), Role::node, "follower");
  const RecordPtr invite = fleet.invite(key_of(100), Role::operator_);
  Author follower(key_of(4), 6);
  const auto join = join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(4)), "two");
  fleet.write(follower, RecordKind::admit, node_grant->id, Admit{invite->id, join}.to_body());
  EXPECT_FALSE(is_member(2));
  EXPECT_FALSE(fleet.charter().may_admit(peer_of(key_of(4)), fleet.charter().invites().at(invite->id),
                                         peer_of(key_of(2)), "two"));
}

TEST_F(Joining, RootRaisesAMemberWhichKeepsWhatItWroteBefore) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::operator_);
  const RecordPtr admitted =
      admit(invite, join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(1)), "two"));
  Author two(key_of(2), 5);
  const RecordPtr before = fleet.write(two, RecordKind::change, admitted->id, {});
  EXPECT_EQ(fleet.charter().judge(before->record), Charter::Verdict::valid);
  const RecordPtr raised = fleet.grant(key_of(2), Role::admin, "two");
  const RecordPtr anchor = fleet.write(two, RecordKind::anchor, raised->id, {});
  const Charter charter = fleet.charter();
  const Member* member = charter.member(peer_of(key_of(2)));
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->role, Role::admin);
  EXPECT_EQ(member->name, "two");
  EXPECT_EQ(member->grant, raised->id);
  EXPECT_EQ(charter.judge(before->record), Charter::Verdict::valid);
  EXPECT_EQ(charter.judge(anchor->record), Charter::Verdict::valid);
  // Now it can let another admin in, on root's word.
  const RecordPtr for_admins = fleet.invite(key_of(101), Role::admin);
  EXPECT_FALSE(charter.may_admit(peer_of(key_of(1)), fleet.charter().invites().at(for_admins->id),
                                 peer_of(key_of(3)), "three"));
  const auto join = join_statement(fleet.id(), key_of(3), key_of(101), peer_of(key_of(2)), "three");
  fleet.write(two, RecordKind::admit, raised->id, Admit{for_admins->id, join}.to_body());
  EXPECT_EQ(fleet.charter().role_of(peer_of(key_of(3))), Role::admin);
}

TEST_F(Joining, AUsedTokenIsCalledSoAlsoByAWitnessThatHoldsTooLittle) {
  fleet.grant(key_of(4), Role::node, "follower");
  const RecordPtr invite = fleet.invite(key_of(100), Role::operator_);
  admit(invite, join_statement(fleet.id(), key_of(2), key_of(100), peer_of(key_of(1)), "two"));
  const Charter charter = fleet.charter();
  for (const std::uint8_t asked : {std::uint8_t{1}, std::uint8_t{4}}) {
    const auto refused = charter.may_admit(peer_of(key_of(asked)), charter.invites().at(invite->id),
                                           peer_of(key_of(3)), "three");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("the token has been used (1 of 1)"), std::string::npos)
        << refused.error().message;
  }
}

TEST_F(Joining, AnOperatorsInviteIsGoodForNodesOnly) {
  const auto invite_by_witness = [&](std::uint8_t key, Role role) {
    return fleet.write(witness, RecordKind::invite, witness_grant->id,
                       Invite{peer_of(key_of(key)), role, UINT64_MAX / 2, 1, {}}.to_body());
  };
  const RecordPtr for_node = invite_by_witness(100, Role::node);
  const RecordPtr for_operator = invite_by_witness(101, Role::operator_);
  const Charter charter = fleet.charter();
  EXPECT_TRUE(charter.invites().contains(for_node->id));
  EXPECT_FALSE(charter.invites().contains(for_operator->id));
}

TEST_F(Joining, ATakenNameIsRefusedBeforeAnythingIsSigned) {
  const RecordPtr invite = fleet.invite(key_of(100), Role::node);
  const auto refused = fleet.charter().may_admit(peer_of(key_of(1)), fleet.charter().invites().at(invite->id),
                                                 peer_of(key_of(2)), "witness");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::exists);
}

TEST(Judging, AChangeNeedsAnOperatorsOwnGrant) {
  FoundedFleet fleet;
  const RecordPtr operator_grant = fleet.grant(key_of(1), Role::operator_, "one");
  const RecordPtr node_grant = fleet.grant(key_of(2), Role::node, "two");
  const Charter charter = fleet.charter();
  Record record;
  record.kind = RecordKind::change;
  record.author = peer_of(key_of(1));
  record.grant = operator_grant->id;
  EXPECT_EQ(charter.judge(record), Charter::Verdict::valid);
  record.author = peer_of(key_of(2));
  EXPECT_EQ(charter.judge(record), Charter::Verdict::denied);
  record.grant = node_grant->id;
  EXPECT_EQ(charter.judge(record), Charter::Verdict::denied);
  record.grant.bytes.fill(9);
  EXPECT_EQ(charter.judge(record), Charter::Verdict::unknown);
}

TEST(Charter, TheLatestLabelsOfAnAdminCount) {
  FoundedFleet fleet;
  const RecordPtr admin = fleet.grant(key_of(1), Role::admin, "one");
  const RecordPtr operator_grant = fleet.grant(key_of(2), Role::operator_, "two");
  Author author(key_of(1), 5);
  const PeerId two = peer_of(key_of(2));
  fleet.write(author, RecordKind::labels, admin->id, MemberLabels{two, {{"site", "syd"}}}.to_body());
  EXPECT_EQ(fleet.charter().member(two)->labels, (Labels{{"site", "syd"}}));
  fleet.write(author, RecordKind::labels, admin->id, MemberLabels{two, {{"tier", "edge"}}}.to_body());
  EXPECT_EQ(fleet.charter().member(two)->labels, (Labels{{"tier", "edge"}}));

  Author itself(key_of(2), 6);
  fleet.write(itself, RecordKind::labels, operator_grant->id,
              MemberLabels{two, {{"site", "mars"}}}.to_body());
  EXPECT_EQ(fleet.charter().member(two)->labels, (Labels{{"tier", "edge"}}));
}

TEST(Judging, WhatSpeaksOfTheHistoryItselfNeedsAnAdmin) {
  FoundedFleet fleet;
  const RecordPtr admin = fleet.grant(key_of(1), Role::admin, "one");
  const RecordPtr operator_grant = fleet.grant(key_of(2), Role::operator_, "two");
  const Charter charter = fleet.charter();
  for (const RecordKind kind :
       {RecordKind::labels, RecordKind::anchor, RecordKind::checkpoint, RecordKind::ruling}) {
    Record record;
    record.kind = kind;
    record.author = peer_of(key_of(1));
    record.grant = admin->id;
    EXPECT_EQ(charter.judge(record), Charter::Verdict::valid);
    record.author = peer_of(key_of(2));
    record.grant = operator_grant->id;
    EXPECT_EQ(charter.judge(record), Charter::Verdict::denied);
  }
}

TEST(Names, AreOfFewCharactersSoThatNoTwoLookAlike) {
  EXPECT_TRUE(check_name("web-1.syd"));
  for (const char* bad : {"", "web 1", "caf\xc3\xa9", "a/b", "<b>"}) EXPECT_FALSE(check_name(bad)) << bad;
  EXPECT_FALSE(check_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace starling
