// The traps of docs/unit.md against a real Unit or FreeUnit, where there is one.
#include "tests/support/real_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "libp2p/base/task_group.hpp"
#include "starling/dataplane/unit/unit_driver.hpp"
#include "tests/support/run.hpp"

namespace starling {
namespace {

using libp2p::Task;
using testing::HasSubstr;
using Kind = DataPlaneFault::Kind;

json::value parsed(std::string_view text) { return parse_json(text).value(); }

class RealUnit : public testing::Test {
 protected:
  void SetUp() override {
    unit_.emplace(SKIP_WITHOUT_UNIT());
    ASSERT_TRUE(unit_->start()) << unit_->log();
    driver_.emplace(loop_.env(), ControlAddress{.path = unit_->control()});
  }
  DriverResult<> apply(const json::value& configuration) {
    return loop_.run(driver_->apply(configuration, {}));
  }
  DriverResult<json::value> read() { return loop_.run(driver_->read()); }

  test::Loop loop_;
  std::optional<test::RealUnit> unit_;
  std::optional<UnitDriver> driver_;
};

json::value routes_named(const std::string& name) {
  return json::object{{"listeners", json::object{}}, {"routes", json::object{{name, json::array{}}}}};
}

Task<> apply_one(UnitDriver& driver, json::value configuration, int& done) {
  if (co_await driver.apply(std::move(configuration), {})) ++done;
}

Task<> apply_many(Env env, UnitDriver& driver, int count, int& done) {
  libp2p::TaskGroup tasks(env);
  for (int i = 0; i < count; ++i) {
    tasks.spawn("apply", apply_one(driver, routes_named("r" + std::to_string(i)), done));
  }
  co_await tasks.join();
}

TEST_F(RealUnit, HundredParallelAppliesLeaveTheControllerAlive) {
  const pid_t controller = unit_->controller();
  ASSERT_NE(controller, 0);
  int done = 0;
  loop_.run(apply_many(loop_.env(), *driver_, 100, done));
  EXPECT_EQ(done, 100);
  EXPECT_EQ(unit_->controller(), controller);
  EXPECT_TRUE(same_json(read().value(), routes_named("r99")));
}

TEST_F(RealUnit, AnApplyThatSucceededRunsThoughTheControllerWasKilled) {
  for (int i = 0; i < 10; ++i) {
    const json::value configuration = routes_named("k" + std::to_string(i));
    int done = 0;
    libp2p::TaskGroup tasks(loop_.env());
    tasks.spawn("apply", apply_one(*driver_, configuration, done));
    for (int n = 0; n < i; ++n) loop_.poll();
    ::kill(unit_->controller(), SIGKILL);
    loop_.run(tasks.join());
    if (done == 1) EXPECT_TRUE(same_json(read().value(), configuration));
    ASSERT_TRUE(loop_.run(driver_->apply(configuration, {})));
  }
}

TEST_F(RealUnit, AConfigurationOfAMegabyteIsReadBackWhole) {
  json::array steps;
  for (int i = 0; i < 6000; ++i) {
    steps.push_back(json::object{{"match", json::object{{"uri", "/path/number/" + std::to_string(i) + "/*"}}},
                                 {"action", json::object{{"return", 200 + i % 10}}}});
  }
  const json::value large = json::object{{"listeners", json::object{}},
                                         {"routes", json::object{{"main", steps}, {"last", json::array{}}}}};
  ASSERT_TRUE(apply(large));
  const auto now = read();
  ASSERT_TRUE(now) << now.error().message;
  EXPECT_TRUE(same_json(*now, large));
}

TEST_F(RealUnit, KeyOrderAndNumbersAreComparedByValue) {
  EXPECT_TRUE(apply(parsed(
      R"({"listeners":{},"settings":{"http":{"max_body_size":1e3}},"routes":{"k0":[],"k1":[],"k2":[],"k3":[],"k4":[],)"
      R"("k5":[],"k6":[],"k7":[],"k8":[],"k9":[],"k10":[],"k11":[],"k12":[],"k13":[],"k14":[],"k15":[]}})")));
}

TEST_F(RealUnit, ComingUpEmptyIsSeenAndHealed) {
  const json::value applied = routes_named("mine");
  ASSERT_TRUE(apply(applied));
  unit_->stop();
  std::ofstream(unit_->stored_configuration(), std::ios::trunc).close();
  EXPECT_EQ(loop_.run(driver_->probe()).error().kind, Kind::unreachable);
  ASSERT_TRUE(unit_->start()) << unit_->log();
  const auto now = read();
  ASSERT_TRUE(now);
  EXPECT_FALSE(same_json(*now, applied));
  EXPECT_FALSE(has_listeners(*now));
  EXPECT_TRUE(apply(applied));
  EXPECT_TRUE(same_json(read().value(), applied));
}

TEST_F(RealUnit, ABusyPortFailsWithTheReasonFromUnitsLog) {
  const json::value before = routes_named("before");
  ASSERT_TRUE(apply(before));
  test::TempDir dir;
  const int port = test::free_ports(1).front();
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  const std::string listener = "127.0.0.1:" + std::to_string(port);
  const auto applied =
      apply(json::object{{"listeners", json::object{{listener, json::object{{"pass", "routes"}}}}},
                         {"routes", json::array{json::object{{"action", json::object{{"return", 200}}}}}}});
  ::close(taken);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::failed);
  EXPECT_EQ(applied.error().status, 500);
  EXPECT_THAT(applied.error().message, HasSubstr("Address already in use"));
  EXPECT_TRUE(same_json(read().value(), before));
}

TEST_F(RealUnit, ARefusalCarriesUnitsOwnAnswer) {
  const auto applied = apply(parsed(R"({"listeners":{"127.0.0.1:1":{"pass":"routes/none"}}})"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::refused);
  EXPECT_EQ(applied.error().status, 400);
  EXPECT_EQ(applied.error().body.at("detail"),
            json::value("Request \"pass\" points to invalid location \"routes/none\"."));
  EXPECT_THAT(applied.error().message, HasSubstr("points to invalid location"));
}

TEST_F(RealUnit, StatusAndVersionAreUnits) {
  const auto status = loop_.run(driver_->status());
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->at("connections").is_object());
  EXPECT_THAT(driver_->info().version, testing::StartsWith("1.3"));
}

TEST_F(RealUnit, FreeUnitRefusesAnotherUserInPlainWords) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP unit: only root can become somebody else";
  ASSERT_EQ(::seteuid(65534), 0);
  const auto now = read();
  ASSERT_EQ(::seteuid(0), 0);
  if (now) GTEST_SKIP() << "SKIP unit: this is NGINX Unit, which admits whoever may open the socket";
  EXPECT_THAT(now.error().message, HasSubstr("admits only root and its own user"));
}

