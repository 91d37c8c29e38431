#include "starling/history/tips.hpp"

#include <gtest/gtest.h>

#include "tests/unit/history/diamond.hpp"

namespace starling {
namespace {

using testing::Diamond;
using testing::FoundedFleet;
using testing::key_of;
using testing::set_change;

// Of some of the changes.
std::vector<RecordId> tips_of_some(const Changelog& log, std::initializer_list<RecordPtr> changes) {
  std::set<RecordId> ids;
  for (const RecordPtr& change : changes) ids.insert(change->id);
  return tips_of(log, [&ids](const SignedRecord& record) { return ids.contains(record.id); });
}

std::vector<RecordId> ascending(std::vector<RecordId> ids) {
  std::ranges::sort(ids);
  return ids;
}

TEST(Tips, AreThoseThatNoneNames) {
  const Diamond changes;
  const auto& [fleet, one, two, a, b, c, d] = changes;
  EXPECT_EQ(tips_of_some(fleet.log, {a}), std::vector{a->id});
  EXPECT_EQ(tips_of_some(fleet.log, {a, b, c}), ascending({b->id, c->id}));
  EXPECT_EQ(tips_of_some(fleet.log, {a, b, c, d}), std::vector{d->id});
  EXPECT_TRUE(tips_of_some(fleet.log, {}).empty());
}

TEST(Tips, DoNotDependOnTheOrderOfComing) {
  const Diamond changes;
  Changelog log(changes.fleet.id());
  for (const RecordPtr& record : {changes.d, changes.b, changes.a, changes.c}) (void)log.ingest(record);
  for (const RecordPtr& record : changes.fleet.log.records()) (void)log.ingest(record);
  ASSERT_EQ(log.size(), changes.fleet.log.size());
  EXPECT_EQ(tips_of_some(log, {changes.a, changes.b, changes.c, changes.d}), std::vector{changes.d->id});
}

TEST(Tips, ComeBackWhenWhatNamedThemLeaves) {
  const Diamond changes;
  const auto& [fleet, one, two, a, b, c, d] = changes;
  EXPECT_EQ(tips_of_some(fleet.log, {a, b, c}), ascending({b->id, c->id}));
  EXPECT_EQ(tips_of_some(fleet.log, {a, c}), std::vector{c->id}) << "c still names a";
  EXPECT_EQ(tips_of_some(fleet.log, {a}), std::vector{a->id});
}

TEST(Tips, AreNoMoreBecauseOtherRecordsLieBetween) {
  FoundedFleet fleet;
  const RecordId grant = fleet.grant(key_of(1), Role::operator_, "one")->id;
  Author one(key_of(1), 1);
  RecordPtr last;
  for (std::uint8_t i = 0; i < 20; ++i) {
    last = fleet.write(one, RecordKind::change, grant, set_change({"a"}, i).to_body());
    fleet.write(
        one, RecordKind::invite, grant,
        Invite{testing::peer_of(key_of(static_cast<std::uint8_t>(100 + i))), Role::node, 1, 1, {}}.to_body());
  }
  const auto is_change = [](const SignedRecord& record) { return record.record.kind == RecordKind::change; };
  EXPECT_EQ(tips_of(fleet.log, is_change), std::vector{last->id});
}

}  // namespace
}  // namespace starling
