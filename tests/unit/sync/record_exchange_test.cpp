#include "starling/sync/record_exchange.hpp"

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/io/memory_stream.hpp"
#include "starling/sync/missing_records.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using std::chrono::seconds;
using testing::FoundedFleet;
using testing::key_of;
using testing::must;
using testing::set_change;

std::vector<RecordPtr> missing(const Changelog& log, const PullRequest& request) {
  std::vector<RecordPtr> records;
  MissingRecords rest(log, request);
  while (RecordPtr record = rest.next()) records.push_back(std::move(record));
  return records;
}

class Exchange : public ::testing::Test {
 protected:
  Exchange() : grant(fleet.grant(key_of(1), Role::operator_, "one")->id), author(key_of(1), 5) {}

  void write(json::value value) {
    fleet.write(author, RecordKind::change, grant, set_change({"a"}, std::move(value)).to_body());
  }
  Changelog first_of_ours(std::size_t known) {
    Changelog theirs(fleet.id());
    for (std::size_t i = 0; i < known; ++i)
      EXPECT_EQ(theirs.ingest(fleet.log.records()[i]).outcome, Changelog::Outcome::added);
    return theirs;
  }
  // What a log that starts with `known` records of ours holds after one pull.
  Changelog pull(std::size_t known) {
    Changelog theirs = first_of_ours(known);
    auto [here, there] = libp2p::make_memory_stream_pair(runtime.env());
    libp2p::TaskGroup tasks(runtime.env());
    tasks.spawn("serve", serve(*here, PullRequest{theirs.vector(), theirs.missing()}));
    FrameReader frames(runtime.env(), *there, {});
    while (true) {
      const auto frame = runtime.run(frames.next());
      EXPECT_TRUE(frame) << frame.error().to_string();
      if (!frame) break;
      for (const Bytes& envelope : frame->records)
        EXPECT_EQ(theirs.ingest(must(open_record(envelope))).outcome, Changelog::Outcome::added);
      statuses += frame->statuses.size();
      if (!frame->end) continue;
      EXPECT_FALSE(knows_more(frame->vector, theirs.vector()));
      break;
    }
    runtime.run(tasks.join());
    return theirs;
  }
  Task<> serve(libp2p::Stream& stream, PullRequest request) {
    EXPECT_TRUE(co_await send_answer(runtime.env(), stream, fleet.log, std::move(request),
                                     {{Bytes{1}, Bytes{2}}, false, fleet.log.vector()}, {}));
  }
  // A frame of 200 bytes, one every 9 s.
  Task<> trickle(libp2p::Stream& stream) {
    Bytes bytes{200, 1};  // the length, 200
    while (co_await stream.write(bytes)) {
      bytes = {0};
      co_await libp2p::sleep_for(runtime.env(), seconds(9));
    }
  }
  [[nodiscard]] ChainId author_chain() const { return {testing::peer_of(key_of(1)), 5}; }

  libp2p::VirtualRuntime runtime;
  FoundedFleet fleet;
  RecordId grant;
  Author author;
  std::size_t statuses = 0;
};

TEST_F(Exchange, L5_OnePullBringsAllThatIsMissingInOrder) {
  for (int i = 0; i < 500; ++i) write(i);
  EXPECT_EQ(pull(0).vector(), fleet.log.vector());
  EXPECT_EQ(pull(100).vector(), fleet.log.vector());
  EXPECT_EQ(statuses, 4U);
}

TEST_F(Exchange, L5_ALargeRecordComesInFragments) {
  write(json::string(3'000'000, 'x'));
  write(1);
  EXPECT_EQ(pull(2).vector(), fleet.log.vector());
}

TEST_F(Exchange, RecordsOfManyChainsComeInTheOrderOfTheirClocks) {
  Author other(key_of(1), 6);
  for (int i = 0; i < 300; ++i) {
    fleet.write(i % 3 == 0 ? other : author, RecordKind::change, grant, set_change({"a"}, i).to_body());
  }
  const auto sent = missing(fleet.log, PullRequest{{}});
  ASSERT_EQ(sent.size(), fleet.log.size());
  Changelog theirs(fleet.id());
  for (const RecordPtr& record : sent) EXPECT_EQ(theirs.ingest(record).outcome, Changelog::Outcome::added);
  EXPECT_TRUE(std::ranges::is_sorted(sent, {}, [](const RecordPtr& record) { return record->record.hlc; }));
}

TEST_F(Exchange, NothingIsSentToWhoHasItAll) {
  write(1);
  EXPECT_TRUE(missing(fleet.log, PullRequest{fleet.log.vector()}).empty());
}

