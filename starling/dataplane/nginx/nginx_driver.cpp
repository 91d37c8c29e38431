#include "starling/dataplane/nginx/nginx_driver.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "libp2p/base/blocking.hpp"
#include "libp2p/base/notifier.hpp"
#include "starling/dataplane/http_client.hpp"
#include "starling/dataplane/nginx/conf_text.hpp"

namespace starling {

using libp2p::run_blocking;

namespace {

constexpr std::chrono::milliseconds poll_interval{20};
constexpr std::size_t most_reasons = 3;

std::unexpected<DataPlaneFault> fault(DataPlaneFault::Kind kind, std::string message) {
  return std::unexpected(DataPlaneFault{.kind = kind, .message = std::move(message)});
}

// As Unit's 500, with the reason that Unit leaves out.
std::unexpected<DataPlaneFault> failed(const std::string& reason) {
  return std::unexpected(DataPlaneFault{
      .kind = DataPlaneFault::Kind::failed,
      .status = 500,
      .body = json::object{{"error", "Failed to apply new configuration."}, {"detail", reason}},
      .message = "nginx could not bring the configuration up, and what ran before still runs: " + reason});
}

std::unexpected<DataPlaneFault> refused(const std::string& reason) {
  return std::unexpected(
      DataPlaneFault{.kind = DataPlaneFault::Kind::refused,
                     .status = 400,
                     .body = json::object{{"error", "Invalid configuration."}, {"detail", reason}},
                     .message = "nginx refuses the configuration: " + reason});
}

// Whom the workers run as when the master is root, "USER GROUP". Blocks.
std::string worker_user() {
  if (::geteuid() != 0) return "";
  for (const char* name : {"www-data", "nobody"}) {
    const passwd* user = ::getpwnam(name);
    const group* primary = user != nullptr ? ::getgrgid(user->pw_gid) : nullptr;
    if (primary != nullptr) return std::string(name) + " " + primary->gr_name;
  }
  return "";
}

// Directories go into nginx.conf, and into the path of a unix socket.
Result<> check_directory(const std::string& directory) {
  const bool plain = fits_conf(directory) && directory.find_first_of("$:;{}\"'\\ ") == std::string::npos;
  if (!directory.starts_with('/') || !plain) {
    return fail(Errc::invalid_argument,
                "nginx's directory must be an absolute path of plain characters, not '" +
                    libp2p::printable(directory) + "'");
  }
  const NginxLayout layout{.directory = directory, .user = ""};
  if (layout.generation_socket().size() > max_unix_path_bytes) {
    return fail(Errc::invalid_argument,
                "nginx's directory has too long a name: " + layout.generation_socket() + " must fit " +
                    std::to_string(max_unix_path_bytes) + " bytes");
  }
  return {};
}

// nginx is found again by this spelling.
std::string plain_spelling(const std::string& directory) {
  std::string plain = std::filesystem::path(directory).lexically_normal().string();
  while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
  return plain;
}

struct Prepared {
  NginxInstance instance;
  NginxBuild build;
};

// Blocks.
Result<Prepared> prepare(const NginxOptions& options) {
  LIBP2P_CHECK(check_directory(options.directory));
  std::string program = options.program;
  if (program.empty()) {
    LIBP2P_TRY(program, find_program("nginx"));
  }
  NginxLayout layout{.directory = options.directory, .user = worker_user()};
  LIBP2P_TRY(const NginxBuild build, NginxInstance(program, layout).inspect());
  layout.stub_status = build.stub_status;
  return Prepared{NginxInstance(program, layout), build};
}

// The numbers of stub_status, in its order: active, accepted, handled, requests, reading, writing, waiting.
std::vector<std::int64_t> numbers_in(std::string_view text) {
  std::vector<std::int64_t> numbers;
  for (std::size_t at = 0; at < text.size();) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (error == std::errc()) numbers.push_back(number);
    at = error == std::errc() ? static_cast<std::size_t>(end - text.data()) : at + 1;
  }
  return numbers;
}

json::object unit_status(const std::vector<std::int64_t>& n) {
  const auto number = [&](std::size_t i) { return i < n.size() ? n[i] : 0; };
  const std::int64_t active = number(0);
  const std::int64_t idle = number(6);
  return {{"modules", json::object{}},
          {"connections", json::object{{"accepted", number(1)},
                                       {"active", active - idle},
                                       {"idle", idle},
                                       {"closed", number(1) - active}}},
          {"requests", json::object{{"total", number(3)}}},
          {"applications", json::object{}}};
}

}  // namespace

