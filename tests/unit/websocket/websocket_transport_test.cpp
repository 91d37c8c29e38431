#include "libp2p/transport/websocket/websocket_transport.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/run.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/web_certificates.hpp"

namespace libp2p {
namespace {

using starling::test::TempDir;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Authority;
using test::keep;
using test::multiaddr;
using test::PemPair;
using test::receive;
using test::send;
using test::write_file;

Task<Result<ByteConnection>> accept_whole(ByteListener& listener) {
  LIBP2P_CO_TRY(ByteConnection connection, co_await listener.accept());
  LIBP2P_CO_CHECK(co_await finish_handshake(connection));
  co_return connection;
}

// Real sockets on loopback, and a certificate for 127.0.0.1 and node.example.
struct Loopback {
  Loopback() : tasks(loop.env()) {
    write_file(folder / "ca.pem", authority.pem());
    write_certificate(authority.issue("IP:127.0.0.1,DNS:node.example"));
  }
  ~Loopback() { loop.run(tasks.stop()); }
  void write_certificate(const PemPair& pair) const {
    write_file(folder / "server.pem", pair.certificate);
    write_file(folder / "server.key", pair.key);
  }
  [[nodiscard]] WebsocketConfig config() const {
    return {.certificate_file = folder / "server.pem",
            .key_file = folder / "server.key",
            .certificate_check_interval = milliseconds(50),
            .extra_ca_file = folder / "ca.pem"};
  }
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return loop.run(with_timeout(loop.env(), seconds(60), "the test's own limit", std::move(task)));
  }
  void listen(WebsocketTransport& transport, std::string_view at) {
    auto listening = run(transport.listen(multiaddr(at)));
    ASSERT_TRUE(listening) << listening.error().to_string();
    listener = std::move(*listening);
  }
  // Of the last listener; `accepted` and `dialled` are the two ends.
  Result<> connect(WebsocketTransport& from, const Multiaddr& to) {
    std::optional<Result<ByteConnection>> inbound;
    tasks.spawn("accept", keep(accept_whole(*listener), inbound));
    auto outbound = run(from.dial(to));
    LIBP2P_CHECK(run(join(tasks)));  // the other end fails with this one
    LIBP2P_TRY(dialled, std::move(outbound));
    LIBP2P_TRY(accepted, std::move(*inbound));
    return {};
  }
  static Task<Result<>> join(TaskGroup& tasks) {
    co_await tasks.join();
    co_return Result<>{};
  }

