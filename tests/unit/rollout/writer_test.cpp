#include "starling/rollout/writer.hpp"

#include <set>

#include "tests/unit/rollout/rollout_fixture.hpp"

namespace starling {
namespace {

using testing::must;
using Outcome = Writer::Outcome;

Path key(int number) { return {"settings", "http", "k" + std::to_string(number)}; }

Propose setting(Path path, json::value value) {
  return in_scope(std::string(base_scope),
                  [path = std::move(path), value = std::move(value)](const json::value& present) {
                    Proposal proposal{present, {Edit{std::string(base_scope), path, EditOp::set, value}}};
                    apply_edit(proposal.document, proposal.edits.front());
                    return std::expected<Proposal, WriteFault>(std::move(proposal));
                  });
}

// Many clients at one writer.
class WriterTest : public RolloutTest {
 protected:
  using RolloutTest::RolloutTest;

  // What it is answered, once it is.
  std::shared_ptr<std::optional<Outcome>> send(Propose propose, WriteOptions options = {}) {
    auto answer = std::make_shared<std::optional<Outcome>>();
    tasks_.spawn("client", ask(std::move(propose), std::move(options), answer));
    return answer;
  }
  Task<> ask(Propose propose, WriteOptions options, std::shared_ptr<std::optional<Outcome>> answer) {
    answer->emplace(co_await writer_->write(std::move(propose), std::move(options)));
  }
  Outcome write(Propose propose, WriteOptions options = {}) {
    return runtime_.run(writer_->write(std::move(propose), std::move(options)));
  }
  // A change of the other node, which has seen all that is here.
  RecordPtr by_another(Path path, json::value value) {
    return must(Author(other_key_, 9)
                    .write(fleet_->authoring_context(), RecordKind::change, founding_[2]->id,
                           testing::set_change(std::move(path), std::move(value)).to_body()));
  }
  Task<> take(RecordPtr record) { EXPECT_TRUE(co_await fleet_->accept({std::move(record)})); }
};

TEST_F(WriterTest, ABurstIsTriedAndStoredTogetherAndEachIsAChangeOfItsOwn) {
  std::vector<std::shared_ptr<std::optional<Outcome>>> answers;
  for (int i = 0; i < 100; ++i)
    answers.push_back(send(setting(key(i), i), {.actor = "a" + std::to_string(i)}));
  settle();
  std::set<RecordId> ids;
  for (int i = 0; i < 100; ++i) {
    const auto& answer = *answers[static_cast<std::size_t>(i)];
    ASSERT_TRUE(answer && *answer) << i;
    ids.insert(*(*answer)->change);
    const auto change = must(Change::from_body(fleet_->log().get(*(*answer)->change)->record.body));
    EXPECT_EQ(change.actor, "a" + std::to_string(i));
    EXPECT_EQ(change.edits.front().path, key(i));
    EXPECT_EQ(fleet_->status_of(*(*answer)->change).state, ChangeState::applied);
  }
  EXPECT_EQ(ids.size(), 100U);
  EXPECT_LE(driver_.applies(), 2U);
  EXPECT_LE(store_.commits, 3U);  // one of them is the founding
  EXPECT_TRUE(same_json(driver_.running(), document()));
}

TEST_F(WriterTest, WritesOfABatchSeeOneAnotherInTheOrderOfComing) {
  std::vector<std::shared_ptr<std::optional<Outcome>>> answers;
  // Each appends to what the one before has left.
  for (int i = 0; i < 20; ++i) {
    answers.push_back(send([i](const json::value& present) {
      const json::value* before = find(scope_document(present, base_scope), {"settings", "http", "all"});
      return setting(
          {"settings", "http", "all"},
          json::string((before ? std::string(before->as_string()) : "") + "," + std::to_string(i)))(present);
    }));
  }
  settle();
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += "," + std::to_string(i);
  EXPECT_EQ(find(document(), {"settings", "http", "all"})->as_string(), expected);
  for (const auto& answer : answers) EXPECT_TRUE(*answer && **answer);
}

TEST_F(WriterTest, OnlyThoseThatTheDataPlaneRefusesGetItsError) {
  ASSERT_TRUE(write(setting(key(0), 0)));
  const std::set<int> bad{3, 40, 41, 99};
  driver_.refuse([&](const json::value& candidate) {
    return std::ranges::any_of(bad, [&](int i) { return find(candidate, key(i)) != nullptr; });
  });
  std::vector<std::shared_ptr<std::optional<Outcome>>> answers;
  for (int i = 1; i < 100; ++i) answers.push_back(send(setting(key(i), i)));
  const std::size_t before = driver_.applies();
  settle();
  for (int i = 1; i < 100; ++i) {
    const auto& answer = *answers[static_cast<std::size_t>(i - 1)];
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->has_value(), !bad.contains(i)) << i;
    EXPECT_EQ(find(document(), key(i)) != nullptr, !bad.contains(i)) << i;
    if (!*answer) EXPECT_EQ(answer->error().status, 400);
  }
  EXPECT_TRUE(same_json(driver_.running(), document()));
  // Two for each step of the halving, of which there are seven a culprit.
  EXPECT_LE(driver_.applies() - before, 2 * 7 * bad.size() + 1);
}

TEST_F(WriterTest, AWriteIsNotAnsweredByWhatAFailedOneBeforeItWouldHaveLeft) {
  ASSERT_TRUE(write(setting(key(0), 0)));
  driver_.refuse([](const json::value& candidate) { return find(candidate, key(0))->as_int64() != 0; });
  const auto first = send(setting(key(1), 1));
  const auto refused = send(setting(key(0), 7));
  // With the refused one before it, it would have nothing to do.
  const auto same = send([](const json::value& present) -> std::expected<Proposal, WriteFault> {
    if (find(scope_document(present, base_scope), key(0))->as_int64() == 7) return Proposal{present, {}};
    return setting(key(2), "still 0")(present);
  });
  // And this one would fail.
  const auto failing = send([](const json::value& present) -> std::expected<Proposal, WriteFault> {
    if (find(scope_document(present, base_scope), key(0))->as_int64() == 7)
      return std::unexpected(WriteFault{404});
    return setting(key(3), "still 0")(present);
  });
  settle();
  EXPECT_TRUE(**first);
  EXPECT_FALSE(**refused);
  ASSERT_TRUE(**same);
  EXPECT_TRUE((*same)->value().change);
  EXPECT_TRUE(**failing);
  EXPECT_NE(find(document(), key(2)), nullptr);
  EXPECT_NE(find(document(), key(3)), nullptr);
}

TEST_F(WriterTest, OneThatFailsByItselfIsLeftOut) {
  const auto good = send(setting(key(1), 1));
  const auto bad = send([](const json::value&) -> std::expected<Proposal, WriteFault> {
    return std::unexpected(WriteFault{404, json::object{{"error", "Value doesn't exist."}}});
  });
  const auto invalid = send(setting({"listeners", "*:8080"}, json::object{{"pass", "routes/nowhere"}}));
  const auto after = send(setting(key(2), 2));
  settle();
  EXPECT_TRUE(**good);
  EXPECT_EQ((*bad)->error().status, 404);
  EXPECT_EQ((*invalid)->error().status, 400);
  EXPECT_TRUE((*invalid)->error().body.as_object().contains("location"));
  EXPECT_TRUE(**after);
  EXPECT_FALSE(has_listeners(document()));
  EXPECT_TRUE(same_json(driver_.running(), document()));
}

TEST_F(WriterTest, WhatNoNodeCouldReadIsRefusedAndNeverAuthored) {
  ASSERT_TRUE(write(setting(key(0), 0)));
  const auto revision = fleet_->revision();
  const auto cut = write(setting(key(1), 1), {.message = "\xc3"});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().status, 400);
  const auto long_one = write(setting(key(1), 1), {.actor = std::string(257, 'a')});
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().status, 413);
  EXPECT_EQ(fleet_->revision(), revision);
  EXPECT_EQ(fleet_->merged().fates.size(), 1U);
  EXPECT_TRUE(write(setting(key(1), 1), {.message = "\xc3\xa9"}));
}