TEST(RealUnitOverTcp, AppliesAndReads) {
  const int port = test::free_ports(1).front();
  test::RealUnit unit(SKIP_WITHOUT_UNIT(), port);
  ASSERT_TRUE(unit.start()) << unit.log();
  test::Loop loop;
  UnitDriver driver(loop.env(), ControlAddress::parse(unit.control()).value());
  const json::value configuration = routes_named("over-tcp");
  ASSERT_TRUE(loop.run(driver.apply(configuration, {})));
  EXPECT_TRUE(same_json(loop.run(driver.read()).value(), configuration));
  unit.stop();
  EXPECT_EQ(loop.run(driver.probe()).error().kind, Kind::unreachable);
}

// Unit's judgement of malformed and odd bodies, beyond what was recorded.
std::vector<std::string> bodies() {
  const std::string base =
      "{\"listeners\": {}, // c\n \"routes\": {\"a\\u00e9\\ud83e\\udd84\\n\": [], \"b\": [{\"action\": "
      "{\"return\": 1e2}},]},}";
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i <= base.size(); ++i) {
    bodies.push_back(base.substr(0, i));
    for (const char c : {'x', '"', '\\', ',', '}', '0', '\n', '/'}) {
      std::string changed = base;
      changed.insert(i, 1, c);
      bodies.push_back(std::move(changed));
    }
  }
  for (const char* number : {"-01",
                             "-0",
                             "1.",
                             "1.e1",
                             "-.5",
                             "1e",
                             "1e+",
                             "1.2.3",
                             "1e400",
                             "1e-400",
                             "0e0",
                             "1e19",
                             "12345678901234",
                             "123456789012345",
                             "1E5",
                             "--1",
                             "1{",
                             "1\"",
                             "1/",
                             "1e-310"}) {
    bodies.push_back(std::string("{\"settings\":{\"http\":{\"max_body_size\":") + number + "}}}");
  }
  return bodies;
}

