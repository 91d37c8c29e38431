// Who gets in, and what those may do who aren't admitted yet.
#include <gtest/gtest.h>

#include <map>

#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view join_protocol = "/test/join/1";
constexpr std::string_view other_protocol = "/test/other/1";

struct TableGater final : Gater {
  Admission by_default = Admission::full;
  std::map<PeerId, Admission> admissions;
  std::vector<Multiaddr> not_dialled;
  std::vector<Multiaddr> not_accepted;

  bool may_dial(const PeerId&, const Multiaddr& address) override {
    return std::ranges::find(not_dialled, address) == not_dialled.end();
  }
  bool may_accept(const Multiaddr& remote) override {
    return std::ranges::find(not_accepted, remote) == not_accepted.end();
  }
  Admission admit(const PeerId& peer, Direction) override {
    const auto found = admissions.find(peer);
    return found == admissions.end() ? by_default : found->second;
  }
  [[nodiscard]] std::vector<std::string> restricted_protocols() const override {
    return {std::string(join_protocol)};
  }
};

struct Inbound {
  std::size_t runs = 0;
  std::size_t bytes = 0;
  std::optional<Error> error;
  bool restricted = false;
};
Task<> swallow(Inbound& seen, InboundStream in) {
  ++seen.runs;
  seen.restricted = in.restricted;
  Bytes buffer(16 * 1024);
  for (;;) {
    const auto got = co_await in.stream->read_some(buffer);
    if (!got) {
      seen.error = got.error();
      co_return;
    }
    if (*got == 0) break;
    seen.bytes += *got;
  }
  (void)co_await in.stream->write(as_bytes("done"));
  (void)co_await in.stream->close_write();
}

// A guard with a gater, and a stranger without.
struct Gate {
  Gate() : guard(net.add({.gater = &gater})), stranger(net.add()) {
    guard.swarm.set_handler(std::string(join_protocol),
                            [this](InboundStream in) { return swallow(join, std::move(in)); });
    guard.swarm.set_handler(std::string(other_protocol),
                            [this](InboundStream in) { return swallow(other, std::move(in)); });
  }
  static Task<Result<std::string>> talk(Swarm& swarm, PeerId peer, std::string_view protocol,
                                        std::size_t bytes) {
    LIBP2P_CO_TRY(Swarm::OpenedStream opened, co_await swarm.open_stream(peer, {std::string(protocol)}));
    LIBP2P_CO_CHECK(co_await opened.stream->write(Bytes(bytes)));
    LIBP2P_CO_CHECK(co_await opened.stream->close_write());
    LIBP2P_CO_TRY(const Bytes answer, co_await read_to_end(*opened.stream, 100));
    co_return std::string(as_text(answer));
  }
  Result<std::string> from_stranger(std::string_view protocol, std::size_t bytes = 10) {
    return net.runtime.run(talk(stranger.swarm, guard.id, protocol, bytes));
  }
  ConnectionId restricted_connection() { return guard.swarm.connections(stranger.id).at(0).id; }

  TableGater gater;
  SwarmNet net;
  TestNode& guard;
  TestNode& stranger;
  Inbound join;
  Inbound other;
};

TEST(Admission, ARefusedPeerIsClosedWithoutAByteOfTheMuxer) {
  Gate gate;
  gate.gater.by_default = Admission::refused;
  (void)gate.net.connect(gate.stranger, gate.guard);
  gate.net.runtime.run_for(milliseconds(100));
  EXPECT_FALSE(gate.stranger.swarm.is_connected(gate.guard.id));
  EXPECT_TRUE(gate.guard.swarm.connections().empty());
  EXPECT_EQ(gate.guard.swarm.counters().inbound_refused, 1U);
  EXPECT_EQ(gate.stranger.swarm.counters().bytes_in, 0U);
  EXPECT_EQ(gate.guard.log.count("opened"), 0U);
}

TEST(Admission, ARefusedPeerIsNotReachedByOurOwnDialEither) {
  Gate gate;
  gate.gater.by_default = Admission::refused;
  EXPECT_EQ(gate.net.connect(gate.guard, gate.stranger).error().code, Errc::refused);
  gate.net.runtime.run_for(milliseconds(100));
  EXPECT_TRUE(gate.stranger.swarm.connections().empty());
}

