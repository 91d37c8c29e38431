// The addresses of one peer against each other, over transports whose every answer is written down before.
#include <gtest/gtest.h>

#include "libp2p/transport/dns/resolver.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string quic = "/ip4/8.8.8.8/udp/1/quic-v1";
const std::string quic6 = "/ip6/2001:db8::1/udp/1/quic-v1";
const std::string tcp = "/ip4/8.8.8.8/tcp/1";
const std::string tcp6 = "/ip6/2001:db8::1/tcp/1";

// What an address does: it leads to the other node, or fails, after a while; one without a script is silent.
struct Script {
  Duration after{};
  std::optional<Error> error;
};

class ScriptedTransport final : public Transport {
 public:
  ScriptedTransport(Env env, std::unique_ptr<Transport> below, std::map<std::string, Script>& scripts,
                    std::vector<std::pair<std::string, Instant>>& dialled)
      : env_(env), below_(std::move(below)), scripts_(scripts), dialled_(dialled) {}

  [[nodiscard]] bool handles(const Multiaddr& address) const override { return !address.empty(); }
  Task<Result<std::unique_ptr<MuxedConnection>>> dial(Multiaddr address,
                                                      std::optional<PeerId> expected) override {
    dialled_.emplace_back(address.to_string(), env_.now());
    const auto script = scripts_.find(address.to_string());
    co_await sleep_for(env_,
                       script == scripts_.end() ? Duration(std::chrono::hours(1)) : script->second.after);
    if (script->second.error) co_return std::unexpected(*script->second.error);
    co_return co_await below_->dial(memory_address(1), std::move(expected));
  }
  Task<Result<std::unique_ptr<ConnectionListener>>> listen(Multiaddr address) override {
    return below_->listen(std::move(address));
  }

 private:
  Env env_;
  std::unique_ptr<Transport> below_;
  std::map<std::string, Script>& scripts_;
  std::vector<std::pair<std::string, Instant>>& dialled_;
};

struct Machine final : Interfaces {
  std::vector<InterfaceAddress> all;
  [[nodiscard]] std::vector<InterfaceAddress> addresses() const override { return all; }
};

struct Race {
  explicit Race(SwarmConfig config = {}) : net(1, {}), target(net.add()) {
    std::vector<std::unique_ptr<Transport>> transports;
    transports.push_back(std::make_unique<ScriptedTransport>(
        env(),
        std::make_unique<UpgradedTransport>(std::make_unique<MemoryTransport>(env(), net.network, 50),
                                            std::make_shared<const Upgrader>(env(), node_key(50))),
        scripts, dialled));
    swarm = std::make_unique<Swarm>(env(), node_key(50), config, std::move(transports), nullptr, nullptr,
                                    nullptr, &machine);
    swarm->start();
  }
  ~Race() { net.runtime.run(swarm->stop()); }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  Env env() {
    const Env base = net.runtime.env();
    return {base.executor, base.clock, base.timers, base.random, log, base.workers};
  }
  void answers(const std::string& address, Duration after) {
    scripts[address] = {.after = after, .error = {}};
  }
  void fails(const std::string& address, Duration after, Errc code) {
    scripts[address] = {.after = after, .error = Error{code, "as scripted"}};
  }
  // How long it took; the peer is let go of again.
  Duration reach(const std::vector<std::string>& texts) {
    std::vector<Multiaddr> addresses;
    for (const std::string& text : texts) addresses.push_back(address_of(text));
    dialled.clear();
    began = net.runtime.now();
    EXPECT_TRUE(net.runtime.run(swarm->connect(target.id, addresses)));
    const Duration took = net.runtime.now() - began;
    swarm->disconnect(target.id);
    net.runtime.run_for(seconds(1));
    swarm->peerstore().forget(target.id);
    return took;
  }
  // When it was dialled, in ms from the beginning; -1 for never.
  [[nodiscard]] std::int64_t start_of(const std::string& address) const {
    for (const auto& [text, at] : dialled) {
      if (text == address) return std::chrono::duration_cast<milliseconds>(at - began).count();
    }
    return -1;
  }
  [[nodiscard]] std::string last_reason() const {
    const auto line = log.last("peer.connected");
    return line ? *line : "";
  }

