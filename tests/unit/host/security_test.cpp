// Hosts with one security or several, over real sockets.
#include <gtest/gtest.h>

#include "libp2p/base/system_runtime.hpp"
#include "libp2p/host/host.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

HostConfig on_loopback(std::vector<Security> security) {
  HostConfig config;
  config.listen = {address_of("/ip4/127.0.0.1/tcp/0")};
  config.security = std::move(security);
  config.perf.emplace();
  return config;
}

struct Outcome {
  std::string error;
  std::string security;  // as the dialler sees it
  std::string security_of_listener;
  bool early_muxer = false;
};

// `a` dials `b`, pings it, and moves some MB both ways.
Task<Outcome> talk(Env env, std::vector<Security> diallers, std::vector<Security> listeners) {
  Outcome outcome;
  Host a(env, on_loopback(std::move(diallers)));
  Host b(env, on_loopback(std::move(listeners)));
  EXPECT_TRUE(co_await a.start());
  EXPECT_TRUE(co_await b.start());
  const auto connected = co_await a.connect(b.swarm().listen_addresses().at(0).with_peer(b.peer().bytes()));
  if (connected) {
    EXPECT_TRUE(co_await a.ping()->ping(b.peer()));
    const auto moved = co_await a.perf()->run(b.peer(), 5'000'000, 5'000'000);
    EXPECT_TRUE(moved) << moved.error().to_string();
    const ConnectionInfo here = a.swarm().connections(b.peer()).at(0);
    outcome.security = here.security;
    outcome.early_muxer = here.early_muxer;
    outcome.security_of_listener = b.swarm().connections(a.peer()).at(0).security;
  } else {
    outcome.error = connected.error().to_string();
  }
  co_await a.stop();
  co_await b.stop();
  co_return outcome;
}

TEST(HostOverTcp, AgreesOnASecurityHoweverTheTwoSidesPreferThem) {
  using enum Security;
  struct Case {
    std::vector<Security> dialler;
    std::vector<Security> listener;
    std::string_view agreed;
  };
  const Case cases[] = {
      {{tls}, {tls}, "/tls/1.0.0"},
      {{noise, tls}, {tls, noise}, "/noise"},
      {{tls, noise}, {noise, tls}, "/tls/1.0.0"},
      {{noise, tls}, {tls}, "/tls/1.0.0"},
      {{tls, noise}, {noise}, "/noise"},
  };
  NullLog log;
  SystemRuntime runtime(log);
  for (const Case& each : cases) {
    std::optional<Outcome> outcome;
    runtime.run([](Task<Outcome> task, std::optional<Outcome>& out) -> Task<> {
      out = co_await std::move(task);
    }(talk(runtime.env(), each.dialler, each.listener), outcome));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->error, "");
    EXPECT_EQ(outcome->security, each.agreed);
    EXPECT_EQ(outcome->security_of_listener, each.agreed);
    EXPECT_TRUE(outcome->early_muxer);
  }
}

}  // namespace
}  // namespace libp2p::test
