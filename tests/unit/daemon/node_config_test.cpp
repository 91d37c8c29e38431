#include "starling/daemon/node_config.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

NodeConfig sample() {
  NodeConfig config;
  config.fleet.bytes.fill(1);
  config.name = "n1";
  config.listen = {*Multiaddr::parse("/ip4/0.0.0.0/tcp/7117")};
  config.api = {"unix:/tmp/api.sock"};
  return config;
}

// The sample with `extra` before its keys.
Result<NodeConfig> with(const std::string& extra) {
  return NodeConfig::from_toml(extra + sample().to_toml());
}

void expect_refused(const std::string& extra, const std::string& says) {
  const auto refused = with(extra);
  ASSERT_FALSE(refused) << extra;
  EXPECT_EQ(refused.error().code, Errc::parse);
  EXPECT_NE(refused.error().message.find(says), std::string::npos) << refused.error().message;
}

TEST(NodeConfig, RoundTrips) {
  NodeConfig config = sample();
  config.private_network = true;
  config.take_fleet = true;
  config.data_plane = "nginx:/srv";
  const auto again = NodeConfig::from_toml(config.to_toml());
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->to_toml(), config.to_toml());
  EXPECT_EQ(again->fleet, config.fleet);
  EXPECT_EQ(again->listen, config.listen);
}

TEST(NodeConfig, HasKeysForWhoeverEditsIt) {
  const auto config = NodeConfig::from_toml(
      "security = [\"tls\", \"noise\"]\nwebsocket_certificate = \"/c.pem\"\nwebsocket_key = \"/k.pem\"\n" +
      sample().to_toml() + "[limits]\nconnections = 64\nmemory = 67108864\n");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->security, (std::vector<std::string>{"tls", "noise"}));
  EXPECT_EQ(config->websocket_certificate, "/c.pem");
  EXPECT_EQ(with("address = \"192.0.2.1\"\n")->address, "192.0.2.1");
  EXPECT_EQ(config->limits.connections, 64U);
  EXPECT_EQ(config->limits.memory, 64U << 20);
  EXPECT_EQ(config->limits.upgrading, libp2p::ResourceLimits{}.upgrading);
}

TEST(NodeConfig, AMistypedKeyIsNamed) {
  expect_refused("securty = [\"tls\"]\n", "\"securty\" is no key");
  expect_refused("security = [\"ssl\"]\n", "\"security\" is a list of \"noise\" and \"tls\"");
  expect_refused("security = [\"tls\", \"tls\"]\n", "at most once");
  expect_refused("security = []\n", "is empty");
  expect_refused("websocket_key = \"/k.pem\"\n", "go together");
  expect_refused("take_fleet = 1\n", "");
  expect_refused("address = \"host\"\n", "\"address\" is no IP address");
  expect_refused("limits = 3\n", "no table");
}

TEST(NodeConfig, AnUnknownLimitIsRefusedWithThoseThereAre) {
  const std::string text = sample().to_toml();
  const auto unknown = NodeConfig::from_toml(text + "[limits]\nconections = 5\n");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("limits.conections"), std::string::npos) << unknown.error().message;
  EXPECT_NE(unknown.error().message.find("limits.connections"), std::string::npos) << unknown.error().message;
  EXPECT_FALSE(NodeConfig::from_toml(text + "[limits]\nconnections = -1\n"));
  EXPECT_FALSE(NodeConfig::from_toml(text + "[limits]\nconnections = \"many\"\n"));
}

TEST(NodeConfig, WhatIsNoTomlIsRefusedWithItsLine) {
  const auto broken = NodeConfig::from_toml("fleet = \"x\"\nname = \n");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("line 2"), std::string::npos) << broken.error().message;
}

}  // namespace
}  // namespace starling
