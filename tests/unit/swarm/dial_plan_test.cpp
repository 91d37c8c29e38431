// Which address of a peer is tried when.
#include "libp2p/swarm/dial_plan.hpp"

#include <gtest/gtest.h>

#include "tests/support/swarm_net.hpp"

namespace libp2p::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string near_quic = "/ip4/10.0.0.1/udp/1/quic-v1";
const std::string near_tcp = "/ip4/10.0.0.1/tcp/1";
const std::string far_quic = "/ip4/8.8.8.8/udp/1/quic-v1";
const std::string far_quic6 = "/ip6/2001:db8::1/udp/1/quic-v1";
const std::string far_tcp = "/ip4/8.8.8.8/tcp/1";
const std::string far_tcp6 = "/ip6/2001:db8::1/tcp/1";
const std::string loopback = "/ip4/127.0.0.1/tcp/1";

// Each planned address and its delay in milliseconds.
using Plan = std::vector<std::pair<std::string, int>>;
Plan planned(const std::vector<std::string>& texts, const PathKnowledge& known = {}) {
  std::vector<Multiaddr> addresses;
  for (const std::string& text : texts) addresses.push_back(address_of(text));
  Plan plan;
  for (const PlannedDial& one : dial_plan(addresses, DialPaces{}, known)) {
    plan.emplace_back(one.address.to_string(), std::chrono::duration_cast<milliseconds>(one.delay).count());
  }
  return plan;
}

PathKnowledge with_rtt(Duration rtt) {
  return {.rtt = [rtt](const Multiaddr&) { return std::optional(rtt); }, .black_hole = {}};
}

TEST(TransportKind, IsToldByTheProtocols) {
  const std::vector<std::pair<std::string, TransportKind>> expected{
      {"/memory/7", TransportKind::memory},
      {"/ip4/1.2.3.4/udp/1/quic-v1", TransportKind::quic},
      {"/dns4/example.com/udp/1/quic-v1", TransportKind::quic},
      {"/ip4/1.2.3.4/tcp/1", TransportKind::tcp},
      {"/ip4/1.2.3.4/tcp/1/ws", TransportKind::websocket},
      {"/ip4/1.2.3.4/tcp/1/tls/ws", TransportKind::secure_websocket},
      {"/ip4/1.2.3.4/tcp/1/wss", TransportKind::secure_websocket},
      {"/ip4/1.2.3.4/udp/1/quic-v1/webtransport", TransportKind::webtransport},
      {"/ip4/1.2.3.4/udp/1/webrtc-direct", TransportKind::webrtc},
      {"/ip4/1.2.3.4/udp/1/quic", TransportKind::other},  // draft 29
      {"/ip4/1.2.3.4/udp/1/quic-v1/p2p/" + node_id(1).to_string() + "/p2p-circuit", TransportKind::circuit}};
  for (const auto& [text, kind] : expected) EXPECT_EQ(transport_kind(address_of(text)), kind) << text;
}

TEST(DialPlan, OneAddressStartsAtOnceWhateverItIs) {
  const std::string relayed = far_tcp + "/p2p/" + node_id(1).to_string() + "/p2p-circuit";
  for (const std::string& only : {near_tcp, far_tcp, far_quic6, loopback, relayed, far_tcp + "/ws"}) {
    EXPECT_EQ(planned({only}), (Plan{{only, 0}}));
  }
  EXPECT_TRUE(planned({}).empty());
}

TEST(DialPlan, QuicIsAheadOfTcpAndThatOfWebSocket) {
  EXPECT_EQ(planned({far_tcp + "/tls/ws", far_tcp + "/ws", far_tcp, far_quic}),
            (Plan{{far_quic, 0}, {far_tcp, 250}, {far_tcp + "/ws", 500}, {far_tcp + "/tls/ws", 750}}));
  EXPECT_EQ(planned({near_tcp, near_quic}), (Plan{{near_quic, 0}, {near_tcp, 30}}));
  // Without QUIC nothing waits for it.
  EXPECT_EQ(planned({far_tcp + "/ws", far_tcp}), (Plan{{far_tcp, 0}, {far_tcp + "/ws", 250}}));
}