TEST(Admission, AddressesCanBeRefusedBeforeTheDialAndBeforeTheHandshake) {
  Gate gate;
  gate.gater.not_dialled = {gate.stranger.address()};
  EXPECT_EQ(gate.net.connect(gate.guard, gate.stranger).error().code, Errc::refused);
  EXPECT_EQ(gate.guard.swarm.counters().dials, 0U);
  gate.gater.not_accepted = {gate.stranger.address()};
  EXPECT_FALSE(gate.net.connect(gate.stranger, gate.guard));
  EXPECT_EQ(gate.guard.swarm.counters().inbound_refused, 1U);
}

TEST(Restricted, OnlyItsProtocolsAreSpokenInEitherDirection) {
  Gate gate;
  gate.gater.by_default = Admission::restricted;
  gate.stranger.swarm.set_handler(std::string(other_protocol),
                                  [&](InboundStream in) { return swallow(gate.other, std::move(in)); });
  ASSERT_TRUE(gate.net.connect(gate.stranger, gate.guard));
  EXPECT_EQ(gate.from_stranger(other_protocol).error().code, Errc::not_supported);
  EXPECT_EQ(gate.other.runs, 0U);
  EXPECT_EQ(*gate.from_stranger(join_protocol), "done");
  EXPECT_TRUE(gate.join.restricted);

  EXPECT_FALSE(gate.guard.swarm.is_connected(gate.stranger.id));
  EXPECT_EQ(
      gate.net.runtime.run(gate.guard.swarm.open_stream(gate.stranger.id, {std::string(other_protocol)}))
          .error()
          .code,
      Errc::not_found);
  const auto refused = gate.net.runtime.run(
      gate.guard.swarm.open_stream_on(gate.restricted_connection(), {std::string(other_protocol)}));
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_TRUE(gate.net.runtime.run(
      gate.guard.swarm.open_stream_on(gate.restricted_connection(), {std::string(join_protocol)})));
}

TEST(Restricted, ObserversHearNothingUntilItIsPromoted) {
  Gate gate;
  gate.gater.by_default = Admission::restricted;
  ASSERT_TRUE(gate.net.connect(gate.stranger, gate.guard));
  gate.net.runtime.run_for(seconds(1));
  EXPECT_EQ(gate.guard.log.count("connected") + gate.guard.log.count("opened"), 0U);
  EXPECT_TRUE(gate.guard.swarm.connected_peers().empty());
  EXPECT_EQ(gate.guard.swarm.counters().restricted, 1U);
  gate.guard.swarm.promote(gate.restricted_connection());
  gate.net.runtime.run_for(seconds(30));
  EXPECT_EQ(gate.guard.log.count("connected"), 1U);
  EXPECT_EQ(gate.guard.log.count("opened"), 1U);
  EXPECT_TRUE(gate.guard.swarm.is_connected(gate.stranger.id));
  EXPECT_EQ(*gate.from_stranger(other_protocol), "done");
  EXPECT_FALSE(gate.other.restricted);
}

TEST(Restricted, ItEndsAfterTenSecondsAndNobodyIsTold) {
  Gate gate;
  gate.gater.by_default = Admission::restricted;
  ASSERT_TRUE(gate.net.connect(gate.stranger, gate.guard));
  gate.net.runtime.run_for(milliseconds(9900));
  EXPECT_EQ(gate.guard.swarm.connections().size(), 1U);
  gate.net.runtime.run_for(milliseconds(200));
  EXPECT_TRUE(gate.guard.swarm.connections().empty());
  EXPECT_FALSE(gate.stranger.swarm.is_connected(gate.guard.id));
  EXPECT_TRUE(gate.guard.log.count("closed") + gate.guard.log.count("disconnected") == 0);
}

