// The same attacks on a peer's sockets, from addresses of this machine that are not exempt.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>

#include "libp2p/base/notifier.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/swarm/resources.hpp"
#include "tests/support/run.hpp"
#include "tests/support/tcp_swarm.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How long an honest peer may take to join, and ten times that for a machine that is busy.
constexpr Duration expected_wait = seconds(1);
constexpr Duration longest_wait = 10 * expected_wait;

// A connection from 127.0.0.HOST that says nothing.
class SilentConnection {
 public:
  SilentConnection(int host, std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in from = address(host, 0);
    const sockaddr_in to = address(1, port);
    connected_ = socket_ >= 0 &&
                 ::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
                 ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  SilentConnection(SilentConnection&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  SilentConnection& operator=(SilentConnection&&) = delete;
  ~SilentConnection() {
    if (socket_ >= 0) ::close(socket_);
  }
  [[nodiscard]] bool connected() const noexcept { return connected_; }

 private:
  static sockaddr_in address(int host, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(0x7f000000U + static_cast<std::uint32_t>(host));
    return to;
  }
  int socket_;
  bool connected_ = false;
};

Task<bool> until(Env env, std::function<bool()> condition, Duration limit) {
  const Instant end = env.now() + limit;
  while (!condition() && env.now() < end) co_await sleep_for(env, milliseconds(2));
  co_return condition();
}

struct Siege {
  Siege() : victim(loop.env(), 1, {.limits = {.exempt_loopback = 0}}), honest(loop.env(), 2) {
    const auto bound = loop.run(victim.swarm.listen(multiaddr("/ip4/127.0.0.1/tcp/0")));
    EXPECT_TRUE(bound) << bound.error().to_string();
    at = *bound;
  }
  ~Siege() {
    loop.run(honest.swarm.stop());
    loop.run(victim.swarm.stop());
  }
  Siege(const Siege&) = delete;
  Siege& operator=(const Siege&) = delete;

  void hold(int host) {
    held.emplace_back(host, *at.port());
    ASSERT_TRUE(held.back().connected());
  }
  bool run_until(std::function<bool()> condition) {
    return loop.run(until(loop.env(), std::move(condition), longest_wait));
  }
  Duration time_to_join() {
    const Instant began = loop.env().now();
    EXPECT_TRUE(loop.run(honest.swarm.connect(victim.id, {at})));
    EXPECT_TRUE(run_until([&] { return victim.swarm.is_connected(honest.id); }));
    return loop.env().now() - began;
  }
  [[nodiscard]] std::size_t upgrading() const { return victim.swarm.counters().upgrading; }

  starling::test::Loop loop;
  TcpSwarm victim;
  TcpSwarm honest;
  Multiaddr at;
  std::vector<SilentConnection> held;
};

TEST(Swarm, MS06_HalfOpenConnectionsOfManyAddressesKeepNobodyOut) {
  Siege siege;
  for (int i = 0; i < 64; ++i) siege.hold(2 + i % 8);
  EXPECT_TRUE(siege.run_until([&] { return siege.upgrading() == 64; })) << siege.upgrading();
  EXPECT_LT(siege.time_to_join(), longest_wait);
  EXPECT_GE(siege.upgrading(), 60U);
  // They are gone in time, and nothing of them stays.
  EXPECT_TRUE(siege.loop.run(until(
      siege.loop.env(), [&] { return siege.upgrading() == 0; },
      SwarmConfig{}.upgrade_timeout + longest_wait)));
  EXPECT_EQ(siege.victim.swarm.resource_usage().networks, 1U);  // the honest one's
}

TEST(Swarm, MS06_OneAddressHasAFewHalfOpenConnections) {
  Siege siege;
  for (int i = 0; i < 100; ++i) siege.hold(2);
  EXPECT_TRUE(siege.run_until([&] { return siege.victim.swarm.counters().inbound_refused >= 92; }));
  EXPECT_EQ(siege.upgrading(), ResourceLimits{}.connections_per_ipv4);
  EXPECT_LT(siege.time_to_join(), longest_wait);
}

TEST(Swarm, MS06_AnHonestPeerOfTheAttackersOwnAddressGetsIn) {
  Siege siege;
  for (int i = 0; i < 64; ++i) siege.hold(1);
  EXPECT_TRUE(siege.run_until([&] { return siege.upgrading() == ResourceLimits{}.connections_per_ipv4; }));
  EXPECT_LT(siege.time_to_join(), longest_wait);
}

TEST(Swarm, MS06_AnAddressThatHasItsShareCostsOthersNoConnection) {
  starling::test::Loop loop;
  const ResourceLimits limits{.connections = 3, .connections_per_ipv4 = 3, .exempt_loopback = 0};
  TcpSwarm victim(loop.env(), 1, {.limits = limits});
  const auto at = loop.run(victim.swarm.listen(multiaddr("/ip4/127.0.0.1/tcp/0")));
  ASSERT_TRUE(at) << at.error().to_string();
  std::vector<std::unique_ptr<TcpSwarm>> peers;
  for (std::uint64_t i = 0; i < 6; ++i) {
    peers.push_back(std::make_unique<TcpSwarm>(loop.env(), 10 + i));
    (void)loop.run(peers.back()->swarm.connect(victim.id, {*at}));
    const auto settled = [&] {
      const auto counters = victim.swarm.counters();
      return counters.inbound_accepted + counters.inbound_refused == i + 1;
    };
    EXPECT_TRUE(loop.run(until(loop.env(), settled, longest_wait)));
  }
  // The first three are idle and could be pushed out; but the others may not come in anyway.
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(victim.swarm.is_connected(peers[i]->id)) << i;
  EXPECT_EQ(victim.swarm.resource_usage().inbound, 3U);
  for (const auto& peer : peers) loop.run(peer->swarm.stop());
  loop.run(victim.swarm.stop());
}

}  // namespace
}  // namespace libp2p::test
