#include "libp2p/transport/websocket/http_upgrade.hpp"

#include <gtest/gtest.h>

#include "libp2p/io/framing.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/websocket.hpp"

namespace libp2p::websocket {
namespace {

using std::chrono::seconds;
using test::keep;
using test::receive;
using test::send;
using test::ws_example_accept;
using test::ws_example_key;
using test::ws_request;

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) std::abort();
  return text.replace(at, what.size(), with);
}

bool accepts(const std::string& head) {
  const UpgradeAnswer answer = answer_upgrade(head);
  EXPECT_EQ(answer.outcome.has_value(), answer.response.starts_with("HTTP/1.1 101 "));
  EXPECT_TRUE(answer.response.ends_with("\r\n\r\n"));
  return answer.outcome.has_value();
}

std::string status(const std::string& head) { return answer_upgrade(head).response.substr(9, 3); }

TEST(WebsocketUpgrade, AnswersAsTheSpecificationsExample) {
  const UpgradeAnswer answer = answer_upgrade(ws_request());
  EXPECT_TRUE(answer.outcome);
  EXPECT_EQ(answer.response,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
                std::string(ws_example_accept) + "\r\n\r\n");
}

TEST(WebsocketUpgrade, TakesWhatBrowsersAndProxiesMakeOfIt) {
  EXPECT_TRUE(accepts(replaced(ws_request(), "Connection: Upgrade", "connection: keep-alive, upgrade")));
  EXPECT_TRUE(accepts(replaced(ws_request(), "Upgrade: websocket", "Upgrade: WebSocket")));
  EXPECT_TRUE(accepts(ws_request("Origin: https://app.example\r\nCookie: a=b\r\n")));
  EXPECT_TRUE(accepts(ws_request("Sec-WebSocket-Protocol: chat\r\n")));
  EXPECT_TRUE(accepts(replaced(ws_request(), "GET / ", "GET /path?query=1 ")));
}

TEST(WebsocketUpgrade, RefusesWhatIsNoUpgrade) {
  EXPECT_EQ(status(replaced(ws_request(), "GET", "POST")), "400");
  EXPECT_EQ(status(replaced(ws_request(), "HTTP/1.1", "HTTP/1.0")), "400");
  EXPECT_EQ(status(replaced(ws_request(), "Host: node.example\r\n", "")), "400");
  EXPECT_EQ(status(ws_request("Host: other.example\r\n")), "400");
  EXPECT_EQ(status(ws_request("Content-Length: 5\r\n")), "400");
  EXPECT_EQ(status(ws_request("Transfer-Encoding: chunked\r\n")), "400");
  EXPECT_EQ(status(replaced(ws_request(), "Upgrade: websocket\r\n", "")), "426");
  EXPECT_EQ(status(replaced(ws_request(), "Upgrade: websocket", "Upgrade: h2c")), "426");
  EXPECT_EQ(status(replaced(ws_request(), "Connection: Upgrade\r\n", "")), "426");
  EXPECT_EQ(status(replaced(ws_request(), "Version: 13", "Version: 8")), "426");
  EXPECT_EQ(status(replaced(ws_request(), ws_example_key, "AAAA")), "400");
  EXPECT_EQ(status(replaced(ws_request(), ws_example_key, "not base 64 at all, is it")), "400");
  EXPECT_EQ(status(ws_request("Sec-WebSocket-Key: " + std::string(ws_example_key) + "\r\n")), "400");
}

TEST(WebsocketUpgrade, RefusesWhatIsNotHttp) {
  EXPECT_EQ(status("\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/1.1\nHost: a\n\n\r\n\r\n"), "400");
  EXPECT_EQ(status(ws_request("Bad Name: x\r\n")), "400");
  EXPECT_EQ(status(ws_request(std::string("X: a\0b\r\n", 8))), "400");
  EXPECT_EQ(status(replaced(ws_request(), "GET /", "GET  /")), "400");
}

TEST(WebsocketUpgrade, TakesSixtyFourFields) {
  std::string more;
  for (int i = 0; i < 59; ++i) more += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_TRUE(accepts(ws_request(more)));
  EXPECT_EQ(status(ws_request(more + "X-More: y\r\n")), "431");
}

std::string answer(std::string_view more = {}) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
         "Upgrade\r\nSec-WebSocket-Accept: " +
         std::string(ws_example_accept) + "\r\n" + std::string(more) + "\r\n";
}

TEST(WebsocketUpgrade, ChecksTheAnswer) {
  const auto code = [](const std::string& head) {
    return check_upgrade_answer(head, ws_example_key).error().code;
  };
  EXPECT_TRUE(check_upgrade_answer(answer(), ws_example_key));
  EXPECT_EQ(check_upgrade_answer(answer(), "AAAAAAAAAAAAAAAAAAAAAA==").error().code, Errc::protocol);
  EXPECT_EQ(code(replaced(answer(), "101 Switching Protocols", "403 Forbidden")), Errc::refused);
  EXPECT_EQ(code(replaced(answer(), "101 Switching Protocols", "200 OK")), Errc::refused);
  EXPECT_EQ(code(replaced(answer(), "Upgrade: websocket", "Upgrade: h2c")), Errc::protocol);
  EXPECT_EQ(code(replaced(answer(), "Connection: Upgrade\r\n", "")), Errc::protocol);
  EXPECT_EQ(code(answer("Sec-WebSocket-Extensions: permessage-deflate\r\n")), Errc::protocol);
  EXPECT_EQ(code(answer("Sec-WebSocket-Protocol: chat\r\n")), Errc::protocol);
  EXPECT_EQ(code("SSH-2.0-OpenSSH\r\n\r\n"), Errc::parse);
}

