// Each trap of docs/unit.md against a stand-in that behaves as the recordings do: these run everywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starling/dataplane/unit/unit_driver.hpp"
#include "tests/support/process.hpp"
#include "tests/support/replay_unit.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

namespace starling {
namespace {

using libp2p::Task;
using test::Answer;
using test::answer;
using test::Exchange;
using test::recorded;
using test::SeenRequest;
using testing::HasSubstr;
using Kind = DataPlaneFault::Kind;

constexpr UnitTimeouts quick{.read = std::chrono::seconds(2),
                             .write = std::chrono::seconds(2),
                             .settle = std::chrono::milliseconds(200)};

json::value parsed(std::string_view text) { return parse_json(text).value(); }

// Keeps what it is given, as Unit does.
struct KeepingUnit {
  json::value config = json::object{};

  Answer operator()(const SeenRequest& request) {
    if (request.method == "PUT" && request.path == "/config") {
      config = parsed(request.body);
      return answer(200, "{\r\n\t\"success\": \"Reconfiguration done.\"\r\n}\r\n");
    }
    if (request.method == "GET" && request.path.starts_with("/config")) {
      const auto path = parse_url_path(request.path.substr(7));
      if (const json::value* value = find(config, path.value())) return answer(200, unit_json(*value));
    }
    if (request.path == "/status") return answer(200, "{}\r\n");
    return answer(404, unit_json(json::object{{"error", "Value doesn't exist."}}));
  }
};

class ReplayedUnit : public testing::Test {
 protected:
  ~ReplayedUnit() override {
    if (replay_) loop_.run(replay_->stop());
  }
  UnitDriver& answering(test::ReplayUnit::Handler handler, UnitTimeouts timeouts = quick) {
    if (replay_) loop_.run(replay_->stop());
    ::unlink(socket().c_str());
    replay_.emplace(loop_.env(), socket(), std::move(handler));
    driver_.emplace(loop_.env(), ControlAddress{.path = socket()}, timeouts);
    return *driver_;
  }
  [[nodiscard]] std::string socket() const { return dir_ / "control.sock"; }
  DriverResult<> apply(const json::value& configuration) {
    return loop_.run(driver_->apply(configuration, GenerationId{}));
  }
  [[nodiscard]] std::vector<SeenRequest> writes() const { return replay_->writes(); }

