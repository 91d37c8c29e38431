// Who holds how much, and that nothing stays behind.
#include "libp2p/swarm/resources.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/virtual_runtime.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using swarm::connection_base_bytes;
using swarm::ConnectionAccount;
using swarm::Resources;
using swarm::ResourceUsage;
using swarm::Standing;
using swarm::StreamAccount;
using swarm::UpgradeAccount;
using ConnectionAccountPtr = std::shared_ptr<ConnectionAccount>;

constexpr std::size_t mib = 1UZ << 20;

Multiaddr from_v4(int last) { return address_of("/ip4/192.0.2." + std::to_string(last) + "/tcp/4001"); }
// 2001:db8:SITE:NETxx::1, where NET is what tells /56s apart.
Multiaddr from_v6(int site, int network) {
  const auto hex = [](int value) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%x", static_cast<unsigned>(value));
    return std::string(text.data());
  };
  return address_of("/ip6/2001:db8:" + hex(site) + ":" + hex(network * 256) + "::1/tcp/4001");
}

void expect_nothing_held(const ResourceUsage& usage) {
  EXPECT_EQ(usage.upgrading + usage.inbound + usage.outbound + usage.streams, 0U);
  EXPECT_EQ(usage.memory + usage.memory_unprotected + usage.memory_unauthenticated, 0U);
  EXPECT_EQ(usage.peers + usage.protocols + usage.networks, 0U);
}

struct Accounts {
  explicit Accounts(ResourceLimits l = {}) : limits(l), resources(l) {}
  Result<ConnectionAccountPtr> open(std::uint64_t peer, Standing standing = Standing::ordinary,
                                    Direction direction = Direction::inbound) {
    return resources.open_connection(node_id(peer), from_v4(static_cast<int>(peer % 250)), direction,
                                     standing);
  }
  // What opening one more says.
  std::string refusal(std::uint64_t peer, Direction direction = Direction::inbound) {
    const auto outcome = open(peer, Standing::ordinary, direction);
    return outcome ? "none" : outcome.error().to_string();
  }
  std::string upgrade_refusal(const Multiaddr& remote) {
    const auto outcome = resources.begin_upgrade(remote);
    return outcome ? "none" : outcome.error().to_string();
  }
  ResourceLimits limits;
  Resources resources;
};

TEST(ResourceLimits, ARefusalNamesTheLimitItsValueAndItsKey) {
  const ResourceLimits limits{.connections = 17};
  EXPECT_EQ(limit_error(limits, Limit::connections).to_string(),
            "limit reached: 17 connections (limits.connections)");
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < limit_table.size(); ++i) {
    const LimitInfo& info = limit_info(static_cast<Limit>(i));
    EXPECT_TRUE(info.key.starts_with("limits.")) << info.key;
    EXPECT_FALSE(info.of.empty());
    EXPECT_TRUE(keys.insert(info.key).second) << info.key;
  }
  EXPECT_EQ(limit_info(Limit::memory_per_connection).key, "limits.memory_per_connection");
  EXPECT_EQ(limit_info(Limit::upgrading).key, "limits.upgrading");
  EXPECT_EQ(limit_info(Limit::streams_per_protocol).key, "limits.streams_per_protocol");
}

TEST(ResourceLimits, AreSetByTheirKeys) {
  ResourceLimits limits;
  ASSERT_TRUE(set_limit(limits, "limits.streams_per_peer", 5));
  EXPECT_EQ(limits.streams_per_peer, 5U);
  const auto unknown = set_limit(limits, "limits.stream", 5);
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  EXPECT_NE(unknown.error().message.find("limits.streams_per_connection"), std::string::npos);
}

