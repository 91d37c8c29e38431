#include "libp2p/transport/upgrader/upgrader.hpp"

#include <gtest/gtest.h>

#include "libp2p/io/framing.hpp"
#include "libp2p/multistream/line.hpp"
#include "libp2p/transport/memory/memory_transport.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using MuxedPtr = std::unique_ptr<MuxedConnection>;

struct Upgrading {
  Upgrading()
      : links(runtime.env(), {.latency = milliseconds(1)}),
        network(runtime.env(), &links),
        tasks(runtime.env()) {}
  ~Upgrading() {
    for (MuxedPtr* connection : {&dialled, &accepted}) {
      if (*connection) runtime.run((*connection)->stop());
    }
    runtime.run(tasks.stop());
  }
  std::unique_ptr<UpgradedTransport> transport(MemoryNode number, bool early = true) {
    UpgraderConfig config{.early_muxer = early, .yamux = {}};
    if (security[number - 1]) config.security = *security[number - 1];
    return std::make_unique<UpgradedTransport>(
        std::make_unique<MemoryTransport>(runtime.env(), network, number),
        std::make_shared<const Upgrader>(runtime.env(), node_key(number), config));
  }
  static Task<Result<MuxedPtr>> accept_one(ConnectionListener& listener) {
    LIBP2P_CO_TRY(const auto pending, co_await listener.accept());
    co_return co_await pending->upgrade();
  }
  // Until one of so many attempts has come to something.
  static Task<Result<MuxedPtr>> accept_among(ConnectionListener& listener, int attempts) {
    for (int i = 1;; ++i) {
      auto upgraded = co_await accept_one(listener);
      if (upgraded || i == attempts) co_return upgraded;
    }
  }
  // Node 1 dials node 2, which it takes for `expected`.
  void connect(std::optional<PeerId> expected, bool dialler_early = true, bool listener_early = true) {
    one = transport(1, dialler_early);
    two = transport(2, listener_early);
    listener = std::move(runtime.run(two->listen(memory_address(2))).value());
    std::optional<Result<MuxedPtr>> inbound;
    tasks.spawn("accept", keep(accept_among(*listener, attempts), inbound));
    const Instant start = runtime.now();
    auto outbound = runtime.run(one->dial(memory_address(2), std::move(expected)));
    took = runtime.now() - start;
    if (outbound) {
      dialled = std::move(*outbound);
      // Where the muxer is agreed on by multistream, the dialler proposes it with its first bytes.
      first = std::move(runtime.run(dialled->open_stream()).value());
      if (!runtime.run(send(*first, to_bytes("first")))) std::abort();
    } else {
      dial_error = outbound.error();
    }
    runtime.run_for(seconds(1));
    if (inbound && *inbound) accepted = std::move(**inbound);
    if (inbound && !*inbound) accept_error = inbound->error();
  }

  VirtualRuntime runtime;
  LinkTable links;
  MemoryNetwork network;
  TaskGroup tasks;
  std::unique_ptr<UpgradedTransport> one;
  std::unique_ptr<UpgradedTransport> two;
  std::unique_ptr<ConnectionListener> listener;
  StreamPtr first;
  MuxedPtr dialled;
  MuxedPtr accepted;
  std::optional<Error> dial_error;
  std::optional<Error> accept_error;
  std::array<std::optional<std::vector<Security>>, 9> security;  // of nodes, from 1; none: the default
  int attempts = 1;
  Duration took{};
};

TEST(Upgrader, ProvesBothPeersAndCarriesStreams) {
  for (const bool dialler_early : {true, false}) {
    for (const bool listener_early : {true, false}) {
      Upgrading net;
      net.connect(node_id(2), dialler_early, listener_early);
      ASSERT_TRUE(net.dialled && net.accepted);
      EXPECT_EQ(net.dialled->remote_peer(), node_id(2));
      EXPECT_EQ(net.accepted->remote_peer(), node_id(1));
      EXPECT_TRUE(net.accepted->remote_key() == node_key(1).public_key());
      EXPECT_EQ(net.dialled->early_muxer(), dialler_early && listener_early);
      EXPECT_EQ(net.accepted->early_muxer(), dialler_early && listener_early);
      EXPECT_EQ(net.dialled->security(), "/noise");
      EXPECT_EQ(net.dialled->muxer(), "/yamux/1.0.0");
      EXPECT_EQ(net.dialled->remote(), memory_address(2));
      EXPECT_EQ(net.accepted->remote(), memory_address(1));
      auto stream = net.runtime.run(net.accepted->accept_stream());
      ASSERT_TRUE(stream);
      EXPECT_EQ(as_text(*net.runtime.run(receive(**stream))), "first");
      EXPECT_EQ(net.dialled->stream_count(), 1U);
      EXPECT_GT(net.dialled->bytes_out(), 0U);
    }
  }
}