  test::Loop loop_;
  test::TempDir dir_;
  std::optional<test::ReplayUnit> replay_;
  std::optional<UnitDriver> driver_;
};

Task<> apply_one(UnitDriver& driver, json::value configuration, int& done) {
  const auto applied = co_await driver.apply(std::move(configuration), {});
  if (applied) ++done;
}

Task<> apply_many(Env env, UnitDriver& driver, int count, int& done) {
  libp2p::TaskGroup tasks(env);
  for (int i = 0; i < count; ++i) {
    const std::string route = "r" + std::to_string(i);
    tasks.spawn("apply",
                apply_one(driver, json::object{{"routes", json::object{{route, json::array{}}}}}, done));
  }
  co_await tasks.join();
}

// Trap 1: five writes at a time crash the controller.
TEST_F(ReplayedUnit, HundredParallelAppliesAreSerialised) {
  UnitDriver& driver = answering(KeepingUnit{});
  int done = 0;
  loop_.run(apply_many(loop_.env(), driver, 100, done));
  EXPECT_EQ(done, 100);
  EXPECT_EQ(writes().size(), 100U);
  EXPECT_EQ(replay_->most_writes_at_once(), 1U);
}

// Trap 2: a connection closed without a reply may or may not have been a write.
TEST_F(ReplayedUnit, AnUnansweredWriteThatWasAppliedIsNotSentAgain) {
  auto unit = std::make_shared<KeepingUnit>();
  answering([unit](const SeenRequest& request) {
    const Answer reply = (*unit)(request);
    return request.method == "PUT" ? test::hang_up() : reply;
  });
  EXPECT_TRUE(apply(parsed(R"({"routes":[]})")));
  EXPECT_EQ(writes().size(), 1U);
}

TEST_F(ReplayedUnit, AnUnansweredWriteThatWasNotAppliedIsReadBackAndSentAgain) {
  auto unit = std::make_shared<KeepingUnit>();
  answering([unit, first = true](const SeenRequest& request) mutable {
    if (request.method == "PUT" && std::exchange(first, false)) return test::hang_up();
    return (*unit)(request);
  });
  EXPECT_TRUE(apply(parsed(R"({"routes":[]})")));
  EXPECT_EQ(writes().size(), 2U);
  // What was asked between the two writes.
  std::vector<std::string> between;
  bool inside = false;
  for (const SeenRequest& request : replay_->seen()) {
    if (request.method == "PUT" && inside) break;
    if (inside) between.push_back(request.path);
    inside = inside || request.method == "PUT";
  }
  EXPECT_THAT(between, testing::ElementsAre("/status", "/config", "/control"));
}

TEST_F(ReplayedUnit, AWriteThatIsNeverAnsweredFailsAndSaysThatTheOldStillRuns) {
  auto unit = std::make_shared<KeepingUnit>();
  answering([unit](const SeenRequest& request) {
    return request.method == "PUT" ? test::hang_up() : (*unit)(request);
  });
  const auto applied = apply(parsed(R"({"routes":[]})"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::failed);
  EXPECT_THAT(applied.error().message, HasSubstr("what ran before still runs"));
  EXPECT_EQ(writes().size(), 3U);
}

TEST_F(ReplayedUnit, AnOutcomeThatCantBeReadBackIsUnknown) {
  answering([gone = false](const SeenRequest& request) mutable {
    gone = gone || request.method == "PUT";
    return gone ? test::hang_up() : answer(404, "{}\r\n");
  });
  const auto applied = apply(parsed(R"({"routes":[]})"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::unknown);
  EXPECT_EQ(writes().size(), 1U);
}

TEST_F(ReplayedUnit, AWriteWithoutAnAnswerInTimeIsWaitedForBeforeTheNext) {
  auto unit = std::make_shared<KeepingUnit>();
  answering(
      [unit, first = true](const SeenRequest& request) mutable {
        Answer reply = (*unit)(request);
        if (request.method == "PUT" && std::exchange(first, false))
          return Answer{.bytes = "", .keep_silent = true};
        return reply;
      },
      {.read = std::chrono::seconds(2),
       .write = std::chrono::milliseconds(50),
       .settle = std::chrono::seconds(1)});
  EXPECT_TRUE(apply(parsed(R"({"routes":[]})")));
  EXPECT_EQ(writes().size(), 1U);
}

// Trap 3: a large reply ends early.
json::value large_configuration() {
  json::array steps;
  for (int i = 0; i < 600; ++i) {
    const std::string number = std::to_string(i);
    steps.push_back(
        json::object{{"match", json::object{{"uri", "/" + number + "/*"}}},
                     {"action", json::object{{"return", 200}, {"location", "\"" + number + "\n"}}}});
  }
  json::object routes{{"main", std::move(steps)},
                      {"tail/end", json::array{json::object{{"action", json::object{{"return", 404}}}}}}};
  for (int i = 0; i < 20; ++i) routes.emplace("r" + std::to_string(i), json::array{});
  return json::object{{"listeners", json::object{{"*:8080", json::object{{"pass", "routes/main"}}}}},
                      {"routes", std::move(routes)},
                      {"upstreams", json::object{{"u", json::object{{"servers", json::object{}}}}}}};
}

constexpr std::size_t socket_buffer = 8 * 1024;

Answer cut_like_unit(Answer whole) {
  const std::size_t body = whole.bytes.size() - (whole.bytes.find("\r\n\r\n") + 4);
  return body > socket_buffer ? test::cut(std::move(whole), socket_buffer) : whole;
}

TEST_F(ReplayedUnit, AShortReplyIsReadAgainBySubPath) {
  const json::value large = large_configuration();
  UnitDriver& driver = answering([unit = KeepingUnit{large}](const SeenRequest& request) mutable {
    return cut_like_unit(unit(request));
  });
  // The names that the cut hides are known from what was applied.
  EXPECT_TRUE(apply(large));
  const auto read = loop_.run(driver.read());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(same_json(*read, large));
}

TEST_F(ReplayedUnit, AShortReplyWithNamesNobodyKnowsIsNotTakenForTheWhole) {
  UnitDriver& driver =
      answering([unit = KeepingUnit{large_configuration()}](const SeenRequest& request) mutable {
        return cut_like_unit(unit(request));
      });
  const auto read = loop_.run(driver.read());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Kind::unknown);
  EXPECT_THAT(read.error().message, HasSubstr("don't make up the whole"));
}

TEST_F(ReplayedUnit, AShortReplyOfArraysNeedsNoHint) {
  json::value large = large_configuration();
  large.as_object()["routes"] = large.as_object()["routes"].as_object()["main"];
  UnitDriver& driver = answering([unit = KeepingUnit{large}](const SeenRequest& request) mutable {
    return cut_like_unit(unit(request));
  });
  const auto read = loop_.run(driver.read());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(same_json(*read, large));
}

// Trap 4: a PUT below a scalar crashes the controller. None is ever sent.
TEST_F(ReplayedUnit, TheOnlyWriteIsTheWholeConfiguration) {
  answering(KeepingUnit{});
  EXPECT_TRUE(
      apply(parsed(R"({"listeners":{"*:80":{"pass":"routes"}},"routes":[{"action":{"return":200}}]})")));
  EXPECT_TRUE(apply(parsed(R"({"listeners":{}})")));
  EXPECT_TRUE(apply(parsed("{}")));
  for (const SeenRequest& write : writes()) EXPECT_EQ(write.method + " " + write.path, "PUT /config");
}

// Trap 5: Unit loses the order of keys and echoes numbers in its own spelling.
TEST_F(ReplayedUnit, ComparesValuesAndNotBytes) {
  const Exchange echo = recorded("17-order-and-key-length.unit", "order-16-put");
  answering(test::RecordedUnit("17-order-and-key-length.unit"));
  EXPECT_TRUE(apply(parsed(echo.body)));
  const auto numbers = parsed(R"({"settings":{"http":{"max_body_size":1000}}})");
  answering([](const SeenRequest& request) {
    const bool write = request.method == "PUT";
    return answer(200, write ? "{}\r\n" : "{\"settings\": {\"http\": {\"max_body_size\": 1E+3}}}\r\n");
  });
  EXPECT_TRUE(apply(numbers));
}

// Trap 6: after a restart Unit may have come up empty.
TEST_F(ReplayedUnit, ReadsWhatRunsAndNotWhatWasApplied) {
  auto unit = std::make_shared<KeepingUnit>();
  UnitDriver& driver = answering([unit](const SeenRequest& request) { return (*unit)(request); });
  const json::value applied = parsed(R"({"listeners":{},"routes":[{"action":{"return":200}}]})");
  EXPECT_TRUE(apply(applied));
  unit->config = parsed(R"({"listeners":{},"routes":[],"applications":{}})");
  EXPECT_FALSE(same_json(loop_.run(driver.read()).value(), applied));
  EXPECT_TRUE(apply(applied));
  EXPECT_TRUE(same_json(loop_.run(driver.read()).value(), applied));
}

// Trap 8: FreeUnit's unix socket admits only root and its own user.
TEST_F(ReplayedUnit, SaysThatFreeUnitAdmitsOnlyItsUserAndRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIP unit: only root can become somebody else";
  UnitDriver& driver = answering([](const SeenRequest&) { return test::hang_up(); });
  ::chmod(socket().c_str(), 0666);
  ASSERT_EQ(::seteuid(65534), 0);
  const auto read = loop_.run(driver.read());
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Kind::unreachable);
  EXPECT_THAT(read.error().message, HasSubstr("admits only root and its own user (uid 0)"));
  EXPECT_THAT(read.error().message, HasSubstr("runs as uid 65534"));
}

// Trap 9: heads from 1,024 bytes on are closed, chunked bodies misread, and nobody answers an Expect.
TEST_F(ReplayedUnit, SendsSmallHeadsWithALengthAndNothingToWaitFor) {
  answering(KeepingUnit{});
  EXPECT_TRUE(apply(large_configuration()));
  ASSERT_GE(replay_->seen().size(), 3U);
  for (const SeenRequest& request : replay_->seen()) {
    EXPECT_LT(request.head.size(), 1024U);
    EXPECT_THAT(request.head,
                HasSubstr("\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n"));
    EXPECT_THAT(request.head, testing::Not(HasSubstr("Expect")));
    EXPECT_THAT(request.head, testing::Not(HasSubstr("Transfer-Encoding")));
  }
}

TEST_F(ReplayedUnit, NeverSendsAHeadThatUnitWouldClose) {
  answering(KeepingUnit{});
  const auto reply = loop_.run(exchange(
      loop_.env(), {.path = socket()},
      {.method = "GET", .path = "/config/" + std::string(1000, 'a'), .body = ""}, std::chrono::seconds(1)));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, HttpFault::Kind::unreachable);
  EXPECT_TRUE(replay_->seen().empty());
}

// Trap 10: a 500 has no reason.
TEST_F(ReplayedUnit, NamesLikelyCausesOfA500) {
  const Exchange busy = recorded("06-json-parsing.unit", "depth-small");
  answering([&busy](const SeenRequest& request) {
    return request.method == "PUT" ? answer(*busy.reply) : answer(404, "{}\r\n");
  });
  const auto applied = apply(parsed(busy.body));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::failed);
  EXPECT_EQ(applied.error().status, 500);
  EXPECT_EQ(applied.error().body, parsed(busy.reply->body));
  EXPECT_THAT(applied.error().message, HasSubstr("Failed to apply new configuration."));
  EXPECT_THAT(applied.error().message, HasSubstr("a port that is busy"));
}

