#include "libp2p/transport/tcp/shared_port.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/transport/tcp/tcp_address.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/run.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::multiaddr;
using test::receive;

TEST(FirstBytes, TellWhatIsSpoken) {
  const auto protocol = [](std::string_view text) { return recognise(as_bytes(text)).protocol; };
  EXPECT_EQ(protocol("\x13/multistream/1.0.0\n"), PortProtocol::multistream);
  EXPECT_EQ(protocol("GET / HTTP/1.1\r\n"), PortProtocol::http);
  EXPECT_EQ(protocol(std::string_view("\x16\x03\x01\x02\x00", 5)), PortProtocol::tls);
  for (const std::string_view other :
       {"\x13/other", "POST / ", "SSH-2.0-", "\x16\x04", "\x14/multistream/", "get "}) {
    EXPECT_FALSE(protocol(other)) << other;
    EXPECT_FALSE(recognise(as_bytes(other)).undecided) << other;
  }
}

TEST(FirstBytes, AreNotGuessedAt) {
  for (const std::string_view whole : {"\x13/multistream/", "GET ", "\x16\x03"}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const FirstBytes seen = recognise(as_bytes(whole.substr(0, size)));
      EXPECT_FALSE(seen.protocol);
      EXPECT_TRUE(seen.undecided) << size;
    }
    EXPECT_TRUE(recognise(as_bytes(whole)).protocol);
  }
}

// Real sockets on loopback. `http` notes what it was given and says so.
struct SharedPort {
  PortUse http() {
    return {.protocol = PortProtocol::http,
            .suffix = multiaddr("/tls/sni/a.example/ws"),
            .remote_suffix = multiaddr("/tls/ws"),
            .handshake = [this](ByteConnection& connection) { return note(connection, upgraded); }};
  }
  static Task<Result<>> note(ByteConnection& connection, int& count) {
    ++count;
    co_return co_await connection.stream->write(as_bytes("upgraded"));
  }
  static Task<Result<ByteConnection>> accept_whole(ByteListener& listener) {
    LIBP2P_CO_TRY(ByteConnection connection, co_await listener.accept());
    LIBP2P_CO_CHECK(co_await finish_handshake(connection));
    co_return connection;
  }
  // Whatever `listener` gets next, from somebody who begins with `first`.
  Result<ByteConnection> accept(ByteListener& listener, std::string_view first) {
    return loop.run(with_timeout(loop.env(), seconds(20), "nobody", dial_and_accept(*this, listener, first)));
  }
  static Task<Result<ByteConnection>> dial_and_accept(SharedPort& self, ByteListener& listener,
                                                      std::string_view first) {
    LIBP2P_CO_TRY(ByteConnection dialled, co_await self.plain.dial(self.address));
    if (!first.empty()) LIBP2P_CO_CHECK(co_await dialled.stream->write(as_bytes(first)));
    self.dialled.push_back(std::move(dialled));
    co_return co_await accept_whole(listener);
  }
  std::unique_ptr<ByteListener> listen_tcp(std::string_view at = "/ip4/127.0.0.1/tcp/0") {
    auto listener = std::move(loop.run(tcp.listen(multiaddr(at))).value());
    address = listener->address();
    return listener;
  }
  Result<std::unique_ptr<ByteListener>> listen_http(const TcpConfig& config = {}) {
    return ports->listen(tcp_endpoint(address).value(), config, http());
  }

  starling::test::Loop loop;
  std::shared_ptr<SharedPorts> ports = std::make_shared<SharedPorts>(loop.env(), milliseconds(200));
  TcpTransport tcp{loop.env(), {}, ports};
  TcpTransport plain{loop.env()};
  Multiaddr address;
  int upgraded = 0;
  std::vector<ByteConnection> dialled;
};

constexpr std::string_view header = "\x13/multistream/1.0.0\n";

TEST(SharedPort, BothProtocolsArriveWhicheverListenerTookThem) {
  SharedPort port;
  const auto raw = port.listen_tcp();
  const auto http = std::move(port.listen_http().value());
  EXPECT_EQ(http->address().to_string(), port.address.to_string() + "/tls/sni/a.example/ws");
  for (ByteListener* listener : {raw.get(), http.get()}) {
    port.upgraded = 0;
    auto spoken = port.accept(*listener, header);
    ASSERT_TRUE(spoken) << spoken.error().to_string();
    EXPECT_EQ(port.upgraded, 0);
    EXPECT_EQ(spoken->local, port.address);
    Bytes first(header.size());
    EXPECT_TRUE(port.loop.run(read_exact(*spoken->stream, first)));
    EXPECT_EQ(as_text(first), header);

    auto asked = port.accept(*listener, "GET / HTTP/1.1\r\n");
    ASSERT_TRUE(asked) << asked.error().to_string();
    EXPECT_EQ(port.upgraded, 1);
    EXPECT_EQ(asked->local, http->address());
    EXPECT_EQ(asked->remote.to_string(), port.dialled.back().local.to_string() + "/tls/ws");
    EXPECT_EQ(as_text(*port.loop.run(receive(*port.dialled.back().stream))), "upgraded");
    EXPECT_EQ(as_text(*port.loop.run(receive(*asked->stream, 3))), "GET");
    EXPECT_EQ(as_text(*port.loop.run(receive(*asked->stream, 3))), " / ");
  }
}