  starling::test::Loop loop;
  TempDir folder;
  Authority authority;
  TaskGroup tasks;
  std::unique_ptr<ByteListener> listener;
  ByteConnection dialled;
  ByteConnection accepted;
};

Task<Result<>> send_much(Stream& stream, std::size_t total) {
  Bytes chunk(256UZ * 1024);
  for (std::size_t sent = 0; sent < total; sent += chunk.size()) {
    for (std::size_t i = 0; i < chunk.size(); i += 8) store_be(std::uint64_t{sent + i}, chunk.data() + i);
    LIBP2P_CO_CHECK(co_await stream.write(chunk));
  }
  co_return co_await stream.close_write();
}

Task<Result<>> check_much(Stream& stream, std::size_t total) {
  Bytes chunk(256UZ * 1024);
  for (std::size_t seen = 0; seen < total; seen += chunk.size()) {
    LIBP2P_CO_CHECK(co_await read_exact(stream, chunk));
    for (std::size_t i = 0; i < chunk.size(); i += 8) {
      if (load_be<std::uint64_t>(chunk.data() + i) != seen + i)
        co_return fail(Errc::parse, std::to_string(seen + i));
    }
  }
  LIBP2P_CO_TRY(const std::size_t more, co_await stream.read_some(chunk));
  if (more != 0) co_return fail(Errc::parse, "more than was sent");
  co_return Result<>{};
}

void transfer(Loopback& loopback, Stream& from, Stream& to) {
  constexpr std::size_t total = 64UZ * 1024 * 1024;
  std::optional<Result<>> sent;
  loopback.tasks.spawn("send", keep(send_much(from, total), sent));
  const auto checked = loopback.run(check_much(to, total));
  EXPECT_TRUE(checked) << checked.error().to_string();
  EXPECT_TRUE(sent && *sent);
}

TEST(WebsocketTransport, HandlesItsOwnAddressesOnly) {
  Loopback loopback;
  const WebsocketTransport transport(loopback.loop.env());
  EXPECT_TRUE(transport.handles(multiaddr("/ip4/127.0.0.1/tcp/80/ws")));
  EXPECT_TRUE(transport.handles(multiaddr("/ip4/127.0.0.1/tcp/80/tls/sni/a.example/ws")));
  EXPECT_FALSE(transport.handles(multiaddr("/ip4/127.0.0.1/tcp/80")));
}

TEST(WebsocketTransport, ConnectsAndCarries64MiBEachWay) {
  for (const char* at : {"/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/tcp/0/wss"}) {
    Loopback loopback;
    WebsocketTransport transport(loopback.loop.env(), loopback.config());
    loopback.listen(transport, at);
    const bool secure = std::string_view(at).ends_with("wss");
    const std::string where = loopback.listener->address().to_string();
    EXPECT_TRUE(where.ends_with(secure ? "/tls/ws" : "/ws")) << where;
    const auto connected = loopback.connect(transport, loopback.listener->address());
    ASSERT_TRUE(connected) << connected.error().to_string();
    EXPECT_EQ(loopback.dialled.remote, loopback.listener->address());
    EXPECT_EQ(loopback.accepted.local, loopback.listener->address());
    EXPECT_EQ(loopback.accepted.remote, loopback.dialled.local);
    transfer(loopback, *loopback.dialled.stream, *loopback.accepted.stream);
    const auto again = loopback.connect(transport, loopback.listener->address());
    ASSERT_TRUE(again) << again.error().to_string();
    transfer(loopback, *loopback.accepted.stream, *loopback.dialled.stream);
  }
}

TEST(WebsocketTransport, AsksForTheNameThatTheAddressHas) {
  Loopback loopback;
  WebsocketTransport transport(loopback.loop.env(), loopback.config());
  loopback.listen(transport, "/ip4/127.0.0.1/tcp/0/tls/ws");
  const std::string tcp = "/ip4/127.0.0.1/tcp/" + std::to_string(*loopback.listener->address().port());
  EXPECT_TRUE(loopback.connect(transport, multiaddr(tcp + "/tls/sni/node.example/ws")));
  EXPECT_EQ(loopback.connect(transport, multiaddr(tcp + "/tls/sni/other.example/ws")).error().code,
            Errc::crypto);
}

TEST(WebsocketTransport, TrustsTheSystemOrIsToldWhomToTrust) {
  Loopback loopback;
  WebsocketTransport server(loopback.loop.env(), loopback.config());
  loopback.listen(server, "/ip4/127.0.0.1/tcp/0/wss");
  WebsocketTransport strict(loopback.loop.env());
  const auto refused = loopback.connect(strict, loopback.listener->address());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::crypto) << refused.error().to_string();
  WebsocketTransport careless(loopback.loop.env(), {.verify_certificates = false});
  EXPECT_TRUE(loopback.connect(careless, loopback.listener->address()));
  WebsocketTransport broken(loopback.loop.env(), {.extra_ca_file = loopback.folder / "none.pem"});
  EXPECT_EQ(loopback.run(broken.dial(loopback.listener->address())).error().code, Errc::invalid_argument);
}

TEST(WebsocketTransport, ListensSecurelyOnlyWithACertificate) {
  Loopback loopback;
  const Multiaddr where = multiaddr("/ip4/127.0.0.1/tcp/0/wss");
  WebsocketTransport none(loopback.loop.env());
  EXPECT_EQ(loopback.run(none.listen(where)).error().code, Errc::invalid_argument);
  WebsocketTransport missing(loopback.loop.env(),
                             {.certificate_file = loopback.folder / "a", .key_file = "b"});
  EXPECT_EQ(loopback.run(missing.listen(where)).error().code, Errc::not_found);
}

