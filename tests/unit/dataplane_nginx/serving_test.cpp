// Real traffic through a real nginx, and, where there is a Unit, the same through it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "libp2p/base/blocking.hpp"
#include "starling/dataplane/nginx/nginx_driver.hpp"
#include "starling/dataplane/unit/unit_driver.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/real_nginx.hpp"
#include "tests/support/real_unit.hpp"
#include "tests/support/replay_unit.hpp"
#include "tests/support/run.hpp"
#include "tests/unit/dataplane_nginx/routing_cases.hpp"

namespace starling {
namespace {

using test::RawReply;
using test::Request;
using test::RoutingCase;

json::value parsed(std::string_view text) {
  const auto value = parse_json(text);
  EXPECT_TRUE(value) << text << value.error().message;
  return value.value_or(json::value());
}

std::string replaced(std::string text, const std::string& name, const std::string& value) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
    text.replace(at, name.size(), value);
  }
  return text;
}

// Says what it was asked.
test::Answer origin(const test::SeenRequest& request) {
  const std::size_t host = request.head.find("Host: ");
  std::string name = host == std::string::npos ? "" : request.head.substr(host + 6);
  return test::answer(
      200, request.method + " " + request.path + " " + name.substr(0, name.find('\r')) + " " + request.body);
}

class Serving : public testing::Test {
 protected:
  Serving() : origin_(loop_.env(), dir_ / "origin.sock", origin) {
    ::chmod((dir_ / "origin.sock").c_str(), 0666);
    for (const char* folder : {"dir", "empty", "second"}) std::filesystem::create_directory(dir_ / folder);
    const auto file = [&](const std::string& name, std::string_view text) {
      std::ofstream(dir_ / name) << text;
    };
    file("a.txt", "file a");
    file("dir/index.html", "index of dir");
    file("dir/other$x.txt", "other index");
    file("sp ace?.txt", "file with space");
    file("$uri", "dollar");
    file("unknown.type", "unknown");
    file("second/only-second", "second");
    file("second/both", "second of both");
    file("dir/both", "first of both");
  }
  ~Serving() override { loop_.run(origin_.stop()); }

  [[nodiscard]] std::string filled(const std::string& configuration, int port) const {
    return replaced(replaced(replaced(configuration, "PORT", std::to_string(port)), "WWW", dir_.path()),
                    "ORIGIN", dir_ / "origin.sock");
  }
  [[nodiscard]] RawReply ask(int port, const Request& request) {
    return loop_.run(libp2p::run_blocking(loop_.env(), [port, &request] {
      return test::ask(std::to_string(port), request.method, request.target, request.host);
    }));
  }
  void expect(const RoutingCase& tested, int port) {
    for (const auto& [request, expected] : tested.requests) {
      SCOPED_TRACE(tested.name + ": " + request.method + " " + request.host + " " + request.target);
      RawReply reply = ask(port, request);
      EXPECT_EQ(reply.status, expected.status);
      if (!expected.body.empty()) EXPECT_EQ(reply.body, expected.body);
      if (!expected.location.empty()) EXPECT_EQ(reply.headers["location"], expected.location);
    }
  }

  test::Loop loop_;
  test::TempDir dir_;
  test::ReplayUnit origin_;
};

std::vector<RoutingCase> all_cases() {
  std::vector<RoutingCase> cases = test::order_cases();
  cases.push_back(test::many_steps_case());
  for (const auto& more : {test::comparison_cases(), test::action_cases(), test::share_cases()})
    cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

TEST_F(Serving, NginxAnswersAsTheConfigurationSays) {
  test::RealNginx nginx(SKIP_WITHOUT_NGINX());
  NginxDriver driver(loop_.env(), {.directory = nginx.directory(), .program = nginx.program()});
  const int port = test::free_ports(1).front();
  std::uint8_t generation = 0;
  for (const RoutingCase& tested : all_cases()) {
    SCOPED_TRACE(tested.name);
    const json::value configuration = parsed(filled(tested.configuration, port));
    const auto applied = loop_.run(driver.apply(configuration, GenerationId{{++generation}}));
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_TRUE(same_json(loop_.run(driver.read()).value(), configuration));
    expect(tested, port);
  }
}

TEST_F(Serving, UnitAnswersTheSame) {
  test::RealUnit unit(SKIP_WITHOUT_UNIT());
  ASSERT_TRUE(unit.start()) << unit.log();
  UnitDriver driver(loop_.env(), {.path = unit.control()});
  const int port = test::free_ports(1).front();
  for (const RoutingCase& tested : all_cases()) {
    SCOPED_TRACE(tested.name);
    const auto applied = loop_.run(driver.apply(parsed(filled(tested.configuration, port)), {}));
    ASSERT_TRUE(applied) << applied.error().message;
    expect(tested, port);
  }
}

}  // namespace
}  // namespace starling
