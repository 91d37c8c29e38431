#include "libp2p/transport/quic/quic_transport.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/system_runtime.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/crypto/hash.hpp"
#include "libp2p/host/host.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/swarm/swarm.hpp"
#include "libp2p/transport/quic/connection_core.hpp"
#include "libp2p/transport/quic/hub.hpp"
#include "libp2p/transport/quic/port.hpp"
#include "tests/support/peers.hpp"

namespace libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::key_number;
using test::multiaddr;
using test::peer_number;

using MuxedPtr = std::unique_ptr<MuxedConnection>;

// Real sockets on loopback: what is waited for comes at once, or a generous limit says that it doesn't.
struct Loopback {
  template <class T>
  T run(Task<Result<T>> task) {
    return value(std::move(task)).value();
  }
  template <class T>
  Result<T> value(Task<Result<T>> task) {
    std::optional<Result<T>> out;
    runtime.run(store(with_timeout(runtime.env(), seconds(60), "the test", std::move(task)), out));
    return std::move(*out);
  }
  template <class T>
  static Task<> store(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
  Env env() { return runtime.env(); }

  NullLog log;
  SystemRuntime runtime{log};
};

struct Pair {
  MuxedPtr dialled;
  MuxedPtr accepted;
  std::unique_ptr<ConnectionListener> listener;
};

Task<Result<MuxedPtr>> accept_one(ConnectionListener& listener) {
  LIBP2P_CO_TRY(auto pending, co_await listener.accept());
  co_return co_await pending->upgrade();
}

Task<Result<Pair>> connect(Env env, Transport& from, Transport& to, Multiaddr at) {
  Pair pair;
  LIBP2P_CO_TRY(pair.listener, co_await to.listen(at));
  TaskGroup tasks(env);
  std::optional<Result<MuxedPtr>> accepted;
  tasks.spawn("accept", Loopback::store(accept_one(*pair.listener), accepted));
  auto dialled = co_await from.dial(pair.listener->address(), peer_number(2));
  if (dialled) co_await tasks.join();
  co_await tasks.stop();
  if (!dialled) co_return std::unexpected(dialled.error());
  pair.dialled = std::move(*dialled);
  if (!*accepted) co_return std::unexpected(accepted->error());
  pair.accepted = std::move(**accepted);
  co_return pair;
}

struct Streams {
  StreamPtr dialler;
  StreamPtr listener;
};

// A stream on which the dialler has said "x".
Task<Result<Streams>> open_streams(Pair& pair) {
  Streams streams;
  LIBP2P_CO_TRY(streams.dialler, co_await pair.dialled->open_stream());
  const Bytes x = to_bytes("x");
  LIBP2P_CO_CHECK(co_await streams.dialler->write(x));
  LIBP2P_CO_TRY(streams.listener, co_await pair.accepted->accept_stream());
  Bytes got(1);
  LIBP2P_CO_CHECK(co_await read_exact(*streams.listener, got));
  co_return streams;
}

Task<Result<bool>> stop(Pair& pair) {
  if (pair.dialled) co_await pair.dialled->stop();
  if (pair.accepted) co_await pair.accepted->stop();
  co_return true;
}

class QuicTransportTest : public testing::TestWithParam<const char*> {};

Task<Result<std::string>> ask(Streams& streams) {
  const Bytes question = to_bytes("there");
  LIBP2P_CO_CHECK(co_await streams.dialler->write(question));
  LIBP2P_CO_CHECK(co_await streams.dialler->close_write());
  LIBP2P_CO_TRY(const Bytes got, co_await read_to_end(*streams.listener, 100));
  Bytes answer = got;
  append(answer, as_bytes(" and back"));
  LIBP2P_CO_CHECK(co_await streams.listener->write(answer));
  LIBP2P_CO_CHECK(co_await streams.listener->close_write());
  LIBP2P_CO_TRY(const Bytes all, co_await read_to_end(*streams.dialler, 100));
  co_return std::string(as_text(all));
}

TEST_P(QuicTransportTest, CarriesStreamsAndSaysWhoIsWho) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  QuicTransport two(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), one, two, multiaddr(GetParam())));
  EXPECT_EQ(pair.dialled->remote_peer(), peer_number(2));
  EXPECT_EQ(pair.accepted->remote_peer(), peer_number(1));
  EXPECT_EQ(pair.dialled->remote_key(), key_number(2).public_key());
  EXPECT_EQ(pair.dialled->remote(), pair.listener->address());
  EXPECT_EQ(pair.accepted->local(), pair.listener->address());
  EXPECT_EQ(pair.dialled->local(), pair.accepted->remote());
  EXPECT_NE(*pair.listener->address().port(), 0);
  EXPECT_EQ(pair.dialled->security(), "/tls/1.0.0");
  EXPECT_EQ(pair.dialled->muxer(), "/quic-v1");
  {
    Streams streams = net.run(open_streams(pair));
    EXPECT_EQ(net.run(ask(streams)), "there and back");
    EXPECT_EQ(pair.dialled->stream_count(), 1U);
  }
  EXPECT_TRUE(pair.dialled->rtt());
  EXPECT_GT(pair.dialled->bytes_in(), 1000U);
  net.run(stop(pair));
  EXPECT_EQ(one.connection_count(), 0U);
  EXPECT_EQ(two.connection_count(), 0U);
}
INSTANTIATE_TEST_SUITE_P(Families, QuicTransportTest,
                         testing::Values("/ip4/127.0.0.1/udp/0/quic-v1", "/ip6/::1/udp/0/quic-v1"));