NginxDriver::NginxDriver(Env env, NginxOptions options)
    : env_(env), options_(std::move(options)), writers_(env.executor) {
  options_.directory = plain_spelling(options_.directory);
}

DataPlaneInfo NginxDriver::info() const {
  return {.kind = "nginx", .version = build_.version, .where = options_.directory};
}

DriverResult<> NginxDriver::check(const json::value& configuration) const {
  // Where it would run does not matter to what can be done.
  const auto rendered = render_nginx(configuration, {.directory = options_.directory, .user = ""}, {});
  if (!rendered) return std::unexpected(to_fault(rendered.error()));
  return {};
}

Task<DriverResult<NginxInstance>> NginxDriver::instance() {
  if (!instance_) {
    auto prepared = co_await run_blocking(env_, [options = options_] { return prepare(options); });
    if (!prepared) co_return fault(DataPlaneFault::Kind::unreachable, prepared.error().message);
    build_ = std::move(prepared->build);
    instance_ = std::move(prepared->instance);
  }
  co_return *instance_;
}

Task<DriverResult<>> NginxDriver::probe() {
  const auto here = co_await instance();
  if (!here) co_return std::unexpected(here.error());
  co_return DriverResult<>{};
}

// Nothing while nginx does not run.
Task<DriverResult<std::optional<std::string>>> NginxDriver::generation_now(NginxInstance here) {
  const auto master = co_await run_blocking(env_, [here] { return here.master(); });
  if (!master) co_return std::nullopt;
  const auto reply = co_await exchange(env_, {.path = here.layout().generation_socket()},
                                       {.method = "GET", .path = "/generation", .body = ""}, options_.answer);
  if (reply && reply->status == 200 && reply->complete()) co_return reply->body;
  co_return fault(DataPlaneFault::Kind::unknown,
                  "an nginx runs in " + here.layout().directory +
                      " and does not tell its generation: its nginx.conf is not the "
                      "one that Starling wrote");
}

Task<DriverResult<json::value>> NginxDriver::read() {
  const auto here = co_await instance();
  if (!here) co_return std::unexpected(here.error());
  const auto generation = co_await generation_now(*here);
  if (!generation) co_return std::unexpected(generation.error());
  if (!*generation) co_return empty_document();
  const auto text = co_await run_blocking(env_, [here = *here] { return here.running_text(); });
  const auto known = known_;
  const auto id = Result<libp2p::Bytes>(libp2p::from_hex(**generation));
  if (known && known->generation == **generation && text && *text == known->text)
    co_return known->configuration;
  const auto stored =
      co_await run_blocking(env_, [here = *here, id = **generation] { return here.configuration_of(id); });
  const auto digest = id ? GenerationId::from_bytes(*id) : Result<GenerationId>(fail(Errc::parse, ""));
  auto configuration = stored ? parse_json(*stored) : std::unexpected(JsonError{});
  if (digest && configuration && text) {
    auto rendered = render_nginx(*configuration, here->layout(), *digest);
    if (rendered && *rendered == *text) {
      known_ = std::make_shared<Known>(Known{**generation, *text, *configuration});
      co_return std::move(*configuration);
    }
  }
  co_return fault(
      DataPlaneFault::Kind::unknown,
      "nginx in " + here->layout().directory + " runs what Starling did not write: nginx.conf was changed");
}

