#include "starling/sync/sync_service.hpp"

#include <set>

#include "libp2p/base/protobuf.hpp"
#include "starling/sync/missing_records.hpp"
#include "tests/unit/sync/sync_net.hpp"

namespace starling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::key_of;
using testing::must;
using testing::peer_of;
using testing::set_change;
using testing::SyncNet;

std::string topic(const SyncNet& net, std::string_view name) {
  return "/starling/" + to_cid(net.fleet.id()) + "/" + std::string(name) + "/1";
}

class Syncing : public ::testing::Test {
 protected:
  Syncing() : before(net.fleet.log.size()) {}

  // What a 1.1 peer answers that has `log`, and of it brings no more than `most` records before it breaks
  // off.
  Task<> answer(libp2p::InboundStream inbound, const Changelog& log, std::size_t most) {
    libp2p::Stream& stream = *inbound.stream;
    const auto bytes = co_await libp2p::read_length_prefixed(stream, max_pull_bytes);
    if (!bytes) co_return;
    const PullRequest request = must(PullRequest::from_bytes(*bytes));
    ++asked;
    PullFrame frame;
    if (!request.digest) {
      MissingRecords missing(log, request);
      while (RecordPtr record = missing.next()) {
        if (frame.records.size() == most) break;
        frame.records.push_back(record->envelope);
      }
    }
    const bool broken = frame.records.size() == most && most > 0;
    frame.end = !broken;
    if (request.digest) frame.vector = log.vector();
    (void)co_await libp2p::write_length_prefixed(stream, frame.to_bytes());
    // What has been written arrives before the end does.
    if (broken) co_await libp2p::sleep_for(net.runtime.env(), seconds(1));
    if (!broken) (void)co_await libp2p::close_gracefully(stream);
  }
  // Claims all that the fleet has, and brings nothing.
  Task<> withhold(libp2p::InboundStream inbound) {
    libp2p::Stream& stream = *inbound.stream;
    const auto bytes = co_await libp2p::read_length_prefixed(stream, max_pull_bytes);
    if (!bytes) co_return;
    PullFrame frame;
    frame.end = true;
    frame.vector = net.fleet.log.vector();
    (void)co_await libp2p::write_length_prefixed(stream, frame.to_bytes());
    (void)co_await libp2p::close_gracefully(stream);
  }
  // Whatever is asked for, brings `record`, and claims its chain.
  Task<> bring(libp2p::InboundStream inbound, RecordPtr record) {
    libp2p::Stream& stream = *inbound.stream;
    const auto bytes = co_await libp2p::read_length_prefixed(stream, max_pull_bytes);
    if (!bytes) co_return;
    ++asked;
    PullFrame frame;
    frame.records = {record->envelope};
    frame.end = true;
    frame.vector = net.fleet.log.vector();
    frame.vector[record->record.chain()] = {record->record.seq, record->id, {}};
    (void)co_await libp2p::write_length_prefixed(stream, frame.to_bytes());
    (void)co_await libp2p::close_gracefully(stream);
  }
  // Brings nothing, and remembers what it was asked for by name.
  Task<> listen(libp2p::InboundStream inbound, std::set<RecordId>& wanted) {
    libp2p::Stream& stream = *inbound.stream;
    const auto bytes = co_await libp2p::read_length_prefixed(stream, max_pull_bytes);
    if (!bytes) co_return;
    const PullRequest request = must(PullRequest::from_bytes(*bytes));
    wanted.insert(request.wanted.begin(), request.wanted.end());
    PullFrame frame;
    frame.end = true;
    if (request.digest) frame.vector = net.fleet.log.vector();
    (void)co_await libp2p::write_length_prefixed(stream, frame.to_bytes());
    (void)co_await libp2p::close_gracefully(stream);
  }
  // The beginning of a chain by that member; put after something, if it is given.
  RecordPtr head_of(std::uint8_t number, std::uint64_t incarnation, std::optional<RecordId> parent = {}) {
    Record record;
    record.fleet = net.fleet.id();
    record.kind = RecordKind::change;
    record.author = peer_of(key_of(number));
    record.incarnation = incarnation;
    record.seq = 1;
    if (parent) record.parents.push_back(*parent);
    record.grant = net.grant_of(number);
    record.hlc = Hlc::at(testing::noon + seconds(1));
    record.body = set_change({"key"}, static_cast<std::int64_t>(incarnation)).to_body();
    return must(sign_record(record, key_of(number)));
  }
  Task<> compare_as_well(libp2p::InboundStream inbound, libp2p::Host& host) {
    libp2p::Stream& stream = *inbound.stream;
    const auto bytes = co_await libp2p::read_length_prefixed(stream, max_pull_bytes);
    if (!bytes) co_return;
    ++asked;
    PullFrame frame;
    frame.end = true;
    frame.vector = net.fleet.log.vector();
    frame.vector[{peer_of(key_of(3)), 5}] = {1, net.fleet.id(), {}};
    const PullRequest request = must(PullRequest::from_bytes(*bytes));
    if (request.digest && !request.in_return) {
      auto opened = co_await host.swarm().open_stream(inbound.peer, {std::string(sync_protocol)});
      PullRequest own;
      own.digest = digest(frame.vector);
      (void)co_await libp2p::write_length_prefixed(*opened->stream, own.to_bytes());
      (void)co_await libp2p::read_length_prefixed(*opened->stream, max_pull_bytes);
    }
    (void)co_await libp2p::write_length_prefixed(stream, frame.to_bytes());
    (void)co_await libp2p::close_gracefully(stream);
  }
  void serve(libp2p::Host& host, const Changelog& log, std::size_t most) {
    host.set_handler(std::string(sync_protocol), [this, &log, most](libp2p::InboundStream inbound) {
      return answer(std::move(inbound), log, most);
    });
  }
  void publish(libp2p::Host& host, std::string_view name, BytesView data) {
    EXPECT_TRUE(host.gossipsub()->publish(topic(net, name), data));
  }
  void announce(libp2p::Host& host, const RecordPtr& record) {
    libp2p::ProtobufWriter out;
    out.bytes(1, record->envelope);
    publish(host, "records", out.view());
  }
  void subscribe(libp2p::Host& host) {
    for (const char* name : {"records", "status"})
      EXPECT_TRUE(host.gossipsub()->subscribe(
          topic(net, name), [](const libp2p::GossipMessage&) {},
          [](const PeerId&, const libp2p::GossipMessage&) { return libp2p::GossipVerdict::accept; }));
  }
  // A change by node 3 that names that grant.
  RecordPtr under_grant(const RecordId& grant) {
    Record record;
    record.fleet = net.fleet.id();
    record.kind = RecordKind::change;
    record.author = peer_of(key_of(3));
    record.incarnation = 3;
    record.seq = 1;
    record.hlc = Hlc::at(testing::noon);
    record.grant = grant;
    record.body = set_change({"a"}, 1).to_body();
    return must(sign_record(record, key_of(3)));
  }
  // A member, number 2, that has all records and hears all that is announced.
  auto met_by(SyncNet::Node& node) {
    auto member = net.stranger(2);
    serve(*member, net.fleet.log, 0);
    subscribe(*member);
    net.connect(node, 2);
    net.runtime.run_for(seconds(3));
    return member;
  }
  // A status that node 2 signs, beside which nobody can see what is true.
  Status claim(std::uint64_t counter) {
    Status status;
    status.fleet = net.fleet.id();
    status.node = peer_of(key_of(2));
    status.incarnation = 9;
    status.counter = counter;
    status.clock = net.runtime.env().clock.wall();
    return status;
  }
  void tell(libp2p::Host& host, const Status& status) {
    publish(host, "status", must(status.seal(key_of(2))));
    net.runtime.run_for(seconds(1));
  }