Task<Result<bool>> wrong_peer(Env env, QuicTransport& one, QuicTransport& two) {
  LIBP2P_CO_TRY(auto listener, co_await two.listen(multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  TaskGroup tasks(env);
  std::optional<Result<MuxedPtr>> accepted;
  tasks.spawn("accept", Loopback::store(accept_one(*listener), accepted));
  auto dialled = co_await one.dial(listener->address(), peer_number(3));
  co_await tasks.join();
  EXPECT_FALSE(dialled);
  if (!dialled) EXPECT_EQ(dialled.error().code, Errc::crypto) << dialled.error().to_string();
  EXPECT_FALSE(*accepted);
  if (!*accepted) EXPECT_EQ(accepted->error().code, Errc::refused) << accepted->error().to_string();
  co_return true;
}

TEST(QuicTransport, GivesUpWhenSomebodyElseAnswers) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  QuicTransport two(net.env(), key_number(2));
  net.run(wrong_peer(net.env(), one, two));
}

// NATs and hole punching see one port.
TEST(QuicTransport, DialsFromThePortItListensOn) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  QuicTransport two(net.env(), key_number(2));
  const auto own = net.run(one.listen(multiaddr("/ip4/0.0.0.0/udp/0/quic-v1")));
  Pair pair = net.run(connect(net.env(), one, two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  EXPECT_EQ(pair.accepted->remote().port(), own->address().port());
  net.run(stop(pair));
}

TEST(QuicTransport, SaysWhyItFailed) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1), {.handshake_timeout = milliseconds(200)});
  const auto listener = net.run(one.listen(multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  EXPECT_EQ(net.value(one.listen(listener->address())).error().code, Errc::exists);
  EXPECT_EQ(net.value(one.dial(multiaddr("/ip4/127.0.0.1/tcp/1"), std::nullopt)).error().code,
            Errc::invalid_argument);
  // The discard port: nobody is there.
  EXPECT_EQ(net.value(one.dial(multiaddr("/ip4/127.0.0.1/udp/9/quic-v1"), std::nullopt)).error().code,
            Errc::timeout);
  listener->close();
  EXPECT_EQ(net.value(listener->accept()).error().code, Errc::closed);
  EXPECT_EQ(one.connection_count(), 0U);
}

TEST(QuicTransport, ADialThatIsCancelledLeavesNothing) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  const auto outcome =
      net.value(with_timeout(net.env(), milliseconds(50), "dial",
                             one.dial(multiaddr("/ip4/127.0.0.1/udp/9/quic-v1"), std::nullopt)));
  EXPECT_EQ(outcome.error().code, Errc::timeout);
  EXPECT_TRUE(net.run(
      with_timeout<bool>(net.env(), seconds(1), "yield", []() -> Task<Result<bool>> { co_return true; }())));
  for (int i = 0; i < 10; ++i) net.runtime.io().poll();
  EXPECT_EQ(one.connection_count(), 0U);
}

