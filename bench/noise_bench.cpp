// What the encrypted stream costs beside the cipher it is made of, and what a handshake costs. Everything is
// in memory.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/crypto/aead.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/io/memory_stream.hpp"
#include "libp2p/security/noise/noise.hpp"
#include "libp2p/security/noise/transport_stream.hpp"

namespace libp2p {
namespace {

constexpr std::size_t transfer = 32 * 1024 * 1024;

void require(bool ok) {
  if (!ok) std::abort();
}

noise::TransportCiphers ciphers(bool first) {
  const Bytes there(32, 1);
  const Bytes back(32, 2);
  const std::span<const std::uint8_t, 32> key(first ? there : back);
  const std::span<const std::uint8_t, 32> other(first ? back : there);
  return {noise::CipherState(key), noise::CipherState(other)};
}

// Swallows what is written, or keeps it; gives back what it was made with.
class Tape final : public Stream {
 public:
  explicit Tape(Bytes* record, BytesView play = {}) : record_(record), play_(play) {}
  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    const std::size_t size = std::min(out.size(), play_.size());
    std::copy_n(play_.begin(), size, out.begin());
    play_ = play_.subspan(size);
    co_return size;
  }
  Task<Result<>> write(BytesView data) override {
    if (record_ != nullptr) append(*record_, data);
    co_return Result<>{};
  }
  Task<Result<>> close_write() override { co_return Result<>{}; }
  void reset() override {}

 private:
  Bytes* record_;
  BytesView play_;
};

Task<> write_all(Stream& stream, std::size_t piece) {
  const Bytes data(piece, 0x5a);
  for (std::size_t done = 0; done < transfer; done += piece)
    require((co_await stream.write(data)).has_value());
  require((co_await stream.close_write()).has_value());
}

Task<> read_all(Stream& stream, std::size_t piece) {
  Bytes out(piece);
  for (;;) {
    const auto got = co_await stream.read_some(out);
    require(got.has_value());
    if (*got == 0) co_return;
  }
}

void count(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * static_cast<std::int64_t>(state.iterations()));
}

void AeadSeal(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  ChaCha20Poly1305 cipher{std::array<std::uint8_t, 32>{}};
  const Bytes plaintext(size);
  Bytes sealed(size + ChaCha20Poly1305::tag_size);
  for ([[maybe_unused]] const auto _ : state)
    cipher.seal(std::array<std::uint8_t, 12>{}, {}, plaintext, sealed);
  count(state, size);
}

void AeadOpen(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  ChaCha20Poly1305 cipher{std::array<std::uint8_t, 32>{}};
  Bytes plaintext(size);
  Bytes sealed(size + ChaCha20Poly1305::tag_size);
  cipher.seal(std::array<std::uint8_t, 12>{}, {}, plaintext, sealed);
  for ([[maybe_unused]] const auto _ : state)
    require(cipher.open(std::array<std::uint8_t, 12>{}, {}, sealed, plaintext));
  count(state, size);
}

void Write(benchmark::State& state) {
  VirtualRuntime runtime;
  const StreamPtr stream = noise::make_transport_stream(std::make_unique<Tape>(nullptr), ciphers(true));
  for ([[maybe_unused]] const auto _ : state)
    runtime.run(write_all(*stream, static_cast<std::size_t>(state.range(0))));
  count(state, transfer);
}

// Frames of range(0), read range(1) at a time.
void Read(benchmark::State& state) {
  VirtualRuntime runtime;
  Bytes record;
  record.reserve(2 * transfer);
  runtime.run(write_all(*noise::make_transport_stream(std::make_unique<Tape>(&record), ciphers(true)),
                        static_cast<std::size_t>(state.range(0))));
  for ([[maybe_unused]] const auto _ : state) {
    const StreamPtr stream =
        noise::make_transport_stream(std::make_unique<Tape>(nullptr, record), ciphers(false));
    runtime.run(read_all(*stream, static_cast<std::size_t>(state.range(1))));
  }
  count(state, transfer);
}

Task<> both(Env env, Stream& from, Stream& to, std::size_t piece, std::size_t room) {
  TaskGroup tasks(env);
  tasks.spawn("writer", write_all(from, piece));
  co_await read_all(to, room);
  co_await tasks.join();
}

// One thread encrypts at one end of a memory stream and decrypts at the other.
void BothEnds(benchmark::State& state) {
  VirtualRuntime runtime;
  for ([[maybe_unused]] const auto _ : state) {
    auto [near, far] = make_memory_stream_pair(runtime.env(), 1024 * 1024);
    const StreamPtr from = noise::make_transport_stream(std::move(near), ciphers(true));
    const StreamPtr to = noise::make_transport_stream(std::move(far), ciphers(false));
    runtime.run(both(runtime.env(), *from, *to, static_cast<std::size_t>(state.range(0)), 256 * 1024));
  }
  count(state, transfer);
}

void Plain(benchmark::State& state) {
  VirtualRuntime runtime;
  for ([[maybe_unused]] const auto _ : state) {
    auto [near, far] = make_memory_stream_pair(runtime.env(), 1024 * 1024);
    runtime.run(both(runtime.env(), *near, *far, static_cast<std::size_t>(state.range(0)), 256 * 1024));
  }
  count(state, transfer);
}

Task<> accept(Env env, StreamPtr stream, const NoiseIdentity& identity) {
  require((co_await noise_secure(env, std::move(stream), noise::Role::responder, identity)).has_value());
}

Task<> shake(Env env, const NoiseIdentity& dialer, const NoiseIdentity& listener) {
  auto [near, far] = make_memory_stream_pair(env);
  TaskGroup tasks(env);
  tasks.spawn("listener", accept(env, std::move(far), listener));
  const auto secured = co_await noise_secure(env, std::move(near), noise::Role::initiator, dialer);
  require(secured.has_value());
  co_await tasks.join();
}

// Both sides, each with a static key it already had.
void HandshakeBothSides(benchmark::State& state) {
  VirtualRuntime runtime;
  Env env = runtime.env();
  const auto identity = [&env] {
    return NoiseIdentity::create(PrivateKey::generate(KeyType::ed25519, env.random).value(), env.random)
        .value();
  };
  const NoiseIdentity dialer = identity();
  const NoiseIdentity listener = identity();
  for ([[maybe_unused]] const auto _ : state) runtime.run(shake(env, dialer, listener));
}

BENCHMARK(AeadSeal)->Arg(1024)->Arg(65519);
BENCHMARK(AeadOpen)->Arg(1024)->Arg(65519);
BENCHMARK(Write)->Arg(1024)->Arg(16 * 1024)->Arg(64 * 1024)->Arg(256 * 1024)->Arg(1024 * 1024);
BENCHMARK(Read)
    ->Args({1024, 64 * 1024})
    ->Args({64 * 1024, 12})
    ->Args({64 * 1024, 4096})
    ->Args({256 * 1024, 64 * 1024})
    ->Args({256 * 1024, 256 * 1024});
BENCHMARK(Plain)->Arg(64 * 1024)->Arg(256 * 1024);
BENCHMARK(BothEnds)->Arg(1024)->Arg(64 * 1024)->Arg(256 * 1024);
BENCHMARK(HandshakeBothSides)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace libp2p