TEST(Resources, EightHandshakesOfOneIpv4AddressAndSixtyFourInAll) {
  Accounts accounts;
  std::vector<UpgradeAccount> held;
  for (int i = 0; i < 8; ++i) held.push_back(std::move(*accounts.resources.begin_upgrade(from_v4(1))));
  EXPECT_EQ(accounts.upgrade_refusal(from_v4(1)),
            "limit reached: 8 connections from one IPv4 address (limits.connections_per_ipv4)");
  for (int host = 2; host <= 8; ++host) {
    for (int i = 0; i < 8; ++i) held.push_back(std::move(*accounts.resources.begin_upgrade(from_v4(host))));
  }
  EXPECT_EQ(accounts.upgrade_refusal(from_v4(9)),
            "limit reached: 64 connections in their handshake (limits.upgrading)");
  EXPECT_EQ(accounts.resources.usage().upgrading, 64U);
  EXPECT_EQ(accounts.resources.usage().refusals[static_cast<std::size_t>(Limit::upgrading)], 1U);
  held.clear();
  expect_nothing_held(accounts.resources.usage());
}

TEST(Resources, Ipv6CountsByThe56AndByThe48) {
  Accounts accounts({.upgrading = 1000});
  std::vector<UpgradeAccount> held;
  for (int network = 0; network < 8; ++network) {
    for (int i = 0; i < 8; ++i) {
      auto one = accounts.resources.begin_upgrade(from_v6(1, network));
      ASSERT_TRUE(one) << one.error().to_string();
      held.push_back(std::move(*one));
    }
    EXPECT_NE(accounts.upgrade_refusal(from_v6(1, network)), "none");
  }
  EXPECT_EQ(accounts.upgrade_refusal(from_v6(1, 9)),
            "limit reached: 64 connections from one IPv6 /48 (limits.connections_per_ipv6_48)");
  EXPECT_EQ(accounts.upgrade_refusal(from_v6(2, 0)), "none");
}

TEST(Resources, LoopbackIsExemptUnlessItIsToldNotToBe) {
  Accounts exempt;
  Accounts strict({.exempt_loopback = 0});
  std::vector<UpgradeAccount> held;
  const Multiaddr loopback = address_of("/ip4/127.0.0.2/tcp/1");
  for (int i = 0; i < 20; ++i) held.push_back(std::move(*exempt.resources.begin_upgrade(loopback)));
  for (int i = 0; i < 8; ++i) held.push_back(std::move(*strict.resources.begin_upgrade(loopback)));
  EXPECT_FALSE(strict.resources.begin_upgrade(loopback));
  EXPECT_TRUE(strict.resources.begin_upgrade(address_of("/ip4/127.0.0.3/tcp/1")));
}

TEST(Resources, StrangersOfOneAddressAreBoundedAndMembersAreNot) {
  Accounts accounts;
  std::vector<ConnectionAccountPtr> held;
  for (std::uint64_t i = 0; i < 8; ++i) held.push_back(*accounts.open(1 + 250 * i));
  EXPECT_EQ(accounts.refusal(1 + 250 * 8),
            "limit reached: 8 connections from one IPv4 address (limits.connections_per_ipv4)");
  EXPECT_TRUE(accounts.open(1 + 250 * 8, Standing::reserved));
  // Our own dials to that address don't count.
  EXPECT_TRUE(accounts.open(1 + 250 * 8, Standing::ordinary, Direction::outbound));
  // Whoever becomes a member makes room for another stranger.
  held.front()->set_standing(Standing::reserved);
  EXPECT_TRUE(accounts.open(1 + 250 * 9));
}

TEST(Resources, ConnectionsAreBoundedInAllEachWayAndByPeer) {
  Accounts accounts({.connections = 5, .inbound_connections = 3, .outbound_connections = 4});
  std::vector<ConnectionAccountPtr> held;
  for (std::uint64_t peer = 1; peer <= 3; ++peer) held.push_back(*accounts.open(peer));
  EXPECT_EQ(accounts.refusal(4), "limit reached: 3 inbound connections (limits.inbound_connections)");
  held.push_back(*accounts.open(4, Standing::ordinary, Direction::outbound));
  held.push_back(*accounts.open(5, Standing::ordinary, Direction::outbound));
  EXPECT_EQ(accounts.refusal(6, Direction::outbound), "limit reached: 5 connections (limits.connections)");
  held.clear();
  for (int i = 0; i < 4; ++i) held.push_back(*accounts.open(1, Standing::ordinary, Direction::outbound));
  EXPECT_EQ(accounts.refusal(2, Direction::outbound),
            "limit reached: 4 outbound connections (limits.outbound_connections)");
  EXPECT_EQ(accounts.refusal(1, Direction::inbound),
            "limit reached: 4 connections with one peer (limits.connections_per_peer)");
}