TEST(Restricted, ItTakes64KiBAndThenEnds) {
  Gate gate;
  gate.gater.by_default = Admission::restricted;
  ASSERT_TRUE(gate.net.connect(gate.stranger, gate.guard));
  EXPECT_FALSE(gate.from_stranger(join_protocol, 70'000));
  EXPECT_EQ(gate.join.error->code, Errc::limit);
  gate.net.runtime.run_for(seconds(1));
  EXPECT_TRUE(gate.guard.swarm.connections().empty());
}

Task<> wait_for_ever(Env env, InboundStream in) {
  co_await sleep_for(env, std::chrono::hours(1));
  (void)in;
}

TEST(Restricted, BytesThatNobodyReadsCountToo) {
  Gate gate;
  gate.gater.by_default = Admission::restricted;
  gate.guard.swarm.remove_handler(join_protocol);
  gate.guard.swarm.set_handler(std::string(join_protocol), [&gate](InboundStream in) {
    return wait_for_ever(gate.net.runtime.env(), std::move(in));
  });
  ASSERT_TRUE(gate.net.connect(gate.stranger, gate.guard));
  EXPECT_FALSE(gate.from_stranger(join_protocol, 200'000));
  EXPECT_TRUE(gate.net.run_until([&] { return gate.guard.swarm.connections().empty(); }, seconds(2)));
}

TEST(Restricted, AtMostSixteenAtATime) {
  Gate gate;
  gate.gater.by_default = Admission::restricted;
  std::vector<TestNode*> strangers;
  for (int i = 0; i < 20; ++i) {
    strangers.push_back(&gate.net.add());
    (void)gate.net.connect(*strangers.back(), gate.guard);
  }
  gate.net.runtime.run_for(milliseconds(100));
  EXPECT_EQ(gate.guard.swarm.connections().size(), 16U);
  // They come and go: the newest are in.
  EXPECT_FALSE(strangers.front()->swarm.is_connected(gate.guard.id));
  EXPECT_TRUE(strangers.back()->swarm.is_connected(gate.guard.id));
  // A member isn't kept out by them.
  gate.gater.admissions[gate.stranger.id] = Admission::full;
  ASSERT_TRUE(gate.net.connect(gate.stranger, gate.guard));
  gate.net.runtime.run_for(milliseconds(100));
  EXPECT_TRUE(gate.guard.swarm.is_connected(gate.stranger.id));
}

TEST(Restricted, APeerHasOneAtATime) {
  Gate gate;
  gate.gater.by_default = Admission::restricted;
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(gate.net.runtime.run(gate.stranger.swarm.dial(gate.guard.address())));
  gate.net.runtime.run_for(milliseconds(600));
  EXPECT_EQ(gate.guard.swarm.connections().size(), 1U);
}

TEST(Restricted, GetsOneStream) {
  Gate gate;
  gate.gater.by_default = Admission::restricted;
  gate.guard.swarm.remove_handler(join_protocol);
  gate.guard.swarm.set_handler(std::string(join_protocol), [&gate](InboundStream in) {
    return wait_for_ever(gate.net.runtime.env(), std::move(in));
  });
  ASSERT_TRUE(gate.net.connect(gate.stranger, gate.guard));
  const auto open = [&gate] {
    return gate.net.runtime.run(
        gate.stranger.swarm.open_stream(gate.guard.id, {std::string(join_protocol)}, false));
  };
  auto first = open();
  EXPECT_TRUE(first);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(open());
  // Nor is there another once it has ended.
  first->stream.reset();
  gate.net.runtime.run_for(milliseconds(100));
  EXPECT_FALSE(open());
}

TEST(Admission, RecheckingClosesWhoIsExpelledAndPromotesWhoHasJoined) {
  Gate gate;
  TestNode& joiner = gate.net.add();
  gate.gater.admissions[joiner.id] = Admission::restricted;
  ASSERT_TRUE(gate.net.connect(gate.stranger, gate.guard));
  ASSERT_TRUE(gate.net.connect(joiner, gate.guard));
  gate.net.runtime.run_for(seconds(1));
  gate.gater.admissions[joiner.id] = Admission::full;
  gate.gater.admissions[gate.stranger.id] = Admission::refused;
  gate.guard.swarm.recheck_admissions();
  EXPECT_FALSE(gate.guard.swarm.is_connected(gate.stranger.id));
  EXPECT_TRUE(gate.guard.swarm.is_connected(joiner.id));
  gate.net.runtime.run_for(seconds(1));
  EXPECT_EQ(gate.guard.log.count("disconnected"), 1U);
  EXPECT_FALSE(gate.stranger.swarm.is_connected(gate.guard.id));
  gate.gater.admissions[joiner.id] = Admission::restricted;
  gate.guard.swarm.recheck_admissions();
  EXPECT_FALSE(gate.guard.swarm.is_connected(joiner.id));
  gate.net.runtime.run_for(seconds(1));
}

}  // namespace
}  // namespace libp2p::test
