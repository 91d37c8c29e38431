// The body of a change: what goes in comes out, and there is one way to write it (L1).
#include "starling/model/change.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/protobuf.hpp"

namespace starling {
namespace {

using libp2p::ProtobufWriter;

enum Field : std::uint32_t { actor = 1, message = 2, allow_empty = 3, edit = 4 };
enum EditField : std::uint32_t { scope = 1, path = 2, op = 3, value = 4 };

json::value parsed(std::string_view text) { return *parse_json(text); }

Change sample() {
  Change change;
  change.actor = "alice";
  change.message = "a new listener";
  change.allow_empty = true;
  change.edits.push_back({"base", {"listeners", "*:80"}, EditOp::set, parsed(R"({"pass":"routes"})")});
  change.edits.push_back({"base", {"routes", "a/b"}, EditOp::append, parsed(R"({"action":{"return":200}})")});
  change.edits.push_back({"edge", {}, EditOp::remove, std::nullopt});
  return change;
}

ProtobufWriter set_edit(std::string_view text) {
  ProtobufWriter out;
  out.string(scope, "base").string(path, "a").varint(op, 1).string(value, text);
  return out;
}

// The reason for which `body` is refused.
std::string refusal(const ProtobufWriter& body) {
  const auto change = Change::from_body(body.view());
  return change ? "taken" : change.error().message;
}
std::string refusal_of_edit(const ProtobufWriter& bytes) {
  ProtobufWriter body;
  body.message(edit, bytes);
  return refusal(body);
}

TEST(Change, L1_ComesOutAsItWentIn) {
  const Change change = sample();
  const auto read_back = Change::from_body(change.to_body());
  ASSERT_TRUE(read_back) << read_back.error().message;
  EXPECT_EQ(read_back->actor, change.actor);
  EXPECT_EQ(read_back->message, change.message);
  EXPECT_TRUE(read_back->allow_empty);
  ASSERT_EQ(read_back->edits.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read_back->edits[i].scope, change.edits[i].scope);
    EXPECT_EQ(read_back->edits[i].path, change.edits[i].path);
    EXPECT_EQ(read_back->edits[i].op, change.edits[i].op);
    EXPECT_EQ(read_back->edits[i].value, change.edits[i].value);
  }
  EXPECT_EQ(read_back->to_body(), change.to_body());
}

TEST(Change, L1_ItsBytesAreTheseForGood) {
  Change change;
  change.edits.push_back({"base", {"a", ""}, EditOp::set, parsed("[1]")});
  EXPECT_EQ(libp2p::to_hex(change.to_body()),
            "22120a0462617365120161120018012203"
            "5b315d");
}

TEST(Change, ANoEditChangeIsOne) {
  const auto change = Change::from_body({});
  ASSERT_TRUE(change);
  EXPECT_TRUE(change->edits.empty());
  EXPECT_TRUE(change->to_body().empty());
}

TEST(Change, L1_ValuesHaveOneSpelling) {
  for (const std::string_view text :
       {"1e3", "1.0", " 1", "\"\\u0041\"", R"({"b":1,"a":2})", "[1, 2]", "-0"}) {
    EXPECT_EQ(refusal_of_edit(set_edit(text)), "edit value is not canonical JSON (L1)") << text;
  }
  for (const std::string_view text : {"1000", "\"A\"", R"({"a":2,"b":1})", "[1,2]"}) {
    EXPECT_EQ(refusal_of_edit(set_edit(text)), "taken") << text;
  }
}

TEST(Change, ValuesThatAreNoJsonAreRefused) {
  for (const std::string_view text : {"", "{", "nul", "[1]x", R"({"a":1,"a":2})"}) {
    EXPECT_TRUE(refusal_of_edit(set_edit(text)).starts_with("edit value: ")) << text;
  }
  EXPECT_NE(refusal_of_edit(set_edit(std::string(101, '[') + std::string(101, ']'))), "taken");
}

TEST(Change, L1_FieldsComeOnceAndInOrder) {
  const std::string not_canonical = "change is not in canonical form (L1)";
  EXPECT_EQ(refusal(ProtobufWriter().string(message, "m").string(actor, "a")), not_canonical);
  EXPECT_EQ(refusal(ProtobufWriter().string(actor, "a").string(actor, "a")), not_canonical);
  EXPECT_EQ(refusal(ProtobufWriter().string(actor, "")), not_canonical);
  EXPECT_EQ(refusal(ProtobufWriter().boolean(allow_empty, false)), not_canonical);
  EXPECT_EQ(refusal(ProtobufWriter().varint(allow_empty, 2)), not_canonical);
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(path, "a").string(scope, "base").varint(op, 2)),
            not_canonical);
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, "base").varint(op, 2).string(path, "a")),
            not_canonical);
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, "base").varint(op, 256 + 2)), not_canonical);
  EXPECT_EQ(refusal_of_edit(
                ProtobufWriter().string(scope, "base").varint(op, 1).string(value, "1").string(value, "1")),
            not_canonical);
}

