// What the rules of the structural validator (M6) depend on: the level of the merge, what part of a
// configuration is looked at, and what an edit can affect.
#include <gtest/gtest.h>

#include <algorithm>

#include "starling/merge/address.hpp"
#include "starling/merge/tree.hpp"
#include "tests/unit/merge/random_configurations.hpp"
#include "tests/unit/merge/unit_verdict.hpp"

namespace starling::test {
namespace {

constexpr ValidationRules part{.level = newest_validation, .extent = ValidationRules::Extent::part};

std::string verdict(std::string_view document, ValidationRules rules) {
  return text(validate(doc(document), rules));
}

// A fleet that has not raised its level folds on as it always did.
TEST(ValidateRules, M9_AtLevelOneOnlyReferencesListenersAndTheirTypesCount) {
  const ValidationRules first{.level = 1};
  for (const char* accepted :
       {R"({"upstreams":{"u":{"servers":{"x":{"weight":-1}}}}})", R"({"applications":{"a":{}}})",
        R"({"routes":[{}]})", R"({"routes":[{"action":{"return":1000}}]})",
        R"({"listeners":{"*:80":{"pass":"routes/$"}}})", R"({"access_log":""})",
        R"({"settings":{"listen_threads":0}})"}) {
    EXPECT_EQ(verdict(accepted, first), "valid") << accepted;
    EXPECT_NE(verdict(accepted, newest), "valid") << accepted;
  }
  for (const char* relaxed : {R"({"listeners":{"unix:/a\u0000b":{"pass":"$host"}}})",
                              R"({"listeners":{"*:80":{"pass":"routes/{{node.name}}"}}})"}) {
    EXPECT_NE(verdict(relaxed, first), "valid") << relaxed;
    EXPECT_EQ(verdict(relaxed, newest), "valid") << relaxed;
  }
}

TEST(ValidateRules, M6_APartMayLackWhatItIsLaidOver) {
  for (const char* text :
       {R"({"listeners":{"*:80":{"backlog":5}}})", R"({"listeners":{"*:80":{"tls":{"session":{}}}}})",
        R"({"listeners":{"*:80":{"forwarded":{"recursive":true}}}})",
        R"({"listeners":{"*:80":{"client_ip":{}}}})", R"({"applications":{"a":{"processes":{"spare":3}}}})",
        R"({"applications":{"a":{"type":"external"}}})", R"({"upstreams":{"u":{}}})",
        R"({"access_log":{"if":"$host"}})"}) {
    EXPECT_EQ(verdict(text, part), "valid") << text;
    EXPECT_NE(verdict(text, newest), "valid") << text;
  }
  for (const char* text :
       {R"({"listeners":{"*:80":{"backlog":"x"}}})", R"({"listeners":{"x":{}}})", R"({"routes":[{}]})",
        R"({"applications":{"a":{"processes":{"spare":3,"max":2}}}})",
        R"({"upstreams":{"u":{"servers":[]}}})"}) {
    EXPECT_NE(verdict(text, part), "valid") << text;
  }
}

// Values and names of members alike.
TEST(ValidateRules, M6_TextsWithVariablesOfTheFleetAreJudgedOnceTheyAreRendered) {
  EXPECT_EQ(verdict(R"({"listeners":{"{{node.addr}}:80":{"pass":"upstreams/{{node.labels.site}}"}},
                     "upstreams":{"u":{"servers":{"{{vars.server}}":{}}}},
                     "routes":[{"match":{"host":"{{a}}**","source":"{{node.addr}}","scheme":"{{s}}","uri":"%{{x}}",
                                         "arguments":{"%{{x}}":"y"}},
                                "action":{"proxy":"http://{{node.addr}}:80"}},
                               {"action":{"share":"/{{node.name}}$"}}]})",
                    newest),
            "valid");
}

TEST(ValidateRules, M6_ACertificatesNameIsNotLookedUp) {
  EXPECT_EQ(
      verdict(R"({"listeners":{"*:443":{"pass":"routes","tls":{"certificate":["a","b"]}}},"routes":[]})",
              newest),
      "valid");
  EXPECT_EQ(verdict(R"({"listeners":{"*:443":{"pass":"routes","tls":{"certificate":["a",5]}}},"routes":[]})",
                    newest),
            "/listeners/*:443/tls/certificate/1: The \"certificate\" array must contain only string values.");
}

