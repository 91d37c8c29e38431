#include <algorithm>

#include "tests/unit/fleet/fleet_world.hpp"

namespace starling {
namespace {

using testing::FleetWorld;
using testing::must;
using testing::set_change;

const Path a{"settings", "a"};
const Path b{"settings", "b"};

json::value value_at(const json::value& tree, const Path& path) {
  const json::value* value = find(tree, path_in_tree(base_scope, path));
  return value ? *value : json::value("nothing");
}

struct TwoNodes : FleetWorld {
  ~TwoNodes() {
    runtime.run(one->stop());
    runtime.run(two->stop());
  }
  void meet() {
    pass_on(*one, *two);
    pass_on(*two, *one);
  }
  // As a writer at `one` who had seen no more than `parents`.
  RecordPtr write_upon(const std::vector<RecordId>& parents, const Path& path, json::value value) {
    std::vector<Fleet::Draft> drafts;
    drafts.push_back({set_change(path, std::move(value)).to_body(), parents});
    return must(runtime.run(one->author_all(RecordKind::change, std::move(drafts)))).front();
  }
  Result<json::value> tree_at(const std::string& point) {
    auto state = runtime.run(one->past().at(must(parse_point(point))));
    if (!state) return std::unexpected(state.error());
    return std::move(state->tree);
  }

  MemoryStore store_one;
  MemoryStore store_two;
  std::unique_ptr<Fleet> one = fleet_of(1, store_one);
  std::unique_ptr<Fleet> two = fleet_of(2, store_two);
};

TEST(LookingBack, ThePastIsFoldedFromWhatWasKnownThere) {
  TwoNodes nodes;
  const RecordPtr first = nodes.write(*nodes.one, a, 1);
  const std::string revision = to_hex(*nodes.one->revision());
  nodes.meet();
  const RecordPtr theirs = nodes.write(*nodes.two, b, 2);
  const RecordPtr second = nodes.write(*nodes.one, a, 3);
  nodes.meet();
  const json::value present = must(nodes.tree_at("HEAD"));
  EXPECT_EQ(value_at(present, a), 3);
  EXPECT_EQ(value_at(present, b), 2);
  EXPECT_EQ(value_at(must(nodes.tree_at(revision)), a), 1);
  EXPECT_EQ(value_at(must(nodes.tree_at(to_cid(first->id))), a), 1);
  const json::value right_after = must(nodes.tree_at(to_cid(second->id)));
  EXPECT_EQ(value_at(right_after, a), 3);
  EXPECT_EQ(value_at(right_after, b), "nothing") << "its author did not know that";
  EXPECT_EQ(value_at(must(nodes.tree_at(to_hex(theirs->id))), a), 1) << "an id in hexadecimal";
  EXPECT_EQ(value_at(must(nodes.tree_at("HEAD~2")), a), 1);
  EXPECT_EQ(nodes.tree_at("HEAD~3").error().code, Errc::not_found);
}

TEST(LookingBack, WhatIsNotKnownIsSaid) {
  TwoNodes nodes;
  nodes.write(*nodes.one, a, 1);
  EXPECT_EQ(nodes.tree_at("0123456789").error().code, Errc::not_found);
  EXPECT_EQ(nodes.tree_at(to_cid(nodes.id)).error().code, Errc::not_found) << "genesis is no change";
  // A change from the future takes no part yet.
  MemoryStore store;
  const auto ahead = nodes.fleet_of(3, store, std::chrono::hours(1));
  const RecordPtr held = nodes.write(*ahead, b, 1);
  nodes.pass_on(*ahead, *nodes.one);
  const auto refused = nodes.tree_at(to_cid(held->id));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("takes no part"), std::string::npos);
  nodes.runtime.run(ahead->stop());
}

TEST(LookingBack, ARevisionWhoseChangesCountNoLongerIsNotPassedOffAsTheSame) {
  TwoNodes nodes;
  const Hlc now = nodes.now();
  const RecordPtr forged = nodes.forge(2, 7, nullptr, "x", now);
  EXPECT_TRUE(nodes.runtime.run(nodes.one->accept({forged})));
  const std::string revision = to_hex(*nodes.one->revision());
  nodes.write(*nodes.one, a, 1);
  EXPECT_TRUE(nodes.tree_at(revision));
  EXPECT_TRUE(nodes.runtime.run(nodes.one->accept({nodes.forge(2, 7, nullptr, "y", now)})));
  const auto refused = nodes.tree_at(revision);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("count no longer"), std::string::npos);
}

