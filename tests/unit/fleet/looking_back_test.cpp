#include <algorithm>

#include "tests/unit/fleet/checkpoint_world.hpp"

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

// ---- behind checkpoints ----

// Six values of one place, written in turn; a checkpoint after the second and one after the fourth.
class BehindCheckpoints : public testing::CheckpointsTest {
 protected:
  BehindCheckpoints() {
    for (int i = 0; i < 6; ++i) {
      Fleet& writer = i % 2 == 0 ? *one : *admin;
      changes.push_back(world.write(writer, a, i));
      revisions.push_back(to_hex(*writer.revision()));
      exchange();
      if (i == 1 || i == 3) checkpoints.push_back(must(world.runtime.run(admin->write_checkpoint())));
      exchange();
    }
    EXPECT_EQ(id_of(*one), checkpoints[1]->id);
  }
  static RecordId id_of(const Fleet& fleet) { return fleet.checkpoint()->id; }
  Result<PastState> at(const std::string& point) {
    return world.runtime.run(one->past().at(must(parse_point(point))));
  }
  std::int64_t value(const std::string& point) {
    auto state = at(point);
    EXPECT_TRUE(state) << point << ": " << (state ? "" : state.error().message);
    return state ? value_at(state->tree, a).to_number<std::int64_t>() : -1;
  }
  void expect_gone(const Error& error) {
    EXPECT_EQ(error.code, Errc::not_found);
    EXPECT_NE(error.message.find("behind the checkpoint " + to_cid(checkpoints[1]->id)), std::string::npos)
        << error.message;
  }

  std::vector<RecordPtr> changes;
  std::vector<std::string> revisions;
  std::vector<RecordPtr> checkpoints;
};

TEST_F(BehindCheckpoints, L8_ThePastIsAsItWas) {
  for (int i = 0; i < 6; ++i) {
    const auto at_i = static_cast<std::size_t>(i);
    EXPECT_EQ(value("HEAD~" + std::to_string(5 - i)), i);
    EXPECT_EQ(value(to_cid(changes[at_i]->id)), i);
    EXPECT_EQ(value(revisions[at_i]), i);
    EXPECT_EQ(to_hex(*must(at(to_cid(changes[at_i]->id))).revision), revisions[at_i]);
    if (i == 0) continue;
    const Before before = must(world.runtime.run(one->past().before(changes[at_i]->id)));
    EXPECT_EQ(value_at(before.tree, a), i - 1);
    EXPECT_EQ(before.provenance.at(path_in_tree(base_scope, a)).change, changes[at_i - 1]->id);
  }
  const auto beyond = at("HEAD~6");
  ASSERT_FALSE(beyond);
  EXPECT_NE(beyond.error().message.find("it has 6 changes"), std::string::npos) << beyond.error().message;
}

TEST_F(BehindCheckpoints, L8_APointSaysWhetherMoreHasBeenSettledSince) {
  EXPECT_EQ(must(at(revisions[1])).behind, checkpoints[0]->id);
  EXPECT_EQ(must(at(revisions[2])).behind, checkpoints[1]->id);
  // What the present begins with is named by the checkpoint, which nobody forgets.
  for (const std::string& point : {revisions[3], std::string("HEAD~2"), to_cid(changes[3]->id)}) {
    const PastState state = must(at(point));
    EXPECT_FALSE(state.behind) << point;
    EXPECT_EQ(state.heads, std::vector{checkpoints[1]->id}) << point;
  }
  EXPECT_FALSE(must(at("HEAD")).behind);
  EXPECT_EQ(must(at("HEAD")).heads, std::vector{changes[5]->id});
}

TEST_F(BehindCheckpoints, L8_RightBehindACheckpointThePresentHasARevision) {
  const RecordPtr newest = must(world.runtime.run(admin->write_checkpoint()));
  exchange();
  const PastState state = must(at("HEAD"));
  EXPECT_EQ(state.revision, one->revision());
  EXPECT_EQ(state.heads, std::vector{newest->id});
  EXPECT_EQ(value("HEAD~5"), 0);
}

// Whoever named such a checkpoint for what it covers would be taken to have seen that change as well.
TEST_F(BehindCheckpoints, M3_WhatCameWhileACheckpointWasWrittenWasSeenByNobodyWhoNamesIt) {
  const std::string before = to_hex(*one->revision());
  const Checkpoint covering = must(world.runtime.run(admin->next_checkpoint()));
  world.write(*one, a, 100);
  exchange();
  const RecordPtr newest = must(world.runtime.run(admin->author(RecordKind::checkpoint, covering.to_body())));
  exchange();
  ASSERT_EQ(id_of(*one), newest->id);
  EXPECT_EQ(must(at(before)).behind, newest->id);
  EXPECT_FALSE(must(at("HEAD")).behind);
  EXPECT_FALSE(must(at(to_hex(*one->revision()))).behind);
}

TEST_F(BehindCheckpoints, L8_ACheckpointIsPutAfterWhatItCovers) {
  const std::string before = to_hex(*one->revision());
  const RecordPtr late = world.write(*one, a, 100);
  libp2p::TaskGroup tasks(world.runtime.env());
  RecordPtr written;
  const auto write = [&]() -> Task<> { written = must(co_await admin->write_checkpoint()); };
  tasks.spawn("checkpoint", write());
  const auto bring = [&]() -> Task<> { EXPECT_TRUE(co_await admin->accept({late})); };
  tasks.spawn("late", bring());
  world.runtime.run(tasks.join());
  exchange();
  ASSERT_FALSE(
      admin->log().covered_by(must(Checkpoint::from_body(written->record.body)).anchor.vector, *late));
  EXPECT_FALSE(admin->log().happened_before(late->id, written->id));
  EXPECT_FALSE(must(at(before)).behind);
}

TEST_F(BehindCheckpoints, L8_WhatIsForgottenIsSaidToBeAndNothingElseIsAnswered) {
  world.runtime.run_for(testing::month + std::chrono::hours(1));
  ASSERT_GT(drop(*one), 0U);
  for (int i = 0; i < 3; ++i) {
    expect_gone(at("HEAD~" + std::to_string(5 - i)).error());
    expect_gone(at(revisions[static_cast<std::size_t>(i)]).error());
    const RecordId id = changes[static_cast<std::size_t>(i)]->id;
    expect_gone(at(to_cid(id)).error());
    expect_gone(world.runtime.run(one->past().before(id)).error());
  }
  EXPECT_EQ(value("HEAD~2"), 3);
  EXPECT_EQ(value(revisions[3]), 3);
  EXPECT_EQ(value("HEAD~1"), 4);
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
