#include "starling/dataplane/http_reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/unit_recordings.hpp"

namespace starling {
namespace {

Errc refused(std::string_view text, std::size_t most = max_reply_body_bytes) {
  HttpReplyParser parser(most);
  const auto fed = parser.feed(text);
  EXPECT_FALSE(fed) << text;
  return fed ? Errc{} : fed.error().code;
}

TEST(HttpReply, ReadsEveryRecordedReplyByteByByte) {
  int replies = 0;
  for (const char* family :
       {"01-root-and-unknown.unit", "08-http-transport.freeunit", "22-tcp-control.unit"}) {
    for (const test::Exchange& exchange : test::recorded(family)) {
      if (!exchange.reply) continue;
      SCOPED_TRACE(exchange.name);
      HttpReplyParser parser;
      for (const char c : exchange.reply->head + exchange.reply->body) {
        EXPECT_FALSE(parser.done());
        ASSERT_TRUE(parser.feed({&c, 1}));
      }
      ASSERT_TRUE(parser.done());
      const HttpReply reply = parser.take();
      EXPECT_EQ(reply.status, exchange.reply->status);
      EXPECT_EQ(reply.body, exchange.reply->body);
      EXPECT_THAT(reply.server, testing::StartsWith("Unit/1.3"));
      ++replies;
    }
  }
  EXPECT_GT(replies, 50);
}

TEST(HttpReply, TellsAShortReplyFromNone) {
  HttpReplyParser parser;
  EXPECT_TRUE(parser.empty());
  ASSERT_TRUE(parser.feed("HTTP/1.1 200 OK\r\nContent-"));
  EXPECT_FALSE(parser.empty());
  EXPECT_FALSE(parser.head_done());
  ASSERT_TRUE(parser.feed("Length: 10\r\n\r\nabc"));
  EXPECT_TRUE(parser.head_done());
  EXPECT_FALSE(parser.done());
  const HttpReply reply = parser.take();
  EXPECT_FALSE(reply.complete());
  EXPECT_EQ(reply.body, "abc");
}

TEST(HttpReply, RefusesWhatIsNotSuchAReply) {
  EXPECT_EQ(refused("HTTP/2 200\r\nContent-Length: 0\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("SSH-2.0-OpenSSH\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 1a\r\n\r\na"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\n folded\r\nContent-Length: 0\r\n\r\n"), Errc::protocol);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"), Errc::protocol);
}

TEST(HttpReply, BoundsHeadAndBody) {
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 4), Errc::limit);
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nX: " + std::string(max_reply_head_bytes, 'a')), Errc::limit);
  HttpReplyParser parser;
  const std::string line = "X: " + std::string(1000, 'a') + "\r\n";
  ASSERT_TRUE(parser.feed("HTTP/1.1 200 OK\r\n"));
  bool limited = false;
  for (int i = 0; i < 10 && !limited; ++i) limited = !parser.feed(line);
  EXPECT_TRUE(limited);
}

}  // namespace
}  // namespace starling
