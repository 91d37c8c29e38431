// What a state is called (M9).
#include "starling/merge/revision.hpp"

#include <gtest/gtest.h>

#include "libp2p/crypto/hash.hpp"
#include "starling/merge/levels.hpp"
#include "tests/unit/merge/build.hpp"

namespace starling::test {
namespace {

TEST(Revision, AtLevelOneIsTheHashOfTheBasesCanonicalText) {
  const RevisionId revision = revision_of(doc(R"({"base":{"b":1e3,"a":[]}})"), 1);
  EXPECT_EQ(revision, revision_of(doc(R"({"base":{"a":[],"b":1000},"edge":{"x":1}})"), 1));
  EXPECT_NE(revision, revision_of(doc(R"({"base":{"a":[],"b":1001}})"), 1));
  // sha256 of "starling-revision", 0x01, {"a":[],"b":1000}
  EXPECT_EQ(to_hex(revision), "42415d51c54d111408a23f55bc0c8534ddd905ae7121ed5bae4b320fc1aa9535");
}

TEST(Revision, AtLevelOneOfAnyText) {
  for (const std::string_view text :
       {R"({})", R"({"":{"":{"":1}}})", R"({"a\"b":{"c\n":{}}})", R"({"a":{"b":{"d":1,"c":[{"x":2}]}}})"}) {
    Bytes hashed = libp2p::to_bytes("starling-revision");
    hashed.push_back(1);
    libp2p::append(hashed, libp2p::as_bytes(canonical_json(doc(text))));
    EXPECT_EQ(revision_of(json::object{{"base", doc(text)}}, 1), RevisionId{libp2p::sha256(hashed)}) << text;
  }
}

TEST(Revision, AtLevelTwoIsOfAllScopes) {
  const RevisionId revision = revision_of(doc(R"({"base":{"b":1e3,"a":[]},"edge":{}})"), 2);
  EXPECT_EQ(revision, revision_of(doc(R"({"edge":{},"base":{"a":[],"b":1000}})"), 2));
  for (const std::string_view other :
       {R"({"base":{"b":1000,"a":[]}})", R"({"base":{"b":1000,"a":{}},"edge":{}})",
        R"({"base":{"b":1000},"a":[],"edge":{}})", R"({"base":{"ba":[],"b":1000},"edge":{}})"}) {
    EXPECT_NE(revision, revision_of(doc(other), 2)) << other;
  }
  EXPECT_NE(revision, revision_of(doc(R"({"base":{"b":1000,"a":[]},"edge":{}})"), 3));
}

// By the definition in the header, worked out elsewhere.
TEST(Revision, AtLevelTwoIsAMerkleHash) {
  const auto member = [](std::uint8_t kind, std::string_view key, BytesView rest) {
    Bytes hashed{kind, 0, 0, 0, static_cast<std::uint8_t>(key.size())};
    libp2p::append(hashed, libp2p::as_bytes(key));
    libp2p::append(hashed, rest);
    const auto digest = libp2p::sha256(hashed);
    return Bytes(digest.begin(), digest.end());
  };
  const auto text = [](std::string_view canonical) { return libp2p::to_bytes(canonical); };
  Bytes members = member(0, "a", text("[]"));
  libp2p::append(members, member(0, "b", text("1000")));
  Bytes scopes = member(1, "base", members);
  libp2p::append(scopes, member(1, "edge", {}));
  Bytes hashed = libp2p::to_bytes("starling-revision");
  hashed.push_back(2);
  libp2p::append(hashed, member(1, "", scopes));
  EXPECT_EQ(revision_of(doc(R"({"base":{"b":1e3,"a":[]},"edge":{}})"), 2),
            RevisionId{libp2p::sha256(hashed)});
}

TEST(Revision, IsThatOfTheLevelAtTheEnd) {
  Log log;
  log.write(1, {}, {set("/settings/x", "1")});
  Merge merge(log.happened_before());
  merge.reset(log.changes);
  const json::value tree = merge.result().document;
  EXPECT_EQ(merge.revision(), revision_of(tree, 1));
  merge.set_levels({{Hlc{50}, id_of(50), 2}, {Hlc{40}, id_of(40), 1}});
  EXPECT_EQ(merge.level(), 2U);
  EXPECT_EQ(merge.revision(), revision_of(tree, 2));
  merge.set_levels({});
  EXPECT_EQ(merge.revision(), revision_of(tree, 1));
}

TEST(Levels, AreThoseOfTheNewestAnchorBefore) {
  const Levels levels({{Hlc{30}, id_of(1), 3}, {Hlc{20}, id_of(9), 2}, {Hlc{20}, id_of(5), 1}});
  EXPECT_EQ(levels.at(Hlc{19}, id_of(1)), 1U);
  EXPECT_EQ(levels.at(Hlc{20}, id_of(10)), 1U);
  EXPECT_EQ(levels.at(Hlc{20}, id_of(7)), 2U);
  EXPECT_EQ(levels.at(Hlc{20}, id_of(4)), 1U);
  EXPECT_EQ(levels.at(Hlc{31}, id_of(4)), 3U);
  EXPECT_EQ(levels.last(), 3U);
  EXPECT_EQ(Levels().last(), 1U);
}

}  // namespace
}  // namespace starling::test