  SyncNet net;
  std::size_t before;
  std::size_t asked = 0;
};

TEST_F(Syncing, L5_ANodeCatchesUpWithAPeer) {
  net.write(2, 700);
  net.write(3, 700);
  SyncNet::Node& behind = net.add(1, before);
  net.add(2);
  net.connect(behind, 2);
  EXPECT_TRUE(net.run_until([&] { return net.caught_up(behind); }, seconds(5)));
  EXPECT_EQ(behind.watch.records, net.fleet.log.size() - before);
  EXPECT_TRUE(behind.fleet.revision());
}

TEST_F(Syncing, L5_SeveralPeersEachBringAShare) {
  net.config.gossip = false;
  net.write(2, 4500);
  SyncNet::Node& behind = net.add(1, before);
  SyncNet::Node& two = net.add(2);
  SyncNet::Node& three = net.add(3);
  net.connect(behind, 2);
  net.connect(behind, 3);
  EXPECT_TRUE(net.run_until([&] { return net.caught_up(behind); }, seconds(20)));
  EXPECT_EQ(behind.fleet.log().size(), net.fleet.log.size());
  std::size_t bytes = 0;
  for (const RecordPtr& record : net.fleet.log.records()) bytes += record->envelope.size();
  for (SyncNet::Node* peer : {&two, &three})
    EXPECT_GT(peer->host.swarm().counters().bytes_out, bytes / 4) << int{peer->number};
}

