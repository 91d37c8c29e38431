#include "starling/dataplane/unit/pretty_prefix.hpp"

#include <gtest/gtest.h>

#include "tests/support/unit_recordings.hpp"

namespace starling {
namespace {

json::value parsed(std::string_view text) { return parse_json(text).value(); }

Piece by_itself(const json::value& value) { return parse_piece(unit_json(value), {}).value(); }

// Adds the members of `container` up from how each prints by itself.
bool adds_up(const json::value& container) {
  const std::string text = unit_json(container);
  PieceBuilder builder(container.is_object());
  if (container.is_object()) {
    for (const auto& member : container.get_object()) builder.add(member.key(), by_itself(member.value()));
  } else {
    for (const json::value& element : container.get_array()) builder.add({}, by_itself(element));
  }
  if (!builder.adds_up_to(text.size() - 2)) return false;
  const Piece whole = std::move(builder).finish(text.size() - 2);
  EXPECT_EQ(whole.value, container);
  EXPECT_EQ(whole.indented_lines, by_itself(container).indented_lines);
  return true;
}

TEST(PieceBuilder, AddsUpWhatUnitPrinted) {
  int containers = 0;
  for (const char* family :
       {"02-config-whole.unit", "07-canonical-echo.unit", "17-order-and-key-length.unit"}) {
    for (const test::Exchange& exchange : test::recorded(family)) {
      if (!exchange.reply) continue;
      const json::value value = parsed(exchange.reply->body);
      if (!value.is_object() && !value.is_array()) continue;
      EXPECT_TRUE(adds_up(value)) << family << " " << exchange.name;
      ++containers;
    }
  }
  EXPECT_GT(containers, 50);
  for (const char* text :
       {"{}", "[]", "[1]", R"({"a":{}})", R"({"a":{"b":[]},"c":1})", R"({"a":1,"c":{"b":[[1],2]}})",
        R"([[1,2],{"a":{"b":1},"c":2}])", R"({"\"\n\u0001é":"\\"})"}) {
    EXPECT_TRUE(adds_up(parsed(text))) << text;
  }
}

TEST(PieceBuilder, NoticesAMissingMember) {
  const json::value whole = parsed(R"({"a":{"x":1},"b":2,"c":{"y":[1]}})");
  for (const char* missing : {"a", "b", "c"}) {
    PieceBuilder builder(true);
    for (const auto& member : whole.get_object()) {
      if (member.key() != missing) builder.add(member.key(), by_itself(member.value()));
    }
    EXPECT_FALSE(builder.adds_up_to(unit_json(whole).size() - 2)) << missing;
  }
}

// Wherever the text is cut, what the beginning tells is true.
TEST(PrettyPrefix, TellsMembersWhereverTheTextIsCut) {
  for (const char* text : {R"({"a":{"x":1,"y":{}},"b\"é":[1,{"c":[]}],"z":"s","n":5})",
                           R"([{"match":{"uri":"/a"},"action":{"return":200}},"x",7,[[1]]])"}) {
    const json::value whole = parsed(text);
    const std::string printed = unit_json(whole);
    std::size_t most = 0;
    for (std::size_t size = 0; size <= printed.size(); ++size) {
      const auto prefix = scan_prefix(std::string_view(printed).substr(0, size));
      if (!prefix) {
        EXPECT_LT(size, 3U);
        continue;
      }
      EXPECT_EQ(prefix->object, whole.is_object());
      std::size_t complete = 0;
      for (std::size_t i = 0; i < prefix->members.size(); ++i) {
        const auto& member = prefix->members[i];
        if (member.value.empty()) {
          EXPECT_EQ(i + 1, prefix->members.size());
          continue;
        }
        const auto piece = parse_member(member.value, {});
        ASSERT_TRUE(piece) << size << " " << member.value;
        const json::value& truth = whole.is_object() ? whole.at(member.key) : whole.get_array().at(i);
        EXPECT_EQ(piece->value, truth);
        EXPECT_EQ(piece->bytes, by_itself(truth).bytes);
        ++complete;
      }
      EXPECT_GE(complete, most);
      most = std::max(most, complete);
    }
    EXPECT_EQ(most, whole.is_object() ? whole.get_object().size() : whole.get_array().size());
  }
}

}  // namespace
}  // namespace starling
