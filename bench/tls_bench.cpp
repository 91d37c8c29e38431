// What the encrypted stream of TLS costs beside that of Noise, and what a handshake costs. Everything is in
// memory, in one thread: each figure of a stream is for both ends together.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/memory_stream.hpp"
#include "libp2p/security/noise/noise.hpp"
#include "libp2p/security/tls/tls.hpp"

namespace libp2p {
namespace {

constexpr std::size_t transfer = 32UZ * 1024 * 1024;
constexpr std::size_t room = 256UZ * 1024;

void require(bool ok) {
  if (!ok) std::abort();
}

Task<> write_all(Stream& stream, std::size_t piece) {
  const Bytes data(piece, 0x5a);
  for (std::size_t done = 0; done < transfer; done += piece)
    require((co_await stream.write(data)).has_value());
  require((co_await stream.close_write()).has_value());
}

Task<> read_all(Stream& stream) {
  Bytes out(room);
  for (;;) {
    const auto got = co_await stream.read_some(out);
    require(got.has_value());
    if (*got == 0) co_return;
  }
}

Task<> both(Env env, Stream& from, Stream& to, std::size_t piece) {
  TaskGroup tasks(env);
  tasks.spawn("writer", write_all(from, piece));
  co_await read_all(to);
  co_await tasks.join();
}

struct Ends {
  StreamPtr near;
  StreamPtr far;
};

struct TlsPeers {
  explicit TlsPeers(Env env) : dialer(identity(env)), listener(identity(env)) {}
  static TlsIdentity identity(Env env) {
    return TlsIdentity::create(PrivateKey::generate(KeyType::ed25519, env.random).value(), env.random)
        .value();
  }
  Task<Result<SecuredConnection>> dial(Env env, StreamPtr stream) {
    return tls_secure(env, std::move(stream), tls::Role::client, dialer);
  }
  Task<Result<SecuredConnection>> accept(Env env, StreamPtr stream) {
    return tls_secure(env, std::move(stream), tls::Role::server, listener);
  }
  TlsIdentity dialer;
  TlsIdentity listener;
};

struct NoisePeers {
  explicit NoisePeers(Env env) : dialer(identity(env)), listener(identity(env)) {}
  static NoiseIdentity identity(Env env) {
    return NoiseIdentity::create(PrivateKey::generate(KeyType::ed25519, env.random).value(), env.random)
        .value();
  }
  Task<Result<SecuredConnection>> dial(Env env, StreamPtr stream) {
    return noise_secure(env, std::move(stream), noise::Role::initiator, dialer);
  }
  Task<Result<SecuredConnection>> accept(Env env, StreamPtr stream) {
    return noise_secure(env, std::move(stream), noise::Role::responder, listener);
  }
  NoiseIdentity dialer;
  NoiseIdentity listener;
};

Task<> keep_stream(Task<Result<SecuredConnection>> securing, StreamPtr& stream) {
  auto secured = co_await std::move(securing);
  require(secured.has_value());
  stream = std::move(secured->stream);
}

template <class Peers>
Task<> connect(Env env, Peers& peers, Ends& ends) {
  auto [near, far] = make_memory_stream_pair(env, 1024UZ * 1024);
  TaskGroup tasks(env);
  tasks.spawn("listener", keep_stream(peers.accept(env, std::move(far)), ends.far));
  co_await keep_stream(peers.dial(env, std::move(near)), ends.near);
  co_await tasks.join();
}

template <class Peers>
void BothEnds(benchmark::State& state) {
  VirtualRuntime runtime;
  Peers peers(runtime.env());
  for ([[maybe_unused]] const auto _ : state) {
    state.PauseTiming();
    Ends ends;
    runtime.run(connect(runtime.env(), peers, ends));
    state.ResumeTiming();
    runtime.run(both(runtime.env(), *ends.near, *ends.far, static_cast<std::size_t>(state.range(0))));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(transfer) *
                          static_cast<std::int64_t>(state.iterations()));
}

// Both sides, each with a certificate or static key that it already had.
template <class Peers>
void HandshakeBothSides(benchmark::State& state) {
  VirtualRuntime runtime;
  Peers peers(runtime.env());
  for ([[maybe_unused]] const auto _ : state) {
    Ends ends;
    runtime.run(connect(runtime.env(), peers, ends));
  }
}

void MakeIdentity(benchmark::State& state) {
  VirtualRuntime runtime;
  for ([[maybe_unused]] const auto _ : state) require(TlsPeers::identity(runtime.env()).context() != nullptr);
}

BENCHMARK_TEMPLATE(BothEnds, TlsPeers)->Arg(1024)->Arg(16 * 1024)->Arg(64 * 1024)->Arg(256 * 1024);
BENCHMARK_TEMPLATE(BothEnds, NoisePeers)->Arg(1024)->Arg(16 * 1024)->Arg(64 * 1024)->Arg(256 * 1024);
BENCHMARK_TEMPLATE(HandshakeBothSides, TlsPeers)->Unit(benchmark::kMicrosecond);
BENCHMARK_TEMPLATE(HandshakeBothSides, NoisePeers)->Unit(benchmark::kMicrosecond);
BENCHMARK(MakeIdentity)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace libp2p
