#include "libp2p/protocols/perf/perf.hpp"

#include <algorithm>
#include <array>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"

namespace libp2p {
namespace {

using Size = std::array<std::uint8_t, 8>;

// Reads and writes in blocks; a stall resets the stream.
class BlockPump {
 public:
  BlockPump(Env env, const PerfConfig& config, Stream& stream)
      : env_(env), config_(config), stream_(stream), block_(config.block_bytes) {}

  [[nodiscard]] DeadlineGuard watch() {
    return DeadlineGuard(env_, config_.stall_timeout, [this] {
      stalled_ = true;
      stream_.reset();
    });
  }
  Task<Result<>> send(std::uint64_t bytes, std::function<void(std::uint64_t)> on_progress) {
    std::uint64_t sent = 0;
    while (sent < bytes) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - sent, block_.size()));
      const DeadlineGuard guard = watch();
      if (auto written = co_await stream_.write(BytesView(block_).first(part)); !written) {
        co_return failure(std::move(written).error());
      }
      sent += part;
      if (on_progress) on_progress(sent);
    }
    co_return Result<>{};
  }
  // Zero at the end.
  Task<Result<std::size_t>> receive() {
    const DeadlineGuard guard = watch();
    auto got = co_await stream_.read_some(block_);
    if (!got) co_return failure(std::move(got).error());
    co_return got;
  }

 private:
  std::unexpected<Error> failure(Error error) const {
    if (stalled_) return fail(Errc::timeout, "perf: nothing moved");
    return std::unexpected(std::move(error));
  }

  Env env_;
  const PerfConfig& config_;
  Stream& stream_;
  Bytes block_;  // what it holds is of no concern to anybody
  bool stalled_ = false;
};

}  // namespace

Perf::Perf(Env env, Swarm& swarm, PerfConfig config)
    : env_(env), swarm_(swarm), config_(config), runs_(std::make_shared<std::size_t>(0)) {}

void Perf::start() {
  if (std::exchange(started_, true)) return;
  swarm_.set_handler(std::string(perf_protocol_id),
                     [env = env_, config = config_, runs = runs_](InboundStream inbound) {
                       return serve(env, config, runs, std::move(inbound));
                     });
}

Task<> Perf::stop() {
  if (std::exchange(started_, false)) swarm_.remove_handler(perf_protocol_id);
  co_return;
}

// The answer must not begin before the client has closed its side: otherwise both directions would be
// measured at once.
Task<> Perf::serve(Env env, PerfConfig config, std::shared_ptr<std::size_t> runs, InboundStream inbound) {
  struct Place {
    std::size_t& count;
    explicit Place(std::size_t& c) : count(c) { ++count; }
    ~Place() { --count; }
  } const place(*runs);
  if (*runs > config.max_runs) co_return;

  Size size{};
  {
    const DeadlineGuard guard(env, config.stall_timeout, [&inbound] { inbound.stream->reset(); });
    if (!co_await read_exact(*inbound.stream, size)) co_return;
  }
  BlockPump pump(env, config, *inbound.stream);
  for (;;) {
    const auto got = co_await pump.receive();
    if (!got) co_return;
    if (*got == 0) break;
  }
  if (!co_await pump.send(load_be<std::uint64_t>(size.data()), {})) co_return;
  (void)co_await inbound.stream->close_write();
}

Task<Result<PerfResult>> Perf::run(PeerId peer, std::uint64_t upload_bytes, std::uint64_t download_bytes,
                                   PerfProgress progress) {
  LIBP2P_CO_TRY(const Swarm::OpenedStream opened,
                co_await swarm_.open_stream(std::move(peer), {std::string(perf_protocol_id)}));
  Stream& stream = *opened.stream;
  const Instant began = env_.now();
  Size size{};
  store_be(download_bytes, size.data());
  LIBP2P_CO_CHECK(co_await stream.write(size));

  BlockPump pump(env_, config_, stream);
  const auto on_sent = [&progress](std::uint64_t sent) {
    if (progress) progress(sent, 0);
  };
  LIBP2P_CO_CHECK(co_await pump.send(upload_bytes, on_sent));
  LIBP2P_CO_CHECK(co_await stream.close_write());

  std::optional<Instant> answered;
  std::uint64_t received = 0;
  for (;;) {
    LIBP2P_CO_TRY(const std::size_t got, co_await pump.receive());
    if (!answered) answered = env_.now();
    if (got == 0) break;
    received += got;
    if (received > download_bytes) break;
    if (progress) progress(upload_bytes, received);
  }
  if (received != download_bytes) {
    co_return fail(Errc::protocol, "perf: " + std::to_string(received) + " bytes or more came, " +
                                       std::to_string(download_bytes) + " were asked for");
  }
  co_return PerfResult{.upload = *answered - began, .download = env_.now() - *answered};
}

}  // namespace libp2p
