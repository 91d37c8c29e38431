#include "libp2p/transport/memory/memory_transport.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Multiaddr at(MemoryNode number) { return Multiaddr::parse("/memory/" + std::to_string(number)).value(); }

struct Net {
  explicit Net(LinkQuality quality = {.latency = milliseconds(10)})
      : links(runtime.env(), quality), network(runtime.env(), &links), tasks(runtime.env()) {}
  ~Net() { runtime.run(tasks.stop()); }

  MemoryTransport transport(MemoryNode number) { return {runtime.env(), network, number}; }
  // A connection from node 1 to node 2.
  void connect() {
    auto one = transport(1);
    auto two = transport(2);
    listener = std::move(runtime.run(two.listen(at(2))).value());
    dialled = std::move(runtime.run(one.dial(at(2))).value());
    accepted = std::move(runtime.run(listener->accept()).value());
  }
  void changed() { network.links_changed(); }

  VirtualRuntime runtime;
  LinkTable links;
  MemoryNetwork network;
  TaskGroup tasks;
  std::unique_ptr<ByteListener> listener;
  ByteConnection dialled;
  ByteConnection accepted;
};

TEST(MemoryTransport, HandlesMemoryAddressesOnly) {
  Net net;
  const auto transport = net.transport(1);
  EXPECT_TRUE(transport.handles(at(7)));
  EXPECT_FALSE(transport.handles(Multiaddr::parse("/ip4/127.0.0.1/tcp/1").value()));
  EXPECT_FALSE(transport.handles(Multiaddr{}));
}

TEST(MemoryTransport, ADialTakesOneRoundTripAndNamesBothEnds) {
  Net net;
  net.connect();
  EXPECT_EQ(net.runtime.now(), Instant(milliseconds(20)));
  EXPECT_EQ(net.dialled.local, at(1));
  EXPECT_EQ(net.dialled.remote, at(2));
  EXPECT_EQ(net.accepted.local, at(2));
  EXPECT_EQ(net.accepted.remote, at(1));
}

TEST(MemoryTransport, BytesArriveInOrderAfterTheLatency) {
  Net net;
  net.connect();
  const Instant sent = net.runtime.now();
  ASSERT_TRUE(net.runtime.run(send(*net.dialled.stream, to_bytes("one"))));
  ASSERT_TRUE(net.runtime.run(send(*net.dialled.stream, to_bytes("two"))));
  const auto got = net.runtime.run(receive(*net.accepted.stream));
  ASSERT_TRUE(got);
  EXPECT_EQ(as_text(*got), "onetwo");
  EXPECT_EQ(net.runtime.now() - sent, milliseconds(10));
}

TEST(MemoryTransport, ASlowSegmentHoldsBackThoseBehindIt) {
  Net net;
  net.connect();
  net.links.set(1, 2, {.latency = milliseconds(500)});
  ASSERT_TRUE(net.runtime.run(send(*net.dialled.stream, to_bytes("slow"))));
  net.links.set(1, 2, {.latency = milliseconds(1)});
  ASSERT_TRUE(net.runtime.run(send(*net.dialled.stream, to_bytes("fast"))));
  const auto got = net.runtime.run(receive(*net.accepted.stream));
  EXPECT_EQ(as_text(*got), "slowfast");
}