TEST_F(Exchange, WhatIsWantedByNameIsSentWhateverTheVectorSays) {
  write(1);
  const RecordPtr last = fleet.log.records().back();
  EXPECT_EQ(missing(fleet.log, PullRequest{fleet.log.vector(), {last->id}}), std::vector<RecordPtr>({last}));
}

TEST_F(Exchange, RangesNameExactlyWhatIsSent) {
  for (int i = 0; i < 200; ++i) write(i);
  const ChainId chain = author_chain();
  PullRequest request;
  request.ranges = {{chain, 100, 180}, {ChainId{chain.author, 99}, 1, 5}};
  const auto sent = missing(fleet.log, request);
  ASSERT_EQ(sent.size(), 81U);
  EXPECT_EQ(sent.front()->record.seq, 100U);
  EXPECT_EQ(sent.back()->record.seq, 180U);
  request.limit = 10;
  EXPECT_EQ(missing(fleet.log, request).size(), 10U);
}

TEST_F(Exchange, StripesTogetherAreTheWholeAndNoneHoldsAnothersRecords) {
  for (int i = 0; i < 2600; ++i) write(i);
  PullRequest request{{}};
  const auto whole = missing(fleet.log, request);
  std::vector<RecordPtr> joined(whole.size());
  request.stripe.count = 2;
  for (request.stripe.index = 0; request.stripe.index < 2; ++request.stripe.index) {
    const auto stripe = missing(fleet.log, request);
    for (std::size_t i = 0; i < stripe.size(); ++i) {
      const std::size_t block = i / stripe_block * 2 + request.stripe.index;
      joined.at(block * stripe_block + i % stripe_block) = stripe[i];
    }
  }
  EXPECT_EQ(joined, whole);
}

TEST_F(Exchange, WhatTheLogGainsMeanwhileIsTheNextRequestsMatter) {
  for (int i = 0; i < 100; ++i) write(i);
  MissingRecords rest(fleet.log, PullRequest{first_of_ours(2).vector()});
  std::size_t sent = 0;
  while (rest.next()) {
    if (++sent < 50) write(1000);
  }
  EXPECT_EQ(sent, 100U);
}

TEST_F(Exchange, L3_TheProofOfAForkIsMissingToWhoHasOneSideOnly) {
  write(1);
  Record rival = fleet.log.records().back()->record;
  rival.body = set_change({"a"}, "rival").to_body();
  Changelog one_sided = first_of_ours(fleet.log.size());
  EXPECT_EQ(fleet.log.ingest(must(sign_record(rival, key_of(1)))).outcome, Changelog::Outcome::forked);
  EXPECT_TRUE(knows_more(fleet.log.vector(), one_sided.vector()));
  for (const RecordPtr& record : missing(fleet.log, PullRequest{one_sided.vector()}))
    (void)one_sided.ingest(record);
  EXPECT_EQ(one_sided.vector(), fleet.log.vector());
  EXPECT_FALSE(knows_more(fleet.log.vector(), one_sided.vector()));
}

TEST_F(Exchange, ALongAnswerLivesWhileItGoesOn) {
  auto [here, there] = libp2p::make_memory_stream_pair(runtime.env());
  FrameReader frames(runtime.env(), *there, {.idle = seconds(10), .frame = seconds(60)});
  PullFrame frame;
  frame.records = {Bytes(1000, 1)};
  for (int i = 0; i < 100; ++i) {  // far longer than any single deadline
    runtime.run_for(seconds(9));
    ASSERT_TRUE(runtime.run(libp2p::write_length_prefixed(*here, frame.to_bytes())));
    ASSERT_TRUE(runtime.run(frames.next()));
  }
}

TEST_F(Exchange, AnAnswerThatStopsIsGivenUp) {
  auto [here, there] = libp2p::make_memory_stream_pair(runtime.env());
  FrameReader frames(runtime.env(), *there, {.idle = seconds(10), .frame = seconds(60)});
  const libp2p::Instant begun = runtime.now();
  const auto frame = runtime.run(frames.next());
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, Errc::reset);
  EXPECT_EQ(runtime.now() - begun, seconds(10));
}

TEST_F(Exchange, AnAnswerThatTricklesIsGivenUp) {
  auto [here, there] = libp2p::make_memory_stream_pair(runtime.env());
  libp2p::TaskGroup tasks(runtime.env());
  tasks.spawn("trickle", trickle(*here));
  FrameReader frames(runtime.env(), *there, {.idle = seconds(10), .frame = seconds(60)});
  const libp2p::Instant begun = runtime.now();
  EXPECT_FALSE(runtime.run(frames.next()));
  EXPECT_EQ(runtime.now() - begun, seconds(60));
  runtime.run(tasks.stop());
}

}  // namespace
}  // namespace starling