TEST(Change, L1_OverlongIntegersAreRefused) {
  Bytes body = sample().to_body();
  const auto flag = std::ranges::find(body, std::uint8_t{0x18});  // field 3, varint
  ASSERT_EQ(*(flag + 1), 1);
  *(flag + 1) = 0x81;
  body.insert(flag + 2, 0x00);
  EXPECT_FALSE(Change::from_body(body));
}

TEST(Change, UnknownFieldsAreRefused) {
  EXPECT_NE(refusal(ProtobufWriter().varint(9, 1)), "taken");
  ProtobufWriter with_unknown = set_edit("1");
  with_unknown.varint(5, 1);
  EXPECT_NE(refusal_of_edit(with_unknown), "taken");
}

TEST(Change, SetAndAppendCarryAValueAndRemoveDoesNot) {
  const std::string message = "set and append carry a value, remove does not";
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, "base").varint(op, 1)), message);
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, "base").varint(op, 3)), message);
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, "base").varint(op, 2).string(value, "1")),
            message);
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, "base").varint(op, 0)), "unknown edit operation");
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, "base").varint(op, 4)), "unknown edit operation");
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, "base")), "unknown edit operation");
}

TEST(Change, EveryEditHasAScope) {
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().varint(op, 2)), "edit without a valid scope");
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, std::string(129, 's')).varint(op, 2)),
            "edit without a valid scope");
  EXPECT_EQ(refusal_of_edit(ProtobufWriter().string(scope, std::string(128, 's')).varint(op, 2)), "taken");
}

TEST(Change, TextIsUtf8AndBounded) {
  EXPECT_NE(refusal(ProtobufWriter().string(actor, "\xff")), "taken");
  EXPECT_NE(refusal_of_edit(ProtobufWriter().string(scope, "base").string(path, "\xc0\x80").varint(op, 2)),
            "taken");
  EXPECT_EQ(refusal(ProtobufWriter().string(actor, std::string(257, 'a'))), "actor: at most 256 bytes");
  EXPECT_EQ(refusal(ProtobufWriter().string(message, std::string(4097, 'a'))), "message: at most 4096 bytes");
}

TEST(Change, PathsAndEditsAreBounded) {
  ProtobufWriter deep;
  deep.string(scope, "base");
  for (std::size_t i = 0; i < max_path_segments; ++i) deep.string(path, "x");
  ProtobufWriter deeper = deep;
  EXPECT_EQ(refusal_of_edit(deep.varint(op, 2)), "taken");
  EXPECT_NE(refusal_of_edit(deeper.string(path, "x").varint(op, 2)), "taken");

  ProtobufWriter body;
  const ProtobufWriter removal = ProtobufWriter().string(scope, "b").varint(op, 2);
  for (std::size_t i = 0; i < max_edits; ++i) body.message(edit, removal);
  EXPECT_EQ(refusal(body), "taken");
  body.message(edit, removal);
  EXPECT_EQ(refusal(body), "a change of more than 65536 edits");
}

TEST(Change, WhatItVoidsIsInOrderAndBounded) {
  constexpr std::uint32_t voids = 5;
  const auto id = [](std::size_t number) {
    RecordId result;
    result.bytes[0] = static_cast<std::uint8_t>(number >> 8);
    result.bytes[1] = static_cast<std::uint8_t>(number);
    return result;
  };
  const auto naming = [&](std::initializer_list<std::size_t> numbers) {
    ProtobufWriter body;
    for (const std::size_t number : numbers) body.bytes(voids, id(number).view());
    return refusal(body);
  };
  EXPECT_EQ(naming({1, 2}), "taken");
  EXPECT_EQ(naming({2, 1}), "what it voids is not in ascending order without duplicates");
  EXPECT_EQ(naming({1, 1}), "what it voids is not in ascending order without duplicates");
  EXPECT_NE(refusal(ProtobufWriter().bytes(voids, Bytes(31, 1))), "taken");

  ProtobufWriter body;
  for (std::size_t i = 0; i < max_voided; ++i) body.bytes(voids, id(i).view());
  EXPECT_EQ(refusal(body), "taken");
  body.bytes(voids, id(max_voided).view());
  EXPECT_EQ(refusal(body), "a change that voids more than 1024 others");
}

TEST(Change, EveryBeginningOfABodyIsReadWithoutHarm) {
  const Bytes body = sample().to_body();
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto change = Change::from_body(BytesView(body).first(size));
    if (change) EXPECT_TRUE(libp2p::equal(change->to_body(), BytesView(body).first(size)));
  }
}

}  // namespace
}  // namespace starling
