// The life of an nginx that the driver owns, with a real one.
#include "starling/dataplane/nginx/nginx_driver.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "libp2p/base/blocking.hpp"
#include "libp2p/base/task_group.hpp"
#include "tests/support/raw_http.hpp"
#include "tests/support/real_nginx.hpp"
#include "tests/support/replay_unit.hpp"
#include "tests/support/run.hpp"

namespace starling {
namespace {

using libp2p::Task;
using testing::HasSubstr;
using Kind = DataPlaneFault::Kind;

json::value parsed(std::string_view text) { return parse_json(text).value(); }

GenerationId generation(std::uint8_t number) { return GenerationId{{number}}; }

json::value answering(int port, int status) {
  const std::string listener = "127.0.0.1:" + std::to_string(port);
  return json::object{{"listeners", json::object{{listener, json::object{{"pass", "routes"}}}}},
                      {"routes", json::array{json::object{{"action", json::object{{"return", status}}}}}}};
}

// A port that is taken while it lives.
class TakenPort {
 public:
  TakenPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 1), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~TakenPort() { ::close(fd_); }
  [[nodiscard]] int port() const { return port_; }

 private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

class NginxDriverTest : public testing::Test {
 protected:
  void SetUp() override {
    nginx_.emplace(SKIP_WITHOUT_NGINX());
    driver_.emplace(loop_.env(), options());
    port_ = test::free_ports(1).front();
  }
  [[nodiscard]] NginxOptions options() const {
    return {.directory = nginx_->directory(), .program = nginx_->program()};
  }
  DriverResult<> apply(const json::value& configuration, std::uint8_t number = 1) {
    return loop_.run(driver_->apply(configuration, generation(number)));
  }
  DriverResult<json::value> read() { return loop_.run(driver_->read()); }
  [[nodiscard]] int status_of(int port) const {
    return test::ask(std::to_string(port), "GET", "/", "x").status;
  }
  [[nodiscard]] std::string file(const std::string& name) const { return nginx_->directory() + "/" + name; }

  test::Loop loop_;
  std::optional<test::RealNginx> nginx_;
  std::optional<NginxDriver> driver_;
  int port_ = 0;
};

TEST_F(NginxDriverTest, StartsWithTheFirstApplyAndNotBefore) {
  EXPECT_TRUE(loop_.run(driver_->probe()));
  EXPECT_EQ(read().value(), empty_document());
  const json::value before = loop_.run(driver_->status()).value();
  EXPECT_EQ(before.at("nginx").at("running"), json::value(false));
  EXPECT_THAT(std::string(before.at("nginx").at("detail").as_string()), HasSubstr("first configuration"));
  EXPECT_EQ(nginx_->pid(), 0);

  const json::value configuration = answering(port_, 201);
  const auto applied = apply(configuration);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_NE(nginx_->pid(), 0);
  EXPECT_EQ(status_of(port_), 201);
  EXPECT_EQ(read().value(), configuration);
  const json::value status = loop_.run(driver_->status()).value();
  EXPECT_EQ(status.at("nginx").at("generation"), json::value(to_hex(generation(1))));
  EXPECT_GT(status.at("requests").at("total").as_int64(), 0);
  EXPECT_EQ(driver_->info().kind, "nginx");
  EXPECT_THAT(driver_->info().version, testing::StartsWith("1."));
}

// No request after apply() returned is answered by the configuration before.
TEST_F(NginxDriverTest, TheOldIsGoneWhenApplyReturns) {
  for (std::uint8_t round = 1; round <= 6; ++round) {
    ASSERT_TRUE(apply(answering(port_, 200 + round), round));
    for (int i = 0; i < 20; ++i) ASSERT_EQ(status_of(port_), 200 + round);
  }
}

TEST_F(NginxDriverTest, OutlivesTheDriverAndIsFoundAgain) {
  ASSERT_TRUE(apply(answering(port_, 201)));
  const pid_t master = nginx_->pid();
  NginxOptions otherwise_spelled = options();
  otherwise_spelled.directory += "/../nginx//";
  driver_.emplace(loop_.env(), otherwise_spelled);
  EXPECT_EQ(read().value(), answering(port_, 201));
  ASSERT_TRUE(apply(answering(port_, 202), 2));
  EXPECT_EQ(nginx_->pid(), master);
  EXPECT_EQ(status_of(port_), 202);
}

TEST_F(NginxDriverTest, HoldsNoFileOfTheDaemon) {
  const int inherited = ::socket(AF_INET, SOCK_STREAM, 0);  // as a library might leave it
  ASSERT_TRUE(apply(answering(port_, 201)));
  const std::string ours =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(inherited)).string();
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(nginx_->pid()) + "/fd")) {
    std::error_code error;
    EXPECT_NE(std::filesystem::read_symlink(entry.path(), error).string(), ours);
  }
  ::close(inherited);
}