Task<DriverResult<>> NginxDriver::apply(json::value configuration, GenerationId generation) {
  const auto turn = co_await writers_.take();
  const auto here = co_await instance();
  if (!here) co_return std::unexpected(here.error());
  auto text = render_nginx(configuration, here->layout(), generation);
  if (!text) co_return std::unexpected(to_fault(text.error()));
  const std::string id = to_hex(generation);
  const auto written =
      co_await run_blocking(env_, [here = *here, &text, &id, stored = canonical_json(configuration)] {
        return here.write_candidate(*text, id, stored);
      });
  if (!written) co_return failed(written.error().message);
  const auto test_began = env_.now();
  const auto tested = co_await run_blocking(env_, [here = *here] { return here.test_candidate(); });
  if (!tested && tested.error().code == Errc::refused) co_return refused(tested.error().message);
  if (!tested) co_return failed(tested.error().message);
  // nginx reads the configuration once more before anything of it can answer.
  const Duration reading = env_.now() - test_began;
  auto up = co_await bring_up(*here, id, options_.reload + reading);
  if (!up) co_return up;
  known_ = std::make_shared<Known>(Known{id, std::move(*text), std::move(configuration)});
  co_return DriverResult<>{};
}

Task<DriverResult<>> NginxDriver::bring_up(NginxInstance here, std::string generation, Duration limit) {
  const LogMark log = co_await run_blocking(env_, [here] { return here.mark(); });
  const auto old_workers = co_await run_blocking(env_, [here] { return here.workers(); });
  const auto switched = co_await run_blocking(env_, [here] { return here.switch_to_candidate(); });
  if (switched && co_await takes_over(here, generation, old_workers, limit)) {
    co_await run_blocking(env_, [here, generation] {
      here.settle(generation);
      return true;
    });
    co_return DriverResult<>{};
  }
  const auto lines = co_await run_blocking(env_, [here, log] {
    here.put_back();
    return reasons(alerts_since(log, most_reasons));
  });
  std::string why = switched ? "" : switched.error().message;
  for (const std::string& line : lines) {
    if (why.find(line) == std::string::npos) why += (why.empty() ? "" : "; ") + line;
  }
  co_return failed(why.empty() ? "the new generation did not answer in time" : why);
}

// A successful SIGHUP proves nothing: the new generation must answer, and the old workers must have stopped
// listening.
Task<bool> NginxDriver::takes_over(NginxInstance here, std::string generation,
                                   std::optional<std::vector<pid_t>> old_workers, Duration limit) {
  const auto deadline = env_.now() + limit;
  for (;;) {
    const auto now = co_await generation_now(here);
    const auto workers = co_await run_blocking(env_, [here] { return here.workers(); });
    const bool old_gone = !old_workers || !workers || std::ranges::none_of(*workers, [&](pid_t worker) {
      return std::ranges::find(*old_workers, worker) != old_workers->end();
    });
    if (now && *now == generation && old_gone) co_return true;
    if (env_.now() >= deadline) co_return false;
    co_await libp2p::sleep_for(env_, poll_interval);
  }
}

Task<DriverResult<json::value>> NginxDriver::status() {
  const auto here = co_await instance();
  if (!here) co_return std::unexpected(here.error());
  const auto generation = co_await generation_now(*here);
  if (!generation) co_return std::unexpected(generation.error());
  std::vector<std::int64_t> counted;
  if (*generation && build_.stub_status) {
    const auto reply = co_await exchange(env_, {.path = here->layout().generation_socket()},
                                         {.method = "GET", .path = "/status", .body = ""}, options_.answer);
    if (reply && reply->status == 200) counted = numbers_in(reply->body);
  }
  json::object status = unit_status(counted);
  json::object nginx{{"running", generation->has_value()}};
  if (*generation) {
    nginx.emplace("generation", **generation);
  } else {
    nginx.emplace("detail", "nginx is started by the first configuration that is applied");
  }
  status.emplace("nginx", std::move(nginx));
  co_return std::move(status);
}

}  // namespace starling