TEST(LookingBack, RevisionsAreRememberedThoughTheProcessIsKilled) {
  TwoNodes nodes;
  std::vector<RevisionId> revisions;
  for (int i = 0; i < 5; ++i) {
    nodes.write(*nodes.one, a, i);
    revisions.push_back(*nodes.one->revision());
  }
  // Not stopped: what was to be written by and by is lost.
  const auto again = nodes.fleet_of(1, nodes.store_one);
  for (const RevisionId& revision : revisions) EXPECT_TRUE(again->revisions().find(to_hex(revision)));
  EXPECT_EQ(value_at(must(nodes.runtime.run(again->past().at(AtRevision{to_hex(revisions[1])}))).tree, a), 1);
  nodes.runtime.run(again->stop());
}

TEST(LookingBack, WhatAChangeWasWrittenUponTellsWhoseThatWas) {
  TwoNodes nodes;
  const RecordPtr first = nodes.write(*nodes.one, a, 1);
  nodes.meet();
  const RecordPtr second = nodes.write(*nodes.two, a, 2);
  nodes.meet();
  const Before before = must(nodes.runtime.run(nodes.one->past().before(second->id)));
  EXPECT_EQ(value_at(before.tree, a), 1);
  EXPECT_EQ(before.provenance.at(path_in_tree(base_scope, a)).change, first->id);
  EXPECT_FALSE(nodes.runtime.run(nodes.one->past().before(nodes.id)));
}

// ---- a writer who had seen less than its node knows ----

TEST(LookingBack, M3_AChangeIsConcurrentWithWhatItsWriterHadNotSeen) {
  TwoNodes nodes;
  nodes.write(*nodes.one, a, 1);
  nodes.meet();
  const std::vector<RecordId> seen =
      nodes.one->revisions().find(to_hex(*nodes.one->revision())).value()->heads;
  const RecordPtr theirs = nodes.write(*nodes.two, a, 2);
  nodes.meet();
  const RecordPtr mine = nodes.write_upon(seen, a, 3);
  EXPECT_FALSE(nodes.one->log().happened_before(theirs->id, mine->id));
  EXPECT_GT(mine->record.hlc, theirs->record.hlc) << "what is written later is later";
  nodes.meet();
  for (Fleet* fleet : {nodes.one.get(), nodes.two.get()}) {
    EXPECT_EQ(value_at(fleet->merged().document, a), 3);
    ASSERT_EQ(fleet->merged().conflicts.size(), 1U);
    EXPECT_EQ(fleet->merged().conflicts[0].loser, theirs->id);
    EXPECT_EQ(fleet->status_of(theirs->id).state, ChangeState::lost);
  }
}

TEST(LookingBack, AParentThatIsAskedForInTheFirstRecordOfAnIncarnationComesWithTheOlderOnes) {
  TwoNodes nodes;
  const RecordPtr own = nodes.write(*nodes.one, a, 1);
  nodes.meet();
  const RecordPtr theirs = nodes.write(*nodes.two, b, 2);
  nodes.meet();
  // A new process.
  const auto again = nodes.fleet_of(1, nodes.store_one);
  const auto upon = [&](std::vector<RecordId> parents) {
    std::vector<Fleet::Draft> drafts;
    drafts.push_back({set_change(a, 9).to_body(), std::move(parents)});
    return nodes.runtime.run(again->author_all(RecordKind::change, std::move(drafts)));
  };
  EXPECT_EQ(upon(std::vector<RecordId>(max_parents + 1, own->id)).error().code, Errc::limit);
  const RecordPtr first = must(upon({nodes.records[1]->id})).front();
  EXPECT_TRUE(again->log().happened_before(own->id, first->id)) << "it can't pretend not to know its own";
  EXPECT_FALSE(again->log().happened_before(theirs->id, first->id));
  nodes.runtime.run(again->stop());
}

TEST(LookingBack, APreviewTellsWhatWouldComeOfAChangeAndLeavesNoTrace) {
  TwoNodes nodes;
  nodes.write(*nodes.one, a, 1);
  nodes.meet();
  const std::vector<RecordId> seen =
      nodes.one->revisions().find(to_hex(*nodes.one->revision())).value()->heads;
  nodes.write(*nodes.two, a, 2);
  nodes.meet();
  struct Watch final : FleetObserver {
    void on_revision_changed() override { ++told; }
    void on_change_state(const RecordId&, const ChangeStatus&) override { ++told; }
    int told = 0;
  } watch;
  nodes.one->add_observer(watch);
  const json::value before = nodes.one->merged().document;
  const auto fates = nodes.one->merged().fates.size();
  const Fleet::Preview preview = nodes.one->preview(set_change(a, 3), seen);
  EXPECT_EQ(preview.fate.state, ChangeFate::State::applied);
  EXPECT_EQ(nodes.one->merged().document, before);
  EXPECT_EQ(nodes.one->merged().fates.size(), fates);
  EXPECT_TRUE(nodes.one->merged().conflicts.empty());
  EXPECT_EQ(watch.told, 0);
  nodes.write_upon(seen, a, 3);
  EXPECT_EQ(nodes.one->merged().document, preview.document);
  nodes.one->remove_observer(watch);
}

