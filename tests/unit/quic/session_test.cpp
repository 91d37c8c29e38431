#include "libp2p/transport/quic/ngtcp2_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/purse.hpp"
#include "tests/support/quic_net.hpp"

namespace libp2p {
namespace {

using quic::Session;
using quic::StreamStatePtr;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::peer_number;
using test::Purse;
using test::QuicNet;

Bytes pattern(std::size_t size, std::uint64_t seed = 1) { return SeededRandom(seed).bytes(size); }

// Writes all of `data` as there is room; what has not been taken over yet stays in it.
void write_more(Session& session, quic::StreamState& stream, BytesView& data) {
  while (!data.empty()) {
    const auto taken = session.write(stream, data);
    if (!taken) return;
    ASSERT_TRUE(*taken) << taken->error().to_string();
    data = data.subspan(**taken);
  }
}

struct Reader {
  Bytes got;
  bool ended = false;
  std::optional<Error> failure;
  void read_all(Session& session, quic::StreamState& stream, Instant now) {
    Bytes buffer(65536);
    while (!ended && !failure) {
      const auto result = session.read(stream, buffer, now);
      if (!result) return;
      if (!*result) {
        failure = result->error();
      } else if (**result == 0) {
        ended = true;
      } else {
        append(got, BytesView(buffer).first(**result));
      }
    }
  }
};

// Client to server on one stream that is opened here, to the end.
Bytes transfer(QuicNet& net, BytesView data, Duration limit = seconds(300)) {
  const StreamStatePtr out = net.client->open(net.now).value();
  StreamStatePtr in;
  Reader reader;
  bool closed = false;
  net.run_until(
      [&] {
        write_more(*net.client, *out, data);
        if (data.empty() && !std::exchange(closed, true)) EXPECT_TRUE(net.client->close_write(*out));
        if (!in) in = net.server->accept();
        if (in) reader.read_all(*net.server, *in, net.now);
        return reader.ended || reader.failure;
      },
      limit);
  EXPECT_FALSE(reader.failure) << reader.failure->to_string();
  EXPECT_TRUE(reader.ended);
  return reader.got;
}

struct StreamPair {
  StreamStatePtr client;
  StreamStatePtr server;
};

// A stream on which the client has said something, and which the server has accepted.
StreamPair open_pair(QuicNet& net) {
  StreamPair pair{net.client->open(net.now).value(), nullptr};
  EXPECT_TRUE(net.client->write(*pair.client, as_bytes("x")));
  net.run_until([&] { return (pair.server = net.server->accept()) != nullptr; });
  Bytes one(1);
  EXPECT_TRUE(net.server->read(*pair.server, one, net.now));
  return pair;
}

TEST(QuicSession, BothSidesKnowWhoTheOtherIs) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  EXPECT_EQ(PeerId::from_public_key(*net.client->remote_key()), peer_number(2));
  EXPECT_EQ(PeerId::from_public_key(*net.server->remote_key()), peer_number(1));
}

TEST(QuicSession, WhoeverAnswersIsTakenWhenNobodyIsExpected) {
  QuicNet net;
  EXPECT_TRUE(net.connect(std::nullopt));
}

// The client is done with the handshake before the server has seen its certificate: it says so only when the
// server has confirmed.
TEST(QuicSession, AClientIsEstablishedOnlyOnceTheServerIs) {
  QuicNet net;
  net.dial();
  net.run_until([&] { return net.client->established(); });
  EXPECT_TRUE(net.server->established());
}

TEST(QuicSession, BytesArriveInOrderAndWhole) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const Bytes data = pattern(3'000'000);
  EXPECT_EQ(transfer(net, data), data);
}

TEST(QuicSession, LossAndReorderingDoNotShow) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  SeededRandom luck(3);
  net.drops = [&](const auto&) { return luck.below(20) == 0; };
  net.delay = [&] { return milliseconds(5 + luck.below(10)); };
  const Bytes data = pattern(1'000'000);
  EXPECT_EQ(transfer(net, data), data);
}