TEST(DialPlan, TransportsThatNeedMuchMoreComeLater) {
  const std::string webrtc = "/ip4/8.8.8.8/udp/2/webrtc-direct";
  const std::string near_webrtc = "/ip4/10.0.0.1/udp/2/webrtc-direct";
  EXPECT_EQ(planned({webrtc, far_quic}), (Plan{{far_quic, 0}, {webrtc, 1000}}));
  EXPECT_EQ(planned({near_webrtc, near_quic}), (Plan{{near_quic, 0}, {near_webrtc, 100}}));
}

TEST(DialPlan, NearNetworksComeFirstAndLoopbackLast) {
  EXPECT_EQ(planned({loopback, far_tcp, near_tcp, "/ip6/fd00::1/tcp/1"}),
            (Plan{{"/ip6/fd00::1/tcp/1", 0}, {near_tcp, 10}, {far_tcp, 30}, {loopback, 280}}));
}

TEST(DialPlan, FamiliesAreRacedAndIpv6HasAHeadStart) {
  EXPECT_EQ(planned({far_quic, far_tcp, far_quic6, far_tcp6}),
            (Plan{{far_quic6, 0}, {far_quic, 100}, {far_tcp6, 250}, {far_tcp, 350}}));
}

TEST(DialPlan, AddressesOfOneKindFollowOneAnother) {
  EXPECT_EQ(planned({"/ip4/8.8.8.8/tcp/1", "/ip4/8.8.8.8/tcp/2", "/ip6/2001:db8::1/tcp/1",
                     "/ip6/2001:db8::1/tcp/2"}),
            (Plan{{"/ip6/2001:db8::1/tcp/1", 0},
                  {"/ip4/8.8.8.8/tcp/1", 100},
                  {"/ip6/2001:db8::1/tcp/2", 250},
                  {"/ip4/8.8.8.8/tcp/2", 350}}));
}

TEST(DialPlan, RelayedConnectionsWaitForDirectOnes) {
  const std::string relayed = far_quic + "/p2p/" + node_id(1).to_string() + "/p2p-circuit";
  EXPECT_EQ(planned({relayed, far_tcp}), (Plan{{far_tcp, 0}, {relayed, 500}}));
  EXPECT_EQ(planned({relayed, near_tcp}), (Plan{{near_tcp, 0}, {relayed, 530}}));
  EXPECT_EQ(planned({relayed, "/dns4/example.com/tcp/1"}),
            (Plan{{"/dns4/example.com/tcp/1", 0}, {relayed, 500}}));
}

TEST(DialPlan, NamesAreLookedUpAtOnce) {
  const std::string name = "/dns4/example.com/tcp/1";
  EXPECT_EQ(planned({far_quic, name}), (Plan{{name, 0}, {far_quic, 0}}));
  // What it may stand for keeps its head start.
  const std::string quic_name = "/dns4/example.com/udp/1/quic-v1";
  EXPECT_EQ(planned({far_tcp, quic_name}), (Plan{{quic_name, 0}, {far_tcp, 250}}));
}

TEST(DialPlan, AKnownRoundTripMakesTheWaitsTwiceThat) {
  EXPECT_EQ(planned({far_tcp, far_quic}, with_rtt(milliseconds(20))), (Plan{{far_quic, 0}, {far_tcp, 40}}));
  EXPECT_EQ(planned({far_tcp, far_quic}, with_rtt(milliseconds(300))), (Plan{{far_quic, 0}, {far_tcp, 600}}));
  EXPECT_EQ(planned({far_quic, far_quic6}, with_rtt(milliseconds(50))),
            (Plan{{far_quic6, 0}, {far_quic, 40}}));
  const std::string relayed = far_quic + "/p2p/" + node_id(1).to_string() + "/p2p-circuit";
  EXPECT_EQ(planned({far_tcp, relayed}, with_rtt(milliseconds(50))), (Plan{{far_tcp, 0}, {relayed, 200}}));
}

