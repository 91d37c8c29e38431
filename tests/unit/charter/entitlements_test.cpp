#include "starling/charter/entitlements.hpp"

#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::join_statement;
using testing::key_of;
using testing::must;
using testing::peer_of;
using Verdict = Right::Verdict;

class EntitlementsTest : public ::testing::Test {
 protected:
  [[nodiscard]] Right judge(const PrivateKey& author, const RecordId& grant, RecordKind kind) {
    Record record;
    record.fleet = fleet.id();
    record.kind = kind;
    record.author = peer_of(author);
    record.grant = grant;
    return entitlements.judge(record, [this](const RecordId& id) { return fleet.log.get(id); });
  }
  // An admission that a member has signed.
  RecordPtr admit(const RecordPtr& grant, const PrivateKey& witness, const RecordId& invite,
                  const PrivateKey& invite_key, const PrivateKey& joiner) {
    Author author(witness, 5);
    const Admit admit{invite, join_statement(fleet.id(), joiner, invite_key, peer_of(witness), "joiner")};
    return fleet.write(author, RecordKind::admit, grant->id, admit.to_body());
  }

  FoundedFleet fleet;
  Entitlements entitlements;
};

TEST_F(EntitlementsTest, L4_ARoleMayWriteWhatItMay) {
  const RecordPtr admin = fleet.grant(key_of(1), Role::admin, "admin");
  const RecordPtr writer = fleet.grant(key_of(2), Role::operator_, "operator");
  const RecordPtr node = fleet.grant(key_of(3), Role::node, "node");
  const auto allowed = [&](RecordKind kind) {
    return std::array{judge(fleet.root, fleet.id(), kind).verdict == Verdict::allowed,
                      judge(key_of(1), admin->id, kind).verdict == Verdict::allowed,
                      judge(key_of(2), writer->id, kind).verdict == Verdict::allowed,
                      judge(key_of(3), node->id, kind).verdict == Verdict::allowed};
  };
  for (const RecordKind kind : {RecordKind::change, RecordKind::invite})
    EXPECT_EQ(allowed(kind), (std::array{true, true, true, false}));
  for (const RecordKind kind : {RecordKind::grant, RecordKind::labels, RecordKind::anchor,
                                RecordKind::checkpoint, RecordKind::ruling})
    EXPECT_EQ(allowed(kind), (std::array{true, true, false, false}));
  EXPECT_EQ(allowed(RecordKind::admit), (std::array{true, true, true, true}));
  // What only a newer version knows is for that to say (RV22).
  EXPECT_EQ(allowed(static_cast<RecordKind>(4000)), (std::array{true, true, true, true}));
}

TEST_F(EntitlementsTest, L4_AnothersGrantIsNobodysElse) {
  const RecordPtr grant = fleet.grant(key_of(1), Role::admin, "admin");
  EXPECT_EQ(judge(key_of(2), grant->id, RecordKind::change).verdict, Verdict::denied);
  EXPECT_EQ(judge(key_of(1), fleet.id(), RecordKind::change).verdict, Verdict::denied);
}

TEST_F(EntitlementsTest, L4_WhatIsNoGrantGivesNothing) {
  const RecordPtr grant = fleet.grant(key_of(1), Role::admin, "admin");
  Author author(key_of(1), 5);
  const RecordPtr change =
      fleet.write(author, RecordKind::change, grant->id, testing::set_change({"settings"}, 1).to_body());
  EXPECT_EQ(judge(key_of(1), change->id, RecordKind::change).verdict, Verdict::denied);
}

TEST_F(EntitlementsTest, L4_AnAdmissionGivesWhatItsInviteSays) {
  const RecordPtr witness = fleet.grant(key_of(1), Role::operator_, "witness");
  const RecordPtr invite = fleet.invite(key_of(60), Role::operator_);
  const RecordPtr admission = admit(witness, key_of(1), invite->id, key_of(60), key_of(9));
  EXPECT_EQ(judge(key_of(9), admission->id, RecordKind::change).verdict, Verdict::allowed);
  EXPECT_EQ(judge(key_of(9), admission->id, RecordKind::anchor).verdict, Verdict::denied);
  EXPECT_EQ(judge(key_of(1), admission->id, RecordKind::change).verdict, Verdict::denied);
}

TEST_F(EntitlementsTest, L4_WithoutTheGrantOrItsInviteNobodyCanTell) {
  const RecordPtr witness = fleet.grant(key_of(1), Role::operator_, "witness");
  RecordId made_up;
  made_up.bytes.fill(3);
  const Right of_nobody = judge(key_of(9), made_up, RecordKind::change);
  EXPECT_EQ(of_nobody.verdict, Verdict::unknown);
  EXPECT_EQ(of_nobody.missing, made_up);
  const RecordPtr admission = admit(witness, key_of(1), made_up, key_of(60), key_of(9));
  const Right of_no_invite = judge(key_of(9), admission->id, RecordKind::change);
  EXPECT_EQ(of_no_invite.verdict, Verdict::unknown);
  EXPECT_EQ(of_no_invite.missing, made_up);
}

TEST_F(EntitlementsTest, L4_AnInviteThatIsNoneGivesNothing) {
  const RecordPtr witness = fleet.grant(key_of(1), Role::operator_, "witness");
  const RecordPtr admission = admit(witness, key_of(1), witness->id, key_of(60), key_of(9));
  EXPECT_EQ(judge(key_of(9), admission->id, RecordKind::change).verdict, Verdict::denied);
}

}  // namespace
}  // namespace starling