TEST_F(WriterTest, M3_WhatIsToBePutAfterWhatIsNotHereIsAConflict) {
  RecordId forgotten;
  forgotten.bytes.fill(7);
  const auto late = write(setting(key(1), 1), {.reads_fleet = true, .parents = std::vector{forgotten}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().status, 409);
  EXPECT_NE(text_at(late.error().body.as_object(), "detail").find(to_cid(forgotten)), std::string::npos);
  EXPECT_TRUE(fleet_->merged().fates.empty());
}

TEST_F(WriterTest, AWriteThatReadsTheFleetIsCalledOnceThoseBeforeItStand) {
  const auto first = send(setting(key(1), 1));
  const auto moved = send(
      [&](const json::value& present) {
        // What it sees of the fleet is what it is given.
        EXPECT_TRUE(same_json(present, fleet_->merged().document));
        EXPECT_NE(find(document(), key(1)), nullptr);
        return setting(key(2), 2)(present);
      },
      {.reads_fleet = true});
  settle();
  EXPECT_TRUE(**first);
  EXPECT_TRUE(**moved);
}

TEST_F(WriterTest, NothingIsAnsweredBeforeItIsOnDisk) {
  const auto first = send(setting(key(1), 1));
  const auto same = send(setting(key(1), 1));
  store_.memory.fail_appends(Error{Errc::io, "no space left"});
  settle();
  EXPECT_EQ((*first)->error().status, 500);
  // That it was there already is no answer either, since it wasn't.
  EXPECT_EQ((*same)->error().status, 500);
  EXPECT_EQ(find(driver_.running(), key(1)), nullptr) << "what ran before goes back";
}

TEST_F(WriterTest, AnUnreachableDataPlaneFailsAllAndBlamesNobody) {
  ASSERT_TRUE(write(setting(key(0), 0)));
  driver_.set_reachable(false);
  const auto a = send(setting(key(1), 1));
  const auto b = send(setting(key(2), 2));
  settle();
  EXPECT_EQ((*a)->error().status, 503);
  EXPECT_EQ((*b)->error().status, 503);
  EXPECT_EQ(find(document(), key(1)), nullptr);
}

TEST_F(WriterTest, ACancelledWriterTakesItsWriteBack) {
  libp2p::TaskGroup client(runtime_.env());
  auto answer = std::make_shared<std::optional<Outcome>>();
  const auto other = send(setting(key(1), 1));
  client.spawn("client", ask(
                             [](const json::value& present) {
                               ADD_FAILURE() << "nobody waits for it";
                               return setting(key(2), 2)(present);
                             },
                             {}, answer));
  runtime_.run(client.stop());
  settle();
  EXPECT_TRUE(**other);
  EXPECT_FALSE(*answer);
  EXPECT_EQ(find(document(), key(2)), nullptr);
}

TEST_F(WriterTest, WhoeverStillWaitsWhenItStopsIsTold) {
  driver_.answer_after(std::chrono::hours(1));
  const auto under_way = send(setting(key(1), 1));
  runtime_.run_for(std::chrono::seconds(1));
  const auto waiting = send(setting(key(2), 2));
  runtime_.run_for(std::chrono::seconds(1));
  runtime_.run(writer_->stop());
  runtime_.run_for(std::chrono::seconds(1));
  EXPECT_EQ((*under_way)->error().status, 503);
  EXPECT_EQ((*waiting)->error().status, 503);
}

TEST_F(WriterTest, ACandidateThatWasNeverStoredIsReplacedAfterARestart) {
  ASSERT_TRUE(write(setting(key(0), 0)));
  // The power goes after the trial and before the disk: what runs is nobody's change.
  driver_.run_by_hand(*parse_json(R"({"settings":{"http":{"k0":0,"k1":1}}})"));
  end();
  begin();
  settle();
  EXPECT_TRUE(same_json(driver_.running(), document()));
  EXPECT_EQ(find(driver_.running(), key(1)), nullptr);
}

TEST_F(WriterTest, M3_AWriteIsPutAfterWhatCameWhileThoseBeforeItWereWorkedOut) {
  ASSERT_TRUE(write(setting(key(0), 0)));
  const RecordPtr remote = by_another(key(1), "remote");
  bool seen = false;
  bool called = false;
  std::vector<std::shared_ptr<std::optional<Outcome>>> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(send([&](const json::value&) -> std::expected<Proposal, WriteFault> {
      if (!std::exchange(called, true)) tasks_.spawn("remote", take(remote));
      return std::unexpected(WriteFault{404});
    }));
  }
  const auto last = send([&](const json::value& present) {
    seen = find(scope_document(present, base_scope), key(1)) != nullptr;
    return setting(key(1), "local")(present);
  });
  settle();
  ASSERT_TRUE(**last);
  ASSERT_TRUE(seen);
  EXPECT_TRUE(fleet_->log().happened_before(remote->id, *(*last)->value().change));
  EXPECT_TRUE(fleet_->merged().conflicts.empty());
}