Task<> send_numbers(Stream& stream, std::size_t total, Sha256Digest& digest) {
  SeededRandom random(5);
  Bytes all;
  for (std::size_t sent = 0; sent < total;) {
    const Bytes piece = random.bytes(std::min<std::size_t>(1U << 20, total - sent));
    EXPECT_TRUE(co_await stream.write(piece));
    sent += piece.size();
    append(all, sha256(piece));
  }
  EXPECT_TRUE(co_await stream.close_write());
  digest = sha256(all);
}

// However often it finds the socket full.
TEST(QuicPort, KeepsAConnectionOnceThatWaitsForTheSocket) {
  Loopback net;
  SeededRandom random(1);
  const auto identity = quic::TlsIdentity::create(key_number(1), random).value();
  const auto hub = std::make_shared<quic::Hub>(net.env(), QuicConfig{}, identity, quic::Secret{});
  const quic::Address any(boost::asio::ip::make_address("127.0.0.1"), 0);
  const auto port = quic::Port::open(hub, any).value();
  auto session = quic::Session::connect(hub->session_parts(), {port->bound(), port->bound()}, std::nullopt,
                                        net.env().now());
  const auto connection =
      quic::ConnectionCore::make(hub, port, std::move(session).value(), Direction::outbound);
  const auto kept_before = connection.use_count();
  for (int i = 0; i < 10; ++i) port->flush_when_writable(connection);
  EXPECT_EQ(connection.use_count(), kept_before + 1);
  for (int i = 0; i < 10; ++i) net.runtime.io().poll();
  hub->abandon_all();
}

Task<Result<Sha256Digest>> digest_of(Stream& stream, std::size_t total,
                                     std::function<void(std::size_t)> progress) {
  Bytes all;
  Bytes piece(1U << 20);
  for (std::size_t got = 0; got < total;) {
    const std::size_t size = std::min(piece.size(), total - got);
    LIBP2P_CO_CHECK(co_await read_exact(stream, MutableBytes(piece).first(size)));
    got += size;
    append(all, sha256(BytesView(piece).first(size)));
    if (progress) progress(got);
  }
  Bytes end(1);
  LIBP2P_CO_TRY(const std::size_t more, co_await stream.read_some(end));
  EXPECT_EQ(more, 0U);
  co_return sha256(all);
}

Task<Result<bool>> transfer(Env env, Stream& from, Stream& to, std::size_t total,
                            std::function<void(std::size_t)> progress = {}) {
  TaskGroup tasks(env);
  Sha256Digest sent{};
  tasks.spawn("send", send_numbers(from, total, sent));
  auto got = co_await digest_of(to, total, std::move(progress));
  if (got) co_await tasks.join();
  co_await tasks.stop();
  if (!got) co_return std::unexpected(got.error());
  co_return *got == sent;
}

TEST(QuicTransport, AHundredMegabytesArriveWhole) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  QuicTransport two(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), one, two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  {
    Streams streams = net.run(open_streams(pair));
    EXPECT_TRUE(net.run(transfer(net.env(), *streams.dialler, *streams.listener, 100U << 20)));
    EXPECT_TRUE(net.run(transfer(net.env(), *streams.listener, *streams.dialler, 1U << 20)));
  }
  net.run(stop(pair));
}

TEST(QuicTransport, ATransferGoesOnFromAnotherAddress) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  QuicTransport two(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), one, two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  {
    Streams streams = net.run(open_streams(pair));
    bool moved = false;
    const auto move = [&](std::size_t got) {
      if (got < 8U << 20 || std::exchange(moved, true)) return;
      const auto went = one.migrate(peer_number(2), multiaddr("/ip4/127.0.0.2/udp/0/quic-v1"));
      EXPECT_TRUE(went) << went.error().to_string();
    };
    EXPECT_TRUE(net.run(transfer(net.env(), *streams.dialler, *streams.listener, 32U << 20, move)));
    EXPECT_TRUE(moved);
  }
  EXPECT_EQ(one.migrate(peer_number(9), multiaddr("/ip4/127.0.0.2/udp/0/quic-v1")).error().code,
            Errc::not_found);
  net.run(stop(pair));
}

