#include "starling/sync/record_exchange.hpp"

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/memory_stream.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::FoundedFleet;
using testing::key_of;
using testing::must;
using testing::set_change;

class Exchange : public ::testing::Test {
 protected:
  Exchange() : grant(fleet.grant(key_of(1), Role::operator_, "one")->id), author(key_of(1), 5) {}

  void write(json::value value) {
    fleet.write(author, RecordKind::change, grant, set_change({"a"}, std::move(value)).to_body());
  }
  // What a log that starts with `known` records of ours holds after one pull.
  Changelog pull(std::size_t known) {
    Changelog theirs(fleet.id());
    for (std::size_t i = 0; i < known; ++i)
      EXPECT_EQ(theirs.ingest(fleet.log.records()[i]).outcome, Changelog::Outcome::added);
    auto [here, there] = libp2p::make_memory_stream_pair(runtime.env());
    libp2p::TaskGroup tasks(runtime.env());
    tasks.spawn("serve", serve(*here, PullRequest{theirs.vector(), theirs.missing()}));
    const TakeRecords take = [&theirs](std::vector<RecordPtr> records) -> Task<Result<>> {
      for (const RecordPtr& record : records)
        EXPECT_EQ(theirs.ingest(record).outcome, Changelog::Outcome::added);
      co_return Result<>{};
    };
    const auto vector = runtime.run(receive_records(*there, take, [this](BytesView) { ++statuses; }));
    EXPECT_TRUE(vector.has_value());
    if (vector) EXPECT_FALSE(knows_more(*vector, theirs.vector()));
    runtime.run(tasks.join());
    return theirs;
  }
  Task<> serve(libp2p::Stream& stream, PullRequest request) {
    EXPECT_TRUE(co_await send_records(stream, missing_records(fleet.log, request), {Bytes{1}, Bytes{2}},
                                      fleet.log.vector()));
  }

  libp2p::VirtualRuntime runtime;
  FoundedFleet fleet;
  RecordId grant;
  Author author;
  int statuses = 0;
};

TEST_F(Exchange, L5_OnePullBringsAllThatIsMissingInOrder) {
  for (int i = 0; i < 500; ++i) write(i);
  EXPECT_EQ(pull(0).vector(), fleet.log.vector());
  EXPECT_EQ(pull(100).vector(), fleet.log.vector());
  EXPECT_EQ(statuses, 4);
}

TEST_F(Exchange, L5_ALargeRecordComesInFragments) {
  write(json::string(3'000'000, 'x'));
  write(1);
  EXPECT_EQ(pull(2).vector(), fleet.log.vector());
}

TEST_F(Exchange, NothingIsSentToWhoHasItAll) {
  write(1);
  EXPECT_TRUE(missing_records(fleet.log, PullRequest{fleet.log.vector(), {}}).empty());
}

TEST_F(Exchange, WhatIsWantedByNameIsSentWhateverTheVectorSays) {
  write(1);
  const RecordPtr last = fleet.log.records().back();
  const auto sent = missing_records(fleet.log, PullRequest{fleet.log.vector(), {last->id}});
  EXPECT_EQ(sent, std::vector<RecordPtr>({last}));
}

TEST_F(Exchange, L3_TheProofOfAForkIsMissingToWhoHasOneSideOnly) {
  write(1);
  Record rival = fleet.log.records().back()->record;
  rival.body = set_change({"a"}, "rival").to_body();
  Changelog one_sided(fleet.id());
  for (const RecordPtr& record : fleet.log.records())
    EXPECT_EQ(one_sided.ingest(record).outcome, Changelog::Outcome::added);
  EXPECT_EQ(fleet.log.ingest(must(sign_record(rival, key_of(1)))).outcome, Changelog::Outcome::forked);
  EXPECT_TRUE(knows_more(fleet.log.vector(), one_sided.vector()));
  for (const RecordPtr& record : missing_records(fleet.log, PullRequest{one_sided.vector(), {}}))
    (void)one_sided.ingest(record);
  EXPECT_EQ(one_sided.vector(), fleet.log.vector());
  EXPECT_FALSE(knows_more(fleet.log.vector(), one_sided.vector()));
}

}  // namespace
}  // namespace starling