TEST_F(WriterTest, M4_AWriteIsConcurrentWithWhatIsStillOnItsWayToTheDisk) {
  ASSERT_TRUE(write(setting(key(1), "before")));
  const RecordPtr remote = by_another(key(1), "remote");
  tasks_.spawn("remote", take(remote));
  bool in_log = false;
  bool seen = true;
  const auto answer = send([&](const json::value& present) {
    in_log = fleet_->log().holds(remote->id);
    seen = find(scope_document(present, base_scope), key(1))->as_string() == "remote";
    return setting(key(1), "local")(present);
  });
  settle();
  ASSERT_TRUE(**answer);
  ASSERT_TRUE(in_log);
  ASSERT_FALSE(seen);
  const RecordId local = *(*answer)->value().change;
  EXPECT_FALSE(fleet_->log().happened_before(remote->id, local));
  ASSERT_EQ(fleet_->merged().conflicts.size(), 1U);
  // Once it is on disk it has been seen.
  const RecordId next = *write(setting(key(1), "settled"))->change;
  EXPECT_TRUE(fleet_->log().happened_before(remote->id, next));
  EXPECT_TRUE(fleet_->merged().conflicts.empty());
}

class SmallWriter : public WriterTest {
 protected:
  SmallWriter() : WriterTest({.waiting = 8, .batch_writes = 4, .batch_bytes = 2000}) {}
};

