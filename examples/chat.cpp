// Everybody on the local network who runs `chat NAME` sees what the others type. Peers elsewhere are named by
// their addresses: `chat NAME ADDRESS...`. It reads standard input, a terminal or a pipe, to its end.
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdio>

#include "libp2p/base/system_runtime.hpp"
#include "libp2p/host/host.hpp"

using namespace libp2p;

constexpr const char* topic = "/example/chat/1";
constexpr std::size_t longest_line = 4096;

// What others send is shown with its control characters escaped: a terminal obeys them.
void show(const GossipMessage& message) {
  std::printf("%s\n", printable(as_text(message.data), longest_line).c_str());
  std::fflush(stdout);
}

Task<Result<>> talk(Env env, Host& host, std::string name) {
  asio::posix::basic_stream_descriptor<Executor> input(env.executor, ::dup(STDIN_FILENO));
  std::string typed;
  for (;;) {
    boost::system::error_code error;
    const std::size_t size = co_await asio::async_read_until(input, asio::dynamic_buffer(typed, longest_line),
                                                             '\n', asio::redirect_error(use_task, error));
    if (error) co_return Result<>{};
    const std::string line = name + ": " + typed.substr(0, size - 1);
    typed.erase(0, size);
    LIBP2P_CO_CHECK(host.gossipsub()->publish(topic, as_bytes(line)));
  }
}

Task<Result<>> chat(Env env, Host& host, std::vector<std::string> arguments) {
  LIBP2P_CO_CHECK(host.gossipsub()->subscribe(topic, show));
  LIBP2P_CO_CHECK(co_await host.start());
  for (const Multiaddr& address : host.addresses()) std::fprintf(stderr, "%s\n", address.to_string().c_str());
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    LIBP2P_CO_TRY(const Multiaddr address, Multiaddr::parse(arguments[i]));
    LIBP2P_CO_TRY(const PeerId peer, co_await host.connect(address));
    host.swarm().keep_connected(peer);
  }
  co_return co_await talk(env, host, arguments[0]);
}

Task<> run(Env env, std::vector<std::string> arguments, int& status) {
  HostConfig config;
  config.listen = {Multiaddr::parse("/ip4/0.0.0.0/tcp/0").value()};
  config.gossipsub.emplace();
  config.mdns.emplace();
  Host host(env, std::move(config));
  const auto done = co_await chat(env, host, std::move(arguments));
  if (!done) std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
  status = done ? 0 : 1;
  co_await host.stop();
}

int main(int count, char** values) {
  if (count < 2) {
    std::fprintf(stderr, "usage: chat NAME [ADDRESS...]\n");
    return 2;
  }
  StderrLog log(LogLevel::warn);
  SystemRuntime runtime(log);
  int status = 0;
  runtime.run(run(runtime.env(), {values + 1, values + count}, status));
  return status;
}
