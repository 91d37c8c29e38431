// Whether a peer answers, and how fast (ping/ping.md): /ipfs/ping/1.0.0.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p {

inline constexpr std::string_view ping_protocol_id = "/ipfs/ping/1.0.0";

struct PingConfig {
  Duration timeout = std::chrono::seconds(10);       // for an answer
  Duration idle_timeout = std::chrono::seconds(60);  // how long a peer's stream may be silent
  std::size_t max_streams_per_peer = 2;              // of a peer that pings us
};

// Answers pings and sends them. Owned by the host.
class Ping {
 public:
  // `swarm` must outlive this.
  Ping(Env env, Swarm& swarm, PingConfig config = {});

  void start();
  [[nodiscard]] Task<> stop();

  // One round trip on a stream of its own, negotiation included; callers that ask for one peer take turns.
  // Errors: not_found (not connected), not_supported, timeout, protocol (another answer than was sent), and
  // those of the stream.
  [[nodiscard]] Task<Result<Duration>> ping(PeerId peer);

 private:
  using Answering = std::map<PeerId, std::size_t>;  // streams being answered, a peer; no zeros
  static Task<> answer(Env env, PingConfig config, std::shared_ptr<Answering> answering,
                       InboundStream inbound);
  [[nodiscard]] Task<Result<Duration>> measure(PeerId peer);

  Env env_;
  Swarm& swarm_;
  PingConfig config_;
  bool started_ = false;
  std::shared_ptr<Answering> answering_;
  std::set<PeerId> pinged_;
  Notifier turn_;
};

}  // namespace libp2p