TEST(MemoryTransport, BandwidthSpreadsBytesOverTime) {
  Net net({.latency = milliseconds(0), .bytes_per_second = 100'000});
  net.connect();
  const Instant began = net.runtime.now();
  ASSERT_TRUE(net.runtime.run(send(*net.dialled.stream, Bytes(50'000))));
  Bytes all(50'000);
  ASSERT_TRUE(net.runtime.run(read_exact(*net.accepted.stream, all)));
  EXPECT_EQ(net.runtime.now() - began, milliseconds(500));
}

TEST(MemoryTransport, ALostSegmentIsAStallAndNotALoss) {
  Net net({.latency = milliseconds(1), .loss = 1.0, .stall = milliseconds(300)});
  net.connect();
  const Instant began = net.runtime.now();
  ASSERT_TRUE(net.runtime.run(send(*net.dialled.stream, to_bytes("x"))));
  EXPECT_EQ(as_text(*net.runtime.run(receive(*net.accepted.stream))), "x");
  EXPECT_EQ(net.runtime.now() - began, milliseconds(301));
}

TEST(MemoryTransport, ACutConnectionHangsAndGoesOnOnceHealed) {
  Net net;
  net.connect();
  net.links.cut(1, 2);
  net.changed();
  ASSERT_TRUE(net.runtime.run(send(*net.dialled.stream, to_bytes("during the cut"))));
  std::optional<Result<Bytes>> got;
  net.tasks.spawn("reader", keep(receive(*net.accepted.stream), got));
  net.runtime.run_for(seconds(3600));
  EXPECT_FALSE(got);
  net.links.heal(1, 2);
  net.changed();
  net.runtime.run_for(milliseconds(10));
  ASSERT_TRUE(got);
  EXPECT_EQ(as_text(**got), "during the cut");
}

TEST(MemoryTransport, ACutOfOneDirectionLeavesTheOther) {
  Net net;
  net.connect();
  net.links.cut_one_way(1, 2);
  net.changed();
  ASSERT_TRUE(net.runtime.run(send(*net.accepted.stream, to_bytes("back"))));
  EXPECT_EQ(as_text(*net.runtime.run(receive(*net.dialled.stream))), "back");
}

TEST(MemoryTransport, AWriterWaitsWhileNothingArrives) {
  Net net;
  net.connect();
  net.links.isolate(2);
  net.changed();
  std::optional<Result<>> written;
  net.tasks.spawn("writer",
                  keep(send(*net.dialled.stream, Bytes(MemoryNetwork::capacity_bytes + 1)), written));
  net.runtime.run_for(seconds(60));
  EXPECT_FALSE(written);
  net.links.rejoin(2);
  net.changed();
  Bytes some(100);
  ASSERT_TRUE(net.runtime.run(read_exact(*net.accepted.stream, some)));
  net.runtime.run_for(milliseconds(1));
  ASSERT_TRUE(written);
  EXPECT_TRUE(*written);
}

TEST(MemoryTransport, ADialOverACutLinkHangsUntilItIsHealed) {
  Net net;
  auto one = net.transport(1);
  auto two = net.transport(2);
  net.listener = std::move(net.runtime.run(two.listen(at(2))).value());
  net.links.cut(1, 2);
  std::optional<Result<ByteConnection>> dialled;
  net.tasks.spawn("dialler", keep(one.dial(at(2)), dialled));
  net.runtime.run_for(seconds(100));
  EXPECT_FALSE(dialled);
  net.links.heal_all();
  net.changed();
  net.runtime.run_for(milliseconds(20));
  ASSERT_TRUE(dialled);
  EXPECT_TRUE(*dialled);
}

TEST(MemoryTransport, NobodyThereAndRefusedDialsAreRefused) {
  Net net;
  auto one = net.transport(1);
  auto two = net.transport(2);
  EXPECT_EQ(net.runtime.run(one.dial(at(2))).error().code, Errc::refused);
  net.listener = std::move(net.runtime.run(two.listen(at(2))).value());
  net.links.refuse_dials(1, 2, true);
  EXPECT_EQ(net.runtime.run(one.dial(at(2))).error().code, Errc::refused);
  net.links.refuse_dials(1, 2, false);
  EXPECT_TRUE(net.runtime.run(one.dial(at(2))));
}

TEST(MemoryTransport, TwoCantListenAtOneAddressAndAClosedListenerFreesIt) {
  Net net;
  auto one = net.transport(1);
  auto listener = net.runtime.run(one.listen(at(0)));
  ASSERT_TRUE(listener);
  EXPECT_EQ((*listener)->address(), at(1));
  EXPECT_EQ(net.runtime.run(one.listen(at(1))).error().code, Errc::exists);
  (*listener)->close();
  EXPECT_EQ(net.runtime.run((*listener)->accept()).error().code, Errc::closed);
  EXPECT_TRUE(net.runtime.run(one.listen(at(1))));
}

TEST(MemoryTransport, AHalfCloseIsAnEnd) {
  Net net;
  net.connect();
  ASSERT_TRUE(net.runtime.run(send(*net.dialled.stream, to_bytes("last"))));
  ASSERT_TRUE(net.runtime.run(net.dialled.stream->close_write()));
  EXPECT_EQ(as_text(*net.runtime.run(receive(*net.accepted.stream))), "last");
  EXPECT_TRUE(net.runtime.run(receive(*net.accepted.stream))->empty());
  ASSERT_TRUE(net.runtime.run(send(*net.accepted.stream, to_bytes("answer"))));
  EXPECT_EQ(as_text(*net.runtime.run(receive(*net.dialled.stream))), "answer");
}

TEST(MemoryTransport, ADroppedStreamIsAResetBehindWhatWasSent) {
  Net net;
  net.connect();
  ASSERT_TRUE(net.runtime.run(send(*net.accepted.stream, to_bytes("last"))));
  net.accepted.stream.reset();
  EXPECT_EQ(as_text(*net.runtime.run(receive(*net.dialled.stream))), "last");
  EXPECT_EQ(net.runtime.run(receive(*net.dialled.stream)).error().code, Errc::reset);
  EXPECT_EQ(net.runtime.run(send(*net.dialled.stream, to_bytes("x"))).error().code, Errc::reset);
}

TEST(MemoryTransport, AMachineWithoutPowerTellsNobody) {
  Net net;
  net.connect();
  net.network.silence(2);
  net.accepted.stream.reset();
  std::optional<Result<Bytes>> got;
  net.tasks.spawn("reader", keep(receive(*net.dialled.stream), got));
  net.runtime.run_for(seconds(1000));
  EXPECT_FALSE(got);
  EXPECT_EQ(net.network.connection_count(), 1U);
  net.runtime.run(net.tasks.stop());
  net.dialled.stream.reset();
  EXPECT_EQ(net.network.connection_count(), 0U);
}

}  // namespace
}  // namespace libp2p::test