TEST_F(Syncing, L5_WhatCameBeforeAConnectionBrokeIsKeptAndTheNextPullGoesOn) {
  net.write(3, 500);
  SyncNet::Node& behind = net.add(1, before);
  const auto breaker = net.stranger(2);
  serve(*breaker, net.fleet.log, 200);
  net.connect(behind, 2);
  net.runtime.run_for(seconds(1));
  EXPECT_EQ(behind.fleet.log().size(), before + 200);
  EXPECT_TRUE(net.run_until([&] { return net.caught_up(behind); }, seconds(60)));
  EXPECT_EQ(asked, 4U) << "a comparison, and three pulls, each from where the one before ended";
  net.runtime.run(breaker->stop());
}

TEST_F(Syncing, RV13_APeerThatWithholdsIsPassedOver) {
  net.write(3, 50);
  SyncNet::Node& behind = net.add(1, before);
  const auto withholder = net.stranger(2);
  withholder->set_handler(std::string(sync_protocol),
                          [this](libp2p::InboundStream inbound) { return withhold(std::move(inbound)); });
  net.connect(behind, 2);
  net.runtime.run_for(minutes(3));
  EXPECT_EQ(behind.fleet.log().size(), before);
  EXPECT_EQ(behind.heard.raised(Alarm::Kind::unfetchable), 1U);
  net.add(3);
  net.connect(behind, 3);
  EXPECT_TRUE(net.run_until([&] { return net.caught_up(behind); }, seconds(5)));
  EXPECT_TRUE(net.run_until([&] { return behind.sync.alarms().standing().empty(); }, seconds(10)));
  net.runtime.run(withholder->stop());
}

TEST_F(Syncing, RV13_AHeadInASignedStatusThatNobodyServesRaisesAnAlarm) {
  SyncNet::Node& node = net.add(1);
  const auto liar = met_by(node);
  Status status = claim(1);
  status.heads = {RecordId{}};
  status.heads[0].bytes.fill(5);
  tell(*liar, status);
  net.runtime.run_for(seconds(80));
  EXPECT_EQ(node.heard.raised(Alarm::Kind::unfetchable), 0U);
  net.runtime.run_for(seconds(20));
  EXPECT_EQ(node.heard.raised(Alarm::Kind::unfetchable), 1U);
  net.runtime.run_for(minutes(5));
  EXPECT_EQ(node.heard.raised(Alarm::Kind::unfetchable), 1U);
  net.runtime.run(liar->stop());
}

TEST_F(Syncing, RV13_AMemberWhoseStatusesStopIsStale) {
  SyncNet::Node& node = net.add(1);
  const auto other = met_by(node);
  tell(*other, claim(1));
  tell(*other, claim(2));
  net.runtime.run_for(seconds(80));
  EXPECT_EQ(node.heard.raised(Alarm::Kind::stale), 0U);
  net.runtime.run_for(seconds(20));
  EXPECT_EQ(node.heard.raised(Alarm::Kind::stale), 1U);
  net.runtime.run(other->stop());
}

