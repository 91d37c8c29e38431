#include "libp2p/transport/websocket/address.hpp"

#include <gtest/gtest.h>

namespace libp2p::websocket {
namespace {

constexpr std::string_view peer = "/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

Multiaddr address(std::string_view text) { return Multiaddr::parse(text).value(); }

TEST(WebsocketAddress, TakesEachForm) {
  for (const char* text :
       {"/ip4/192.0.2.1/tcp/80/ws", "/ip6/2001:db8::1/tcp/80/ws", "/ip4/192.0.2.1/tcp/443/wss",
        "/ip4/192.0.2.1/tcp/443/tls/ws", "/ip4/192.0.2.1/tcp/443/tls/sni/a.example/ws",
        "/ip6zone/lo/ip6/fe80::1/tcp/80/ws", "/ip4/192.0.2.1/ws", "/ip4/192.0.2.1/wss",
        "/ip4/192.0.2.1/tcp/80/ws/http-path/a%2Fb"}) {
    EXPECT_TRUE(is_address(address(text))) << text;
    EXPECT_TRUE(is_address(address(text + std::string(peer)))) << text;
  }
}

TEST(WebsocketAddress, TakesNothingElse) {
  for (const char* text :
       {"/ip4/192.0.2.1/tcp/80", "/dns/a.example/tcp/80/ws", "/ip4/192.0.2.1/udp/80/ws",
        "/ip4/192.0.2.1/tcp/80/tls", "/ip4/192.0.2.1/tcp/80/sni/a.example/ws", "/ws",
        "/ip4/192.0.2.1/tcp/80/ws/ws", "/ip4/192.0.2.1/tcp/80/tls/wss", "/ip4/192.0.2.1/tcp/80/http",
        "/ip6zone/lo/ip4/192.0.2.1/tcp/80/ws", "/ip4/192.0.2.1/tcp/80/ws/p2p-circuit"}) {
    EXPECT_FALSE(is_address(address(text))) << text;
    EXPECT_EQ(parse_address(address(text)).error().code, Errc::invalid_argument) << text;
  }
  EXPECT_FALSE(is_address(Multiaddr{}));
}

TEST(WebsocketAddress, KnowsWhatToDialAndWhomToAskFor) {
  const Address plain = parse_address(address("/ip4/192.0.2.1/tcp/8080/ws")).value();
  EXPECT_EQ(plain.tcp.to_string(), "/ip4/192.0.2.1/tcp/8080");
  EXPECT_EQ(plain.suffix.to_string(), "/ws");
  EXPECT_FALSE(plain.secure);
  EXPECT_EQ(plain.authority(), "192.0.2.1:8080");
  EXPECT_EQ(plain.target, "/");

  const Address named =
      parse_address(address("/ip4/192.0.2.1/tcp/8443/tls/sni/a.example/ws" + std::string(peer))).value();
  EXPECT_EQ(named.tcp.to_string(), "/ip4/192.0.2.1/tcp/8443");
  EXPECT_EQ(named.suffix.to_string(), "/tls/sni/a.example/ws");
  EXPECT_EQ(named.scheme.to_string(), "/tls/ws");
  EXPECT_TRUE(named.secure);
  EXPECT_EQ(named.host(), "a.example");
  EXPECT_EQ(named.authority(), "a.example:8443");

  const Address v6 = parse_address(address("/ip6zone/lo/ip6/fe80::1/tcp/8443/wss")).value();
  EXPECT_EQ(v6.tcp.to_string(), "/ip6zone/lo/ip6/fe80::1/tcp/8443");
  EXPECT_EQ(v6.suffix.to_string(), "/tls/ws");
  EXPECT_EQ(v6.host(), "fe80::1");
  EXPECT_EQ(v6.authority(), "[fe80::1]:8443");
}

TEST(WebsocketAddress, APortThatIsMissingIsTheSchemes) {
  const Address plain = parse_address(address("/ip4/192.0.2.1/ws")).value();
  EXPECT_EQ(plain.tcp.to_string(), "/ip4/192.0.2.1/tcp/80");
  EXPECT_EQ(plain.authority(), "192.0.2.1");
  const Address secure = parse_address(address("/ip6/2001:db8::1/tls/sni/a.example/ws")).value();
  EXPECT_EQ(secure.tcp.to_string(), "/ip6/2001:db8::1/tcp/443");
  EXPECT_EQ(secure.authority(), "a.example");
}

TEST(WebsocketAddress, APathCantReachBeyondItsLine) {
  const auto target = [](std::string_view path) {
    return parse_address(address("/ip4/192.0.2.1/tcp/80/ws/http-path/" + std::string(path))).value().target;
  };
  EXPECT_EQ(target("path%2Fto%2Fendpoint"), "/path/to/endpoint");
  EXPECT_EQ(target("%2Fabsolute"), "/absolute");
  EXPECT_EQ(target("a%20b%0d%0aHost:%20x"), "/a%20b%0D%0AHost%3A%20x");
  EXPECT_EQ(target("a%3Fb%23c"), "/a%3Fb%23c");
}

TEST(WebsocketAddress, JoinsWhatBelongsTogether) {
  EXPECT_EQ(join(address("/ip4/192.0.2.1/tcp/80"), address("/tls/ws")).to_string(),
            "/ip4/192.0.2.1/tcp/80/tls/ws");
}

}  // namespace
}  // namespace libp2p::websocket