using Security::noise;
using Security::tls;

TEST(Upgrader, TheFirstOfTheDiallersThatTheListenerSpeaksSecuresTheConnection) {
  struct Case {
    std::vector<Security> dialler;
    std::vector<Security> listener;
    std::string_view agreed;
  };
  const Case cases[] = {
      {{noise, tls}, {noise, tls}, "/noise"},
      {{noise, tls}, {tls, noise}, "/noise"},
      {{tls, noise}, {noise, tls}, "/tls/1.0.0"},
      {{noise, tls}, {tls}, "/tls/1.0.0"},
      {{tls, noise}, {noise}, "/noise"},
      {{tls}, {noise, tls}, "/tls/1.0.0"},
      {{tls}, {tls}, "/tls/1.0.0"},
      {{noise}, {tls, noise}, "/noise"},
  };
  for (const Case& each : cases) {
    for (const bool early : {true, false}) {
      Upgrading net;
      net.security[0] = each.dialler;
      net.security[1] = each.listener;
      net.attempts = 2;
      net.connect(node_id(2), early);
      ASSERT_TRUE(net.dialled && net.accepted) << net.dial_error->to_string();
      EXPECT_EQ(net.dialled->security(), each.agreed);
      EXPECT_EQ(net.accepted->security(), each.agreed);
      EXPECT_EQ(net.dialled->early_muxer(), early);
      EXPECT_EQ(net.accepted->early_muxer(), early);
      EXPECT_EQ(net.accepted->remote_peer(), node_id(1));
      auto stream = net.runtime.run(net.accepted->accept_stream());
      ASSERT_TRUE(stream);
      EXPECT_EQ(as_text(*net.runtime.run(receive(**stream))), "first");
    }
  }
}

TEST(Upgrader, ASecondSecurityCostsNothingWhereTheFirstIsSpoken) {
  const auto dial_takes = [](std::vector<Security> dialler) {
    Upgrading net;
    net.security[0] = std::move(dialler);
    net.connect(node_id(2));
    return net.took;
  };
  // One round trip of Noise, or of TLS, with the proposal on top of it.
  EXPECT_EQ(dial_takes({noise, tls}), dial_takes({noise}));
  EXPECT_EQ(dial_takes({tls, noise}), dial_takes({tls}));
  EXPECT_EQ(dial_takes({noise, tls}), dial_takes({tls, noise}));
}

TEST(Upgrader, WithoutACommonSecurityThereIsNoConnection) {
  Upgrading net;
  net.security[0] = std::vector{noise};
  net.security[1] = std::vector{tls};
  net.connect(node_id(2));
  ASSERT_TRUE(net.dial_error);
  EXPECT_EQ(net.dial_error->code, Errc::not_supported) << net.dial_error->to_string();
}

TEST(Upgrader, AnotherPeerIsNotAskedASecondTime) {
  for (const Security security : {noise, tls}) {
    Upgrading net;
    net.security[0] = security == noise ? std::vector{noise, tls} : std::vector{tls, noise};
    net.connect(node_id(3));
    ASSERT_TRUE(net.dial_error);
    EXPECT_EQ(net.dial_error->code, Errc::refused);
  }
}

TEST(Upgrader, OnOneConnectionTheOtherSideIsAskedFirst) {
  for (const auto& listeners : {std::vector{noise, tls}, std::vector{tls}, std::vector{noise}}) {
    Upgrading net;
    net.security[1] = listeners;
    net.two = net.transport(2);
    net.listener = std::move(net.runtime.run(net.two->listen(memory_address(2))).value());
    std::optional<Result<MuxedPtr>> inbound;
    net.tasks.spawn("accept", keep(Upgrading::accept_one(*net.listener), inbound));
    ByteConnection bytes = std::move(
        net.runtime.run(MemoryTransport(net.runtime.env(), net.network, 1).dial(memory_address(2))).value());
    const Upgrader upgrader(net.runtime.env(), node_key(1));
    auto outbound = net.runtime.run(upgrader.upgrade_outbound(std::move(bytes), node_id(2)));
    ASSERT_TRUE(outbound) << outbound.error().to_string();
    net.dialled = std::move(*outbound);
    EXPECT_EQ(net.dialled->security(), protocol_id(listeners.front()));
    net.runtime.run_for(milliseconds(10));
    ASSERT_TRUE(inbound && *inbound);
    net.accepted = std::move(**inbound);
    EXPECT_EQ(net.accepted->security(), protocol_id(listeners.front()));
  }
}

