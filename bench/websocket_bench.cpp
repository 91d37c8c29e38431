// What WebSocket costs over plain TCP: both ends in one thread, on loopback. One line a case, with its share
// of what TCP does. Usage: websocket_bench [MiB a case, 2048 by default]
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "libp2p/base/system_runtime.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/transport/websocket/websocket_transport.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/web_certificates.hpp"

namespace libp2p {
namespace {

constexpr std::size_t piece = 256UZ * 1024;

Task<> send_all(Stream& stream, std::size_t total) {
  const Bytes data(piece, 0x5a);
  for (std::size_t sent = 0; sent < total; sent += piece) {
    if (!co_await stream.write(data)) std::abort();
  }
}

Task<> receive_all(Stream& stream, std::size_t total) {
  Bytes buffer(piece);
  for (std::size_t received = 0; received < total;) {
    const auto got = co_await stream.read_some(buffer);
    if (!got || *got == 0) std::abort();
    received += *got;
  }
}

Task<> accept(ByteListener& listener, ByteConnection& into) {
  into = std::move((co_await listener.accept()).value());
  if (!co_await finish_handshake(into)) std::abort();
}

enum class Way : std::uint8_t { from_dialer, to_dialer };

// Bytes in a second.
Task<> measure(Env env, ByteTransport& transport, std::string address, Way way, std::size_t total,
               double& rate) {
  auto listener = (co_await transport.listen(Multiaddr::parse(address).value())).value();
  TaskGroup tasks(env);
  ByteConnection accepted;
  tasks.spawn("accept", accept(*listener, accepted));
  ByteConnection dialled = (co_await transport.dial(listener->address())).value();
  co_await tasks.join();
  Stream& from = way == Way::from_dialer ? *dialled.stream : *accepted.stream;
  Stream& to = way == Way::from_dialer ? *accepted.stream : *dialled.stream;
  const Instant began = env.now();
  tasks.spawn("send", send_all(from, total));
  tasks.spawn("receive", receive_all(to, total));
  co_await tasks.join();
  rate = static_cast<double>(total) / std::chrono::duration<double>(env.now() - began).count();
}

// The middle of five.
double rate_of(SystemRuntime& runtime, ByteTransport& transport, const std::string& address, Way way,
               std::size_t total) {
  std::array<double, 5> rates{};
  for (double& rate : rates)
    runtime.run(measure(runtime.env(), transport, address, way, total / rates.size(), rate));
  std::ranges::sort(rates);
  return rates[rates.size() / 2];
}

void main_bench(std::size_t total) {
  StderrLog log(LogLevel::warn);
  SystemRuntime runtime(log);
  const starling::test::TempDir folder;
  const test::Authority authority;
  const test::PemPair pair = authority.issue("IP:127.0.0.1");
  test::write_file(folder / "ca.pem", authority.pem());
  test::write_file(folder / "server.pem", pair.certificate);
  test::write_file(folder / "server.key", pair.key);
  const TcpConfig cubic{.congestion_control = "cubic"};
  TcpTransport tcp(runtime.env(), cubic);
  WebsocketTransport websocket(runtime.env(), {.certificate_file = folder / "server.pem",
                                               .key_file = folder / "server.key",
                                               .extra_ca_file = folder / "ca.pem",
                                               .tcp = cubic});
  struct Case {
    const char* name;
    ByteTransport& transport;
    const char* address;
    Way way;
  };
  const Case cases[] = {
      {"TCP", tcp, "/ip4/127.0.0.1/tcp/0", Way::from_dialer},
      {"WebSocket, dialer to listener (masked)", websocket, "/ip4/127.0.0.1/tcp/0/ws", Way::from_dialer},
      {"WebSocket, listener to dialer", websocket, "/ip4/127.0.0.1/tcp/0/ws", Way::to_dialer},
      {"secure WebSocket, dialer to listener", websocket, "/ip4/127.0.0.1/tcp/0/tls/ws", Way::from_dialer},
      {"secure WebSocket, listener to dialer", websocket, "/ip4/127.0.0.1/tcp/0/tls/ws", Way::to_dialer},
  };
  double of_tcp = 0;
  for (const Case& one : cases) {
    const double rate = rate_of(runtime, one.transport, one.address, one.way, total);
    if (of_tcp == 0) of_tcp = rate;
    std::printf("%-44s %8.0f MB/s %5.0f %%\n", one.name, rate / 1e6, 100 * rate / of_tcp);
  }
}

}  // namespace
}  // namespace libp2p

int main(int argc, char** argv) {
  const std::size_t mebibytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2048;
  libp2p::main_bench(mebibytes << 20);
}