TEST(WebsocketTransport, ARenewedCertificateIsShownToWhoeverComesThen) {
  Loopback loopback;
  WebsocketTransport server(loopback.loop.env(), loopback.config());
  loopback.listen(server, "/ip4/127.0.0.1/tcp/0/wss");
  WebsocketTransport client(loopback.loop.env(), loopback.config());
  ASSERT_TRUE(loopback.connect(client, loopback.listener->address()));
  ByteConnection before_dialled = std::move(loopback.dialled);
  ByteConnection before_accepted = std::move(loopback.accepted);
  // Of an authority that only another client trusts.
  const Authority other;
  write_file(loopback.folder / "other.pem", other.pem());
  loopback.write_certificate(other.issue("IP:127.0.0.1"));
  WebsocketTransport other_client(loopback.loop.env(), {.extra_ca_file = loopback.folder / "other.pem"});
  bool connected = false;
  for (int i = 0; i < 200 && !connected; ++i) {
    loopback.loop.run(sleep_for(loopback.loop.env(), milliseconds(50)));
    connected = loopback.connect(other_client, loopback.listener->address()).has_value();
  }
  EXPECT_TRUE(connected);
  EXPECT_FALSE(loopback.connect(client, loopback.listener->address()));
  // Connections that were there go on.
  ASSERT_TRUE(loopback.run(send(*before_dialled.stream, to_bytes("still here"))));
  EXPECT_EQ(as_text(*loopback.run(receive(*before_accepted.stream))), "still here");
}

TEST(WebsocketTransport, SharesItsPortWithTcp) {
  Loopback loopback;
  const auto ports = std::make_shared<SharedPorts>(loopback.loop.env());
  TcpTransport tcp(loopback.loop.env(), {}, ports);
  WebsocketTransport ws(loopback.loop.env(), loopback.config(), ports);
  auto raw = loopback.run(tcp.listen(multiaddr("/ip4/127.0.0.1/tcp/0")));
  ASSERT_TRUE(raw);
  const std::string where = (*raw)->address().to_string();
  auto plain = loopback.run(ws.listen(multiaddr(where + "/ws")));
  ASSERT_TRUE(plain);
  auto secure = loopback.run(ws.listen(multiaddr(where + "/wss")));
  ASSERT_TRUE(secure);
  for (std::unique_ptr<ByteListener>* taker : {&*raw, &*plain, &*secure}) {
    loopback.listener = std::move(*taker);
    ASSERT_TRUE(loopback.connect(ws, multiaddr(where + "/ws")));
    EXPECT_EQ(loopback.accepted.local, multiaddr(where + "/ws"));
    ASSERT_TRUE(loopback.connect(ws, multiaddr(where + "/wss")));
    EXPECT_EQ(loopback.accepted.local, multiaddr(where + "/tls/ws"));
    *taker = std::move(loopback.listener);
  }
}

TEST(WebsocketTransport, AServerThatIsNoneIsNotOne) {
  Loopback loopback;
  TcpTransport tcp(loopback.loop.env());
  auto raw = loopback.run(tcp.listen(multiaddr("/ip4/127.0.0.1/tcp/0")));
  ASSERT_TRUE(raw);
  loopback.listener = std::move(*raw);
  WebsocketTransport ws(loopback.loop.env(),
                        {.tls_timeout = milliseconds(200), .upgrade_timeout = milliseconds(200)});
  const std::string where = loopback.listener->address().to_string();
  EXPECT_EQ(loopback.run(ws.dial(multiaddr(where + "/ws"))).error().code, Errc::timeout);
  EXPECT_EQ(loopback.run(ws.dial(multiaddr(where + "/wss"))).error().code, Errc::timeout);
  EXPECT_EQ(loopback.run(ws.dial(multiaddr("/ip4/127.0.0.1/tcp/1/ws"))).error().code, Errc::refused);
}

}  // namespace
}  // namespace libp2p