TEST(Upgrader, TakesWhoeverAnswersWhenNobodyIsExpected) {
  Upgrading net;
  net.connect(std::nullopt);
  ASSERT_TRUE(net.dialled);
  EXPECT_EQ(net.dialled->remote_peer(), node_id(2));
}

TEST(Upgrader, GivesUpWhenAnotherPeerAnswers) {
  Upgrading net;
  net.connect(node_id(3));
  ASSERT_TRUE(net.dial_error);
  EXPECT_EQ(net.dial_error->code, Errc::refused);
  EXPECT_TRUE(net.accept_error);
}

TEST(Upgrader, AConnectionIsSilentUntilItIsUsedAndMayBeDropped) {
  Upgrading net;
  net.one = net.transport(1);
  net.two = net.transport(2);
  net.listener = std::move(net.runtime.run(net.two->listen(memory_address(2))).value());
  std::optional<Result<MuxedPtr>> inbound;
  net.tasks.spawn("accept", keep(Upgrading::accept_one(*net.listener), inbound));
  auto outbound = net.runtime.run(net.one->dial(memory_address(2), node_id(2)));
  ASSERT_TRUE(outbound);
  net.runtime.run_for(seconds(60));
  ASSERT_TRUE(inbound && *inbound);
  EXPECT_EQ((*inbound)->get()->bytes_out(), 0U);
  EXPECT_EQ((*outbound)->bytes_out(), 0U);
  inbound.reset();
  (*outbound).reset();
  EXPECT_EQ(net.network.connection_count(), 0U);
}

// What somebody may send who only has a byte stream; and how it ends.
struct Raw {
  explicit Raw(Upgrading& n) : net(n) {
    net.two = net.transport(2);
    net.listener = std::move(net.runtime.run(net.two->listen(memory_address(2))).value());
    net.tasks.spawn("accept", keep(net.listener->accept(), accepting));
    stream =
        std::move(net.runtime.run(MemoryTransport(net.runtime.env(), net.network, 9).dial(memory_address(2)))
                      .value()
                      .stream);
    net.runtime.run_ready();
    pending = std::move(accepting->value());
    net.tasks.spawn("upgrade", keep(pending->upgrade(), upgraded));
  }
  Upgrading& net;
  std::optional<Result<std::unique_ptr<ConnectionListener::Pending>>> accepting;
  std::unique_ptr<ConnectionListener::Pending> pending;
  std::optional<Result<MuxedPtr>> upgraded;
  StreamPtr stream;
};

TEST(Upgrader, SpeaksNoOtherSecurity) {
  Upgrading net;
  Raw raw(net);
  const std::string hello = multistream_line(multistream_id) + multistream_line("/plaintext/2.0.0");
  ASSERT_TRUE(net.runtime.run(send(*raw.stream, to_bytes(hello))));
  net.runtime.run_for(milliseconds(10));
  EXPECT_EQ(as_text(*net.runtime.run(receive(*raw.stream))),
            multistream_line(multistream_id) + multistream_line("na"));
  net.runtime.run_for(seconds(11));
  ASSERT_TRUE(raw.upgraded);
  EXPECT_EQ(raw.upgraded->error().code, Errc::timeout);
}

TEST(Upgrader, AnAbortedUpgradeFailsAtOnce) {
  for (const bool spoken : {false, true}) {
    Upgrading net;
    Raw raw(net);
    if (spoken) {
      const std::string hello = multistream_line(multistream_id) + multistream_line("/noise");
      ASSERT_TRUE(net.runtime.run(send(*raw.stream, to_bytes(hello))));
      net.runtime.run_for(milliseconds(10));
    }
    EXPECT_FALSE(raw.upgraded);
    EXPECT_EQ(raw.pending->remote(), memory_address(9));
    raw.pending->abort();
    net.runtime.run_ready();
    ASSERT_TRUE(raw.upgraded);
    EXPECT_FALSE(*raw.upgraded);
    raw.pending->abort();  // nothing is left to cut
  }
}

TEST(Upgrader, TheOtherSideGoingAwayIsAnError) {
  Upgrading net;
  Raw raw(net);
  raw.stream.reset();
  net.runtime.run_for(milliseconds(10));
  ASSERT_TRUE(raw.upgraded);
  EXPECT_FALSE(*raw.upgraded);
}

}  // namespace
}  // namespace libp2p::test
