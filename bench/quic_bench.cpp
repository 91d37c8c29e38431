// What a connection carries over loopback, one stream, a thread for each side: QUIC, and beside it TCP with
// Noise and Yamux. Usage: quic_bench [MiB a case, 1024 by default]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "libp2p/base/system_runtime.hpp"
#include "libp2p/transport/quic/quic_transport.hpp"
#include "libp2p/transport/tcp/tcp_transport.hpp"
#include "libp2p/transport/upgrader/upgrader.hpp"

namespace libp2p {
namespace {

using MakeTransport = std::unique_ptr<Transport> (*)(Env, const PrivateKey&);

PrivateKey key(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{number};
  return PrivateKey::ed25519_from_seed(seed);
}

std::unique_ptr<Transport> quic_transport(Env env, const PrivateKey& identity) {
  return std::make_unique<QuicTransport>(env, identity);
}
std::unique_ptr<Transport> tcp_transport(Env env, const PrivateKey& identity) {
  return std::make_unique<UpgradedTransport>(
      std::make_unique<TcpTransport>(env, TcpConfig{.congestion_control = "cubic"}),
      std::make_shared<const Upgrader>(env, identity));
}

template <class T>
T or_exit(Result<T> result, const char* what) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s: %s\n", what, result.error().to_string().c_str());
  std::exit(1);
}

// Takes all of one stream, and says so by its end.
Task<> serve(Transport& transport, Multiaddr at, std::promise<Multiaddr>& listening) {
  const auto listener = or_exit(co_await transport.listen(at), "listen");
  listening.set_value(listener->address());
  const auto pending = or_exit(co_await listener->accept(), "accept");
  const auto connection = or_exit(co_await pending->upgrade(), "upgrade");
  {
    const StreamPtr stream = or_exit(co_await connection->accept_stream(), "accept a stream");
    Bytes buffer(256U << 10);
    while (or_exit(co_await stream->read_some(buffer), "read") > 0) {
    }
    (void)co_await stream->close_write();
    (void)co_await connection->wait_closed();
  }
  co_await connection->stop();
}

Task<> send(Transport& transport, Multiaddr to, std::size_t bytes) {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  const auto connection = or_exit(co_await transport.dial(to, std::nullopt), "dial");
  const auto connected = Clock::now();
  {
    const StreamPtr stream = or_exit(co_await connection->open_stream(), "open a stream");
    const Bytes piece(256U << 10, 0x5a);
    for (std::size_t sent = 0; sent < bytes; sent += piece.size()) {
      if (!co_await stream->write(piece)) std::exit(1);
    }
    (void)co_await stream->close_write();
    Bytes end(1);
    (void)co_await stream->read_some(end);
  }
  const std::chrono::duration<double> took = Clock::now() - connected;
  const std::chrono::duration<double, std::milli> handshake = connected - begun;
  std::printf("%8.0f MiB/s, connected within %.1f ms\n", static_cast<double>(bytes >> 20) / took.count(),
              handshake.count());
  std::fflush(stdout);
  co_await connection->stop();
}

void measure(const char* name, MakeTransport make, const char* at, std::size_t bytes) {
  std::printf("%-24s", name);
  std::fflush(stdout);
  std::promise<Multiaddr> listening;
  std::thread server([&] {
    NullLog log;
    SystemRuntime runtime(log);
    const auto transport = make(runtime.env(), key(2));
    runtime.run(serve(*transport, Multiaddr::parse(at).value(), listening));
  });
  NullLog log;
  SystemRuntime runtime(log);
  const auto transport = make(runtime.env(), key(1));
  runtime.run(send(*transport, listening.get_future().get(), bytes));
  server.join();
}

}  // namespace
}  // namespace libp2p

int main(int argc, char** argv) {
  const std::size_t bytes = (argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1024) << 20;
  for (int round = 0; round < 3; ++round) {
    libp2p::measure("QUIC", libp2p::quic_transport, "/ip4/127.0.0.1/udp/0/quic-v1", bytes);
    libp2p::measure("TCP, Noise, Yamux", libp2p::tcp_transport, "/ip4/127.0.0.1/tcp/0", bytes);
  }
}
