// ATTACKS, WebSocket: WS01 to WS09, against a server, beside an honest connection that must not notice.
#include <gtest/gtest.h>

#include "libp2p/io/framing.hpp"
#include "libp2p/transport/websocket/http_upgrade.hpp"
#include "libp2p/transport/websocket/stream.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/websocket.hpp"

namespace libp2p::websocket {
namespace {

using std::chrono::seconds;
using test::client_frame;
using test::close_reason;
using test::CountingStream;
using test::keep;
using test::RawFrame;
using test::receive;
using test::send;
using test::server_frame;
using test::ws_binary;
using test::ws_close;
using test::ws_continuation;
using test::ws_fin;
using test::ws_ping;
using test::ws_request;
using test::ws_text;

constexpr std::uint8_t whole = ws_fin | ws_binary;

// A server as the transport makes it, until its end.
Task<Result<>> serve(Env env, StreamPtr below, std::size_t& data_bytes) {
  LIBP2P_CO_TRY(Bytes early, co_await accept_upgrade(env, *below));
  const StreamPtr stream = make_stream(env, std::move(below), Role::server, std::move(early));
  Bytes chunk(8192);
  for (;;) {
    LIBP2P_CO_TRY(const std::size_t got, co_await stream->read_some(chunk));
    if (got == 0) co_return Result<>{};
    data_bytes += got;
  }
}

class Attack {
 public:
  Attack() : tasks(runtime.env()) {
    auto [near, far] = make_memory_stream_pair(runtime.env());
    attacker = std::move(near);
    tasks.spawn(
        "victim",
        keep(serve(runtime.env(), std::make_unique<CountingStream>(std::move(far), counts), data), outcome));
    auto [one, other] = make_memory_stream_pair(runtime.env());
    honest[0] = make_stream(runtime.env(), std::move(one), Role::client, {});
    honest[1] = make_stream(runtime.env(), std::move(other), Role::server, {});
  }
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;
  ~Attack() {
    const Instant began = runtime.now();
    EXPECT_TRUE(runtime.run(send(*honest[0], to_bytes("ping"))));
    EXPECT_EQ(as_text(runtime.run(receive(*honest[1])).value_or(Bytes{})), "ping");
    EXPECT_LT(runtime.now() - began, seconds(1));
    attacker->reset();
    runtime.run_ready();
    runtime.run(tasks.stop());
    EXPECT_EQ(tasks.escaped(), 0U);
  }

  // How much of it the victim takes.
  std::size_t put(BytesView bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const BytesView piece = bytes.subspan(sent, std::min<std::size_t>(4096, bytes.size() - sent));
      if (!runtime.run(write(*attacker, piece))) break;
      sent += piece.size();
      runtime.run_ready();
      if (outcome) break;
    }
    return sent;
  }
  std::string answer() {
    const auto all = runtime.run(read_to_end(*attacker, 1U << 20));
    return all ? std::string(as_text(*all)) : std::string();
  }
  // After a sound handshake: what the victim says to `frames`, up to its end.
  Bytes answer_to(const Bytes& frames) {
    put(as_bytes(ws_request()));
    const auto head = runtime.run(receive(*attacker));
    EXPECT_TRUE(head && as_text(*head).starts_with("HTTP/1.1 101 "));
    put(frames);
    return to_bytes(answer());
  }
  void expect_close(const Bytes& frames, CloseCode code) {
    EXPECT_EQ(answer_to(frames), server_frame(ws_fin | ws_close, close_reason(static_cast<unsigned>(code))));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->error().code, Errc::protocol);
  }

  VirtualRuntime runtime;
  TaskGroup tasks;
  CountingStream::Counts counts;
  std::size_t data = 0;
  StreamPtr attacker;
  std::array<StreamPtr, 2> honest;
  std::optional<Result<>> outcome;

 private:
  static Task<Result<>> write(Stream& stream, BytesView bytes) { co_return co_await stream.write(bytes); }
};

TEST(Websocket, WS01_AHeadOf1MiBIsCutOffAt8KiB) {
  Attack attack;
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  while (head.size() < 1U << 20) head += "X-Padding: " + std::string(100, 'x') + "\r\n";
  attack.put(as_bytes(head + "\r\n"));
  EXPECT_LE(attack.counts.bytes_read, 8192U);
  EXPECT_TRUE(attack.answer().starts_with("HTTP/1.1 431 "));
  ASSERT_TRUE(attack.outcome);
  EXPECT_EQ(attack.outcome->error().code, Errc::limit);
}

TEST(Websocket, WS01_OneLineWithoutAnEndIsNoBetter) {
  Attack attack;
  attack.put(as_bytes("GET /" + std::string(1U << 20, 'a')));
  EXPECT_LE(attack.counts.bytes_read, 8192U);
  EXPECT_TRUE(attack.answer().starts_with("HTTP/1.1 431 "));
}

TEST(Websocket, WS01_SixtyFiveFieldsAreTooMany) {
  Attack attack;
  std::string more;
  for (int i = 0; i < 60; ++i) more += "a" + std::to_string(i) + ":\r\n";
  attack.put(as_bytes(ws_request(more)));
  EXPECT_TRUE(attack.answer().starts_with("HTTP/1.1 431 "));
}

TEST(Websocket, WS01_AByteASecondIsCutOffAfterFive) {
  Attack attack;
  for (int i = 0; i < 7 && !attack.outcome; ++i) {
    attack.put(as_bytes("G"));
    attack.runtime.run_for(seconds(1));
  }
  ASSERT_TRUE(attack.outcome);
  EXPECT_EQ(attack.outcome->error().code, Errc::timeout);
}