// Trap 11: versions differ in what they accept and say; each node's verdict is its own.
TEST_F(ReplayedUnit, PassesEachVersionsOwnVerdictOn) {
  int verdicts = 0;
  for (const std::string family : {"09-validation.unit", "09-validation.freeunit"}) {
    for (const Exchange& exchange : recorded(family)) {
      if (exchange.method != "PUT" || exchange.path != "/config" || !exchange.reply) continue;
      const auto body = parse_json(exchange.body);
      if (!body || exchange.reply->status != 400) continue;
      SCOPED_TRACE(family + " " + exchange.name);
      answering([&](const SeenRequest& request) {
        return request.method == "PUT" ? answer(*exchange.reply) : answer(404, "{}\r\n");
      });
      const auto applied = apply(*body);
      ASSERT_FALSE(applied);
      EXPECT_EQ(applied.error().kind, Kind::refused);
      EXPECT_EQ(applied.error().status, 400);
      EXPECT_EQ(unit_json(applied.error().body), exchange.reply->body);
      ++verdicts;
    }
  }
  EXPECT_GT(verdicts, 20);
}

TEST_F(ReplayedUnit, PassesStatusThrough) {
  const Exchange status = recorded("13-status.unit", recorded("13-status.unit").front().name);
  UnitDriver& driver = answering([&](const SeenRequest&) { return answer(*status.reply); });
  EXPECT_EQ(loop_.run(driver.status()).value(), parsed(status.reply->body));
  EXPECT_EQ(driver.info().version, "1.35.0");
}