// ---- fates ----

class Fates final : public FleetObserver {
 public:
  explicit Fates(Fleet& fleet) : fleet_(fleet) { fleet_.add_observer(*this); }
  Fates(const Fates&) = delete;
  Fates& operator=(const Fates&) = delete;
  ~Fates() override { fleet_.remove_observer(*this); }
  [[nodiscard]] std::vector<ChangeState> of(const RecordPtr& change) const {
    const auto found = told_.find(change->id);
    return found == told_.end() ? std::vector<ChangeState>() : found->second;
  }

 private:
  void on_change_state(const RecordId& change, const ChangeStatus& status) override {
    told_[change].push_back(status.state);
  }
  Fleet& fleet_;
  std::map<RecordId, std::vector<ChangeState>> told_;
};
using States = std::vector<ChangeState>;

TEST(Fates, M8_WhatLosesIsToldAndWhatWinsAfterAllToo) {
  TwoNodes nodes;
  const Fates fates(*nodes.one);
  const RecordPtr own = nodes.write(*nodes.one, {"settings", "forged"}, 1);
  const Hlc later{own->record.hlc.value + 1};
  const RecordPtr rival = nodes.forge(2, 7, nullptr, 2, later);
  EXPECT_TRUE(nodes.runtime.run(nodes.one->accept({rival})));
  EXPECT_EQ(fates.of(own), (States{ChangeState::applied, ChangeState::lost}));
  // The winner's author wrote two records with one number: neither counts.
  EXPECT_TRUE(nodes.runtime.run(nodes.one->accept({nodes.forge(2, 7, nullptr, 3, later)})));
  EXPECT_EQ(fates.of(rival), (States{ChangeState::applied, ChangeState::quarantined}));
  EXPECT_EQ(fates.of(own), (States{ChangeState::applied, ChangeState::lost, ChangeState::applied}));
}

TEST(Fates, M8_WhatIsHeldIsToldAndThatItEnters) {
  TwoNodes nodes;
  const Fates fates(*nodes.one);
  const RecordPtr ahead =
      nodes.forge(2, 7, nullptr, 1, Hlc::at(nodes.runtime.env().clock.wall() + std::chrono::hours(1)));
  EXPECT_TRUE(nodes.runtime.run(nodes.one->accept({ahead})));
  EXPECT_EQ(fates.of(ahead), States{ChangeState::held});
  nodes.runtime.run_for(std::chrono::hours(1));
  nodes.one->tick();
  EXPECT_EQ(fates.of(ahead), (States{ChangeState::held, ChangeState::applied}));
}

TEST(Fates, M8_WhatLosesInPartOrIsSkippedIsTold) {
  TwoNodes nodes;
  nodes.write(*nodes.one, {"routes"}, json::object{{"main", json::array()}, {"spare", json::array()}});
  nodes.meet();
  const Fates fates(*nodes.one);
  Change two_edits = set_change(a, 1);
  two_edits.edits.push_back({std::string(base_scope), b, EditOp::set, 1});
  const RecordPtr partly =
      must(nodes.runtime.run(nodes.one->author(RecordKind::change, two_edits.to_body())));
  const RecordPtr removal = must(nodes.runtime.run(nodes.one->author(
      RecordKind::change,
      Change{"", "", false, {{std::string(base_scope), {"routes", "main"}, EditOp::remove, std::nullopt}}}
          .to_body())));
  nodes.runtime.run_for(std::chrono::seconds(1));
  nodes.write(*nodes.two, b, 2);
  const RecordPtr dangling =
      nodes.write(*nodes.two, {"listeners", "*:80"}, json::object{{"pass", "routes/nowhere"}});
  nodes.meet();
  EXPECT_EQ(fates.of(partly), (States{ChangeState::applied, ChangeState::partly}));
  EXPECT_EQ(fates.of(removal), States{ChangeState::applied});
  EXPECT_EQ(fates.of(dangling), States{ChangeState::skipped});
}

}  // namespace
}  // namespace starling
