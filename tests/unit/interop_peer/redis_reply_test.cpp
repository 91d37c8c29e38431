#include "tests/interop/cpp/redis_reply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace interop {
namespace {

using libp2p::Errc;
using testing::ElementsAre;
using testing::Optional;
using testing::SizeIs;

ParsedRedisReply whole(std::string_view bytes) {
  const auto parsed = parse_redis_reply(bytes);
  EXPECT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_TRUE(parsed && *parsed);
  return parsed && *parsed ? **parsed : ParsedRedisReply{};
}

Errc refusal(std::string_view bytes) {
  const auto parsed = parse_redis_reply(bytes);
  EXPECT_FALSE(parsed) << "it was taken";
  return parsed ? Errc{} : parsed.error().code;
}

TEST(RedisReply, ReadsEachKind) {
  EXPECT_THAT(whole("+OK\r\n").reply.items, ElementsAre(Optional(std::string("OK"))));
  EXPECT_THAT(whole(":12\r\n").reply.items, ElementsAre(Optional(std::string("12"))));
  EXPECT_THAT(whole("$4\r\na\r\nb\r\n").reply.items, ElementsAre(Optional(std::string("a\r\nb"))));
  EXPECT_THAT(whole("$0\r\n\r\n").reply.items, ElementsAre(Optional(std::string())));
  EXPECT_THAT(whole("$-1\r\n").reply.items, ElementsAre(std::nullopt));
  EXPECT_THAT(whole("*-1\r\n").reply.items, ElementsAre(std::nullopt));
  EXPECT_THAT(whole("*0\r\n").reply.items, SizeIs(0));
  EXPECT_THAT(whole("*3\r\n$1\r\nk\r\n$-1\r\n:1\r\n").reply.items,
              ElementsAre(Optional(std::string("k")), std::nullopt, Optional(std::string("1"))));
}

TEST(RedisReply, TellsARefusal) {
  const ParsedRedisReply refused = whole("-WRONGTYPE not a list\r\n");
  EXPECT_TRUE(refused.reply.refused);
  EXPECT_THAT(refused.reply.items, ElementsAre(Optional(std::string("WRONGTYPE not a list"))));
  EXPECT_FALSE(whole("+OK\r\n").reply.refused);
}

TEST(RedisReply, LeavesWhatComesAfterIt) { EXPECT_EQ(whole("+OK\r\n+more\r\n").size, 5U); }

TEST(RedisReply, WaitsForTheRest) {
  const std::string_view bytes = "*2\r\n$12\r\nlistenerAddr\r\n$3\r\nabc\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto parsed = parse_redis_reply(bytes.substr(0, size));
    ASSERT_TRUE(parsed) << size;
    EXPECT_FALSE(*parsed) << size;
  }
  EXPECT_EQ(whole(bytes).size, bytes.size());
}

TEST(RedisReply, RefusesWhatIsNone) {
  for (const std::string_view bytes : {"hello\r\n", "\r\n", "$x\r\n", "$\r\n", "$1x\r\na\r\n", "$-2\r\n",
                                       "*-2\r\n", "$1\r\nabcd", "*1\r\nx\r\n", "$99999999999999999999\r\n"}) {
    EXPECT_EQ(refusal(bytes), Errc::parse) << bytes;
  }
}

TEST(RedisReply, BoundsItsSize) {
  EXPECT_EQ(refusal("$" + std::to_string(max_redis_reply_bytes + 1) + "\r\n"), Errc::limit);
  EXPECT_EQ(refusal("*" + std::to_string(max_redis_items + 1) + "\r\n"), Errc::limit);
  EXPECT_EQ(refusal("*1\r\n*1\r\n+a\r\n"), Errc::limit);
  EXPECT_EQ(refusal("+" + std::string(max_redis_reply_bytes, 'a')), Errc::limit);
  std::string list = "*16\r\n";
  for (int i = 0; i < 16; ++i) list += "$60000\r\n" + std::string(60000, 'a') + "\r\n";
  EXPECT_EQ(refusal(list), Errc::limit);
}

}  // namespace
}  // namespace interop
