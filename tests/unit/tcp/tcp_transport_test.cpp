#include "libp2p/transport/tcp/tcp_transport.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/system_runtime.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/transport/tcp/tcp_address.hpp"

namespace libp2p {
namespace {

Multiaddr address(std::string_view text) { return Multiaddr::parse(text).value(); }

// Real sockets on loopback: what is waited for comes at once, or a generous limit says that it doesn't.
struct Loopback {
  NullLog log;
  SystemRuntime runtime{log};
  TcpTransport tcp{runtime.env()};

  template <class T>
  static Task<> store(Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> out;
    runtime.run(store(std::move(task), out));
    return std::move(*out);
  }
  struct Pair {
    std::unique_ptr<ByteListener> listener;
    ByteConnection dialled;
    ByteConnection accepted;
  };
  static Task<Pair> connect(TcpTransport& tcp, Multiaddr where) {
    Pair pair;
    auto listener = co_await tcp.listen(where);
    if (!listener) throw std::runtime_error(listener.error().to_string());
    pair.listener = std::move(*listener);
    auto dialled = co_await tcp.dial(pair.listener->address());
    if (!dialled) throw std::runtime_error(dialled.error().to_string());
    pair.dialled = std::move(*dialled);
    pair.accepted = std::move((co_await pair.listener->accept()).value());
    co_return pair;
  }
};

Task<Result<Bytes>> read_bytes(Stream& stream, std::size_t size) {
  Bytes bytes(size);
  LIBP2P_CO_CHECK(co_await read_exact(stream, bytes));
  co_return bytes;
}
Task<Result<>> write_bytes(Stream& stream, Bytes bytes) { co_return co_await stream.write(bytes); }

TEST(TcpAddress, TakesIpAndPortAndNothingElse) {
  EXPECT_TRUE(is_tcp_address(address("/ip4/127.0.0.1/tcp/80")));
  EXPECT_TRUE(is_tcp_address(address("/ip6/::1/tcp/80")));
  EXPECT_TRUE(
      is_tcp_address(address("/ip6/::1/tcp/80/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN")));
  EXPECT_TRUE(is_tcp_address(address("/ip6zone/lo/ip6/fe80::1/tcp/80")));
  EXPECT_FALSE(is_tcp_address(address("/ip4/127.0.0.1/tcp/80/ws")));
  EXPECT_FALSE(is_tcp_address(address("/ip4/127.0.0.1/udp/80/quic-v1")));
  EXPECT_FALSE(is_tcp_address(address("/dns4/localhost/tcp/80")));
  EXPECT_FALSE(is_tcp_address(Multiaddr{}));
}

TEST(TcpAddress, GoesToAnEndpointAndBack) {
  for (const char* text : {"/ip4/192.0.2.7/tcp/4001", "/ip6/2001:db8::7/tcp/65535"}) {
    EXPECT_EQ(tcp_multiaddr(tcp_endpoint(address(text)).value()).to_string(), text);
  }
  EXPECT_EQ(tcp_endpoint(address("/ip6zone/no-such-if/ip6/fe80::1/tcp/80")).error().code,
            Errc::invalid_argument);
  EXPECT_EQ(tcp_multiaddr(tcp_endpoint(address("/ip6zone/lo/ip6/fe80::1/tcp/80")).value()).to_string(),
            "/ip6zone/lo/ip6/fe80::1/tcp/80");
}

class TcpTransportTest : public testing::TestWithParam<const char*> {};

TEST_P(TcpTransportTest, CarriesBytesBothWaysAndSaysWhoIsWho) {
  Loopback net;
  auto pair = net.run(Loopback::connect(net.tcp, address(GetParam())));
  EXPECT_EQ(pair.dialled.remote, pair.listener->address());
  EXPECT_EQ(pair.accepted.local, pair.listener->address());
  EXPECT_EQ(pair.dialled.local, pair.accepted.remote);
  EXPECT_NE(*pair.listener->address().port(), 0);
  ASSERT_TRUE(net.run(write_bytes(*pair.dialled.stream, to_bytes("there"))));
  EXPECT_EQ(as_text(*net.run(read_bytes(*pair.accepted.stream, 5))), "there");
  ASSERT_TRUE(net.run(write_bytes(*pair.accepted.stream, to_bytes("and back"))));
  EXPECT_EQ(as_text(*net.run(read_bytes(*pair.dialled.stream, 8))), "and back");
}
INSTANTIATE_TEST_SUITE_P(Families, TcpTransportTest,
                         testing::Values("/ip4/127.0.0.1/tcp/0", "/ip6/::1/tcp/0"));

TEST(TcpTransport, IPv4AndIPv6ShareAPort) {
  Loopback net;
  const auto v4 = net.run(net.tcp.listen(address("/ip4/0.0.0.0/tcp/0")));
  ASSERT_TRUE(v4);
  const std::string port = std::to_string(*(*v4)->address().port());
  EXPECT_TRUE(net.run(net.tcp.listen(address("/ip6/::/tcp/" + port))));
  EXPECT_EQ(net.run(net.tcp.listen(address("/ip4/0.0.0.0/tcp/" + port))).error().code, Errc::exists);
}

TEST(TcpTransport, AHalfCloseIsReadAsAnEndAndReadingGoesOn) {
  Loopback net;
  auto pair = net.run(Loopback::connect(net.tcp, address("/ip4/127.0.0.1/tcp/0")));
  ASSERT_TRUE(net.run(write_bytes(*pair.dialled.stream, to_bytes("last"))));
  ASSERT_TRUE(net.run(pair.dialled.stream->close_write()));
  EXPECT_EQ(as_text(*net.run(read_to_end(*pair.accepted.stream, 100))), "last");
  ASSERT_TRUE(net.run(write_bytes(*pair.accepted.stream, to_bytes("answer"))));
  EXPECT_EQ(as_text(*net.run(read_bytes(*pair.dialled.stream, 6))), "answer");
}

Task<Result<Bytes>> read_while_reset(Env env, Stream& stream) {
  const DeadlineGuard soon(env, std::chrono::milliseconds(20), [&stream] { stream.reset(); });
  co_return co_await read_bytes(stream, 1);
}

TEST(TcpTransport, AResetEndsWhatWaits) {
  Loopback net;
  auto pair = net.run(Loopback::connect(net.tcp, address("/ip4/127.0.0.1/tcp/0")));
  EXPECT_EQ(net.run(read_while_reset(net.runtime.env(), *pair.dialled.stream)).error().code, Errc::reset);
  EXPECT_EQ(net.run(write_bytes(*pair.dialled.stream, to_bytes("x"))).error().code, Errc::reset);
}

TEST(TcpTransport, ADialThatIsCancelledEnds) {
  Loopback net;
  // TEST-NET-1: whether the machine has a route or not, nobody answers.
  const auto outcome = net.run(with_timeout(net.runtime.env(), std::chrono::milliseconds(50), "dial",
                                            net.tcp.dial(address("/ip4/192.0.2.1/tcp/9"))));
  EXPECT_FALSE(outcome);
}

TEST(TcpTransport, SaysWhyItFailed) {
  Loopback net;
  auto pair = net.run(Loopback::connect(net.tcp, address("/ip4/127.0.0.1/tcp/0")));
  const Multiaddr freed = pair.listener->address();
  pair.listener->close();
  EXPECT_EQ(net.run(pair.listener->accept()).error().code, Errc::closed);
  EXPECT_EQ(net.run(net.tcp.dial(freed)).error().code, Errc::refused);
  EXPECT_EQ(net.run(net.tcp.dial(address("/memory/1"))).error().code, Errc::invalid_argument);

  TcpTransport odd(net.runtime.env(), {.congestion_control = "no-such-thing"});
  EXPECT_EQ(net.run(odd.listen(address("/ip4/127.0.0.1/tcp/0"))).error().code, Errc::invalid_argument);
}

TEST(TcpTransport, TakesTheCongestionControlThatItIsTold) {
  Loopback net;
  TcpTransport reno(net.runtime.env(), {.congestion_control = "reno"});
  auto pair = net.run(Loopback::connect(reno, address("/ip4/127.0.0.1/tcp/0")));
  ASSERT_TRUE(net.run(write_bytes(*pair.dialled.stream, to_bytes("x"))));
  EXPECT_TRUE(net.run(read_bytes(*pair.accepted.stream, 1)));
}

// Without file descriptors a listener fails, and works again once there are some.
// A listener that fails is asked again only after a pause: whoever connects and resets must not cause one.
TEST(TcpTransport, AConnectionThatIsGoneBeforeItIsAcceptedIsPassedOver) {
  Loopback net;
  auto listener = net.run(net.tcp.listen(address("/ip4/127.0.0.1/tcp/0"))).value();
  const auto target = tcp_endpoint(listener->address()).value();
  asio::ip::tcp::socket gone(net.runtime.env().executor);
  gone.connect(target);
  gone.set_option(asio::socket_base::linger(true, 0));
  gone.close();
  const auto honest = net.run(net.tcp.dial(listener->address()));
  ASSERT_TRUE(honest);
  const auto accepted = net.run(listener->accept());
  ASSERT_TRUE(accepted) << accepted.error().to_string();
  EXPECT_EQ(accepted->remote, honest->local);
}

TEST(TcpTransport, AListenerSurvivesTheEndOfFileDescriptors) {
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "UBSan's check of virtual calls opens a pipe, and reports a fault when there is none left";
#endif
  Loopback net;
  auto pair = net.run(Loopback::connect(net.tcp, address("/ip4/127.0.0.1/tcp/0")));
  auto waiting = net.run(net.tcp.dial(pair.listener->address()));
  ASSERT_TRUE(waiting);

  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto failed = net.run(pair.listener->accept());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().code, Errc::closed);
  EXPECT_TRUE(net.run(pair.listener->accept()));
}

}  // namespace
}  // namespace libp2p