// A daemon of another version may do something else with it.
TEST(ValidateRules, M6_MembersUnknownBelowTheTopLevelAreTheDaemonsMatter) {
  EXPECT_EQ(
      verdict(
          R"({"routes":[{"action":{"retrun":200}}, {"acton":{}}, {"match":{"urii":5},"action":{"return":1}}]})",
          newest),
      "valid");
}

// What an edit can affect, and no more, is looked at: with the same outcome as if it were all.
class IncrementalAtTheNewestLevel : public testing::TestWithParam<std::uint64_t> {
 protected:
  IncrementalAtTheNewestLevel()
      : random_(GetParam()), configurations_(random_, "/run"), document_(configurations_.configuration(0)) {
    index_.replace({}, &document_);
  }

  // At a place that may be new, something from another configuration, or nothing, or one element more.
  void edit() {
    const json::value other = configurations_.configuration(random_.below(2));
    Path path;
    const json::value* source = &other;
    while (const json::object* object = source->if_object()) {
      if (object->empty() || (!path.empty() && random_.below(4) == 0)) break;
      const auto member =
          std::next(object->begin(), static_cast<std::ptrdiff_t>(random_.below(object->size())));
      path.emplace_back(member->key());
      source = &member->value();
    }
    if (array_above(document_, path)) return;
    const json::value* present = member_at(document_, path);
    if (present != nullptr && present->is_array() && random_.below(2) == 0) return append(path);
    if (present != nullptr && random_.below(3) == 0) {
      undo_.push_back({remove_member(document_, path), {}});
    } else {
      undo_.push_back({set_member(document_, path, *source), {}});
    }
    touch(undo_.back().replaced.at);
  }

  void take_back() {
    for (; !undo_.empty(); undo_.pop_back()) {
      Undo& last = undo_.back();
      if (!last.appended.empty()) {
        find(document_, Path(last.appended.begin(), std::prev(last.appended.end())))->get_array().pop_back();
        index_.replace(last.appended, nullptr);
        continue;
      }
      const Path at = last.replaced.at;
      put_back(document_, std::move(last.replaced));
      index_.replace(at, member_at(document_, at));
    }
  }

  struct Undo {
    Replaced replaced;
    Path appended;
  };

  void append(const Path& path) {
    json::array& array = member_at(document_, path)->get_array();
    const json::value other = configurations_.configuration(1);
    const json::value* steps = find(other, {"routes"});
    array.push_back(steps->is_array() && !steps->get_array().empty() ? steps->get_array()[0]
                                                                     : json::value(5));
    Path place = path;
    place.push_back(std::to_string(array.size() - 1));
    undo_.push_back({{}, place});
    index_.replace(place, &array.back());
    touched_.push_back(std::move(place));
  }

  void touch(const Path& place) {
    index_.replace(place, member_at(document_, place));
    touched_.push_back(place);
  }

  libp2p::SeededRandom random_;
  RandomConfigurations configurations_;
  json::value document_;
  ReferenceIndex index_;
  std::vector<Undo> undo_;
  std::vector<Path> touched_;
};

TEST_P(IncrementalAtTheNewestLevel, FindsAllThatTheWholeValidationFinds) {
  int found = 0;
  int fine = 0;
  for (int turn = 0; turn < 300; ++turn) {
    touched_.clear();
    for (std::uint64_t edits = 1 + random_.below(3); edits-- > 0;) edit();
    const auto violations = violations_by(touched_, document_, index_, newest);
    const auto whole = all_violations(document_);
    const auto texts = [](const std::vector<Violation>& all) {
      std::vector<std::string> lines;
      for (const Violation& one : all) lines.push_back(text(std::optional(one.invalid)));
      return lines;
    };
    ASSERT_EQ(texts(violations), texts(whole));
    ASSERT_EQ(text(validate(document_, newest)), whole.empty() ? "valid" : texts(whole)[0]);
    whole.empty() ? ++fine : ++found;
    if (whole.empty()) undo_.clear();
    take_back();
    ASSERT_EQ(index_.size(), references(document_, {}).size());
  }
  EXPECT_GT(found, 50);
  EXPECT_GT(fine, 50);
}

INSTANTIATE_TEST_SUITE_P(Seeds, IncrementalAtTheNewestLevel, testing::Range<std::uint64_t>(0, 20));

}  // namespace
}  // namespace starling::test
