// The structural validator (M6) at level 1 of the merge, beside what Unit and FreeUnit themselves answered.
#include "starling/merge/validate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "libp2p/base/random.hpp"
#include "starling/merge/tree.hpp"
#include "tests/support/unit_recordings.hpp"
#include "tests/unit/merge/build.hpp"
#include "tests/unit/merge/history.hpp"

namespace starling::test {
namespace {

using namespace std::string_view_literals;

std::string detail_of(const std::optional<Invalid>& invalid) { return invalid ? invalid->detail : "valid"; }

std::string faults(std::string_view text) {
  const auto invalid = validate(doc(text));
  return invalid ? to_pointer(invalid->path) + ": " + invalid->detail : "valid";
}

// How Unit's reason begins where no structural rule decides, but the value of a single option, an
// application's type, or what the daemon was built with: that is its own verdict, and validate() must stay
// out of it.
constexpr std::array decided_by_unit{"Application must have the \"type\"",
                                     "The \"n\" upstream must contain",
                                     "Unknown variable",
                                     "Unit is built without",
                                     "The \"return\"",
                                     "The \"action\" object must have",
                                     "The \"match\" pattern",
                                     "Invalid regular expression",
                                     "The \"address\" format",
                                     "The \"scheme\"",
                                     "The \"proxy\"",
                                     "The \"share\"",
                                     "The \"X\" response header",
                                     "The \"rewrite\"",
                                     "The \"location\"",
                                     "The module to run",
                                     "Required parameter",
                                     "The \"processes\"",
                                     "The \"spare\"",
                                     "The \"A\" environment",
                                     "The \"u\" upstream",
                                     "The \"x\" is not valid server",
                                     "The \"weight\"",
                                     "The \"idle_timeout\"",
                                     "The \"access_log\" value must not be empty",
                                     "Certificate \"nope\"",
                                     "The \"header_read_timeout\"",
                                     "The \"max_body_size\"",
                                     "The number"};

// Members that Unit doesn't know, but below the top level, where one daemon may know more than another.
constexpr std::array unknown_below{"pas",  "matchh", "urii",        "fallback",  "timeot",
                                   "piid", "wieght", "idle_timeut", "telemetry", "js_module"};

bool is_structural(std::string_view detail) {
  const bool below = std::ranges::any_of(unknown_below, [&](std::string_view name) {
    return detail == "Unknown parameter \"" + std::string(name) + "\".";
  });
  return !below && std::ranges::none_of(decided_by_unit,
                                        [&](std::string_view begins) { return detail.starts_with(begins); });
}

struct Exception {
  std::string_view config_begins;
  std::string_view detail;
};

// Where validate() says other than Unit, and why.
constexpr std::array exceptions{
    // Unit takes the form and then fails to apply it, on any machine: refused here, in words of our own.
    Exception{R"({"listeners":{"127.0.0.1:21080":{}},)", R"(The listener "127.0.0.1:21080" has no "pass".)"},
    Exception{R"({"listeners": {"127.0.0.1:21080": {}}})",
              R"(The listener "127.0.0.1:21080" has no "pass".)"},
    Exception{R"({"listeners":{"127.0.0.1:21080":{"backlog":5}},)",
              R"(The listener "127.0.0.1:21080" has no "pass".)"},
    // Unit says "Unknown parameter" first.
    Exception{R"({"listeners": {"127.0.0.1:21080": {"pas": "routes"}}})",
              R"(The listener "127.0.0.1:21080" has no "pass".)"},
    // Unit cuts the path at the zero and listens elsewhere; FreeUnit refuses it in these words.
    Exception{R"({"listeners":{"unix:/tmp/starling\u0000verdict")",
              "The listener address \"unix:/tmp/starling\0verdict\" is invalid."sv},
};

std::optional<std::string_view> exception_for(std::string_view config) {
  const auto* found = std::ranges::find_if(
      exceptions, [&](const Exception& exception) { return config.starts_with(exception.config_begins); });
  return found != exceptions.end() ? std::optional(found->detail) : std::nullopt;
}

void compare(std::string_view config, int status, std::string_view detail) {
  SCOPED_TRACE(std::string(config.substr(0, 300)));
  const auto document = parse_json(config);
  if (!document) return;  // the parser's matter
  const auto invalid = validate(*document);
  if (const auto exception = exception_for(config)) {
    EXPECT_EQ(detail_of(invalid), *exception);
  } else if (status == 400 && is_structural(detail)) {
    EXPECT_EQ(detail_of(invalid), detail);
  } else {
    EXPECT_EQ(detail_of(invalid), "valid") << status << " " << detail;
  }
}

TEST(Validate, M6_SaysWhatUnitSaysOfReferencesListenersAndTypes) {
  const json::value verdicts =
      doc(read_file(std::string(STARLING_TEST_DATA) + "/unit-verdicts/unit-1.35.0.json"));
  ASSERT_GT(verdicts.as_array().size(), 400U);
  for (const json::value& verdict : verdicts.as_array()) {
    compare(verdict.at("config").as_string(), verdict.at("status").to_number<int>(),
            verdict.at("detail").as_string());
  }
}

constexpr std::array families{"02-config-whole",   "03-deep-paths",           "06-json-parsing",
                              "07-canonical-echo", "09-validation",           "11-listeners",
                              "14-control",        "17-order-and-key-length", "19-ec-certificates"};

struct Refusal {
  std::string detail;
  std::optional<std::string> path;  // FreeUnit names it
};

Refusal refusal_of(const Exchange& exchange) {
  const json::value body = doc(exchange.reply->body);
  Refusal refusal{
      std::string(body.as_object().contains("detail") ? body.at("detail").as_string() : json::string()), {}};
  if (const json::value* location = body.as_object().if_contains("location")) {
    if (const json::value* path = location->as_object().if_contains("path"))
      refusal.path = std::string(path->as_string());
  }
  return refusal;
}

TEST(Validate, M6_AgreesWithTheRecordedAnswersToWholeConfigurations) {
  int refused = 0;
  for (const std::string family : families) {
    for (const std::string daemon : {"unit", "freeunit"}) {
      for (const Exchange& exchange : recorded(family + "." + daemon)) {
        if (exchange.method != "PUT" || exchange.path != "/config" || !exchange.reply) continue;
        SCOPED_TRACE(exchange.name);
        const bool bad_json = exchange.reply->body.find("Invalid JSON") != std::string::npos;
        if (bad_json || exchange.body.size() > 10'000) continue;
        const Refusal refusal = exchange.reply->status == 400 ? refusal_of(exchange) : Refusal{};
        compare(exchange.body, exchange.reply->status, refusal.detail);
        const auto document = parse_json(exchange.body);
        if (!document || !refusal.path || !is_structural(refusal.detail) || exception_for(exchange.body))
          continue;
        EXPECT_EQ(to_pointer(validate(*document)->path), *refusal.path);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 10);
}

TEST(Validate, M6_RefusesNothingThatADaemonWasRunning) {
  for (const std::string family : families) {
    for (const std::string daemon : {"unit", "freeunit"}) {
      for (const Exchange& exchange : recorded(family + "." + daemon)) {
        if (!exchange.config_after.is_object()) continue;
        EXPECT_EQ(detail_of(validate(exchange.config_after)), "valid") << exchange.name;
      }
    }
  }
}

TEST(Validate, M6_RefusesEditsBelowAsUnitDoes) {
  int refused = 0;
  for (const std::string family : {"03-deep-paths", "14-control"}) {
    for (const std::string daemon : {"unit", "freeunit"}) {
      for (const Exchange& exchange : recorded(family + "." + daemon)) {
        const bool writes = exchange.method == "PUT" || exchange.method == "DELETE";
        if (!writes || !exchange.path.starts_with("/config/") || !exchange.reply ||
            exchange.reply->status != 400)
          continue;
        const auto path = parse_url_path(exchange.path.substr(7));
        const std::string detail = refusal_of(exchange).detail;
        if (!path || !is_structural(detail)) continue;
        json::value candidate = exchange.config_after;  // it was refused: what stood before
        apply_edit(candidate, exchange.method == "PUT" ? set(to_pointer(*path), exchange.body)
                                                       : removal(to_pointer(*path)));
        EXPECT_EQ(detail_of(validate(candidate)), detail) << exchange.name;
        ++refused;
      }
    }
  }
  EXPECT_GE(refused, 4);
}

TEST(Validate, M6_SampleConfigurationsPassUnlessBothDaemonsFindFault) {
  const json::value index = doc(read_file(std::string(STARLING_TEST_DATA) + "/unit-api/configs/INDEX.json"));
  for (const auto& [name, verdicts] : index.as_object()) {
    const auto document = parse_json(
        read_file(std::string(STARLING_TEST_DATA) + "/unit-api/configs/" + std::string(name) + ".json"));
    ASSERT_TRUE(document) << name;
    const bool accepted = std::ranges::any_of(verdicts.as_object(), [](const auto& verdict) {
      return verdict.value().is_object() && verdict.value().at("status").template to_number<int>() == 200;
    });
    if (accepted) EXPECT_EQ(detail_of(validate(*document)), "valid") << name;
  }
}

TEST(Validate, TellsTheFirstFaultByPathWhateverTheOrderOfMembers) {
  EXPECT_EQ(faults(R"({"routes":5,"zzz":1,"listeners":{"x":{}}})"),
            "/listeners/x: The listener address \"x\" is invalid.");
  EXPECT_EQ(faults(R"({"listeners":{"y":{},"x":{}}})"),
            "/listeners/x: The listener address \"x\" is invalid.");
  EXPECT_EQ(faults(R"({"zzz":1,"yyy":1})"), ": Unknown parameter \"yyy\".");
}

TEST(Validate, TargetsOfAnApplicationAreLookedUpInIt) {
  const std::string app = R"("applications":{"a":{"type":"python","targets":{"t":{}}}})";
  EXPECT_EQ(faults(R"({"listeners":{"*:80":{"pass":"applications/a/t"}},)" + app + "}"), "valid");
  EXPECT_EQ(faults(R"({"listeners":{"*:80":{"pass":"applications/a/u"}},)" + app + "}"),
            "/listeners/*:80/pass: Request \"pass\" points to invalid location \"applications/a/u\".");
}

TEST(Validate, CutsWhatItQuotesAtAnEndOfACharacter) {
  const std::string address = std::string(1023, 'a') + "éb";
  const auto invalid = validate(json::object{{"listeners", json::object{{address, json::object()}}}});
  ASSERT_TRUE(invalid);
  EXPECT_EQ(invalid->detail, "The listener address \"" + std::string(1023, 'a') + "…\" is invalid.");
}

// What an edit can affect, and no more, is looked at: with the same outcome as if it were all.
class Incremental : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Incremental, FindsWhatTheWholeValidationFinds) {
  libp2p::SeededRandom random(GetParam());
  RandomDocuments documents(random);
  json::value document = empty_document();
  ReferenceIndex index;
  index.replace({}, &document);
  int found = 0;
  for (int turn = 0; turn < 400; ++turn) {
    std::vector<Replaced> undo;
    std::vector<Path> touched;
    for (std::uint64_t edits = 1 + random.below(3); edits-- > 0;) {
      const Path path = documents.path(true);
      const bool removes = random.below(3) == 0;
      if (removes && member_at(document, path) == nullptr) continue;
      undo.push_back(removes ? remove_member(document, path)
                             : set_member(document, path, documents.value_for(path, random.below(5) == 0)));
      touched.push_back(undo.back().at);
      index.replace(touched.back(), member_at(document, touched.back()));
    }
    const std::vector<Violation> violations = violations_by(touched, document, index);
    const auto whole = validate(document);
    ASSERT_EQ(violations.empty() ? "valid" : violations[0].invalid.detail, detail_of(whole));
    if (!whole) continue;
    EXPECT_EQ(violations[0].invalid.path, whole->path);
    ++found;
    for (; !undo.empty(); undo.pop_back()) {
      const Path at = undo.back().at;
      put_back(document, std::move(undo.back()));
      index.replace(at, member_at(document, at));
    }
    ASSERT_FALSE(validate(document));
  }
  EXPECT_GT(found, 50);
  EXPECT_EQ(index.size(), references(document, {}).size());
}

INSTANTIATE_TEST_SUITE_P(Validate, Incremental, testing::Range<std::uint64_t>(0, 20));

}  // namespace
}  // namespace starling::test