TEST(SharedPort, RefusesWhatItDoesntKnow) {
  SharedPort port;
  const auto raw = port.listen_tcp();
  const auto http = std::move(port.listen_http().value());
  EXPECT_EQ(port.accept(*raw, "SSH-2.0-OpenSSH_9\r\n").error().code, Errc::protocol);
  EXPECT_EQ(port.accept(*raw, std::string_view("\x16\x03\x01", 3)).error().code, Errc::refused);
}

TEST(SharedPort, WhoSaysNothingIsGivenUpInTime) {
  SharedPort port;
  const auto raw = port.listen_tcp();
  const auto http = std::move(port.listen_http().value());
  EXPECT_EQ(port.accept(*http, "").error().code, Errc::timeout);
  EXPECT_EQ(port.accept(*raw, "GE").error().code, Errc::timeout);
}

TEST(SharedPort, OneUseAsksNobodyToSpeakFirst) {
  SharedPort port;
  const auto raw = port.listen_tcp();
  EXPECT_TRUE(port.accept(*raw, ""));
  EXPECT_TRUE(port.accept(*raw, "anything"));
}

TEST(SharedPort, EachListenerClosesAlone) {
  SharedPort port;
  auto raw = port.listen_tcp();
  auto http = std::move(port.listen_http().value());
  raw->close();
  EXPECT_EQ(port.loop.run(raw->accept()).error().code, Errc::closed);
  EXPECT_TRUE(port.accept(*http, "GET /"));
  // The place is free again, while the port still is.
  auto again = port.loop.run(port.tcp.listen(port.address));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_TRUE(port.accept(**again, header));
  http->close();
  EXPECT_TRUE(port.accept(**again, header));
  again->reset();
  EXPECT_EQ(port.loop.run(port.plain.dial(port.address)).error().code, Errc::refused);
  EXPECT_TRUE(port.loop.run(port.tcp.listen(port.address)));
}

TEST(SharedPort, AListenerThatWaitsEndsAloneToo) {
  SharedPort port;
  auto raw = port.listen_tcp();
  auto http = std::move(port.listen_http().value());
  TaskGroup tasks(port.loop.env());
  std::optional<Result<ByteConnection>> on_raw;
  std::optional<Result<ByteConnection>> on_http;
  tasks.spawn("raw", test::keep(raw->accept(), on_raw));
  tasks.spawn("http", test::keep(http->accept(), on_http));
  port.loop.poll();
  raw->close();
  port.loop.poll();
  ASSERT_TRUE(on_raw);
  EXPECT_EQ(on_raw->error().code, Errc::closed);
  EXPECT_FALSE(on_http);
  ASSERT_TRUE(port.loop.run(port.plain.dial(port.address)));
  port.loop.run(with_timeout(port.loop.env(), seconds(20), "", [](TaskGroup& t) -> Task<Result<>> {
    co_await t.join();
    co_return Result<>{};
  }(tasks)));
  EXPECT_TRUE(on_http && *on_http);
}

TEST(SharedPort, TheSameTwiceIsTaken) {
  SharedPort port;
  const auto raw = port.listen_tcp();
  const auto http = std::move(port.listen_http().value());
  EXPECT_EQ(port.listen_http().error().code, Errc::exists);
  EXPECT_EQ(port.loop.run(port.tcp.listen(port.address)).error().code, Errc::exists);
  EXPECT_EQ(port.loop.run(port.plain.listen(port.address)).error().code, Errc::exists);
}

TEST(SharedPort, EitherSideMayForbidIt) {
  SharedPort open;
  const auto raw = open.listen_tcp();
  EXPECT_EQ(open.listen_http({.share_port = false}).error().code, Errc::exists);

  SharedPort closed;
  TcpTransport alone(closed.loop.env(), {.share_port = false}, closed.ports);
  const auto private_network =
      std::move(closed.loop.run(alone.listen(multiaddr("/ip4/127.0.0.1/tcp/0"))).value());
  closed.address = private_network->address();
  EXPECT_EQ(closed.listen_http().error().code, Errc::exists);
  EXPECT_TRUE(closed.accept(*private_network, std::string_view("\x16\x03 not a ClientHello", 20)));
}

TEST(SharedPort, IsOneOfIPv6Too) {
  SharedPort port;
  const auto raw = port.listen_tcp("/ip6/::1/tcp/0");
  const auto http = std::move(port.listen_http().value());
  EXPECT_TRUE(port.accept(*http, header));
}

}  // namespace
}  // namespace libp2p
