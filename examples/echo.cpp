// Two peers and one protocol. Run `echo` in one terminal; it prints its addresses and sends back whatever it
// is sent. Run `echo ADDRESS TEXT` in another: it dials one of them, says TEXT, and prints the answer.
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

#include "libp2p/base/system_runtime.hpp"
#include "libp2p/host/host.hpp"
#include "libp2p/io/framing.hpp"

using namespace libp2p;

constexpr const char* protocol = "/example/echo/1.0.0";
constexpr std::size_t longest_answer = 1'000'000;

// One stream of somebody's: it is ours until this ends.
Task<> answer(InboundStream in) {
  Bytes buffer(65'536);
  for (;;) {
    const auto got = co_await in.stream->read_some(buffer);
    if (!got || *got == 0) break;
    if (!co_await in.stream->write(BytesView(buffer).first(*got))) co_return;
  }
  (void)co_await close_gracefully(*in.stream);
}

Task<Result<>> listen(Env env, Host& host) {
  host.set_handler(protocol, answer);
  LIBP2P_CO_CHECK(co_await host.start());
  for (const Multiaddr& address : host.addresses()) std::printf("%s\n", address.to_string().c_str());
  std::fflush(stdout);
  asio::basic_signal_set<Executor> signals(env.executor, SIGINT, SIGTERM);
  (void)co_await signals.async_wait(use_task);
  co_return Result<>{};
}

Task<Result<>> say(Host& host, std::string address, std::string text) {
  LIBP2P_CO_CHECK(co_await host.start());
  LIBP2P_CO_TRY(const Multiaddr where, Multiaddr::parse(address));
  LIBP2P_CO_TRY(const PeerId peer, co_await host.connect(where));
  LIBP2P_CO_TRY(const Swarm::OpenedStream opened, co_await host.open_stream(peer, protocol));
  LIBP2P_CO_CHECK(co_await opened.stream->write(as_bytes(text)));
  LIBP2P_CO_CHECK(co_await opened.stream->close_write());
  LIBP2P_CO_TRY(const Bytes heard, co_await read_to_end(*opened.stream, longest_answer));
  std::printf("%s\n", std::string(as_text(heard)).c_str());
  co_return Result<>{};
}

Task<> run(Env env, std::vector<std::string> arguments, int& status) {
  HostConfig config;
  if (arguments.empty()) config.listen = {Multiaddr::parse("/ip4/0.0.0.0/tcp/0").value()};
  Host host(env, std::move(config));
  const auto done =
      arguments.empty() ? co_await listen(env, host) : co_await say(host, arguments[0], arguments[1]);
  if (!done) std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
  status = done ? 0 : 1;
  co_await host.stop();
}

int main(int count, char** values) {
  if (count != 1 && count != 3) {
    std::fprintf(stderr, "usage: echo\n       echo ADDRESS TEXT\n");
    return 2;
  }
  StderrLog log(LogLevel::warn);
  SystemRuntime runtime(log);
  int status = 0;
  runtime.run(run(runtime.env(), {values + 1, values + count}, status));
  return status;
}