TEST_F(SmallWriter, TurnsAwayWhoComesWhileTooManyWait) {
  driver_.answer_after(std::chrono::seconds(1));
  std::vector<std::shared_ptr<std::optional<Outcome>>> answers;
  answers.push_back(send(setting(key(0), 0)));
  runtime_.run_for(std::chrono::milliseconds(100));
  for (int i = 1; i <= 12; ++i) answers.push_back(send(setting(key(i), i)));
  settle();
  for (int i = 0; i <= 12; ++i) {
    const auto& answer = *answers[static_cast<std::size_t>(i)];
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->has_value(), i <= 8) << i;
    if (*answer) continue;
    EXPECT_EQ(answer->error().status, 503);
    EXPECT_GT(answer->error().retry_after_s, 0);
  }
}

TEST_F(SmallWriter, ABatchIsBoundedInWritesAndInBytes) {
  std::vector<std::shared_ptr<std::optional<Outcome>>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(send(setting(key(i), i)));
  runtime_.run_for(std::chrono::seconds(1));
  const std::size_t by_count = store_.commits;
  EXPECT_GE(by_count, 1U + 2U);
  EXPECT_LE(by_count, 1U + 3U);
  for (int i = 8; i < 11; ++i) answers.push_back(send(setting(key(i), json::string(1500, 'x'))));
  settle();
  EXPECT_EQ(store_.commits, by_count + 3);
  for (const auto& answer : answers) EXPECT_TRUE(*answer && **answer);
}

}  // namespace
}  // namespace starling