TEST_F(NginxDriverTest, ABusyPortAtReloadLeavesTheOldServing) {
  ASSERT_TRUE(apply(answering(port_, 201)));
  const std::string before = test::read_file(file("nginx.conf"));
  NginxOptions hasty = options();
  hasty.reload = std::chrono::milliseconds(300);
  driver_.emplace(loop_.env(), hasty);
  const TakenPort taken;
  const auto applied = apply(answering(taken.port(), 202), 2);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::failed);
  EXPECT_EQ(applied.error().status, 500);
  EXPECT_EQ(applied.error().body.at("error"), json::value("Failed to apply new configuration."));
  EXPECT_THAT(applied.error().message, HasSubstr("Address already in use"));
  EXPECT_EQ(test::read_file(file("nginx.conf")), before);
  EXPECT_EQ(status_of(port_), 201);
  EXPECT_EQ(read().value(), answering(port_, 201));
}

TEST_F(NginxDriverTest, ABusyPortAtTheStartLeavesNothingBehind) {
  const TakenPort taken;
  const auto applied = apply(answering(taken.port(), 201));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::failed);
  EXPECT_THAT(applied.error().message, HasSubstr("Address already in use"));
  EXPECT_EQ(nginx_->pid(), 0);
  EXPECT_EQ(read().value(), empty_document());
  ASSERT_TRUE(apply(answering(port_, 202), 2));
  EXPECT_EQ(status_of(port_), 202);
}

TEST_F(NginxDriverTest, WhatNginxItselfRefusesIsRefusedInItsWords) {
  ASSERT_TRUE(apply(answering(port_, 201)));
  json::value bad = answering(port_, 202);
  bad.at("routes").as_array().insert(bad.at("routes").as_array().begin(),
                                     parsed(R"({"match":{"uri":"~(unclosed"},"action":{"return":203}})"));
  const auto applied = apply(bad, 2);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::refused);
  EXPECT_EQ(applied.error().status, 400);
  EXPECT_THAT(applied.error().message, HasSubstr("missing closing parenthesis"));
  EXPECT_EQ(status_of(port_), 201);
  EXPECT_EQ(read().value(), answering(port_, 201));
}

TEST_F(NginxDriverTest, AKilledNginxRunsNothingAndIsHealed) {
  json::value configuration = answering(port_, 201);
  configuration.at("listeners").as_object()["unix:" + file("listener.sock")] =
      json::object{{"pass", "routes"}};
  ASSERT_TRUE(apply(configuration));
  EXPECT_EQ(test::ask(file("listener.sock"), "GET", "/", "x").status, 201);
  nginx_->kill();  // its pid file and sockets stay
  EXPECT_EQ(read().value(), empty_document());
  const auto healed = apply(configuration, 1);
  ASSERT_TRUE(healed) << healed.error().message;
  EXPECT_EQ(status_of(port_), 201);
  EXPECT_EQ(test::ask(file("listener.sock"), "GET", "/", "x").status, 201);
}