TEST(Resources, AConnectionThatOthersCouldMakeRoomForIsToldFromOneThatTheyCouldNot) {
  Accounts accounts({.connections = 2});
  const auto may = [&](std::uint64_t peer) {
    return accounts.resources.may_connect(node_id(peer), from_v4(1), Direction::inbound, Standing::ordinary);
  };
  std::vector<ConnectionAccountPtr> held{*accounts.open(1), *accounts.open(2)};
  EXPECT_TRUE(may(3));
  EXPECT_FALSE(accounts.open(3));
  Accounts narrow({.connections_per_ipv4 = 1});
  held.push_back(*narrow.open(1));
  EXPECT_FALSE(narrow.resources.may_connect(node_id(2), from_v4(1), Direction::inbound, Standing::ordinary));
  EXPECT_TRUE(narrow.resources.may_connect(node_id(2), from_v4(2), Direction::inbound, Standing::ordinary));
}

TEST(Resources, WhoIsClosingGivesItsPlaceBackButNotItsMemory) {
  Accounts accounts({.connections = 1});
  const ConnectionAccountPtr closing = *accounts.open(1);
  ASSERT_TRUE(closing->try_take(mib));
  closing->leave();
  closing->leave();
  EXPECT_EQ(accounts.resources.usage().inbound, 0U);
  EXPECT_EQ(accounts.resources.usage().memory, mib + connection_base_bytes);
  EXPECT_TRUE(accounts.open(2));
  closing->set_standing(Standing::reserved);  // it doesn't come back by that
  EXPECT_EQ(accounts.resources.usage().inbound, 0U);
}

TEST(Resources, MemoryIsBoundedByConnectionPeerAndInAll) {
  Accounts accounts({.memory = 100 * mib, .memory_reserved = 0, .memory_unauthenticated = 0});
  const ConnectionAccountPtr first = *accounts.open(1);
  EXPECT_FALSE(first->try_take(32 * mib));  // the base counts
  EXPECT_TRUE(first->try_take(32 * mib - connection_base_bytes));
  EXPECT_FALSE(first->try_take(1));
  EXPECT_EQ(first->refusal().to_string(),
            "limit reached: 33554432 bytes held for one connection (limits.memory_per_connection)");
  const ConnectionAccountPtr second = *accounts.open(1);
  EXPECT_TRUE(second->try_take(16 * mib - connection_base_bytes));
  EXPECT_FALSE(second->try_take(1));
  EXPECT_NE(second->refusal().message.find("(limits.memory_per_peer)"), std::string::npos);
  EXPECT_FALSE(accounts.open(1));  // nor another connection of it
  const ConnectionAccountPtr third = *accounts.open(2);
  const ConnectionAccountPtr fourth = *accounts.open(3);
  EXPECT_TRUE(third->try_take(31 * mib));
  EXPECT_FALSE(fourth->try_take(22 * mib));
  EXPECT_NE(fourth->refusal().message.find("(limits.memory)"), std::string::npos);
  EXPECT_TRUE(fourth->try_take(20 * mib));
}