  struct ReasonLog final : Log {
    std::vector<std::pair<std::string, std::string>> lines;
    [[nodiscard]] bool enabled(LogLevel level) const noexcept override { return level >= LogLevel::info; }
    void write(LogLevel, std::string_view event, std::span<const LogField> fields) override {
      for (const LogField& field : fields) {
        if (field.key == "why") lines.emplace_back(event, field.value);
      }
    }
    [[nodiscard]] std::optional<std::string> last(std::string_view event) const {
      std::optional<std::string> found;
      for (const auto& [name, why] : lines) {
        if (name == event) found = why;
      }
      return found;
    }
  };

  SwarmNet net;
  TestNode& target;
  ReasonLog log;
  Machine machine;
  std::map<std::string, Script> scripts;
  std::vector<std::pair<std::string, Instant>> dialled;
  Instant began;
  std::unique_ptr<Swarm> swarm;
};

TEST(DialRace, QuicThatAnswersInTimeIsNotRaced) {
  Race race;
  race.answers(quic, milliseconds(200));
  race.answers(tcp, milliseconds(1));
  EXPECT_EQ(race.reach({tcp, quic}), milliseconds(200));
  EXPECT_EQ(race.start_of(tcp), -1);
  EXPECT_EQ(race.last_reason(), "quic: first to answer");
}

TEST(DialRace, TcpOvertakesQuicThatIsSilent) {
  Race race;
  race.answers(tcp, milliseconds(30));
  EXPECT_EQ(race.reach({tcp, quic}), milliseconds(280));
  EXPECT_EQ(race.last_reason(), "tcp: quic no answer");
}

TEST(DialRace, WhatFailsAtOnceCostsNoWait) {
  Race race;
  race.fails(quic, milliseconds(5), Errc::refused);
  race.answers(tcp, milliseconds(30));
  EXPECT_EQ(race.reach({tcp, quic}), milliseconds(35));
  EXPECT_EQ(race.last_reason(), "tcp: quic refused");
}

TEST(DialRace, AFailureBesideOneThatRunsLeavesThatItsHeadStart) {
  Race race;
  race.fails(quic6, milliseconds(110), Errc::refused);
  race.answers(quic, milliseconds(100));
  race.answers(tcp, milliseconds(1));
  EXPECT_EQ(race.reach({tcp, quic, quic6}), milliseconds(200));
  EXPECT_EQ(race.start_of(tcp), -1);
}

TEST(DialRace, ABetterOneThatComesLaterIsNotWaitedFor) {
  Race race;
  race.answers(quic, milliseconds(300));
  race.answers(tcp, milliseconds(20));
  EXPECT_EQ(race.reach({tcp, quic}), milliseconds(270));
  EXPECT_EQ(race.last_reason(), "tcp: quic no answer");
}

TEST(DialRace, FamiliesAreRaced) {
  Race race;
  race.answers(tcp, milliseconds(20));
  EXPECT_EQ(race.reach({tcp, tcp6}), milliseconds(120));
  race.answers(tcp6, milliseconds(90));
  EXPECT_EQ(race.reach({tcp, tcp6}), milliseconds(90));
}

TEST(DialRace, AMeasuredRoundTripShortensTheWaits) {
  Race race;
  race.answers(quic, milliseconds(1));
  // The connection lives long enough to be measured: on this network nothing takes time.
  race.dialled.clear();
  ASSERT_TRUE(race.net.runtime.run(race.swarm->connect(race.target.id, {address_of(quic)})));
  race.net.runtime.run_for(seconds(8));
  EXPECT_TRUE(race.swarm->peerstore().rtt(race.target.id));
  race.swarm->disconnect(race.target.id);
  race.net.runtime.run_for(seconds(1));
  race.swarm->peerstore().forget(race.target.id);
  race.swarm->peerstore().set_agent(race.target.id, "known");
  race.swarm->peerstore().set_rtt(race.target.id, milliseconds(20));
  race.scripts.erase(quic);
  race.answers(tcp, milliseconds(1));
  EXPECT_EQ(race.reach({quic, tcp}), milliseconds(41));
}