TEST_F(RealUnit, JsonIsJudgedAsUnitJudgesIt) {
  int refused = 0;
  for (const std::string& body : bodies()) {
    const auto reply =
        loop_.run(exchange(loop_.env(), {.path = unit_->control()},
                           {.method = "PUT", .path = "/config", .body = body}, std::chrono::seconds(5)));
    ASSERT_TRUE(reply) << body;
    const bool unit_refused = reply->body.find("\"Invalid JSON.\"") != std::string::npos;
    const auto ours = parse_json(body);
    EXPECT_EQ(!ours, unit_refused) << body << "\n" << reply->body;
    if (unit_refused && !ours) EXPECT_EQ(unit_json(invalid_json_body(ours.error())), reply->body) << body;
    refused += unit_refused ? 1 : 0;
  }
  EXPECT_GT(refused, 100);
}

// Where a path leads, asked of Unit by reading below a configuration that has every such key.
TEST_F(RealUnit, PathsLeadWhereUnitsDo) {
  const json::value configuration = parsed(
      R"({"listeners":{},"routes":{"a/b":[],"a%2Fb":[],"a?b#c":[],"x y":[],"+":[],"[::1]:80":[],"~\"\\":[],"é":[],"..c":[]}})");
  ASSERT_TRUE(apply(configuration));
  for (const char* path : {"/routes/a%2Fb",
                           "/routes/a%2fb",
                           "/routes/a%252Fb",
                           "/routes/a%3Fb%23c",
                           "/routes/x%20y",
                           "/routes/x y",
                           "/routes/+",
                           "/routes/%2B",
                           "/routes/[::1]:80",
                           "/routes/%5B::1%5D%3A80",
                           "/routes/~%22%5C",
                           "/routes/\xC3\xA9",
                           "/routes/%c3%a9",
                           "/routes/..c",
                           "/routes/%2e.c",
                           "//routes///+/",
                           "/routes/./+/.",
                           "/routes/x/../+",
                           "/routes/%2E%2e/routes/+?q=/..",
                           "/routes/+#/x",
                           "/listeners/../../config/routes/+",
                           "/routes/a/b",
                           "/routes/..%2Fb",
                           "/"}) {
    const auto reply = loop_.run(exchange(
        loop_.env(), {.path = unit_->control()},
        {.method = "GET", .path = std::string("/config") + path, .body = ""}, std::chrono::seconds(5)));
    ASSERT_TRUE(reply) << path;
    auto ours = parse_url_path(std::string("/config") + path);
    ASSERT_TRUE(ours && !ours->empty() && ours->front() == "config") << path;
    ours->erase(ours->begin());
    const json::value* value = find(configuration, *ours);
    EXPECT_EQ(value != nullptr ? 200 : 404, reply->status) << path;
    if (value != nullptr) EXPECT_TRUE(same_json(*value, parsed(reply->body))) << path;
  }
}

}  // namespace
}  // namespace starling
