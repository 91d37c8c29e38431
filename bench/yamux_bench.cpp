// What the multiplexer costs: two sessions in one thread, over a pipe in memory that does little more than
// copy. One line a case; compare with "bare pipe". Usage: yamux_bench [MiB a case, 1024 by default]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "libp2p/base/notifier.hpp"
#include "libp2p/base/system_runtime.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/io/memory_stream.hpp"
#include "libp2p/yamux/session.hpp"

namespace libp2p {
namespace {

// A ring of bytes: what a socket on loopback does, without the kernel.
struct Ring {
  Ring(Executor executor, std::size_t capacity) : bytes(capacity), readable(executor), writable(executor) {}
  Bytes bytes;
  std::size_t begin = 0;
  std::size_t used = 0;
  bool closed = false;
  Notifier readable;
  Notifier writable;

  // Copies at most to the end of the buffer.
  std::size_t put(BytesView data) {
    const std::size_t at = (begin + used) % bytes.size();
    const std::size_t size = std::min({data.size(), bytes.size() - used, bytes.size() - at});
    std::memcpy(&bytes[at], data.data(), size);
    used += size;
    return size;
  }
  std::size_t take(MutableBytes out) {
    const std::size_t size = std::min({out.size(), used, bytes.size() - begin});
    std::memcpy(out.data(), &bytes[begin], size);
    begin = (begin + size) % bytes.size();
    used -= size;
    return size;
  }
};

class RingStream final : public Stream {
 public:
  RingStream(std::shared_ptr<Ring> in, std::shared_ptr<Ring> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~RingStream() override { RingStream::reset(); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    const std::shared_ptr<Ring> ring = in_;
    while (ring->used == 0 && !ring->closed) co_await ring->readable.wait();
    const std::size_t size = ring->take(out);
    ring->writable.notify_all();
    co_return size;
  }
  Task<Result<>> write(BytesView data) override {
    const std::shared_ptr<Ring> ring = out_;
    while (!data.empty()) {
      while (ring->used == ring->bytes.size() && !ring->closed) co_await ring->writable.wait();
      if (ring->closed) co_return fail(Errc::reset, "closed");
      data = data.subspan(ring->put(data));
      ring->readable.notify_all();
    }
    co_return Result<>{};
  }
  Task<Result<>> close_write() override {
    close(*out_);
    co_return Result<>{};
  }
  void reset() override {
    close(*in_);
    close(*out_);
  }

 private:
  static void close(Ring& ring) {
    ring.closed = true;
    ring.readable.notify_all();
    ring.writable.notify_all();
  }
  std::shared_ptr<Ring> in_;
  std::shared_ptr<Ring> out_;
};

std::pair<StreamPtr, StreamPtr> make_ring_pair(Env env, std::size_t capacity) {
  auto there = std::make_shared<Ring>(env.executor, capacity);
  auto back = std::make_shared<Ring>(env.executor, capacity);
  return {std::make_unique<RingStream>(back, there), std::make_unique<RingStream>(there, back)};
}

Task<> send_all(Stream& stream, std::size_t total, std::size_t piece) {
  const Bytes data(piece, 0x5a);
  for (std::size_t sent = 0; sent < total; sent += piece) {
    if (!co_await stream.write(data)) co_return;
  }
  (void)co_await stream.close_write();
}

Task<> receive_all(Stream& stream, std::size_t piece, std::size_t& received) {
  Bytes buffer(piece);
  for (;;) {
    const auto got = co_await stream.read_some(buffer);
    if (!got || *got == 0) co_return;
    received += *got;
  }
}

Task<> echo(StreamPtr stream) {
  Bytes buffer(4096);
  for (;;) {
    const auto got = co_await stream->read_some(buffer);
    if (!got || *got == 0) break;
    if (!co_await stream->write(BytesView(buffer).first(*got))) break;
  }
  (void)co_await stream->close_write();
}

Task<> echo_all(YamuxSession& session, TaskGroup& tasks) {
  for (;;) {
    auto stream = co_await session.accept_stream();
    if (!stream) co_return;
    tasks.spawn("echo", echo(std::move(*stream)));
  }
}

struct Pair {
  Pair(Env env, std::pair<StreamPtr, StreamPtr> ends)
      : tasks(env),
        dialer(env, std::move(ends.first), YamuxRole::dialer),
        listener(env, std::move(ends.second), YamuxRole::listener) {
    dialer.start();
    listener.start();
  }
  Task<> stop() {
    co_await dialer.stop();
    co_await listener.stop();
    co_await tasks.join();
  }
  TaskGroup tasks;
  YamuxSession dialer;
  YamuxSession listener;
};

void report(const char* name, std::size_t bytes, Duration took) {
  const double seconds = std::chrono::duration<double>(took).count();
  std::printf("%-44s %8.0f MB/s\n", name, static_cast<double>(bytes) / 1e6 / seconds);
}

void report_rate(const char* name, std::size_t count, Duration took) {
  const double micros = std::chrono::duration<double, std::micro>(took).count();
  std::printf("%-44s %8.2f us each\n", name, micros / static_cast<double>(count));
}

Task<> bare_pipe(Env env, std::pair<StreamPtr, StreamPtr> ends, std::size_t total, std::size_t& received) {
  TaskGroup tasks(env);
  tasks.spawn("send", send_all(*ends.first, total, 256 * 1024));
  tasks.spawn("receive", receive_all(*ends.second, 256 * 1024, received));
  co_await tasks.join();
}

// `count` streams at once, each sending its share one way.
Task<> transfer(Env env, std::pair<StreamPtr, StreamPtr> ends, std::size_t count, std::size_t total,
                std::size_t piece, std::size_t& received) {
  Pair pair(env, std::move(ends));
  std::vector<StreamPtr> streams;
  TaskGroup transfers(env);
  for (std::size_t i = 0; i < count; ++i) {
    auto out = co_await pair.dialer.open_stream();
    if (!out) std::abort();
    transfers.spawn("send", send_all(**out, total / count, piece));
    auto in = co_await pair.listener.accept_stream();
    if (!in) std::abort();
    transfers.spawn("receive", receive_all(**in, piece, received));
    streams.push_back(std::move(*out));
    streams.push_back(std::move(*in));
  }
  co_await transfers.join();
  streams.clear();
  co_await pair.stop();
}

Task<> round_trips(Env env, std::pair<StreamPtr, StreamPtr> ends, std::size_t count, bool new_stream_each) {
  Pair pair(env, std::move(ends));
  pair.tasks.spawn("echo", echo_all(pair.listener, pair.tasks));
  StreamPtr stream;
  Bytes message(100, 1);
  for (std::size_t i = 0; i < count; ++i) {
    if (!stream || new_stream_each) {
      if (stream) (void)co_await stream->close_write();
      auto opened = co_await pair.dialer.open_stream();
      if (!opened) std::abort();
      stream = std::move(*opened);
    }
    if (!co_await stream->write(message)) std::abort();
    for (std::size_t have = 0; have < message.size();) {
      const auto got = co_await stream->read_some(message);
      if (!got || *got == 0) std::abort();
      have += *got;
    }
  }
  stream.reset();
  co_await pair.stop();
}

int main_bench(std::size_t total) {
  StderrLog log(LogLevel::warn);
  const auto timed = [&](auto make) {
    SystemRuntime runtime(log);
    const Instant began = runtime.env().now();
    runtime.run(make(runtime.env()));
    return runtime.env().now() - began;
  };
  constexpr std::size_t capacity = 256 * 1024;
  std::size_t received = 0;
  const auto check = [&](std::size_t least) {
    if (received < least) {
      std::fprintf(stderr, "only %zu of %zu bytes arrived\n", received, least);
      std::exit(1);
    }
    received = 0;
  };
  report("bare pipe, pieces of 256 KiB", total,
         timed([&](Env env) { return bare_pipe(env, make_ring_pair(env, capacity), total, received); }));
  check(total);
  for (const std::size_t piece : {1U << 10, 16U << 10, 64U << 10, 256U << 10, 1U << 20}) {
    char name[64];
    std::snprintf(name, sizeof name, "one stream, pieces of %zu KiB", piece / 1024);
    report(name, total, timed([&](Env env) {
             return transfer(env, make_ring_pair(env, capacity), 1, total, piece, received);
           }));
    check(total);
  }
  report("100 streams, pieces of 64 KiB", total, timed([&](Env env) {
           return transfer(env, make_ring_pair(env, capacity), 100, total, 64 * 1024, received);
         }));
  check(total / 100 * 100);
  report("one stream over make_memory_stream_pair", total, timed([&](Env env) {
           return transfer(env, make_memory_stream_pair(env), 1, total, 64 * 1024, received);
         }));
  check(total);
  constexpr std::size_t rounds = 200'000;
  report_rate("round trip of 100 bytes on one stream", rounds,
              timed([](Env env) { return round_trips(env, make_ring_pair(env, capacity), rounds, false); }));
  report_rate("open, round trip of 100 bytes, close", rounds,
              timed([](Env env) { return round_trips(env, make_ring_pair(env, capacity), rounds, true); }));
  return 0;
}

}  // namespace
}  // namespace libp2p

int main(int argc, char** argv) {
  const std::size_t mebibytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1024;
  return libp2p::main_bench(mebibytes << 20);
}
