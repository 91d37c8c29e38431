#include "tests/interop/cpp/harness_settings.hpp"

#include <gtest/gtest.h>

#include <map>

namespace interop {
namespace {

using libp2p::Errc;
using Variables = std::map<std::string, std::string>;

libp2p::Result<HarnessSettings> read(const Variables& variables) {
  return read_harness_settings([&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

Variables test_plans() {
  return {{"is_dialer", "false"}, {"transport", "tcp"}, {"muxer", "yamux"},
          {"security", "noise"},  {"ip", "10.0.0.7"},   {"redis_addr", "redis:6379"}};
}

Variables unified() {
  return {{"IS_DIALER", "true"},       {"TRANSPORT", "tcp"},         {"MUXER", "yamux"},
          {"SECURE_CHANNEL", "noise"}, {"REDIS_ADDR", "10.0.0.1:1"}, {"TEST_KEY", "0badcafe"}};
}

TEST(HarnessSettings, ReadsTestPlans) {
  const auto settings = read(test_plans());
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->dialect, Dialect::test_plans);
  EXPECT_FALSE(settings->dialer);
  EXPECT_EQ(settings->key, "listenerAddr");
  EXPECT_EQ(settings->redis_address, "redis:6379");
  EXPECT_EQ(settings->timeout, std::chrono::seconds(180));
  ASSERT_EQ(settings->options.listen.size(), 1U);
  EXPECT_EQ(settings->options.listen[0].to_string(), "/ip4/10.0.0.7/tcp/0");
}

TEST(HarnessSettings, ReadsUnifiedTesting) {
  const auto settings = read(unified());
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->dialect, Dialect::unified);
  EXPECT_TRUE(settings->dialer);
  EXPECT_EQ(settings->key, "0badcafe_listener_multiaddr");
  EXPECT_TRUE(settings->options.listen.empty());
}

TEST(HarnessSettings, TellsTransportAndSecurity) {
  Variables variables = test_plans();
  variables["transport"] = "ws";
  variables["security"] = "tls";
  auto settings = read(variables);
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->options.transport, TransportKind::ws);
  EXPECT_EQ(settings->options.security, SecurityKind::tls);
  EXPECT_EQ(settings->options.listen[0].to_string(), "/ip4/10.0.0.7/tcp/0/ws");

  // QUIC is given neither.
  variables = test_plans();
  variables["transport"] = "quic-v1";
  variables.erase("security");
  variables.erase("muxer");
  settings = read(variables);
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->options.listen[0].to_string(), "/ip4/10.0.0.7/udp/0/quic-v1");
}

TEST(HarnessSettings, NamesTheVariableThatIsWrong) {
  const auto refusal = [](Variables variables, const std::string& name, const std::string& value) {
    variables[name] = value;
    const auto settings = read(variables);
    EXPECT_FALSE(settings) << name;
    if (settings) return Errc{};
    EXPECT_NE(settings.error().message.find(name), std::string::npos) << settings.error().message;
    return settings.error().code;
  };
  EXPECT_EQ(refusal(test_plans(), "is_dialer", "yes"), Errc::invalid_argument);
  EXPECT_EQ(refusal(test_plans(), "transport", "webrtc"), Errc::invalid_argument);
  EXPECT_EQ(refusal(test_plans(), "security", "plaintext"), Errc::invalid_argument);
  EXPECT_EQ(refusal(test_plans(), "muxer", "mplex"), Errc::not_supported);
  EXPECT_EQ(refusal(test_plans(), "ip", "localhost"), Errc::parse);
  for (const char* timeout : {"0", "-1", "soon", "99999"}) {
    EXPECT_EQ(refusal(test_plans(), "test_timeout_seconds", timeout), Errc::invalid_argument);
  }
  EXPECT_EQ(refusal(unified(), "TEST_KEY", ""), Errc::invalid_argument);
}

}  // namespace
}  // namespace interop