TEST_F(NginxDriverTest, AHandEditedFileIsDriftAndIsHealed) {
  ASSERT_TRUE(apply(answering(port_, 201)));
  std::string text = test::read_file(file("nginx.conf"));
  text.replace(text.find("return 201"), 10, "return 202");
  std::ofstream(file("nginx.conf")) << text;
  ::kill(nginx_->pid(), SIGHUP);
  for (int i = 0; i < 200 && status_of(port_) != 202; ++i) ::usleep(10'000);
  const auto edited = read();
  ASSERT_FALSE(edited);
  EXPECT_EQ(edited.error().kind, Kind::unknown);
  EXPECT_THAT(edited.error().message, HasSubstr("nginx.conf was changed"));
  // The generation is the one that runs already: what counts is that other workers take over.
  ASSERT_TRUE(apply(answering(port_, 201), 1));
  EXPECT_EQ(status_of(port_), 201);
  EXPECT_EQ(read().value(), answering(port_, 201));
}

TEST_F(NginxDriverTest, AnotherProcessWithThatPidIsNotOurs) {
  std::filesystem::create_directory(nginx_->directory());
  std::ofstream(file("nginx.pid")) << ::getpid() << "\n";
  EXPECT_EQ(read().value(), empty_document());
  ASSERT_TRUE(apply(answering(port_, 201)));
  EXPECT_EQ(status_of(port_), 201);
}

Task<> apply_one(NginxDriver& driver, json::value configuration, std::uint8_t number, int& done) {
  if (co_await driver.apply(std::move(configuration), generation(number))) ++done;
}

Task<> apply_many(Env env, NginxDriver& driver, int port, int count, int& done) {
  libp2p::TaskGroup tasks(env);
  for (int i = 1; i <= count; ++i) {
    tasks.spawn("apply", apply_one(driver, answering(port, 200 + i), static_cast<std::uint8_t>(i), done));
  }
  co_await tasks.join();
}

TEST_F(NginxDriverTest, ParallelAppliesAreSerialised) {
  int done = 0;
  loop_.run(apply_many(loop_.env(), *driver_, port_, 8, done));
  EXPECT_EQ(done, 8);
  EXPECT_EQ(status_of(port_), 208);
  EXPECT_EQ(read().value(), answering(port_, 208));
}

TEST_F(NginxDriverTest, WorkersNeedNothingOfTheStateDirectory) {
  ::chmod(std::filesystem::path(nginx_->directory()).parent_path().c_str(), 0700);
  ASSERT_TRUE(apply(answering(port_, 201)));
  EXPECT_EQ(status_of(port_), 201);
  EXPECT_THAT(test::read_file(file("error.log")), testing::Not(HasSubstr("Permission denied")));
}

TEST_F(NginxDriverTest, UpstreamsAreWeighted) {
  std::vector<int> counts(3);
  std::vector<std::unique_ptr<test::ReplayUnit>> origins;
  test::TempDir dir;
  json::object servers;
  const std::vector<json::value> weights = {0.5, 1.5, 0};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string path = dir / ("o" + std::to_string(i));
    origins.push_back(
        std::make_unique<test::ReplayUnit>(loop_.env(), path, [&counts, i](const test::SeenRequest&) {
          ++counts[i];
          return test::answer(200, "");
        }));
    ::chmod(path.c_str(), 0666);
    servers.emplace("unix:" + path, json::object{{"weight", weights[i]}});
  }
  const std::string listener = "127.0.0.1:" + std::to_string(port_);
  ASSERT_TRUE(
      apply(json::object{{"listeners", json::object{{listener, json::object{{"pass", "upstreams/u"}}}}},
                         {"upstreams", json::object{{"u", json::object{{"servers", std::move(servers)}}}}}}));
  const int good = loop_.run(libp2p::run_blocking(loop_.env(), [this] {
    int answered = 0;
    for (int i = 0; i < 40; ++i) answered += status_of(port_) == 200 ? 1 : 0;
    return answered;
  }));
  EXPECT_EQ(good, 40);
  EXPECT_EQ(counts, (std::vector<int>{10, 30, 0}));
  for (auto& one : origins) loop_.run(one->stop());
}

TEST_F(NginxDriverTest, AThousandStepsAreApplied) {
  json::value configuration = answering(port_, 404);
  json::array& steps = configuration.at("routes").as_array();
  steps.clear();
  for (int i = 0; i < 1000; ++i) {
    steps.push_back(json::object{{"match", json::object{{"uri", "/n/" + std::to_string(i)}}},
                                 {"action", json::object{{"return", 200 + i % 99}}}});
  }
  const auto applied = apply(configuration);
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(test::ask(std::to_string(port_), "GET", "/n/999", "x").status, 200 + 999 % 99);
  EXPECT_EQ(test::ask(std::to_string(port_), "GET", "/n/1000", "x").status, 404);
}

TEST_F(NginxDriverTest, SaysWhatIsWrongWithTheProgramOrTheDirectory) {
  const auto probe = [&](NginxOptions options) {
    NginxDriver driver(loop_.env(), std::move(options));
    const auto probed = loop_.run(driver.probe());
    EXPECT_FALSE(probed);
    return probed ? "" : probed.error().message;
  };
  EXPECT_THAT(probe({.directory = "/tmp/x", .program = "/nonexistent/nginx"}), HasSubstr("No such file"));
  EXPECT_THAT(probe({.directory = "/tmp/x", .program = "/bin/true"}), HasSubstr("is not nginx"));
  EXPECT_THAT(probe({.directory = "relative", .program = nginx_->program()}), HasSubstr("absolute path"));
  EXPECT_THAT(probe({.directory = "/tmp/a$b", .program = nginx_->program()}), HasSubstr("plain characters"));
  EXPECT_THAT(probe({.directory = "/tmp/" + std::string(100, 'a'), .program = nginx_->program()}),
              HasSubstr("too long a name"));
}

}  // namespace
}  // namespace starling
