#include <gtest/gtest.h>

#include "libp2p/base/rate_limit.hpp"
#include "libp2p/transport/quic/chunk_queue.hpp"
#include "libp2p/transport/quic/memory_share.hpp"
#include "libp2p/transport/quic/ngtcp2_packets.hpp"
#include "libp2p/transport/quic/receive_window.hpp"
#include "libp2p/transport/quic/udp_address.hpp"
#include "tests/support/peers.hpp"
#include "tests/support/purse.hpp"

namespace libp2p::quic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::multiaddr;
using test::Purse;

TEST(QuicChunkQueue, KeepsBytesWhereTheyAreUntilTheyAreDropped) {
  ChunkQueue queue;
  const Bytes data = SeededRandom(1).bytes(300'000);
  for (std::size_t at = 0; at < data.size(); at += 1000) queue.push(BytesView(data).subspan(at, 1000));
  EXPECT_EQ(queue.size(), data.size());
  const std::uint8_t* where = queue.at(150'000).data();
  queue.drop(100'000);
  EXPECT_EQ(queue.at(50'000).data(), where);
  Bytes rest;
  for (std::size_t at = 0; at < queue.size();) {
    const BytesView piece = queue.at(at);
    append(rest, piece);
    at += piece.size();
  }
  EXPECT_TRUE(equal(rest, BytesView(data).subspan(100'000)));
  Bytes out(250'000);
  EXPECT_EQ(queue.pop(out), 200'000U);
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.at(0).empty());
}

TEST(QuicReceiveWindow, AllowsMoreOnceHalfOfItIsRead) {
  ReceiveWindow window(1000, 16'000, Instant{});
  EXPECT_EQ(window.on_read(499, Instant{}, std::nullopt), 0U);
  EXPECT_EQ(window.on_read(1, Instant{}, std::nullopt), 500U);
  EXPECT_EQ(window.size(), 1000U);
}

TEST(QuicReceiveWindow, GrowsToItsBoundWhileReadWithinFourRoundTrips) {
  ReceiveWindow window(1000, 3500, Instant{});
  Instant now{};
  EXPECT_EQ(window.on_read(500, now += milliseconds(30), milliseconds(10)), 1500U);
  EXPECT_EQ(window.size(), 2000U);
  EXPECT_EQ(window.on_read(1000, now += milliseconds(30), milliseconds(10)), 2500U);
  EXPECT_EQ(window.size(), 3500U);
  EXPECT_EQ(window.on_read(1750, now += milliseconds(30), milliseconds(10)), 1750U);
  EXPECT_EQ(window.size(), 3500U);
}

TEST(QuicReceiveWindow, DoesNotGrowForWhoReadsSlowly) {
  ReceiveWindow window(1000, 16'000, Instant{});
  EXPECT_EQ(window.on_read(500, Instant{} + milliseconds(41), milliseconds(10)), 500U);
  EXPECT_EQ(window.size(), 1000U);
}

TEST(QuicReceiveWindow, GrowsByWhatTheBudgetGrants) {
  Purse purse(1500);
  ReceiveWindow window(1000, 16'000, Instant{});
  EXPECT_EQ(window.on_read(500, Instant{}, milliseconds(10), &purse), 1500U);
  EXPECT_EQ(purse.left, 500U);
  EXPECT_EQ(window.on_read(1000, Instant{}, milliseconds(10), &purse), 1000U);
  EXPECT_EQ(window.size(), 2000U);
  EXPECT_EQ(window.growth(), 1000U);
}

TEST(QuicMemoryShare, DrawsInStepsAndGivesBackWhatItDoesNotNeed) {
  const auto purse = std::make_shared<Purse>(300'000);
  {
    MemoryShare share;
    EXPECT_TRUE(share.cover(1U << 30)) << "without a budget there is no limit";
    share.settle(0);
    share.draw_from(purse);
    EXPECT_TRUE(share.cover(1));
    EXPECT_EQ(share.drawn(), 64U << 10);
    EXPECT_TRUE(share.cover(290'000)) << "a whole step more isn't there";
    EXPECT_FALSE(share.cover(300'001));
    EXPECT_EQ(share.drawn(), 290'000U);
    EXPECT_EQ(purse->left, 10'000U);
    share.settle(200'000);
    EXPECT_EQ(share.drawn(), 290'000U) << "it may need it again soon";
    share.settle(100'000);
    EXPECT_EQ(share.drawn(), 100'000U);
    share.settle(0);
    EXPECT_EQ(purse->left, 300'000U);
    EXPECT_TRUE(share.cover(5));
  }
  EXPECT_EQ(purse->left, 300'000U);
}

TEST(QuicRateLimit, ForgetsWhatIsLongAgo) {
  RateLimit limit(2, seconds(1));
  Instant now{};
  EXPECT_TRUE(limit.take(now));
  EXPECT_TRUE(limit.take(now + milliseconds(500)));
  EXPECT_FALSE(limit.take(now + milliseconds(999)));
  EXPECT_TRUE(limit.take(now + seconds(1)));
  EXPECT_FALSE(limit.allows(now + milliseconds(1400)));
}

TEST(QuicAddress, TakesIpPortAndVersionAndNothingElse) {
  EXPECT_TRUE(is_quic_address(multiaddr("/ip4/127.0.0.1/udp/80/quic-v1")));
  EXPECT_TRUE(is_quic_address(multiaddr("/ip6/::1/udp/80/quic-v1")));
  EXPECT_TRUE(is_quic_address(
      multiaddr("/ip6/::1/udp/80/quic-v1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN")));
  EXPECT_TRUE(is_quic_address(multiaddr("/ip6zone/lo/ip6/fe80::1/udp/80/quic-v1")));
  EXPECT_FALSE(is_quic_address(multiaddr("/ip6zone/lo/ip4/127.0.0.1/udp/80/quic-v1")));
  EXPECT_FALSE(is_quic_address(multiaddr("/ip4/127.0.0.1/udp/80/quic")));
  EXPECT_FALSE(is_quic_address(multiaddr("/ip4/127.0.0.1/udp/80")));
  EXPECT_FALSE(is_quic_address(multiaddr("/ip4/127.0.0.1/udp/80/quic-v1/webtransport")));
  EXPECT_FALSE(is_quic_address(multiaddr("/ip4/127.0.0.1/tcp/80")));
  EXPECT_FALSE(is_quic_address(multiaddr("/dns4/localhost/udp/80/quic-v1")));
  EXPECT_FALSE(is_quic_address(Multiaddr{}));
}

TEST(QuicAddress, GoesToAnEndpointAndBack) {
  for (const char* text : {"/ip4/192.0.2.7/udp/4001/quic-v1", "/ip6/2001:db8::7/udp/65535/quic-v1",
                           "/ip6zone/lo/ip6/fe80::1/udp/80/quic-v1"}) {
    EXPECT_EQ(quic_multiaddr(udp_address(multiaddr(text)).value()).to_string(), text);
  }
  EXPECT_EQ(udp_address(multiaddr("/ip6zone/no-such-if/ip6/fe80::1/udp/80/quic-v1")).error().code,
            Errc::invalid_argument);
  EXPECT_EQ(udp_address(multiaddr("/ip4/1.2.3.4/tcp/80")).error().code, Errc::invalid_argument);
}

TEST(QuicAddress, AnAddressOfIpv4OrA56OfIpv6IsOneHost) {
  const auto network = [](const char* ip, std::uint16_t port) {
    return network_of({boost::asio::ip::make_address(ip), port});
  };
  EXPECT_EQ(to_hex(network("192.0.2.7", 1)), "c0000207");
  EXPECT_EQ(network("192.0.2.7", 1), network("192.0.2.7", 2));
  EXPECT_NE(network("192.0.2.7", 1), network("192.0.2.8", 1));
  EXPECT_EQ(to_hex(network("2001:db8:0:ff::1", 1)), "20010db8000000");
  EXPECT_EQ(network("2001:db8:0:ff::1", 1), network("2001:db8:0:1::2", 2));
  EXPECT_NE(network("2001:db8:0:ff::1", 1), network("2001:db8:0:1ff::1", 1));
}

TEST(QuicPackets, ReadsHeadersOfKnownAndUnknownVersions) {
  EXPECT_FALSE(read_header({}));
  EXPECT_FALSE(read_header(from_hex("40010203").value())) << "shorter than an id";
  const Bytes shorter = from_hex("400102030405060708aa").value();
  const auto header = read_header(shorter);
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->long_form);
  EXPECT_EQ(to_hex(header->destination), "0102030405060708");
  // Of a version that nobody knows, small ones are not answered.
  Bytes other = from_hex("c0abcdef0104aabbccdd02eeff").value();
  EXPECT_FALSE(read_header(other));
  other.resize(1200);
  const auto unknown = read_header(other);
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->version, 0xabcdef01U);
  EXPECT_EQ(to_hex(unknown->destination), "aabbccdd");
  EXPECT_EQ(to_hex(unknown->source), "eeff");
  EXPECT_FALSE(is_our_version(unknown->version));
}

TEST(QuicPackets, AVersionNegotiationNamesVersionOne) {
  Bytes other = from_hex("c0abcdef0104aabbccdd02eeff").value();
  other.resize(1200);
  const Bytes answer = version_negotiation(*read_header(other), 0x55);
  EXPECT_LT(answer.size(), other.size());
  const auto header = read_header(answer);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->version, 0U);
  EXPECT_EQ(to_hex(header->destination), "eeff");
  EXPECT_EQ(to_hex(header->source), "aabbccdd");
  EXPECT_TRUE(to_hex(answer).ends_with("00000001"));
}

TEST(QuicPackets, AStatelessResetIsShorterThanWhatItAnswers) {
  const Secret secret{1};
  const ConnectionId id(from_hex("0102030405060708").value());
  const Bytes random = SeededRandom(1).bytes(32);
  EXPECT_TRUE(stateless_reset(Bytes(21), id, secret, random).empty());
  for (const std::size_t size : {22U, 30U, 43U, 1200U}) {
    const Bytes answer = stateless_reset(Bytes(size), id, secret, random);
    EXPECT_LT(answer.size(), size);
    EXPECT_GE(answer.size(), 21U);
  }
}

}  // namespace
}  // namespace libp2p::quic