TEST_F(Syncing, L7_AMembersClockIsKnownByItsFreshStatuses) {
  SyncNet::Node& node = net.add(1);
  const auto other = met_by(node);
  const PeerId peer = peer_of(key_of(2));
  const auto tell_clock = [&](std::uint64_t counter, std::chrono::milliseconds error) {
    Status status = claim(counter);
    status.clock += error;
    tell(*other, status);
  };
  tell_clock(1, minutes(10));
  EXPECT_FALSE(node.sync.clock_offset(peer)) << "it may be an old one";
  tell_clock(2, minutes(10));
  EXPECT_NEAR(static_cast<double>(node.sync.clock_offset(peer).value().count()), -600e3, 100);
  EXPECT_EQ(node.sync.clock_offset(peer_of(key_of(1)))->count(), 0);
  net.runtime.run_for(seconds(6));
  EXPECT_EQ(node.heard.raised(Alarm::Kind::clock), 1U);
  tell_clock(3, {});
  net.runtime.run_for(seconds(6));
  EXPECT_TRUE(node.sync.alarms().standing().empty());
  net.runtime.run(other->stop());
}

TEST_F(Syncing, M9_APeerThatClaimsAnotherStateOfTheSameRecordsRaisesAnAlarmOnce) {
  net.write(3, 5);
  SyncNet::Node& node = net.add(1);
  const auto liar = met_by(node);
  for (std::uint64_t counter = 1; counter < 4; ++counter) {
    Status status = claim(counter);
    status.vector_digest = digest(net.fleet.log.vector());
    status.revision.emplace().bytes.fill(6);
    tell(*liar, status);
    net.runtime.run_for(seconds(10));
  }
  ASSERT_EQ(node.heard.raised(Alarm::Kind::differs), 1U);
  const Alarm& alarm = node.heard.alarms.front().first;
  EXPECT_EQ(alarm.node, peer_of(key_of(2)));
  EXPECT_NE(alarm.what.find(to_hex(*node.fleet.revision())), std::string::npos);
  net.runtime.run(liar->stop());
}

TEST_F(Syncing, M9_NodesThatAgreeRaiseNothingWhileTheyWrite) {
  SyncNet::Node& one = net.add(1);
  SyncNet::Node& two = net.add(2);
  net.connect(one, 2);
  for (int i = 0; i < 20; ++i) {
    SyncNet::Node& writer = i % 2 == 0 ? one : two;
    EXPECT_TRUE(net.runtime.run(writer.fleet.author(RecordKind::change, set_change({"a"}, i).to_body())));
    net.runtime.run_for(seconds(2));
  }
  EXPECT_EQ(one.fleet.revision(), two.fleet.revision());
  const SeenStatus* seen = one.sync.board().find(peer_of(key_of(2)));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->status.vector_digest, digest(one.fleet.log().vector()));
  EXPECT_EQ(seen->status.revision, one.fleet.revision());
  EXPECT_TRUE(one.heard.alarms.empty());
  EXPECT_TRUE(two.heard.alarms.empty());
}

TEST_F(Syncing, RV11_AReplayedRecordChangesNothingAndIsNotPassedOn) {
  net.write(3, 5);
  SyncNet::Node& node = net.add(1);
  SyncNet::Node& neighbour = net.add(4);
  const auto replayer = net.stranger(2);
  serve(*replayer, net.fleet.log, 0);
  subscribe(*replayer);
  net.connect(node, 2);
  net.connect(node, 4);
  net.runtime.run_for(minutes(3));
  const auto got = [&] { return neighbour.sync.gossip_counters().delivered; };
  const auto delivered = got();
  const auto revision = node.fleet.revision();
  for (const RecordPtr& record : net.fleet.log.records()) announce(*replayer, record);
  net.runtime.run_for(seconds(2));
  EXPECT_EQ(got(), delivered);
  EXPECT_EQ(node.watch.records, 0U);
  EXPECT_EQ(node.watch.revisions, 0U);
  EXPECT_EQ(node.fleet.revision(), revision);
  net.runtime.run(replayer->stop());
}

TEST_F(Syncing, RV02_WhoAnnouncesWhatTheCharterDeniesIsBlamedAndNobodyPassesItOn) {
  SyncNet::Node& node = net.add(1);
  SyncNet::Node& neighbour = net.add(4);
  net.connect(node, 4);
  const auto liar = met_by(node);
  const auto blamed = [](const SyncNet::Node& by) { return by.sync.gossip_counters().penalties; };
  const auto blamed_before = blamed(node);
  const RecordPtr denied = under_grant(net.grant_of(2));
  announce(*liar, denied);
  publish(*liar, "records", libp2p::as_bytes("no announcement"));
  libp2p::ProtobufWriter no_record;
  no_record.bytes(1, libp2p::as_bytes("no record"));
  publish(*liar, "records", no_record.view());
  net.runtime.run_for(seconds(5));
  EXPECT_EQ(blamed(node), blamed_before + 3);
  EXPECT_FALSE(node.fleet.log().holds(denied->id));
  EXPECT_FALSE(neighbour.fleet.log().holds(denied->id));
  EXPECT_EQ(neighbour.sync.gossip_counters().rejected, 0U);
  EXPECT_EQ(blamed(neighbour), 0U) << "it has nothing against the node that heard of them first";
  net.runtime.run(liar->stop());
}

