// Starling's libp2p as a peer of the interop tests and of the benchmarks: see ../README.md.
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdio>
#include <cstdlib>

#include "libp2p/base/system_runtime.hpp"
#include "tests/interop/cpp/harness.hpp"
#include "tests/interop/cpp/peer.hpp"

using namespace libp2p;

namespace {

constexpr std::size_t longest_line = 4UZ * 1024 * 1024;

Task<> read_commands(Env env, interop::InteropPeer& peer) {
  asio::posix::basic_stream_descriptor<Executor> input(env.executor, ::dup(STDIN_FILENO));
  std::string waiting;
  for (;;) {
    boost::system::error_code error;
    const std::size_t size = co_await asio::async_read_until(
        input, asio::dynamic_buffer(waiting, longest_line), '\n', asio::redirect_error(use_task, error));
    if (error) break;
    peer.take_line(waiting.substr(0, size - 1));
    waiting.erase(0, size);
  }
  peer.end();
}

Task<Result<>> live(Env env, interop::InteropPeer& peer, TaskGroup& reading) {
  LIBP2P_CO_CHECK(co_await peer.start());
  reading.spawn("commands", read_commands(env, peer));
  co_await peer.wait_for_end();
  co_return Result<>{};
}

Task<> run(Env env, interop::InteropPeer& peer, int& status) {
  TaskGroup reading(env);
  const auto lived = co_await live(env, peer, reading);
  if (!lived) std::fprintf(stderr, "interop_peer: %s\n", lived.error().to_string().c_str());
  status = lived ? 0 : 1;
  co_await reading.stop();
  co_await peer.stop();
}

Result<int> run_with(const std::vector<std::string>& arguments) {
  LIBP2P_TRY(interop::Options options, interop::parse_options(arguments));
  StderrLog log(LogLevel::info);
  SystemRuntime runtime(log);
  const char* congestion = std::getenv("STARLING_TCP_CONGESTION");
  LIBP2P_TRY(const auto peer, interop::InteropPeer::make(runtime.env(), std::move(options),
                                                         congestion == nullptr ? "" : congestion));
  int status = 0;
  runtime.run(run(runtime.env(), *peer, status));
  return status;
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Task<> run_harness(Env env, interop::HarnessSettings settings, int& status) {
  const auto done = co_await interop::run_harness(env, std::move(settings));
  if (!done) std::fprintf(stderr, "interop_peer: %s\n", done.error().to_string().c_str());
  status = done ? 0 : 1;
}

Result<int> run_in_harness() {
  LIBP2P_TRY(interop::HarnessSettings settings, interop::read_harness_settings(environment));
  StderrLog log(LogLevel::info);
  SystemRuntime runtime(log);
  int status = 0;
  runtime.run(run_harness(runtime.env(), std::move(settings), status));
  return status;
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> arguments{values + 1, values + count};
  const bool in_harness = arguments == std::vector<std::string>{"harness"};
  const Result<int> status = in_harness ? run_in_harness() : run_with(arguments);
  if (status) return *status;
  std::fprintf(stderr, "interop_peer: %s\n", status.error().to_string().c_str());
  return 2;
}
