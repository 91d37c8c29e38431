#include "starling/daemon/own_address.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

std::optional<std::string> among(const std::vector<std::string>& texts) {
  std::vector<Multiaddr> addresses;
  for (const std::string& text : texts) addresses.push_back(*Multiaddr::parse(text));
  return own_address(addresses);
}

TEST(OwnAddress, IsTheOneThatOthersReach) {
  EXPECT_EQ(
      among({"/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/ip6/fe80::1/tcp/1", "/ip4/169.254.1.1/tcp/1",
             "/ip4/0.0.0.0/tcp/1", "/dns4/a.example/tcp/1", "/memory/1", "/ip4/10.0.0.7/udp/1/quic-v1"}),
      "10.0.0.7");
  EXPECT_EQ(among({"/ip4/127.0.0.1/tcp/1"}), std::nullopt);
  EXPECT_EQ(among({}), std::nullopt);
}

TEST(OwnAddress, IsTheSameWhateverTheOrder) {
  EXPECT_EQ(among({"/ip6/2001:db8::1/tcp/1", "/ip4/10.0.0.9/tcp/1", "/ip4/10.0.0.7/tcp/1"}), "10.0.0.7");
  EXPECT_EQ(among({"/ip4/10.0.0.7/tcp/1", "/ip4/10.0.0.9/tcp/1", "/ip6/2001:db8::1/tcp/1"}), "10.0.0.7");
}

TEST(OwnAddress, IsWrittenAsItStandsBeforeAPort) {
  EXPECT_EQ(among({"/ip6/2001:db8::1/tcp/1"}), "[2001:db8::1]");
  EXPECT_EQ(*address_text("2001:DB8:0::1"), "[2001:db8::1]");
  EXPECT_EQ(*address_text("192.0.2.1"), "192.0.2.1");
  for (const std::string_view text : {"", "host", "192.0.2.1:80", "[::1]", "fe80::1%eth0", "192.0.2"})
    EXPECT_EQ(address_text(text).error().code, libp2p::Errc::invalid_argument) << text;
}

}  // namespace
}  // namespace starling