TEST_F(Syncing, RV02_WhoAnnouncesWhatNobodyCanJudgeYetIsNotBlamedAndNobodyPassesItOn) {
  SyncNet::Node& node = net.add(1);
  SyncNet::Node& neighbour = net.add(4);
  net.connect(node, 4);
  const auto bringer = met_by(node);
  RecordId unknown;
  unknown.bytes.fill(5);
  const RecordPtr record = under_grant(unknown);
  announce(*bringer, record);
  net.runtime.run_for(seconds(5));
  EXPECT_EQ(node.sync.gossip_counters().ignored, 1U);
  EXPECT_EQ(neighbour.sync.gossip_counters().ignored, 0U);
  for (const SyncNet::Node* at : {&node, &neighbour}) {
    EXPECT_FALSE(at->fleet.log().holds(record->id));
    EXPECT_EQ(at->sync.gossip_counters().rejected, 0U);
    EXPECT_EQ(at->sync.gossip_counters().penalties, 0U);
  }
  net.runtime.run(bringer->stop());
}

TEST_F(Syncing, RV20_ARecordOfAnotherFleetIsNotTaken) {
  SyncNet::Node& node = net.add(1);
  const auto bringer = net.stranger(2);
  Record foreign;
  foreign.fleet.bytes.fill(4);
  foreign.kind = RecordKind::change;
  foreign.author = peer_of(key_of(2));
  foreign.incarnation = 3;
  foreign.seq = 1;
  foreign.hlc = Hlc::at(testing::noon);
  foreign.grant = net.grant_of(2);
  foreign.body = set_change({"a"}, 1).to_body();
  const RecordPtr record = must(sign_record(foreign, key_of(2)));
  bringer->set_handler(std::string(sync_protocol), [this, &record](libp2p::InboundStream inbound) {
    return bring(std::move(inbound), record);
  });
  subscribe(*bringer);
  net.connect(node, 2);
  net.runtime.run_for(seconds(3));
  announce(*bringer, record);
  net.runtime.run_for(seconds(60));
  EXPECT_GE(asked, 2U);
  EXPECT_EQ(node.fleet.log().size(), before);
  EXPECT_EQ(node.fleet.log().waiting(), 0U);
  EXPECT_FALSE(node.fleet.revision());
  net.runtime.run(bringer->stop());
}

TEST_F(Syncing, L3_ABranchThatARulingLetsStandIsFetched) {
  const auto side = [&](std::string_view value) {
    Record record;
    record.fleet = net.fleet.id();
    record.kind = RecordKind::change;
    record.author = peer_of(key_of(3));
    record.incarnation = 9;
    record.seq = 1;
    record.grant = net.grant_of(3);
    record.hlc = Hlc::at(testing::noon);
    record.body = set_change({"side"}, json::string(value)).to_body();
    return must(sign_record(record, key_of(3)));
  };
  // A vector names two branches of a fork: of the third it says nothing.
  std::vector<RecordPtr> sides{side("left"), side("right"), side("middle")};
  std::ranges::sort(sides, {}, [](const RecordPtr& one) { return one->id; });
  for (const RecordPtr& one : sides) (void)net.fleet.log.ingest(one);
  const RecordPtr stands = sides.back();
  const RecordPtr ruling =
      net.fleet.root_writes(RecordKind::ruling, Ruling{stands->record.chain(), 1, stands->id}.to_body());
  SyncNet::Node& behind = net.add(1, before + 2);
  EXPECT_TRUE(net.runtime.run(behind.fleet.accept({ruling})));
  ASSERT_FALSE(behind.fleet.log().holds(stands->id));
  net.add(2);
  net.connect(behind, 2);
  EXPECT_TRUE(net.run_until([&] { return behind.fleet.log().holds(stands->id); }, minutes(2)));
}