TEST(DialRace, ANetworkWithoutUdpCostsItsWaitUntilThatIsNoticed) {
  Race race;
  race.answers(tcp, milliseconds(10));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(race.reach({tcp, quic}), milliseconds(260)) << i;
  for (int i = 0; i < 19; ++i) EXPECT_EQ(race.reach({tcp, quic}), milliseconds(10)) << i;
  EXPECT_EQ(race.last_reason(), "tcp: quic swallowed by the network");
  EXPECT_EQ(race.reach({tcp, quic}), milliseconds(260));  // the probe
  // Now UDP is let through: the next probe finds out.
  race.answers(quic, milliseconds(15));
  for (int i = 0; i < 19; ++i) EXPECT_EQ(race.reach({tcp, quic}), milliseconds(10)) << i;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(race.reach({tcp, quic}), milliseconds(15)) << i;
}

TEST(DialRace, ANetworkWithoutIpv6CostsItsWaitUntilThatIsNoticed) {
  Race race;
  race.answers(tcp, milliseconds(250));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(race.reach({tcp, tcp6}), milliseconds(350)) << i;
  EXPECT_EQ(race.reach({tcp, tcp6}), milliseconds(250));
}

TEST(DialRace, WhatIsInABlackHoleIsTriedWhereThereIsNothingElse) {
  Race race;
  race.answers(tcp, milliseconds(10));
  for (int i = 0; i < 21; ++i) (void)race.reach({tcp, quic});
  race.answers(quic, milliseconds(15));
  EXPECT_EQ(race.reach({quic}), milliseconds(15));
}

TEST(DialRace, AnotherNetworkStartsOver) {
  Race race;
  race.answers(tcp, milliseconds(10));
  for (int i = 0; i < 21; ++i) (void)race.reach({tcp, quic});
  race.machine.all.push_back({.interface = "wlan0", .address = address_of("/ip4/10.9.9.9")});
  race.net.runtime.run_for(seconds(6));
  EXPECT_EQ(race.reach({tcp, quic}), milliseconds(260));
}

Task<> connect_only(Swarm& swarm, PeerId peer, std::vector<Multiaddr> to) {
  (void)co_await swarm.connect(std::move(peer), std::move(to));
}

TEST(DialRace, OnePeersDialsAreBounded) {
  Race race;
  std::vector<std::string> many;
  for (int i = 1; i <= 40; ++i) many.push_back("/ip4/10.0.0.1/tcp/" + std::to_string(i));
  std::vector<Multiaddr> addresses;
  for (const std::string& text : many) addresses.push_back(address_of(text));
  TaskGroup tasks(race.net.runtime.env());
  tasks.spawn("dial", connect_only(*race.swarm, race.target.id, addresses));
  race.net.runtime.run_for(seconds(5));
  EXPECT_EQ(race.dialled.size(), SwarmConfig{}.max_parallel_dials);
  race.net.runtime.run(tasks.stop());
}

// A member that took other ports when it restarted: QUIC's of before are silent, one after another.
TEST(DialRace, WhereAPeerIsSeenMeanwhileIsTriedAtOnceHoweverManyAreSilent) {
  Race race;
  std::vector<Multiaddr> before;
  for (int i = 1; i <= 64; ++i)
    before.push_back(address_of("/ip4/10.0.0.1/udp/" + std::to_string(i) + "/quic-v1"));
  TaskGroup tasks(race.net.runtime.env());
  tasks.spawn("dial", connect_only(*race.swarm, race.target.id, before));
  race.net.runtime.run_for(seconds(3));
  ASSERT_EQ(race.dialled.size(), SwarmConfig{}.max_parallel_dials);
  const std::string now_at = "/ip4/10.0.0.1/udp/1000/quic-v1";
  race.answers(now_at, milliseconds(20));
  race.swarm->seen(race.target.id, {address_of(now_at)});
  race.net.runtime.run_for(milliseconds(21));
  EXPECT_TRUE(race.swarm->is_connected(race.target.id));
  EXPECT_EQ(race.dialled.size(), SwarmConfig{}.max_parallel_dials + 1);
  race.net.runtime.run(tasks.join());
}