TEST(Resources, HalfOfTheMemoryIsKeptForMembers) {
  Accounts accounts({.memory = 20 * mib, .memory_reserved = 10 * mib, .memory_unauthenticated = 0});
  const ConnectionAccountPtr stranger = *accounts.open(1);
  const ConnectionAccountPtr member = *accounts.open(2, Standing::reserved);
  EXPECT_TRUE(stranger->try_take(9 * mib));
  EXPECT_FALSE(stranger->try_take(mib));
  EXPECT_EQ(stranger->refusal().to_string(),
            "limit reached: 10485760 bytes kept for peers that are protected (limits.memory_reserved)");
  EXPECT_TRUE(member->try_take(10 * mib));
  // Where members have all of it, strangers get nothing: it is one pool.
  stranger->give_back(9 * mib);
  EXPECT_TRUE(member->try_take(9 * mib));
  EXPECT_FALSE(stranger->try_take(mib));
}

TEST(Resources, ThoseWhoAreNotAdmittedShareALittle) {
  Accounts accounts({.memory_unauthenticated = 2 * mib});
  const ConnectionAccountPtr restricted = *accounts.open(1, Standing::unauthenticated);
  EXPECT_TRUE(restricted->try_take(mib));
  EXPECT_FALSE(restricted->try_take(mib));
  EXPECT_NE(restricted->refusal().message.find("(limits.memory_unauthenticated)"), std::string::npos);
  restricted->set_standing(Standing::ordinary);
  EXPECT_TRUE(restricted->try_take(mib));
  EXPECT_EQ(accounts.resources.usage().memory_unauthenticated, 0U);
  // Back among them it keeps what it has, and gets no more; nor does anybody.
  restricted->set_standing(Standing::unauthenticated);
  EXPECT_FALSE(restricted->try_take(1));
  EXPECT_FALSE(accounts.resources.begin_upgrade(from_v4(7)));
}

// What is unread of some must not keep others from connecting: members prove themselves in a handshake, too.
TEST(Resources, WhereStrangersHaveUsedUpTheirMemoryOthersStillConnect) {
  Accounts accounts({.memory = 20 * mib, .memory_reserved = 10 * mib, .memory_unauthenticated = 2 * mib});
  const ConnectionAccountPtr stranger = *accounts.open(1);
  EXPECT_FALSE(stranger->try_take(8 * mib));
  EXPECT_TRUE(stranger->try_take(8 * mib - connection_base_bytes));
  EXPECT_FALSE(stranger->try_take(1));
  EXPECT_TRUE(accounts.resources.begin_upgrade(from_v4(2)));
  const auto other = accounts.open(2);
  ASSERT_TRUE(other);
  EXPECT_FALSE((*other)->try_take(1));
  EXPECT_TRUE(accounts.open(3, Standing::reserved));
  EXPECT_TRUE(accounts.open(4, Standing::unauthenticated));
}

TEST(Resources, NobodyGivesBackMoreThanItHas) {
  Accounts accounts;
  const ConnectionAccountPtr one = *accounts.open(1);
  const ConnectionAccountPtr other = *accounts.open(2);
  ASSERT_TRUE(other->try_take(mib));
  one->give_back(mib);
  EXPECT_EQ(one->memory(), connection_base_bytes);
  EXPECT_EQ(accounts.resources.usage().memory, mib + 2 * connection_base_bytes);
}

TEST(Resources, StreamsAreBoundedByConnectionPeerProtocolAndInAll) {
  Accounts accounts(
      {.streams = 8, .streams_per_peer = 5, .streams_per_connection = 3, .streams_per_protocol = 2});
  const ConnectionAccountPtr connection = *accounts.open(1);
  std::vector<std::shared_ptr<StreamAccount>> held;
  for (int i = 0; i < 3; ++i) held.push_back(*connection->open_stream(Direction::inbound));
  EXPECT_EQ(connection->open_stream(Direction::inbound).error().to_string(),
            "limit reached: 3 inbound streams of one connection (limits.streams_per_connection)");
  for (int i = 0; i < 2; ++i) held.push_back(*connection->open_stream(Direction::outbound));
  EXPECT_EQ(connection->open_stream(Direction::outbound).error().to_string(),
            "limit reached: 5 streams with one peer (limits.streams_per_peer)");
  EXPECT_TRUE(held[0]->assign("/a"));
  EXPECT_TRUE(held[0]->assign("/a"));
  EXPECT_TRUE(held[1]->assign("/a"));
  EXPECT_EQ(held[2]->assign("/a").error().to_string(),
            "limit reached: 2 streams of one protocol (limits.streams_per_protocol)");
  EXPECT_TRUE(held[2]->assign("/b"));
  const ConnectionAccountPtr other = *accounts.open(2);
  for (int i = 0; i < 3; ++i) held.push_back(*other->open_stream(Direction::outbound));
  EXPECT_EQ(other->open_stream(Direction::outbound).error().to_string(),
            "limit reached: 8 streams (limits.streams)");
  EXPECT_EQ(accounts.resources.usage().protocols, 2U);
  held.clear();
  EXPECT_EQ(accounts.resources.usage().protocols, 0U);
  EXPECT_EQ(accounts.resources.usage().streams, 0U);
}