TEST(QuicSession, AHandshakeSurvivesLoss) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    QuicNet net;
    SeededRandom luck(seed);
    net.drops = [&](const auto&) { return luck.below(4) == 0; };
    EXPECT_TRUE(net.connect()) << seed;
  }
}

TEST(QuicSession, AHalfCloseIsAnEndAndTheOtherDirectionGoesOn) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  ASSERT_TRUE(net.client->close_write(*pair.client));
  Reader at_server;
  ASSERT_TRUE(net.run_until([&] {
    at_server.read_all(*net.server, *pair.server, net.now);
    return at_server.ended;
  }));
  EXPECT_EQ(net.client->write(*pair.client, as_bytes("y"))->error().code, Errc::closed);
  ASSERT_TRUE(*net.server->write(*pair.server, as_bytes("answer")));
  Reader at_client;
  ASSERT_TRUE(net.run_until([&] {
    at_client.read_all(*net.client, *pair.client, net.now);
    return at_client.got.size() == 6;
  }));
  EXPECT_EQ(as_text(at_client.got), "answer");
}

TEST(QuicSession, AResetFailsBothDirectionsOnBothSides) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  net.client->reset(*pair.client, net.now);
  Bytes out(10);
  EXPECT_EQ((*net.client->read(*pair.client, out, net.now)).error().code, Errc::reset);
  EXPECT_EQ((*net.client->write(*pair.client, out)).error().code, Errc::reset);
  net.run_for(seconds(1));
  EXPECT_EQ((*net.server->read(*pair.server, out, net.now)).error().code, Errc::reset);
  EXPECT_EQ((*net.server->write(*pair.server, out)).error().code, Errc::reset);
  net.client->release(*pair.client, net.now);
  net.server->release(*pair.server, net.now);
  net.run_for(seconds(1));
  EXPECT_EQ(net.client->stream_count(), 0U);
  EXPECT_EQ(net.server->stream_count(), 0U);
}

TEST(QuicSession, DroppingAStreamResetsIt) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  net.client->release(*pair.client, net.now);
  net.run_for(seconds(1));
  Bytes out(10);
  EXPECT_EQ((*net.server->read(*pair.server, out, net.now)).error().code, Errc::reset);
}

