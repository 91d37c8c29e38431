#include "starling/model/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>
#include <set>

#include "starling/model/utf8.hpp"
#include "tests/support/unit_recordings.hpp"

namespace starling {
namespace {

using test::Exchange;
using test::recorded;

json::value parsed(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text << ": " << value.error().message;
  return value ? *value : json::value();
}

JsonError refused(std::string_view text, JsonLimits limits = {}) {
  const auto value = parse_json(text, limits);
  EXPECT_FALSE(value) << text;
  return value ? JsonError{} : value.error();
}

const std::vector<std::string> families = {"02-config-whole", "03-deep-paths", "06-json-parsing",
                                           "07-canonical-echo", "17-order-and-key-length"};

// What Starling refuses, or answers differently, on purpose.
const std::set<std::string> chosen_deviations = {
    "bad-utf8",                 // strings that are not UTF-8 can't be shown, so they are refused
    "nest-1000", "nest-10000",  // Unit has no limit of depth; ours is FreeUnit's
};

// Of the processor, not of the wall: what else runs here doesn't count.
std::clock_t time_to_parse(const std::string& text) {
  const std::clock_t begun = std::clock();
  EXPECT_TRUE(parse_json(text));
  return std::clock() - begun;
}

// Arrays of strings that all are `text`, of about `bytes`.
std::string strings_of(std::string_view text, std::size_t bytes) {
  std::string array = "[";
  for (int i = 0; i < 1000; ++i) array.append(i == 0 ? "\"" : ",\"").append(text).append("\"");
  array += "]";
  std::string all = "[" + array;
  while (all.size() < bytes) all.append(",").append(array);
  return all + "]";
}

// Where each string has a backslash of its own no search for one goes far.
TEST(JsonParser, ManyShortStringsTakeNoLongerThanThoseWithEscapes) {
  constexpr std::size_t bytes = 4'000'000;
  const std::clock_t escaped = time_to_parse(strings_of("\\n", bytes));
  EXPECT_LT(time_to_parse(strings_of("ab", bytes)), 2 * escaped);
}

class Recordings : public testing::TestWithParam<std::string> {};

// Every request that had a body, as the daemon of the recording judged it.
TEST_P(Recordings, TheParserSaysWhatTheDaemonSaid) {
  int bodies = 0;
  for (const std::string& family : families) {
    for (const Exchange& exchange : recorded(family + "." + GetParam())) {
      const bool read =
          exchange.method == "PUT" ||
          (exchange.method == "POST" && exchange.path != "/config" && exchange.path != "/config/");
      if (!read || !exchange.reply || chosen_deviations.contains(exchange.name)) continue;
      SCOPED_TRACE(family + " " + exchange.name);
      ++bodies;
      const bool daemon_refused = exchange.reply->body.find("\"Invalid JSON.\"") != std::string::npos;
      const auto ours = parse_json(exchange.body);
      ASSERT_EQ(!ours, daemon_refused) << exchange.body;
      if (!ours) EXPECT_EQ(unit_json(invalid_json_body(ours.error())), exchange.reply->body);
    }
  }
  EXPECT_GT(bodies, 100);
}

// Numbers apart: Unit echoes their characters, we print their value.
TEST_P(Recordings, PrintsByteForByteAsTheDaemon) {
  int replies = 0;
  for (const std::string& family : families) {
    for (const Exchange& exchange : recorded(family + "." + GetParam())) {
      if (!exchange.reply || chosen_deviations.contains(exchange.name)) continue;
      if (exchange.name.starts_with("echo ")) continue;
      SCOPED_TRACE(family + " " + exchange.name);
      ++replies;
      const auto value = parse_json(exchange.reply->body);
      ASSERT_TRUE(value) << value.error().message;
      EXPECT_EQ(unit_json(*value), exchange.reply->body);
    }
  }
  EXPECT_GT(replies, 150);
}

TEST_P(Recordings, WhatTheDaemonEchoesIsWhatItWasGiven) {
  int echoes = 0;
  std::optional<Exchange> put;
  for (const std::string& family : families) {
    for (const Exchange& exchange : recorded(family + "." + GetParam())) {
      if (exchange.method == "PUT" && exchange.path == "/config" && exchange.reply->status == 200) {
        put = exchange;
      } else if (put && exchange.method == "GET" && exchange.path == "/config") {
        SCOPED_TRACE(family + " " + exchange.name);
        if (put->config_after != exchange.config_after) continue;  // written again in between
        const auto given = parse_json(put->body);
        const auto echoed = parse_json(exchange.reply->body);
        ASSERT_TRUE(given && echoed);
        if (given->as_object().size() != echoed->as_object().size()) continue;  // written by path in between
        ++echoes;
        EXPECT_TRUE(same_json(*given, *echoed)) << canonical_json(*given) << "\n" << canonical_json(*echoed);
        EXPECT_EQ(canonical_json(*given), canonical_json(*echoed));
      }
    }
  }
  EXPECT_GE(echoes, 3);
}

INSTANTIATE_TEST_SUITE_P(Of, Recordings, testing::Values("unit", "freeunit"),
                         [](const auto& tested) { return tested.param; });

TEST(JsonParser, TakesCommentsTrailingCommasAndAByteOrderMark) {
  EXPECT_EQ(canonical_json(parsed("\xEF\xBB\xBF// a\n{/**/\"a\": [1, 2,], /* * / */ \"b\": {},}//\n")),
            R"({"a":[1,2],"b":{}})");
}

TEST(JsonParser, CountsOffsetsAfterTheByteOrderMark) { EXPECT_EQ(refused("\xEF\xBB\xBF[x").offset, 1U); }

TEST(JsonParser, CountsColumnsInCharacters) {
  const JsonError error = refused("{\n \"\xC3\xA9\xF0\x9F\xA6\x84\": x}");
  EXPECT_EQ(error.offset, 13U);
  EXPECT_EQ(error.line, 2U);
  EXPECT_EQ(error.column, 8U);
}

TEST(JsonParser, NamesTheOffsetAloneWhereColumnsCantBeCounted) {
  const JsonError error = refused("/*\xFF*/ x");
  EXPECT_EQ(error.line, 0U);
  EXPECT_EQ(canonical_json(*invalid_json_body(error).as_object().if_contains("location")), R"({"offset":6})");
}

TEST(JsonParser, RefusesACommentWithoutItsEnd) {
  EXPECT_EQ(refused("{} // no line feed").offset, 3U);
  EXPECT_EQ(refused("{} /* no end").offset, 3U);
  EXPECT_EQ(refused("/").offset, 0U);
}

TEST(JsonParser, RefusesDuplicateNamesThatDifferOnlyInSpelling) {
  const JsonError error = refused(R"({"a": 1, "\u0061": 2})");
  EXPECT_EQ(error.offset, 9U);
  EXPECT_THAT(error.message, testing::StartsWith("Duplicate object member."));
}

TEST(JsonParser, RefusesBytesThatAreNotUtf8AndSaysWhere) {
  for (const std::string bad : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    const JsonError error = refused("{\"ab" + bad + "\": 1}");
    EXPECT_EQ(error.offset, 4U);
    EXPECT_THAT(error.message, testing::HasSubstr("UTF-8"));
  }
}

TEST(JsonParser, DecodesEscapes) {
  EXPECT_EQ(parsed(R"("\u0041\/\b\f\n\r\t\"\\\ud83e\udd84\u00e9")").as_string(),
            "A/\b\f\n\r\t\"\\\xF0\x9F\xA6\x84\xC3\xA9");
  EXPECT_EQ(parsed(R"("a\u0000b")").as_string(), std::string_view("a\0b", 3));
}

TEST(JsonParser, BoundsDepthMembersAndBytes) {
  const std::string deep(100, '[');
  EXPECT_TRUE(parse_json(deep + std::string(100, ']')));
  EXPECT_EQ(refused(deep + "[" + std::string(101, ']')).offset, 100U);
  EXPECT_EQ(refused("[1,2,3]", {.max_members = 2}).offset, 5U);
  EXPECT_EQ(refused(R"({"a":1,"b":2})", {.max_members = 1}).offset, 7U);
  EXPECT_THAT(refused("[1,2,3]", {.max_bytes = 6}).message, testing::HasSubstr("at most 6"));
}

TEST(JsonParser, TakesNumbersOfFourteenCharacters) {
  EXPECT_TRUE(parse_json("99999999999999"));
  EXPECT_EQ(refused(" -99999999999999").offset, 1U);
  EXPECT_TRUE(parse_json("123456789012345", {.max_number_chars = 15}));
}

// As UNIT's own parser: such texts have no meaning that it could keep.
TEST(JsonParser, RefusesNumbersOutOfRange) {
  for (const char* text : {"1e19", "-1e19", "1e400", "1e-400", "1e-310"}) {
    EXPECT_THAT(refused(text).message, testing::HasSubstr("out of representable range")) << text;
  }
}

struct Malformed {
  std::string_view text;
  std::size_t offset;
  std::string_view message_begins;
};

TEST(JsonParser, SaysWhatIsMissingWhere) {
  const std::vector<Malformed> cases = {
      {"{", 1, "Unexpected end of JSON payload.  There's an object without"},
      {"{\"a\"", 4, "Unexpected end of JSON payload.  There's an object member without"},
      {"{\"a\" 1}", 5, "A colon (:) is expected here."},
      {"{\"a\":", 5, "Unexpected end of JSON payload.  There's an object member without"},
      {"{\"a\":1", 6, "Unexpected end of JSON payload.  There's an object without"},
      {"{\"a\":1 2}", 7, "Either a closing brace"},
      {"[", 1, "Unexpected end of JSON payload.  There's an array without"},
      {"[1", 2, "Unexpected end of JSON payload.  There's an array without"},
      {"[1 2]", 3, "Either a closing bracket"},
      {"[,]", 1, "A valid JSON value is expected"},
      {"\"a", 2, "Unexpected end of JSON payload.  There's a string"},
      {"\"a\\", 3, "Unexpected end of JSON payload.  There's a string"},
      {"\"\\u12", 5, "Unexpected end of JSON payload.  There's a string"},
      {"\"\\u12x4\"", 5, "Invalid escape sequence."},
      {"\"\\u12\"", 5, "Invalid escape sequence."},
      {"\"\\a\"", 1, "Unexpected backslash."},
      {"\"\\udc00\"", 1, "Invalid JSON encoding sequence.  This 6-byte"},
      {"\"a\\ud800\\u0041\"", 2, "Invalid JSON encoding sequence.  This 12-byte"},
      {"\"\\ud800\x01\"", 7, "Unexpected character.  All control characters"},
      {"1.", 0, "The number is invalid.  A fraction part"},
      {"-1.x", 1, "The number is invalid.  A fraction part"},
      {"01", 0, "The number is invalid.  Leading zeros"},
      {"1e", 0, "The number is invalid.  An exponent part"},
      {"1e+", 0, "The number is invalid.  An exponent part"},
      {"-", 0, "A valid JSON value is expected"},
      {"-a", 0, "A valid JSON value is expected"},
      {".5", 0, "A valid JSON value is expected"},
      {"1.2.3", 0, "A valid JSON value is expected"},
      {"1x", 0, "A valid JSON value is expected"},
      {"tru", 0, "A valid JSON value is expected"},
      {"truee", 4, "Unexpected character after the end"},
  };
  for (const Malformed& malformed : cases) {
    SCOPED_TRACE(malformed.text);
    const JsonError error = refused(malformed.text);
    EXPECT_EQ(error.offset, malformed.offset);
    EXPECT_THAT(error.message, testing::StartsWith(std::string(malformed.message_begins)));
  }
}

TEST(CanonicalJson, SortsKeysByByteAndKeepsArrays) {
  EXPECT_EQ(canonical_json(parsed(R"({"b": [3, 1, {"z": 1, "a": 2}], "\u00e9": 1, "B": 2, "": 3})")),
            "{\"\":3,\"B\":2,\"b\":[3,1,{\"a\":2,\"z\":1}],\"\xC3\xA9\":1}");
}

TEST(CanonicalJson, EqualNumbersHaveOneText) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"1e3", "1000"},
      {"1000.0", "1000"},
      {"1E+3", "1000"},
      {"-0", "0"},
      {"-0.0", "0"},
      {"0e9", "0"},
      {"1.10", "1.1"},
      {"1e-1", "0.1"},
      {"0.00001", "0.00001"},
      {"1e-13", "1e-13"},
      {"1e15", "1e15"},
      {"-01", "-1"},
      {"1e18", "1e18"},
      {"9e18", "9e18"},
      {"999999.999999", "999999.999999"},
      {"123.456", "123.456"},
      {"-1", "-1"},
      {"99999999999999", "99999999999999"},
  };
  for (const auto& [given, expected] : cases) EXPECT_EQ(canonical_json(parsed(given)), expected) << given;
  EXPECT_TRUE(same_json(json::value(1000.0), json::value(1000)));
  EXPECT_TRUE(same_json(json::value(std::uint64_t{5}), json::value(5)));
  EXPECT_TRUE(same_json(json::value(1e15), json::value(std::int64_t{1'000'000'000'000'000})));
  EXPECT_FALSE(same_json(json::value(1.5), json::value(1)));
  EXPECT_FALSE(same_json(json::value(1), json::value("1")));
}

// A configuration that Unit took must be taken again in our spelling.
TEST(CanonicalJson, NumbersOfFourteenCharactersStayAsShort) {
  for (const std::string text :
       {"-123456789e-99", "1234567890e-20", "12.3456789e-99", "123456789012e6", "1e15", "-1.2345678e-99",
        "1234.56789e-99", "0.123456789012", "-0.12345678901"}) {
    const std::string printed = canonical_json(parsed(text));
    EXPECT_LE(printed.size(), 14U) << text;
    EXPECT_EQ(canonical_json(parsed(printed)), printed);
    EXPECT_TRUE(same_json(parsed(text), parsed(printed)));
  }
}

TEST(CanonicalJson, ParsingItAgainChangesNothing) {
  const std::string text = "{\"a\":[null,true,false,1.5,\"\\u0001\\n\\\"\\\\/\x7F\xC3\xA9\"],\"b\":{}}";
  EXPECT_EQ(canonical_json(parsed(text)), text);
}

TEST(SameJson, IgnoresTheOrderOfKeysOnly) {
  EXPECT_TRUE(same_json(parsed(R"({"a":1,"b":[1,2]})"), parsed(R"({"b":[1,2],"a":1.0})")));
  EXPECT_FALSE(same_json(parsed(R"({"a":[1,2]})"), parsed(R"({"a":[2,1]})")));
  EXPECT_FALSE(same_json(parsed(R"({"a":1})"), parsed(R"({"a":1,"b":null})")));
  EXPECT_FALSE(same_json(parsed("[1]"), parsed("[1,2]")));
  EXPECT_FALSE(same_json(parsed("{}"), parsed("[]")));
}

TEST(UnitJson, PrintsScalarsWithALineEnd) {
  EXPECT_EQ(unit_json(json::value("routes/main")), "\"routes/main\"\r\n");
  EXPECT_EQ(unit_json(json::value(200)), "200\r\n");
  EXPECT_EQ(unit_json(json::object{}), "{}\r\n");
}

TEST(Find, NamesElementsByDecimalIndex) {
  const json::value document = parsed(R"({"routes": {"main": [{"a": 1}, {"b": 2}]}, "x/y": 3})");
  EXPECT_EQ(*find(document, {"routes", "main", "01", "b"}), json::value(2));
  EXPECT_EQ(*find(document, {"x/y"}), json::value(3));
  EXPECT_EQ(find(document, {}), &document);
  for (const char* index : {"2", "-1", "1.0", "x", "", "0x0", "99999999999999999999", "2147483648"}) {
    EXPECT_EQ(find(document, {"routes", "main", index}), nullptr) << index;
  }
  EXPECT_EQ(find(document, {"x/y", "0"}), nullptr);
  EXPECT_EQ(find(document, {"nope"}), nullptr);
}

TEST(HasListeners, WantsAtLeastOne) {
  EXPECT_FALSE(has_listeners(empty_document()));
  EXPECT_FALSE(has_listeners(parsed(R"({"listeners": {}})")));
  EXPECT_FALSE(has_listeners(parsed("null")));
  EXPECT_TRUE(has_listeners(parsed(R"({"listeners": {"*:80": {}}})")));
}

TEST(Utf8, CountsCharactersUpToTheFirstBadByte) {
  EXPECT_EQ(scan_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\xA6\x84").characters, 4U);
  const Utf8Scan scan = scan_utf8("ab\xE0\x80\x80");
  EXPECT_EQ(scan.valid_bytes, 2U);
  std::string out;
  for (const char32_t c : {U'a', U'\u00e9', U'\u20ac', U'\U0001F984'}) append_utf8(out, c);
  EXPECT_EQ(out, "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\xA6\x84");
}

}  // namespace
}  // namespace starling
