// Patterns: against a matcher written from Unit's documentation, through a real nginx, and through a real
// Unit.
#include "starling/dataplane/nginx/pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "starling/dataplane/nginx/nginx_driver.hpp"
#include "starling/dataplane/unit/unit_driver.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/real_nginx.hpp"
#include "tests/support/real_unit.hpp"
#include "tests/support/run.hpp"

namespace starling {
namespace {

bool glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() != '*') {
    return !text.empty() && text.front() == pattern.front() && glob(pattern.substr(1), text.substr(1));
  }
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (glob(pattern.substr(1), text.substr(i))) return true;
  }
  return false;
}

bool matches(const std::vector<std::string>& patterns, std::string_view text) {
  bool any_positive = false;
  bool found = false;
  for (const std::string& pattern : patterns) {
    if (pattern.starts_with('!')) {
      if (glob(std::string_view(pattern).substr(1), text)) return false;
    } else {
      any_positive = true;
      found = found || glob(pattern, text);
    }
  }
  return found || !any_positive;
}

using Patterns = std::vector<std::string>;

const std::vector<Patterns> uri_patterns = {
    {"/"},
    {"/a"},
    {"/a/*"},
    {"*"},
    {"/*"},
    {"*.php"},
    {"/a*"},
    {"/a*b"},
    {"/a*b*c"},
    {"*a*"},
    {"/*/x/*"},
    {"*/"},
    {"/a/*.php*"},
    {"/ab*ab"},
    {"*ab*ab*"},

    {"!/a"},
    {"!*.php"},
    {"!/a/*", "!/b"},
    {"/a", "/b"},
    {"/a/*", "!/a/b"},
    {"!/a/b", "/a/*"},
    {"!*", "/a"},
    {},
    {""},
    {"!"},
    {"/A"},
    {"/[a].$^+()|?"},
    {"/a.c"},
    {"*a*b*c*a*b*c*"},
};
const std::vector<std::string> uris = {
    "/",       "/a",       "/b",     "/a/",     "/a/b",           "/a/b/c", "/ab",   "/aab", "/abab",
    "/ababab", "/a/x.php", "/x.php", "/x.phpx", "/a/x.php5",      "/q/x/y", "/q/x/", "/x/",  "/axbxc",
    "/axbx",   "/A",       "/abc",   "/aXc",    "/xaxbxcxaxbxcx", "/abcab"};
const std::vector<Patterns> host_patterns = {
    {"x.org"},  {"*.org"},         {"X.ORG"},     {"*.x.org"}, {"x.*"},
    {"!x.org"}, {"*x*", "!*.com"}, {"127.0.0.1"}, {"*"},
};
const std::vector<std::string> hosts = {"x.org", "X.org",     "a.x.org", "x.com",
                                        "y.org", "127.0.0.1", "ax.orgb"};
const std::vector<Patterns> method_patterns = {{"GET"}, {"get"}, {"P*"}, {"!GET"}, {"GET", "POST"}, {"*T"}};
const std::vector<std::string> methods = {"GET", "POST", "PUT", "DELETE", "PATCH"};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}
std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}
Patterns each(Patterns patterns, std::string (*change)(std::string)) {
  for (std::string& pattern : patterns) pattern = change(std::move(pattern));
  return patterns;
}

json::value as_json(const Patterns& patterns) {
  if (patterns.size() == 1) return json::value(patterns.front());
  json::array array;
  for (const std::string& pattern : patterns) array.emplace_back(pattern);
  return array;
}

// One step a set of patterns, chosen by another condition, that returns 200 when they match.
json::value configuration(int port) {
  json::array steps;
  const auto add = [&](json::object match) {
    steps.push_back(json::object{{"match", std::move(match)}, {"action", json::object{{"return", 200}}}});
  };
  for (std::size_t i = 0; i < uri_patterns.size(); ++i) {
    add({{"host", "u" + std::to_string(i) + ".test"}, {"uri", as_json(uri_patterns[i])}});
  }
  for (std::size_t i = 0; i < host_patterns.size(); ++i) {
    add({{"uri", "/host" + std::to_string(i)}, {"host", as_json(host_patterns[i])}});
  }
  for (std::size_t i = 0; i < method_patterns.size(); ++i) {
    add({{"uri", "/method" + std::to_string(i)}, {"method", as_json(method_patterns[i])}});
  }
  const std::string listener = "127.0.0.1:" + std::to_string(port);
  return json::object{{"listeners", json::object{{listener, json::object{{"pass", "routes"}}}}},
                      {"routes", std::move(steps)}};
}

