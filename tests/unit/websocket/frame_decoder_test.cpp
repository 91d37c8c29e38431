#include "libp2p/transport/websocket/frame_decoder.hpp"

#include <gtest/gtest.h>

#include "tests/support/websocket.hpp"

namespace libp2p::websocket {
namespace {

using std::chrono::seconds;
using test::client_frame;
using test::close_reason;
using test::RawFrame;
using test::server_frame;
using test::ws_binary;
using test::ws_close;
using test::ws_continuation;
using test::ws_fin;
using test::ws_ping;
using test::ws_pong;
using test::ws_text;

constexpr std::uint8_t whole = ws_fin | ws_binary;

// What of `input`, cut into pieces of `step` bytes, is data.
std::string decode(FrameDecoder& decoder, Bytes input, std::size_t step = 1U << 20, Instant now = {}) {
  std::string data;
  for (std::size_t at = 0; at < input.size(); at += step) {
    const MutableBytes piece = MutableBytes(input).subspan(at, std::min(step, input.size() - at));
    data += as_text(piece.first(decoder.decode(piece, now)));
  }
  return data;
}

Bytes all(std::initializer_list<Bytes> frames) {
  Bytes bytes;
  for (const Bytes& frame : frames) append(bytes, frame);
  return bytes;
}

std::optional<CloseCode> code_of(FrameDecoder& decoder, const Bytes& input) {
  (void)decode(decoder, input);
  if (!decoder.failure()) return std::nullopt;
  const auto reply = decoder.take_reply();
  EXPECT_TRUE(reply && reply->opcode == Opcode::close);
  if (reply) EXPECT_EQ(reply->payload, close_reason(static_cast<unsigned>(decoder.failure()->code)));
  return decoder.failure()->code;
}

std::optional<CloseCode> code_of(const Bytes& input, Role role = Role::server) {
  FrameDecoder decoder(role);
  return code_of(decoder, input);
}

TEST(WebsocketFrameDecoder, ABorderOfAMessageMeansNothing) {
  const Bytes input = all({client_frame(whole, to_bytes("one")), client_frame(ws_binary, to_bytes("two")),
                           client_frame(ws_continuation), client_frame(ws_fin, to_bytes("three")),
                           client_frame(whole), client_frame(whole, Bytes(70'000, 'x'))});
  for (const std::size_t step : {1UZ, 2UZ, 3UZ, 7UZ, 1000UZ, 1UZ << 20}) {
    FrameDecoder decoder(Role::server);
    EXPECT_EQ(decode(decoder, input, step), "onetwothree" + std::string(70'000, 'x')) << step;
    EXPECT_FALSE(decoder.failure() || decoder.closed() || decoder.has_reply());
  }
}

TEST(WebsocketFrameDecoder, AClientTakesWhatIsNotMasked) {
  const Bytes input = all({server_frame(ws_fin | ws_ping), server_frame(whole, to_bytes("answer"))});
  for (const std::size_t step : {1UZ, 5UZ, 100UZ}) {
    FrameDecoder decoder(Role::client);
    EXPECT_EQ(decode(decoder, input, step), "answer");
  }
}

TEST(WebsocketFrameDecoder, MaskingHasASide) {
  EXPECT_EQ(code_of(server_frame(whole, to_bytes("x"))), CloseCode::protocol_error);
  EXPECT_EQ(code_of(client_frame(whole, to_bytes("x")), Role::client), CloseCode::protocol_error);
}

TEST(WebsocketFrameDecoder, APingInTheMiddleOfAMessageIsAnsweredOnce) {
  FrameDecoder decoder(Role::server);
  EXPECT_EQ(decode(decoder,
                   all({client_frame(ws_binary, to_bytes("a")), client_frame(ws_fin | ws_ping, to_bytes("1")),
                        client_frame(ws_fin | ws_ping, to_bytes("2")), client_frame(ws_fin | ws_pong),
                        client_frame(ws_fin, to_bytes("b"))}),
                   3),
            "ab");
  const auto reply = decoder.take_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->opcode, Opcode::pong);
  EXPECT_EQ(reply->payload, to_bytes("2"));
  EXPECT_FALSE(decoder.has_reply());
}

TEST(WebsocketFrameDecoder, ACloseFrameIsAnsweredAndEndsAll) {
  FrameDecoder decoder(Role::server);
  EXPECT_EQ(decode(decoder, all({client_frame(whole, to_bytes("last")),
                                 client_frame(ws_fin | ws_close, close_reason(1001, "bye")),
                                 client_frame(whole, to_bytes("more")), Bytes(100, 0xff)})),
            "last");
  EXPECT_TRUE(decoder.closed());
  EXPECT_FALSE(decoder.failure());
  const auto reply = decoder.take_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->opcode, Opcode::close);
  EXPECT_EQ(reply->payload, close_reason(1001));

  FrameDecoder without_code(Role::server);
  (void)decode(without_code, client_frame(ws_fin | ws_close));
  EXPECT_TRUE(without_code.closed());
  EXPECT_TRUE(without_code.take_reply()->payload.empty());
}

TEST(WebsocketFrameDecoder, RefusesCloseCodesThatNobodyMaySend) {
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
    EXPECT_EQ(code_of(client_frame(ws_fin | ws_close, close_reason(code))), CloseCode::protocol_error)
        << code;
  }
  for (const unsigned code : {1000U, 1003U, 1007U, 1014U, 3000U, 4999U}) {
    EXPECT_EQ(code_of(client_frame(ws_fin | ws_close, close_reason(code))), std::nullopt) << code;
  }
  EXPECT_EQ(code_of(client_frame(ws_fin | ws_close, Bytes(1))), CloseCode::protocol_error);
}

TEST(WebsocketFrameDecoder, RefusesWhatTheSpecificationDoesntKnow) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(code_of(client_frame(static_cast<std::uint8_t>(ws_fin | opcode))), CloseCode::protocol_error)
        << opcode;
  }
  for (const int reserved : {0x40, 0x20, 0x10}) {
    EXPECT_EQ(code_of(client_frame(static_cast<std::uint8_t>(whole | reserved))), CloseCode::protocol_error)
        << reserved;
  }
}

TEST(WebsocketFrameDecoder, RefusesFragmentsOutOfPlace) {
  EXPECT_EQ(code_of(client_frame(ws_fin | ws_continuation, to_bytes("x"))), CloseCode::protocol_error);
  EXPECT_EQ(code_of(all({client_frame(ws_binary, to_bytes("x")), client_frame(whole, to_bytes("y"))})),
            CloseCode::protocol_error);
  EXPECT_EQ(code_of(all({client_frame(whole, to_bytes("x")), client_frame(ws_continuation)})),
            CloseCode::protocol_error);
}

TEST(WebsocketFrameDecoder, RefusesLengthsThatAreNotShortest) {
  EXPECT_EQ(code_of(RawFrame{.payload = Bytes(10), .longest_form = true}.bytes()), CloseCode::protocol_error);
  EXPECT_EQ(code_of(RawFrame{.payload = Bytes(0xffff), .longest_form = true}.bytes()),
            CloseCode::protocol_error);
  EXPECT_EQ(code_of(from_hex("82fe007d00000000").value()), CloseCode::protocol_error);
}

TEST(WebsocketFrameDecoder, BoundsAMessageHoweverItIsCut) {
  const FrameLimits limits{.max_message_bytes = 1000};
  FrameDecoder fits(Role::server, limits);
  EXPECT_EQ(code_of(fits, all({client_frame(ws_binary, Bytes(600)), client_frame(ws_fin, Bytes(400)),
                               client_frame(whole, Bytes(1000))})),
            std::nullopt);
  FrameDecoder one(Role::server, limits);
  EXPECT_EQ(code_of(one, client_frame(whole, Bytes(1001))), CloseCode::too_big);
  FrameDecoder several(Role::server, limits);
  EXPECT_EQ(
      code_of(several, all({client_frame(ws_binary, Bytes(600)), client_frame(ws_continuation, Bytes(401))})),
      CloseCode::too_big);
}

TEST(WebsocketFrameDecoder, BoundsFramesWithoutDataButNotForEver) {
  const FrameLimits limits{.max_empty_frames = 10, .empty_frames_per_second = 2};
  const Bytes ping = client_frame(ws_fin | ws_ping);
  FrameDecoder decoder(Role::server, limits);
  Instant now{};
  for (int i = 0; i < 10; ++i) (void)decode(decoder, ping, 100, now);
  EXPECT_FALSE(decoder.failure());
  // Data shows that somebody means it.
  (void)decode(decoder, client_frame(whole, to_bytes("x")), 100, now);
  for (int i = 0; i < 10; ++i) (void)decode(decoder, ping, 100, now);
  EXPECT_FALSE(decoder.failure());
  // So does patience.
  for (int i = 0; i < 100; ++i) {
    now += seconds(1);
    for (int j = 0; j < 2; ++j) (void)decode(decoder, ping, 100, now);
  }
  EXPECT_FALSE(decoder.failure());
  now += std::chrono::hours(24 * 365);
  for (int i = 0; i < 10; ++i) (void)decode(decoder, ping, 100, now);
  EXPECT_FALSE(decoder.failure());
  (void)decode(decoder, ping, 100, now);
  ASSERT_TRUE(decoder.failure());
  EXPECT_EQ(decoder.failure()->code, CloseCode::policy_violation);
}

TEST(WebsocketFrameDecoder, TextIsNotForUs) {
  EXPECT_EQ(code_of(client_frame(ws_fin | ws_text, to_bytes("x"))), CloseCode::unsupported_data);
}

}  // namespace
}  // namespace libp2p::websocket