TEST_F(ReplayedUnit, ProbeTellsUnitFromSomethingElse) {
  UnitDriver& unit = answering(KeepingUnit{});
  EXPECT_TRUE(loop_.run(unit.probe()));
  UnitDriver& other = answering([](const SeenRequest&) {
    return Answer{.bytes = "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"};
  });
  const auto probed = loop_.run(other.probe());
  ASSERT_FALSE(probed);
  EXPECT_THAT(probed.error().message, HasSubstr("is not Unit"));
}

TEST_F(ReplayedUnit, TcpIsAsGoodAsAUnixSocket) {
  const auto port = static_cast<std::uint16_t>(test::free_ports(1).front());
  test::ReplayUnit replay(loop_.env(), port, KeepingUnit{});
  UnitDriver driver(loop_.env(), {.host = "127.0.0.1", .port = port}, quick);
  const json::value configuration = large_configuration();
  EXPECT_TRUE(loop_.run(driver.apply(configuration, {})));
  EXPECT_TRUE(same_json(loop_.run(driver.read()).value(), configuration));
  EXPECT_EQ(driver.info().where, "127.0.0.1:" + std::to_string(port));
  loop_.run(replay.stop());
}

TEST_F(ReplayedUnit, NothingIsSentWhereNobodyAnswers) {
  UnitDriver driver(loop_.env(), {.path = dir_ / "nobody.sock"}, quick);
  for (const auto& result : {loop_.run(driver.probe()), loop_.run(driver.apply(json::object{}, {}))}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::unreachable);
    EXPECT_THAT(result.error().message, HasSubstr("no Unit answers at"));
  }
}

TEST_F(ReplayedUnit, AConnectionThatStaysSilentIsGivenUp) {
  UnitDriver& driver = answering(
      [](const SeenRequest&) { return Answer{.bytes = "", .keep_silent = true}; },
      {.read = std::chrono::milliseconds(50), .write = std::chrono::milliseconds(50), .settle = {}});
  const auto read = loop_.run(driver.read());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Kind::unreachable);
  EXPECT_THAT(read.error().message, HasSubstr("did not answer in time"));
}

TEST_F(ReplayedUnit, AnAnswerThatIsNoReplyIsUnusable) {
  UnitDriver& driver =
      answering([](const SeenRequest&) { return Answer{.bytes = "SSH-2.0-OpenSSH_9\r\n\r\n"}; });
  const auto read = loop_.run(driver.read());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, Kind::unknown);
  EXPECT_THAT(read.error().message, HasSubstr("is not Unit's control API"));
}

}  // namespace
}  // namespace starling