using Ask = std::function<int(const std::string& method, const std::string& target, const std::string& host)>;

void compare(const Ask& ask) {
  for (std::size_t i = 0; i < uri_patterns.size(); ++i) {
    for (const std::string& uri : uris) {
      EXPECT_EQ(ask("GET", uri, "u" + std::to_string(i) + ".test") == 200, matches(uri_patterns[i], uri))
          << testing::PrintToString(uri_patterns[i]) << " " << uri;
    }
  }
  for (std::size_t i = 0; i < host_patterns.size(); ++i) {
    for (const std::string& host : hosts) {
      EXPECT_EQ(ask("GET", "/host" + std::to_string(i), host) == 200,
                matches(each(host_patterns[i], lower), lower(host)))
          << testing::PrintToString(host_patterns[i]) << " " << host;
    }
  }
  for (std::size_t i = 0; i < method_patterns.size(); ++i) {
    for (const std::string& method : methods) {
      EXPECT_EQ(ask(method, "/method" + std::to_string(i), "m.test") == 200,
                matches(each(method_patterns[i], upper), method))
          << testing::PrintToString(method_patterns[i]) << " " << method;
    }
  }
}

TEST(Patterns, NginxMatchesAsDocumented) {
  test::RealNginx nginx(SKIP_WITHOUT_NGINX());
  test::Loop loop;
  NginxDriver driver(loop.env(), {.directory = nginx.directory(), .program = nginx.program()});
  const int port = test::free_ports(1).front();
  const auto applied = loop.run(driver.apply(configuration(port), {}));
  ASSERT_TRUE(applied) << applied.error().message;
  compare([&](const auto& method, const auto& target, const auto& host) {
    return test::ask(std::to_string(port), method, target, host).status;
  });
}

TEST(Patterns, UnitMatchesTheSame) {
  test::RealUnit unit(SKIP_WITHOUT_UNIT());
  ASSERT_TRUE(unit.start()) << unit.log();
  test::Loop loop;
  UnitDriver driver(loop.env(), {.path = unit.control()});
  const int port = test::free_ports(1).front();
  const auto applied = loop.run(driver.apply(configuration(port), {}));
  ASSERT_TRUE(applied) << applied.error().message;
  compare([&](const auto& method, const auto& target, const auto& host) {
    return test::ask(std::to_string(port), method, target, host).status;
  });
}

std::string refusal(const json::value& patterns, MatchSubject subject = MatchSubject::uri) {
  const auto rule = match_rule(patterns, subject);
  return rule ? "" : rule.error();
}

TEST(Patterns, RefusesWhatNginxWouldReadOtherwise) {
  EXPECT_THAT(refusal("/a**b"), testing::HasSubstr("two * in a row"));
  EXPECT_THAT(refusal("**.php"), testing::HasSubstr("two * in a row"));
  EXPECT_THAT(refusal("/%zz"), testing::HasSubstr("hexadecimal"));
  EXPECT_THAT(refusal("~*a"), testing::HasSubstr("begins with *"));
  EXPECT_THAT(refusal("~^/(?<uri>.*)"), testing::HasSubstr("named group"));
  EXPECT_THAT(refusal("!~(?P<a>b)"), testing::HasSubstr("named group"));
  EXPECT_THAT(refusal("~(?'a'b)"), testing::HasSubstr("named group"));
  EXPECT_THAT(refusal("~a\nb"), testing::HasSubstr("control characters"));
  EXPECT_THAT(refusal(json::value("/" + std::string(4000, 'a'))), testing::HasSubstr("3000 bytes"));
  EXPECT_THAT(refusal(json::value(json::array{"/a", 1})), testing::HasSubstr("not a string"));
  EXPECT_EQ(refusal("~(?<=a)b(?<!c)"), "");
  EXPECT_EQ(refusal("/a%0Ab"), "");
}

}  // namespace
}  // namespace starling