TEST_F(Syncing, APeerOfTheVersionBeforeIsPulledFrom) {
  net.write(2, 300);
  SyncNet::Node& behind = net.add(1, before);
  SyncNet::Node& old = net.add(2);
  old.host.swarm().remove_handler(sync_protocol);
  net.connect(behind, 2);
  EXPECT_TRUE(net.run_until([&] { return net.caught_up(behind); }, seconds(5)));
  old.host.set_handler(std::string(sync_protocol), [](libp2p::InboundStream) -> Task<> { co_return; });
}

TEST_F(Syncing, AskedInTheVersionBeforeItAnswersInThat) {
  net.write(2, 300);
  net.add(2);
  const auto asker = net.stranger(3);
  ASSERT_TRUE(
      net.runtime.run(asker->swarm().connect(peer_of(key_of(2)), {*libp2p::Multiaddr::parse("/memory/2")})));
  auto opened = net.runtime.run(asker->open_stream(peer_of(key_of(2)), std::string(sync_protocol_1_0)));
  ASSERT_TRUE(opened);
  const PullRequest request{VersionVector{}};
  ASSERT_TRUE(net.runtime.run(libp2p::write_length_prefixed(*opened->stream, request.to_bytes())));
  FrameReader frames(net.runtime.env(), *opened->stream, {});
  std::size_t records = 0;
  while (true) {
    const PullFrame frame = must(net.runtime.run(frames.next()));
    records += frame.records.size();
    if (!frame.end) continue;
    EXPECT_EQ(frame.vector, net.fleet.log.vector());
    break;
  }
  EXPECT_EQ(records, net.fleet.log.size());
  opened->stream->reset();
  net.runtime.run(asker->stop());
}

TEST_F(Syncing, PeersThatHoldTheSameTellEachOtherNextToNothing) {
  net.config.gossip = false;
  net.write(2, 300);
  SyncNet::Node& one = net.add(1);
  net.add(2);
  net.connect(one, 2);
  net.runtime.run_for(minutes(2));
  const auto bytes = [&] {
    return one.host.swarm().counters().bytes_in + one.host.swarm().counters().bytes_out;
  };
  const auto begun = bytes();
  net.runtime.run_for(minutes(10));
  EXPECT_LT(bytes() - begun, 10 * 60 * 250U);  // bytes a second, with statuses and what keeps the connection
}

// The peer begins a comparison whenever one with it is begun: as two do at the same time, and it never comes
// to hold the same.
TEST_F(Syncing, L5_TwoThatNeverComeToHoldTheSameCompareAtTheirOwnPace) {
  net.config.gossip = false;
  SyncNet::Node& one = net.add(1);
  auto member = net.stranger(2);
  member->set_handler(std::string(sync_protocol), [&](libp2p::InboundStream inbound) {
    return compare_as_well(std::move(inbound), *member);
  });
  net.connect(one, 2);
  net.runtime.run_for(minutes(1));
  EXPECT_GT(asked, 2U);
  EXPECT_LT(asked, 20U);
  net.runtime.run(member->stop());
}

// More of them than can be asked for at once, and nobody has one.
TEST_F(Syncing, RV09_WhatIsMissingIsAskedForInTurn) {
  net.config.gossip = false;
  SyncNet::Node& one = net.add(1);
  std::vector<RecordPtr> waiting;
  for (std::uint8_t i = 0; i < 2; ++i) {
    for (std::uint8_t j = 0; j < 200; ++j) {
      RecordId made_up;
      made_up.bytes[0] = i + 1;
      made_up.bytes[1] = j;
      waiting.push_back(head_of(3, 1000U * (i + 1U) + j, made_up));
    }
  }
  ASSERT_EQ(must(net.runtime.run(one.fleet.accept(waiting))).waiting, waiting.size());
  auto member = net.stranger(2);
  std::set<RecordId> wanted;
  member->set_handler(std::string(sync_protocol),
                      [&](libp2p::InboundStream inbound) { return listen(std::move(inbound), wanted); });
  net.connect(one, 2);
  EXPECT_TRUE(net.run_until([&] { return wanted.size() == waiting.size(); }, minutes(60)));
  net.runtime.run(member->stop());
}

}  // namespace
}  // namespace starling