Task<Result<Error>> closed(MuxedConnection& connection) { co_return co_await connection.wait_closed(); }

TEST(QuicTransport, ADeadPeerIsNoticed) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1),
                    {.idle_timeout = milliseconds(300), .keep_alive = milliseconds(100)});
  auto two = std::make_unique<QuicTransport>(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), one, *two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  pair.listener.reset();
  two.reset();  // says nothing
  EXPECT_EQ(net.run(closed(*pair.dialled)).code, Errc::timeout);
  net.run(stop(pair));
}

TEST(QuicTransport, APeerThatWasRestartedSaysSo) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1), {.keep_alive = milliseconds(100)});
  auto two = std::make_unique<QuicTransport>(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), one, *two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  const Multiaddr at = pair.listener->address();
  pair.accepted.reset();
  pair.listener.reset();
  two.reset();
  QuicTransport again(net.env(), key_number(2));
  const auto listener = net.run(again.listen(at));
  const Error why = net.run(closed(*pair.dialled));
  // Either the last word of the old one had arrived, or the new one doesn't know the connection.
  EXPECT_TRUE(why.code == Errc::reset || why.code == Errc::closed) << why.to_string();
  net.run(stop(pair));
}

TEST(QuicTransport, ADroppedConnectionClosesTheOther) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  QuicTransport two(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), one, two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  pair.dialled.reset();
  EXPECT_EQ(net.run(closed(*pair.accepted)).code, Errc::closed);
  EXPECT_EQ(net.value(pair.accepted->open_stream()).error().code, Errc::closed);
  EXPECT_EQ(net.value(pair.accepted->accept_stream()).error().code, Errc::closed);
  net.run(stop(pair));
}

Task<Result<std::size_t>> read_a_byte(Env env, Stream& stream, Duration patience) {
  Bytes one(1);
  co_return co_await with_timeout(env, patience, "read", stream.read_some(one));
}

Task<Result<bool>> write_all(Stream& stream, std::size_t size) {
  const Bytes data(size, 7);
  LIBP2P_CO_CHECK(co_await stream.write(data));
  co_return true;
}

TEST(QuicTransport, AWriterWaitsForWhoDoesNotReadAndAResetEndsIt) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  QuicTransport two(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), one, two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  {
    Streams streams = net.run(open_streams(pair));
    const auto stuck = net.value(
        with_timeout(net.env(), milliseconds(200), "write", write_all(*streams.dialler, 16U << 20)));
    EXPECT_EQ(stuck.error().code, Errc::timeout);
    streams.listener->reset();
    EXPECT_EQ(net.value(write_all(*streams.dialler, 16U << 20)).error().code, Errc::reset);
    EXPECT_EQ(net.value(read_a_byte(net.env(), *streams.dialler, seconds(5))).error().code, Errc::reset);
  }
  net.run(stop(pair));
}

TEST(QuicTransport, ACancelledReadLosesNothing) {
  Loopback net;
  QuicTransport one(net.env(), key_number(1));
  QuicTransport two(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), one, two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  {
    Streams streams = net.run(open_streams(pair));
    EXPECT_EQ(net.value(read_a_byte(net.env(), *streams.listener, milliseconds(20))).error().code,
              Errc::timeout);
    net.run(write_all(*streams.dialler, 3));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(net.run(read_a_byte(net.env(), *streams.listener, seconds(5))), 1U);
  }
  net.run(stop(pair));
}