// Both sides over a pipe in memory.
struct Upgrading {
  Upgrading() : tasks(runtime.env()) {
    auto [near, far] = make_memory_stream_pair(runtime.env());
    client = std::move(near);
    server = std::move(far);
  }
  ~Upgrading() { runtime.run(tasks.stop()); }
  VirtualRuntime runtime;
  TaskGroup tasks;
  StreamPtr client;
  StreamPtr server;
};

TEST(WebsocketUpgrade, BothSidesAgreeAndKeepWhatCameBehind) {
  Upgrading u;
  std::optional<Result<Bytes>> requested;
  std::optional<Result<Bytes>> accepted;
  u.tasks.spawn("client",
                keep(request_upgrade(u.runtime.env(), *u.client, "node.example:8443", "/x%20y"), requested));
  u.runtime.run_ready();
  EXPECT_FALSE(requested);
  // Frames that come right behind the request.
  ASSERT_TRUE(u.runtime.run(send(*u.client, to_bytes("early"))));
  u.tasks.spawn("server", keep(accept_upgrade(u.runtime.env(), *u.server), accepted));
  u.runtime.run_ready();
  ASSERT_TRUE(requested && *requested);
  ASSERT_TRUE(accepted && *accepted);
  EXPECT_EQ(as_text(**accepted), "early");
  EXPECT_TRUE((*requested)->empty());
}

TEST(WebsocketUpgrade, ARequestNamesWhoItIsFor) {
  Upgrading u;
  std::optional<Result<Bytes>> requested;
  u.tasks.spawn("client",
                keep(request_upgrade(u.runtime.env(), *u.client, "node.example:8443", "/x%20y"), requested));
  const Bytes got = *u.runtime.run(receive(*u.server));
  EXPECT_TRUE(as_text(got).starts_with("GET /x%20y HTTP/1.1\r\nHost: node.example:8443\r\n"));
  EXPECT_FALSE(as_text(got).contains("Extensions"));
  EXPECT_TRUE(accepts(std::string(as_text(got))));
}

TEST(WebsocketUpgrade, ReadsAHeadThatComesByteByByte) {
  Upgrading u;
  std::optional<Result<Bytes>> accepted;
  u.tasks.spawn("server", keep(accept_upgrade(u.runtime.env(), *u.server), accepted));
  for (const char c : ws_request()) {
    EXPECT_FALSE(accepted);
    ASSERT_TRUE(u.runtime.run(send(*u.client, Bytes{static_cast<std::uint8_t>(c)})));
    u.runtime.run_ready();
  }
  ASSERT_TRUE(accepted);
  EXPECT_TRUE(*accepted);
}

TEST(WebsocketUpgrade, ASlowClientIsCutOff) {
  Upgrading u;
  std::optional<Result<Bytes>> accepted;
  u.tasks.spawn("server", keep(accept_upgrade(u.runtime.env(), *u.server), accepted));
  ASSERT_TRUE(u.runtime.run(send(*u.client, to_bytes("GET / HTTP/1.1\r\n"))));
  u.runtime.run_for(seconds(4));
  EXPECT_FALSE(accepted);
  u.runtime.run_for(seconds(2));
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->error().code, Errc::timeout);
}

TEST(WebsocketUpgrade, ASilentServerIsGivenUp) {
  Upgrading u;
  std::optional<Result<Bytes>> requested;
  u.tasks.spawn("client", keep(request_upgrade(u.runtime.env(), *u.client, "h", "/"), requested));
  u.runtime.run_for(seconds(6));
  ASSERT_TRUE(requested);
  EXPECT_EQ(requested->error().code, Errc::timeout);
}

TEST(WebsocketUpgrade, AnEndBeforeTheHeadIsWholeIsNoHandshake) {
  Upgrading u;
  std::optional<Result<Bytes>> accepted;
  u.tasks.spawn("server", keep(accept_upgrade(u.runtime.env(), *u.server), accepted));
  ASSERT_TRUE(u.runtime.run(send(*u.client, to_bytes("GET / HTTP/1.1\r\n"))));
  ASSERT_TRUE(u.runtime.run(u.client->close_write()));
  u.runtime.run_ready();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->error().code, Errc::closed);
}

TEST(WebsocketUpgrade, TellsWhoIsRefusedWhy) {
  Upgrading u;
  std::optional<Result<Bytes>> accepted;
  u.tasks.spawn("server", keep(accept_upgrade(u.runtime.env(), *u.server), accepted));
  ASSERT_TRUE(u.runtime.run(send(*u.client, to_bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))));
  const auto all = u.runtime.run(read_to_end(*u.client, 4096));
  ASSERT_TRUE(all);
  EXPECT_TRUE(as_text(*all).starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
  EXPECT_EQ(accepted->error().code, Errc::protocol);
}

}  // namespace
}  // namespace libp2p::websocket
