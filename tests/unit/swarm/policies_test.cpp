// The decisions that need no network: which connection stays, which goes.
#include <gtest/gtest.h>

#include "libp2p/swarm/connection_table.hpp"
#include "libp2p/swarm/idle_policy.hpp"
#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using swarm::choose_connection;
using swarm::Contender;
using swarm::IdleView;

TEST(ChooseConnection, OfTwoThatWereDialledAtOnceBothSidesKeepTheSame) {
  const Instant now(seconds(100));
  for (const auto gap : {milliseconds(0), milliseconds(3), milliseconds(9999)}) {
    const std::vector<Contender> outbound_first{{Direction::outbound, now}, {Direction::inbound, now + gap}};
    const std::vector<Contender> inbound_first{{Direction::inbound, now}, {Direction::outbound, now + gap}};
    // The smaller id's own dial; seen from the other side it is the inbound one.
    EXPECT_EQ(choose_connection(outbound_first, true, seconds(10)), 0U);
    EXPECT_EQ(choose_connection(inbound_first, false, seconds(10)), 0U);
    EXPECT_EQ(choose_connection(inbound_first, true, seconds(10)), 1U);
    EXPECT_EQ(choose_connection(outbound_first, false, seconds(10)), 1U);
  }
}

TEST(ChooseConnection, OtherwiseTheNewestCounts) {
  const Instant now(seconds(100));
  const std::vector<Contender> came_again{{Direction::outbound, now},
                                          {Direction::inbound, now + seconds(60)}};
  EXPECT_EQ(choose_connection(came_again, true, seconds(10)), 1U);
  const std::vector<Contender> same_side{{Direction::inbound, now}, {Direction::inbound, now + seconds(1)}};
  EXPECT_EQ(choose_connection(same_side, true, seconds(10)), 1U);
}

TEST(IdlePolicy, ClosesWhatHasNoStreamNobodyProtectsAndWasUnusedForLong) {
  const SwarmConfig config;
  EXPECT_TRUE(swarm::is_idle({.unused = seconds(60)}, config));
  EXPECT_FALSE(swarm::is_idle({.unused = seconds(59)}, config));
  EXPECT_FALSE(swarm::is_idle({.streams = 1, .unused = seconds(600)}, config));
  EXPECT_FALSE(swarm::is_idle({.unused = seconds(600), .protected_peer = true}, config));
  EXPECT_FALSE(swarm::is_idle({.unused = seconds(600), .restricted = true}, config));
}

TEST(IdlePolicy, ASupersededConnectionGoesSoonButNotUnderAStream) {
  const SwarmConfig config;
  EXPECT_TRUE(swarm::is_idle({.unused = seconds(2), .protected_peer = true, .superseded = true}, config));
  EXPECT_FALSE(swarm::is_idle({.unused = seconds(1), .superseded = true}, config));
  EXPECT_FALSE(swarm::is_idle({.streams = 1, .unused = seconds(600), .superseded = true}, config));
}

TEST(ChooseVictim, TheLongestUnusedWithoutStreamsGoesFirst) {
  const std::vector<IdleView> views{{.unused = seconds(1)},
                                    {.unused = seconds(9)},
                                    {.streams = 1, .unused = seconds(99)},
                                    {.unused = seconds(999), .protected_peer = true}};
  EXPECT_EQ(swarm::choose_victim(views, false), 1U);
}

TEST(ChooseVictim, OnlyAProtectedNewcomerPushesOutWhatIsInUse) {
  const std::vector<IdleView> busy{{.streams = 2, .unused = seconds(1)},
                                   {.streams = 1, .unused = seconds(5)},
                                   {.unused = seconds(5), .protected_peer = true}};
  EXPECT_EQ(swarm::choose_victim(busy, false), std::nullopt);
  EXPECT_EQ(swarm::choose_victim(busy, true), 1U);
  const std::vector<IdleView> all_protected{{.protected_peer = true}};
  EXPECT_EQ(swarm::choose_victim(all_protected, true), std::nullopt);
}

TEST(ChooseVictim, WorthComesBeforeIdlenessAndThatBeforeAge) {
  using Views = std::vector<IdleView>;
  EXPECT_EQ(swarm::choose_victim(Views{{.unused = seconds(99), .weight = 1}, {.unused = seconds(1)}}, false),
            1U);
  EXPECT_EQ(swarm::choose_victim(Views{{.weight = 3}, {.weight = -2}, {.weight = 0}}, false), 1U);
  EXPECT_EQ(swarm::choose_victim(Views{{.unused = seconds(5), .age = seconds(50)},
                                       {.unused = seconds(5), .age = seconds(20)},
                                       {.unused = seconds(4), .age = seconds(10)}},
                                 false),
            1U);
  // In use counts for more than any weight.
  EXPECT_EQ(swarm::choose_victim(Views{{.streams = 1, .weight = -9}, {.weight = 9}}, true), 1U);
  // Of equals the first: the same connections give the same victim.
  EXPECT_EQ(swarm::choose_victim(Views{{}, {}, {}}, false), 0U);
}

struct FixedInterfaces final : Interfaces {
  std::vector<InterfaceAddress> all;
  [[nodiscard]] std::vector<InterfaceAddress> addresses() const override { return all; }
  void add(std::string_view text) { all.push_back({.interface = "if", .address = address_of(text)}); }
};

std::vector<std::string> told(const std::vector<std::string>& listening, const Interfaces& interfaces) {
  std::vector<Multiaddr> addresses;
  for (const std::string& text : listening) addresses.push_back(address_of(text));
  std::vector<std::string> out;
  for (const Multiaddr& address : expand_unspecified(addresses, interfaces))
    out.push_back(address.to_string());
  return out;
}

TEST(AdvertisedAddresses, UnspecifiedOnesBecomeThoseOfTheInterfaces) {
  FixedInterfaces interfaces;
  for (const char* text :
       {"/ip4/127.0.0.1", "/ip4/10.0.0.5", "/ip6/::1", "/ip6/fe80::1", "/ip6/2001:db8::5"}) {
    interfaces.add(text);
  }
  EXPECT_EQ(told({"/ip4/0.0.0.0/tcp/7117", "/ip6/::/tcp/7117", "/ip4/192.0.2.1/tcp/1"}, interfaces),
            (std::vector<std::string>{"/ip4/10.0.0.5/tcp/7117", "/ip6/2001:db8::5/tcp/7117",
                                      "/ip4/192.0.2.1/tcp/1"}));
}

TEST(AdvertisedAddresses, LoopbackIsToldOnlyWhereThereIsNothingElse) {
  FixedInterfaces interfaces;
  interfaces.add("/ip4/127.0.0.1");
  EXPECT_EQ(told({"/ip4/0.0.0.0/tcp/7117"}, interfaces), std::vector<std::string>{"/ip4/127.0.0.1/tcp/7117"});
  EXPECT_TRUE(told({"/ip6/::/tcp/7117"}, interfaces).empty());
}

}  // namespace
}  // namespace libp2p::test