TEST(DialRace, OfWhereAPeerIsSeenOnlySoManyAreTriedInASecond) {
  Race race;
  TaskGroup tasks(race.net.runtime.env());
  tasks.spawn("dial", connect_only(*race.swarm, race.target.id, {address_of("/ip4/10.0.0.1/tcp/1")}));
  race.net.runtime.run_for(seconds(2));
  for (int told = 0; told < 100; ++told) {
    std::vector<Multiaddr> anywhere;
    for (int i = 0; i < 16; ++i)
      anywhere.push_back(address_of("/ip4/10.0.0.1/tcp/" + std::to_string(2 + 16 * told + i)));
    race.swarm->seen(race.target.id, anywhere);
  }
  race.net.runtime.run_for(milliseconds(500));
  EXPECT_EQ(race.dialled.size(), 1 + SwarmConfig{}.max_parallel_dials);
  race.net.runtime.run_for(seconds(1));
  EXPECT_EQ(race.dialled.size(), 1 + 2 * SwarmConfig{}.max_parallel_dials);
  // All in all they are bounded as those of any peer are.
  race.net.runtime.run_for(seconds(6));
  EXPECT_EQ(race.dialled.size(), SwarmConfig{}.max_dials / 2);
  race.net.runtime.run(tasks.stop());
}

// A hundred peers with eight silent addresses each: the node's places are full, and a peer that has none yet
// still gets one.
TEST(DialRace, AllDialsAreBoundedAndAPeerWithoutOneGoesFirst) {
  Race race;
  TaskGroup tasks(race.net.runtime.env());
  const auto silent_peer = [&](std::uint64_t number) {
    std::vector<Multiaddr> addresses;
    for (int i = 1; i <= 8; ++i) {
      addresses.push_back(address_of("/ip4/10.0.0." + std::to_string(number) + "/tcp/" + std::to_string(i)));
    }
    tasks.spawn("dial", connect_only(*race.swarm, node_id(1000 + number), addresses));
  };
  for (std::uint64_t peer = 1; peer <= 8; ++peer) silent_peer(peer);
  race.net.runtime.run_for(seconds(2));
  EXPECT_EQ(race.dialled.size(), SwarmConfig{}.max_dials / 2);
  race.answers(tcp, milliseconds(10));
  EXPECT_EQ(race.reach({tcp}), milliseconds(10));
  for (std::uint64_t peer = 9; peer <= 100; ++peer) silent_peer(peer);
  race.net.runtime.run_for(seconds(2));
  race.dialled.clear();
  race.net.runtime.run_for(seconds(1));
  EXPECT_TRUE(race.dialled.empty());
  // Each gives its place back in the end.
  race.net.runtime.run(tasks.join());
  EXPECT_EQ(race.reach({tcp}), milliseconds(10));
}

TEST(DialRace, WhatIsLookedUpTakesItsRank) {
  struct Names final : Resolver {
    explicit Names(Env e) : env(e) {}
    Env env;
    Task<Result<std::vector<Multiaddr>>> resolve(std::string, IpFamily) override {
      co_await sleep_for(env, milliseconds(40));
      co_return std::vector{address_of("/ip4/8.8.8.8"), address_of("/ip6/2001:db8::1")};
    }
  };
  Race race;
  Names names(race.net.runtime.env());
  std::vector<std::unique_ptr<Transport>> transports;
  transports.push_back(std::make_unique<ScriptedTransport>(
      race.env(),
      std::make_unique<UpgradedTransport>(std::make_unique<MemoryTransport>(race.env(), race.net.network, 51),
                                          std::make_shared<const Upgrader>(race.env(), node_key(51))),
      race.scripts, race.dialled));
  Swarm swarm(race.env(), node_key(51), {}, std::move(transports), nullptr, nullptr, &names);
  swarm.start();
  race.answers(tcp, milliseconds(10));
  race.began = race.net.runtime.now();
  ASSERT_TRUE(race.net.runtime.run(swarm.connect(
      race.target.id, {address_of("/dns/example.com/tcp/1"), address_of("/dns/example.com/udp/1/quic-v1")})));
  EXPECT_EQ(race.start_of(quic6), 40);
  EXPECT_EQ(race.start_of(quic), 140);
  EXPECT_EQ(race.start_of(tcp6), 290);
  EXPECT_EQ(race.start_of(tcp), 390);
  race.net.runtime.run(swarm.stop());
}

}  // namespace
}  // namespace libp2p::test