TEST(DialPlan, HoweverOddARoundTripTheWaitsStayWithinBounds) {
  for (const Duration fast : {Duration::zero(), Duration(1), Duration(milliseconds(1)), Duration(-5)}) {
    EXPECT_EQ(planned({near_tcp, near_quic}, with_rtt(fast)), (Plan{{near_quic, 0}, {near_tcp, 10}}));
  }
  for (const Duration slow :
       {Duration(seconds(60)), Duration(std::chrono::hours(24 * 365)), Duration::max()}) {
    EXPECT_EQ(planned({near_tcp, near_quic}, with_rtt(slow)), (Plan{{near_quic, 0}, {near_tcp, 120}}));
    EXPECT_EQ(planned({far_tcp, far_quic}, with_rtt(slow)), (Plan{{far_quic, 0}, {far_tcp, 1000}}));
  }
}

TEST(DialPlan, ARoundTripOfOneNetworkLeavesTheOthersAlone) {
  const PathKnowledge known{.rtt = [](const Multiaddr& address) -> std::optional<Duration> {
                              if (address.is_private()) return milliseconds(2);
                              return std::nullopt;
                            },
                            .black_hole = {}};
  EXPECT_EQ(planned({near_tcp, near_quic, far_quic, far_tcp}, known),
            (Plan{{near_quic, 0}, {near_tcp, 10}, {far_quic, 10}, {far_tcp, 260}}));
}

TEST(DialPlan, WhatIsInABlackHoleComesLastAndAloneAtOnce) {
  const PathKnowledge no_udp{
      .rtt = {}, .black_hole = [](const Multiaddr& address) { return address.has(AddrProtocol::udp); }};
  EXPECT_EQ(planned({far_quic, far_tcp}, no_udp), (Plan{{far_tcp, 0}, {far_quic, 1000}}));
  EXPECT_EQ(planned({far_quic}, no_udp), (Plan{{far_quic, 0}}));
}

TEST(DialPlan, RepetitionsAndPeerIdsGo) {
  EXPECT_EQ(planned({near_tcp, near_tcp + "/p2p/" + node_id(1).to_string(), near_tcp}),
            (Plan{{near_tcp, 0}}));
}

TEST(DialPlan, KeepsABoundedNumberTheBest) {
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.push_back("/ip4/8.8.8.8/tcp/" + std::to_string(i + 1));
  many.push_back(far_quic);
  const Plan plan = planned(many);
  EXPECT_EQ(plan.size(), max_dial_candidates);
  EXPECT_EQ(plan.front().first, far_quic);
}

TEST(DialPlan, WaitsOfNothingAreKeptToTheLetter) {
  const DialPaces none{.near = {}, .far = {}, .relay = Duration::zero(), .least = Duration::zero()};
  std::vector<Multiaddr> addresses;
  for (const std::string& text : {near_quic, far_tcp, far_quic, loopback})
    addresses.push_back(address_of(text));
  for (const PlannedDial& one : dial_plan(addresses, none, with_rtt(seconds(1)))) {
    EXPECT_EQ(one.delay, Duration::zero()) << one.address.to_string();
  }
}

TEST(ExplainChoice, SaysWhatBecameOfTheBetterOnes) {
  using Rivals = std::vector<DialRival>;
  EXPECT_EQ(explain_choice(TransportKind::tcp, Rivals{}), "tcp: the only one known");
  EXPECT_EQ(explain_choice(TransportKind::tcp, Rivals{{TransportKind::tcp, "refused"}}),
            "tcp: the only one known");
  EXPECT_EQ(explain_choice(TransportKind::quic, Rivals{{TransportKind::tcp, "not tried"}}),
            "quic: first to answer");
  EXPECT_EQ(explain_choice(TransportKind::websocket, Rivals{{TransportKind::tcp, "refused"},
                                                            {TransportKind::quic, "no answer"},
                                                            {TransportKind::tcp, "no answer"},
                                                            {TransportKind::circuit, "not tried"}}),
            "websocket: quic no answer, tcp refused");
}

}  // namespace
}  // namespace libp2p::test