// The transport may go before what it made.
TEST(QuicTransport, ConnectionsAndStreamsMayOutliveIt) {
  Loopback net;
  auto one = std::make_unique<QuicTransport>(net.env(), key_number(1));
  auto two = std::make_unique<QuicTransport>(net.env(), key_number(2));
  Pair pair = net.run(connect(net.env(), *one, *two, multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  {
    Streams streams = net.run(open_streams(pair));
    one.reset();
    two.reset();
    EXPECT_EQ(net.value(write_all(*streams.dialler, 3)).error().code, Errc::reset);
    EXPECT_EQ(net.value(read_a_byte(net.env(), *streams.listener, seconds(5))).error().code, Errc::reset);
  }
  net.run(stop(pair));
}

struct QuicSwarm {
  QuicSwarm(Env env, std::uint64_t number) : swarm(env, key_number(number), {}, transports(env, number)) {
    swarm.start();
  }
  static std::vector<std::unique_ptr<Transport>> transports(Env env, std::uint64_t number) {
    std::vector<std::unique_ptr<Transport>> all;
    all.push_back(std::make_unique<QuicTransport>(env, key_number(number)));
    return all;
  }
  Swarm swarm;
};

Task<> shout(InboundStream in) {
  auto got = co_await read_to_end(*in.stream, 1000);
  if (!got) co_return;
  Bytes answer = std::move(*got);
  append(answer, as_bytes("!"));
  if (co_await in.stream->write(answer)) (void)co_await close_gracefully(*in.stream);
}

Task<Result<std::string>> say(Swarm& from, PeerId to) {
  LIBP2P_CO_TRY(auto opened, co_await from.open_stream(std::move(to), {"/shout/1"}));
  const Bytes word = to_bytes("hey");
  LIBP2P_CO_CHECK(co_await opened.stream->write(word));
  LIBP2P_CO_CHECK(co_await opened.stream->close_write());
  LIBP2P_CO_TRY(const Bytes answer, co_await read_to_end(*opened.stream, 1000));
  co_return std::string(as_text(answer));
}

Task<Result<bool>> stop_both(QuicSwarm& one, QuicSwarm& two) {
  co_await one.swarm.stop();
  co_await two.swarm.stop();
  co_return true;
}

TEST(QuicTransport, SwarmsSpeakOverItInBothDirections) {
  Loopback net;
  QuicSwarm one(net.env(), 1);
  QuicSwarm two(net.env(), 2);
  one.swarm.set_handler("/shout/1", shout);
  two.swarm.set_handler("/shout/1", shout);
  const Multiaddr at = net.run(two.swarm.listen(multiaddr("/ip4/127.0.0.1/udp/0/quic-v1")));
  EXPECT_EQ(net.run(one.swarm.dial(at.with_peer(peer_number(2).bytes()))), peer_number(2));
  EXPECT_EQ(net.run(say(one.swarm, peer_number(2))), "hey!");
  EXPECT_EQ(net.run(say(two.swarm, peer_number(1))), "hey!");
  const auto info = one.swarm.connections(peer_number(2)).at(0);
  EXPECT_EQ(info.security, "/tls/1.0.0");
  EXPECT_EQ(info.muxer, "/quic-v1");
  EXPECT_TRUE(info.rtt);
  net.run(stop_both(one, two));
}

HostConfig host_config(std::uint64_t number) {
  HostConfig config;
  config.identity = key_number(number);
  config.listen = test::multiaddrs({"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"});
  return config;
}

Task<Result<Duration>> meet_and_ping(Host& one, Host& two, AddrProtocol over) {
  LIBP2P_CO_CHECK(co_await one.start());
  LIBP2P_CO_CHECK(co_await two.start());
  for (const Multiaddr& address : two.addresses()) {
    if (address.has(over)) LIBP2P_CO_CHECK(co_await one.connect(address));
  }
  auto took = co_await one.ping()->ping(two.peer());
  EXPECT_EQ(one.swarm().connections(two.peer()).at(0).remote.has(over), true);
  co_await one.stop();
  co_await two.stop();
  co_return took;
}

TEST(QuicTransport, AHostSpeaksItBesideTcp) {
  for (const AddrProtocol over : {AddrProtocol::quic_v1, AddrProtocol::tcp}) {
    Loopback net;
    Host one(net.env(), host_config(1));
    Host two(net.env(), host_config(2));
    EXPECT_GT(net.run(meet_and_ping(one, two, over)), Duration::zero());
  }
}

}  // namespace
}  // namespace libp2p