TEST(QuicSession, AStreamThatWasClosedForWritingIsDeliveredAfterItIsDropped) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  ASSERT_TRUE(*net.client->write(*pair.client, pattern(200'000)));
  ASSERT_TRUE(net.client->close_write(*pair.client));
  net.client->release(*pair.client, net.now);
  EXPECT_EQ(net.client->stream_count(), 1U) << "it might be closed as idle before all has arrived";
  Reader reader;
  ASSERT_TRUE(net.run_until([&] {
    reader.read_all(*net.server, *pair.server, net.now);
    return reader.ended;
  }));
  EXPECT_EQ(reader.got, pattern(200'000));
  net.run_for(seconds(1));
  EXPECT_EQ(net.client->stream_count(), 0U);
  EXPECT_EQ(net.server->stream_count(), 1U);
}

TEST(QuicSession, WhoDoesNotReadIsSentNoMoreThanItsWindow) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  const Bytes data = pattern(8U << 20);
  BytesView left = data;
  write_more(*net.client, *pair.client, left);
  EXPECT_FALSE(left.empty()) << "the send buffer has no bound";
  net.run_for(seconds(5));
  write_more(*net.client, *pair.client, left);
  net.run_for(seconds(5));
  const std::size_t window = QuicConfig{}.initial_window_bytes;
  EXPECT_LE(pair.server->unread.size(), window);
  EXPECT_GE(pair.server->unread.size(), window - 1500);
  EXPECT_LE(net.client->buffered_bytes(), QuicConfig{}.max_send_buffer_bytes);
  // And it goes on once it reads.
  Reader reader;
  ASSERT_TRUE(net.run_until([&] {
    write_more(*net.client, *pair.client, left);
    reader.read_all(*net.server, *pair.server, net.now);
    return reader.got.size() == data.size();
  }));
  EXPECT_EQ(reader.got, data);
}

TEST(QuicSession, WindowsGrowForWhoReadsFast) {
  QuicNet net;
  net.delay = [] { return milliseconds(50); };
  ASSERT_TRUE(net.connect());
  const Instant began = net.now;
  const Bytes data = pattern(20U << 20);
  EXPECT_EQ(transfer(net, data).size(), data.size());
  // 256 KiB a round trip of 100 ms would take 8 s.
  EXPECT_LT(net.now - began, seconds(6));
  EXPECT_GT(net.server->window_bytes(), QuicConfig{}.initial_connection_window_bytes);
}

TEST(QuicSession, AStreamThatIsNotReadDoesNotHoldUpOthers) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair stuck = open_pair(net);
  const Bytes data = pattern(4U << 20);
  BytesView left = data;
  write_more(*net.client, *stuck.client, left);
  net.run_for(seconds(5));
  EXPECT_EQ(transfer(net, pattern(100'000)), pattern(100'000));
}

TEST(QuicSession, HundredsOfStreamsOneAfterTheOther) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  for (int i = 0; i < 400; ++i) {
    const StreamPair pair = open_pair(net);
    ASSERT_TRUE(net.client->close_write(*pair.client));
    ASSERT_TRUE(net.server->close_write(*pair.server));
    Reader at_client;
    Reader at_server;
    ASSERT_TRUE(net.run_until([&] {
      at_client.read_all(*net.client, *pair.client, net.now);
      at_server.read_all(*net.server, *pair.server, net.now);
      return at_client.ended && at_server.ended;
    }));
    net.client->release(*pair.client, net.now);
    net.server->release(*pair.server, net.now);
  }
  net.run_for(seconds(1));
  EXPECT_EQ(net.client->stream_count(), 0U);
  EXPECT_EQ(net.server->stream_count(), 0U);
}

TEST(QuicSession, StreamsBeyondTheLimitWaitUntilOneEnds) {
  QuicNet net({}, {.max_inbound_streams = 4});
  ASSERT_TRUE(net.connect());
  std::vector<StreamPair> pairs;
  for (int i = 0; i < 4; ++i) pairs.push_back(open_pair(net));
  EXPECT_EQ(net.client->open(net.now).error().code, Errc::busy);
  net.client->release(*pairs[0].client, net.now);
  net.run_for(seconds(1));
  EXPECT_EQ(net.client->open(net.now).error().code, Errc::busy) << "the server's user still holds it";
  net.server->release(*pairs[0].server, net.now);
  net.run_for(seconds(1));
  EXPECT_TRUE(net.client->open(net.now));
}

TEST(QuicSession, ManyStreamsShareTheConnection) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  constexpr std::size_t count = 100;
  std::vector<StreamStatePtr> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(net.client->open(net.now).value());
    ASSERT_TRUE(*net.client->write(*out.back(), pattern(20'000, i)));
    ASSERT_TRUE(net.client->close_write(*out.back()));
  }
  std::vector<std::pair<StreamStatePtr, Reader>> in;
  ASSERT_TRUE(net.run_until([&] {
    while (StreamStatePtr stream = net.server->accept()) in.emplace_back(std::move(stream), Reader{});
    for (auto& [stream, reader] : in) reader.read_all(*net.server, *stream, net.now);
    return in.size() == count && std::ranges::all_of(in, [](const auto& one) { return one.second.ended; });
  }));
  for (const auto& [stream, reader] : in) {
    EXPECT_EQ(reader.got, pattern(20'000, static_cast<std::uint64_t>(stream->id / 4)));
  }
}

TEST(QuicSession, ACloseDeliversWhatHadBeenTakenOver) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  ASSERT_TRUE(*net.client->write(*pair.client, pattern(100'000)));
  net.client->close({Errc::closed, "done"}, net.now);
  EXPECT_EQ((*net.client->write(*pair.client, as_bytes("more"))).error().code, Errc::reset);
  ASSERT_TRUE(net.run_until([&] { return net.client->finished() && net.server->ended(); }));
  EXPECT_EQ(net.server->ended()->code, Errc::closed);
  Reader reader;
  reader.read_all(*net.server, *pair.server, net.now);
  EXPECT_EQ(reader.got, pattern(100'000));
  EXPECT_EQ(reader.failure->code, Errc::reset);
  EXPECT_TRUE(net.server->peer_knows());
}

TEST(QuicSession, ACloseDoesNotWaitForWhoDoesNotAnswer) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  net.drops = [](const auto&) { return true; };
  ASSERT_TRUE(*net.client->write(*pair.client, pattern(100'000)));
  net.client->close({Errc::closed, "done"}, net.now);
  EXPECT_TRUE(net.run_until([&] { return net.client->finished(); }, seconds(1)));
}

TEST(QuicSession, WhatWaitsToBeSentIsDrawnFromTheBudgetAndGivenBack) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const auto purse = std::make_shared<Purse>(1U << 20);
  net.client->draw_from(purse);
  const StreamPair pair = open_pair(net);
  EXPECT_EQ(purse->left, 1U << 20) << "a little is there for each connection";
  ASSERT_TRUE(*net.client->write(*pair.client, pattern(500'000)));
  EXPECT_GE((1U << 20) - purse->left, 500'000U - 4096U);
  Reader reader;
  ASSERT_TRUE(net.run_until([&] {
    reader.read_all(*net.server, *pair.server, net.now);
    return reader.got.size() == 500'000U && net.client->buffered_bytes() == 0;
  }));
  EXPECT_EQ(purse->left, 1U << 20);
}

TEST(QuicSession, AWriterWaitsWhereTheBudgetIsUsedUpAndGoesOn) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const auto purse = std::make_shared<Purse>(100'000);
  net.client->draw_from(purse);
  const StreamPair pair = open_pair(net);
  const Bytes data = pattern(2'000'000);
  BytesView left = data;
  write_more(*net.client, *pair.client, left);
  EXPECT_FALSE(left.empty());
  EXPECT_LE(net.client->buffered_bytes(), 100'000U + 4096U);
  // However it is, another stream isn't kept from saying a little.
  const StreamStatePtr other = net.client->open(net.now).value();
  EXPECT_TRUE(net.client->write(*other, as_bytes("hello")));
  Reader reader;
  ASSERT_TRUE(net.run_until([&] {
    write_more(*net.client, *pair.client, left);
    reader.read_all(*net.server, *pair.server, net.now);
    return reader.got.size() == data.size();
  }));
  EXPECT_EQ(reader.got, data);
  net.client.reset();
  EXPECT_EQ(purse->left, 100'000U);
}

TEST(QuicSession, WhatIsUnreadBeyondAGiftIsDrawnFromTheBudgetAndGivenBack) {
  QuicNet net({}, {.initial_window_bytes = 1U << 20});
  ASSERT_TRUE(net.connect());
  const auto purse = std::make_shared<Purse>(8U << 20);
  net.server->draw_from(purse);
  const StreamPair pair = open_pair(net);
  ASSERT_TRUE(*net.client->write(*pair.client, pattern(700'000)));
  net.run_for(seconds(5));
  EXPECT_EQ(net.server->unread_bytes(), 700'000U);
  EXPECT_GE((8U << 20) - purse->left, 700'000U - (128U << 10));
  net.server->release(*pair.server, net.now);
  EXPECT_EQ(net.server->unread_bytes(), 0U);
  EXPECT_EQ(purse->left, 8U << 20);
}

// It goes on being heard of: a dead one is noticed otherwise.
TEST(QuicSession, WhoAcknowledgesNothingForTenSecondsIsLeft) {
  QuicNet net({}, {.keep_alive = seconds(1)});
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  net.run_for(seconds(1));
  ASSERT_TRUE(*net.client->write(*pair.client, pattern(100'000)));
  net.drops = [](const QuicNet::Datagram& datagram) { return datagram.to_server; };
  net.run_for(seconds(9));
  EXPECT_FALSE(net.client->ended());
  ASSERT_TRUE(net.run_until([&] { return net.client->ended().has_value(); }, seconds(2)));
  EXPECT_EQ(net.client->ended()->code, Errc::timeout);
  EXPECT_TRUE(net.client->ended()->to_string().find("took nothing") != std::string::npos)
      << net.client->ended()->to_string();
}

// Here the other side's user doesn't read, and nobody here could give the stream up.
TEST(QuicSession, WhatNobodyReadsKeepsNoConnectionOnceItsStreamIsDropped) {
  for (const bool dropped : {false, true}) {
    QuicNet net;
    ASSERT_TRUE(net.connect());
    const StreamPair pair = open_pair(net);
    ASSERT_TRUE(*net.client->write(*pair.client, pattern(1'000'000)));
    ASSERT_TRUE(net.client->close_write(*pair.client));
    if (dropped) net.client->release(*pair.client, net.now);
    net.run_for(seconds(30));
    EXPECT_EQ(net.client->ended().has_value(), dropped);
    if (dropped) EXPECT_EQ(net.client->ended()->code, Errc::timeout);
  }
}

TEST(QuicSession, ADeadPeerIsNoticedWithin15Seconds) {
  for (const Duration wait : {seconds(0), seconds(3), seconds(20)}) {
    QuicNet net;
    ASSERT_TRUE(net.connect());
    net.run_for(wait);
    net.drops = [](const auto&) { return true; };
    ASSERT_TRUE(net.run_until([&] { return net.client->ended() && net.server->ended(); }, seconds(15)));
    EXPECT_EQ(net.client->ended()->code, Errc::timeout);
    EXPECT_EQ(net.server->ended()->code, Errc::timeout);
  }
}

TEST(QuicSession, AnIdleConnectionLives) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  net.run_for(std::chrono::minutes(10));
  EXPECT_FALSE(net.client->ended());
  EXPECT_FALSE(net.server->ended());
}

TEST(QuicSession, NobodyThereIsATimeout) {
  QuicNet net;
  net.drops = [](const auto&) { return true; };
  net.dial();
  ASSERT_TRUE(net.run_until([&] { return net.client->ended().has_value(); }, seconds(15)));
  EXPECT_EQ(net.client->ended()->code, Errc::timeout);
}

TEST(QuicSession, AClientGoesOnFromAnotherAddress) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  const StreamPair pair = open_pair(net);
  net.run_for(seconds(1));
  const Bytes data = pattern(4U << 20);
  BytesView left = data;
  Reader reader;
  bool moved = false;
  ASSERT_TRUE(net.run_until([&] {
    write_more(*net.client, *pair.client, left);
    reader.read_all(*net.server, *pair.server, net.now);
    if (reader.got.size() > data.size() / 2 && !std::exchange(moved, true)) {
      const auto went = net.client->migrate(test::udp("192.0.2.77", 7777), net.now);
      EXPECT_TRUE(went) << went.error().to_string();
    }
    return reader.got.size() == data.size();
  }));
  EXPECT_EQ(reader.got, data);
  EXPECT_EQ(net.server->path().remote, test::udp("192.0.2.77", 7777));
  EXPECT_EQ(net.server->migrations(), 1U);
}

TEST(QuicSession, TheServerDoesNotMigrate) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  EXPECT_EQ(net.server->migrate(test::udp("192.0.2.9", 1), net.now).error().code, Errc::invalid_argument);
}

TEST(QuicSession, AHandshakeTakesTwoRoundTrips) {
  QuicNet net;
  const Instant began = net.now;
  ASSERT_TRUE(net.connect());
  EXPECT_LT(net.now - began, milliseconds(45));
  QuicNet near;
  near.delay = [] { return std::chrono::microseconds(50); };
  const Instant near_began = near.now;
  ASSERT_TRUE(near.connect());
  EXPECT_LT(near.now - near_began, milliseconds(1)) << "something waits for a timer";
}

TEST(QuicSession, AnUntouchedConnectionFitsInAFewDatagrams) {
  QuicNet net;
  ASSERT_TRUE(net.connect());
  EXPECT_LT(net.datagrams, 30U);
}

}  // namespace
}  // namespace libp2p