TEST(Resources, AStreamMayOutliveItsConnectionAndTheSwarm) {
  std::shared_ptr<StreamAccount> stream;
  {
    Accounts accounts;
    stream = *(*accounts.open(1))->open_stream(Direction::outbound);
    EXPECT_EQ(accounts.resources.usage().peers, 1U);
  }
  stream.reset();
}

// Whatever happens in whichever order, nothing stays behind and nothing is counted twice.
TEST(Resources, EveryAccountReturnsToNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    VirtualRuntime runtime(seed);
    Random& random = runtime.env().random;
    Accounts accounts({.connections = 40, .memory = 64 * mib, .memory_reserved = 32 * mib});
    std::vector<UpgradeAccount> upgrades;
    std::vector<ConnectionAccountPtr> connections;
    std::vector<std::shared_ptr<StreamAccount>> streams;
    const auto pick = [&](auto& all) -> auto& { return all[random.below(all.size())]; };
    const auto drop = [&](auto& all) {
      std::swap(pick(all), all.back());
      all.pop_back();
    };
    for (int step = 0; step < 3000; ++step) {
      const std::uint64_t peer = 1 + random.below(20);
      const auto standing = static_cast<Standing>(random.below(3));
      const std::uint64_t choice = random.below(10);
      if (choice == 0) {
        if (auto one = accounts.open(peer, standing, static_cast<Direction>(random.below(2))))
          connections.push_back(*one);
      } else if (choice == 1) {
        auto one = accounts.resources.begin_upgrade(from_v6(static_cast<int>(peer), 1));
        if (one && upgrades.size() < 10) upgrades.push_back(std::move(*one));
      } else if (choice == 2 && !upgrades.empty()) {
        upgrades.pop_back();
      } else if (choice == 3 && !streams.empty()) {
        drop(streams);
      } else if (connections.empty()) {
        continue;
      } else if (choice == 4) {
        (void)pick(connections)->try_take(random.below(4 * mib));
      } else if (choice == 5) {
        pick(connections)->give_back(random.below(4 * mib));
      } else if (choice == 6) {
        pick(connections)->set_standing(standing);
      } else if (choice == 7) {
        if (auto one = pick(connections)->open_stream(static_cast<Direction>(random.below(2)))) {
          (void)(*one)->assign("/p/" + std::to_string(random.below(5)));
          streams.push_back(*one);
        }
      } else if (choice == 8) {
        pick(connections)->leave();
      } else {
        drop(connections);
      }
      const ResourceUsage usage = accounts.resources.usage();
      EXPECT_LE(usage.memory, accounts.limits.memory);
      EXPECT_LE(usage.inbound + usage.outbound, accounts.limits.connections);
      EXPECT_GE(usage.memory, usage.memory_unprotected);
      EXPECT_GE(usage.memory_unprotected, usage.memory_unauthenticated);
    }
    upgrades.clear();
    connections.clear();
    streams.clear();
    expect_nothing_held(accounts.resources.usage());
  }
}

}  // namespace
}  // namespace libp2p::test
