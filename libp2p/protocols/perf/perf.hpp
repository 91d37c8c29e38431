// How much a connection carries (perf/perf.md): /perf/1.0.0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "libp2p/base/env.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p {

inline constexpr std::string_view perf_protocol_id = "/perf/1.0.0";

struct PerfConfig {
  Duration stall_timeout = std::chrono::seconds(30);  // without any progress; then the run ends
  std::size_t block_bytes = 256ULL * 1024;            // of one read or write
  std::size_t max_runs = 8;                           // that others may have under way here
};

struct PerfResult {
  Duration upload{};    // until the server, which waits for all of it, began to answer
  Duration download{};  // from there to its end
};
// Called after each block.
using PerfProgress = std::function<void(std::uint64_t uploaded, std::uint64_t downloaded)>;

// Lets others measure us, and measures others. It gives away bandwidth to whoever asks: off unless it is
// wanted.
class Perf {
 public:
  // `swarm` must outlive this.
  Perf(Env env, Swarm& swarm, PerfConfig config = {});

  void start();
  [[nodiscard]] Task<> stop();

  // Sends `upload_bytes` to the peer, then receives `download_bytes`, on a stream of its own. Errors:
  // not_found, not_supported, protocol (another number of bytes came), timeout (a stall), and those of the
  // stream.
  [[nodiscard]] Task<Result<PerfResult>> run(PeerId peer, std::uint64_t upload_bytes,
                                             std::uint64_t download_bytes, PerfProgress progress = {});

 private:
  static Task<> serve(Env env, PerfConfig config, std::shared_ptr<std::size_t> runs, InboundStream inbound);

  Env env_;
  Swarm& swarm_;
  PerfConfig config_;
  bool started_ = false;
  std::shared_ptr<std::size_t> runs_;
};

}  // namespace libp2p