TEST(Websocket, WS01_AServersHeadIsBoundedToo) {
  VirtualRuntime runtime;
  auto [server, client] = make_memory_stream_pair(runtime.env(), 1U << 21);
  CountingStream::Counts counts;
  CountingStream counted(std::move(client), counts);
  ASSERT_TRUE(runtime.run(send(*server, to_bytes("HTTP/1.1 101 x\r\nA: " + std::string(1U << 20, 'x')))));
  EXPECT_EQ(runtime.run(request_upgrade(runtime.env(), counted, "h", "/")).error().code, Errc::limit);
  EXPECT_LE(counts.bytes_read, 8192U);
}

TEST(Websocket, WS02_LengthsBeyondAllBounds) {
  for (const std::uint64_t claimed : {1ULL << 63, ~0ULL, (1ULL << 63) - 1, (1ULL << 20) + 1}) {
    Attack attack;
    attack.expect_close(RawFrame{.payload = to_bytes("x"), .claimed = claimed}.bytes(), CloseCode::too_big);
    EXPECT_EQ(attack.data, 0U);
  }
}

TEST(Websocket, WS02_FragmentsThatAddUpBeyondAllBounds) {
  Attack attack;
  Bytes frames = client_frame(ws_binary, Bytes(1000));
  append(frames, RawFrame{.first = ws_continuation, .claimed = ~0ULL - 500}.bytes());
  attack.expect_close(frames, CloseCode::too_big);
}

TEST(Websocket, WS03_DeflateIsNotAgreedOnAndRSV1IsRefused) {
  Attack attack;
  attack.put(
      as_bytes(ws_request("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")));
  const Bytes head = *attack.runtime.run(receive(*attack.attacker));
  EXPECT_TRUE(as_text(head).starts_with("HTTP/1.1 101 "));
  EXPECT_FALSE(as_text(head).contains("Extensions"));
  attack.put(client_frame(whole | 0x40, from_hex("f248cdc9c90700").value()));
  EXPECT_EQ(attack.answer(), as_text(server_frame(ws_fin | ws_close, close_reason(1002))));
  EXPECT_EQ(attack.data, 0U);
}

TEST(Websocket, WS04_AClientThatDoesntMask) {
  Attack attack;
  attack.expect_close(server_frame(whole, to_bytes("x")), CloseCode::protocol_error);
}

TEST(Websocket, WS05_ControlFramesThatAreFragmentedOrTooLong) {
  for (const std::uint8_t opcode : {test::ws_close, test::ws_ping, test::ws_pong}) {
    Attack fragmented;
    fragmented.expect_close(client_frame(opcode, to_bytes("x")), CloseCode::protocol_error);
    Attack too_long;
    too_long.expect_close(client_frame(ws_fin | opcode, Bytes(126, 'x')), CloseCode::protocol_error);
  }
}

TEST(Websocket, WS06_AMillionEmptyFragments) {
  Attack attack;
  Bytes frames = client_frame(ws_binary);
  const Bytes empty = client_frame(ws_continuation);
  for (int i = 0; i < 1'000'000; ++i) append(frames, empty);
  attack.expect_close(frames, CloseCode::policy_violation);
  // A thousand of six bytes, and what one read may bring beyond them.
  EXPECT_LE(attack.counts.bytes_read, 1000 * empty.size() + 8192 + ws_request().size());
}

TEST(Websocket, WS06_AMillionPings) {
  Attack attack;
  Bytes frames;
  for (int i = 0; i < 1'000'000; ++i) append(frames, client_frame(ws_fin | ws_ping));
  const Bytes answer = attack.answer_to(frames);
  // Several that came at once have one answer.
  EXPECT_LE(answer.size(), 1000U);
  EXPECT_TRUE(as_text(answer).ends_with(as_text(server_frame(ws_fin | ws_close, close_reason(1008)))));
}

TEST(Websocket, WS07_Text) {
  Attack attack;
  attack.expect_close(client_frame(ws_fin | ws_text, to_bytes("hello")), CloseCode::unsupported_data);
  EXPECT_EQ(attack.data, 0U);
}

// What a page can reach is a handshake that proves a peer. A WebSocket's port answers nothing else, and is
// never one with an interface that trusts browsers.
TEST(Websocket, WS08_AnyOriginMayConnectAndNothingElseIsServed) {
  for (const char* origin : {"https://app.example", "http://attacker.test", "null"}) {
    Attack attack;
    attack.put(as_bytes(ws_request("Origin: " + std::string(origin) + "\r\n")));
    EXPECT_TRUE(as_text(*attack.runtime.run(receive(*attack.attacker))).starts_with("HTTP/1.1 101 "));
  }
  for (const char* request : {"GET /config HTTP/1.1\r\nHost: localhost\r\n\r\n",
                              "GET /v1/status HTTP/1.1\r\nHost: a\r\nOrigin: null\r\n\r\n"}) {
    Attack attack;
    attack.put(as_bytes(request));
    const std::string answer = attack.answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 426 "));
    EXPECT_FALSE(answer.contains("Access-Control"));
  }
}

TEST(Websocket, WS09_ACloseReasonThatIsNotUTF8) {
  Attack attack;
  attack.expect_close(client_frame(ws_fin | ws_close, close_reason(1000, "\xc0\xaf")),
                      CloseCode::invalid_payload);
  Attack cut;
  cut.expect_close(client_frame(ws_fin | ws_close, close_reason(1000, "\xe2\x82")),
                   CloseCode::invalid_payload);
}

}  // namespace
}  // namespace libp2p::websocket
