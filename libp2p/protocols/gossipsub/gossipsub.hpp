// Publish and subscribe over a swarm: GossipSub 1.1 with strict signing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/protocols/gossipsub/config.hpp"
#include "libp2p/protocols/gossipsub/router.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p {

// Gossip is fast and almost always arrives; it is not a store. Whoever must not miss anything compares notes
// with its peers besides.
//
// Keeps one stream open to each connected peer that speaks the protocol, and reads the one that the peer
// opens: each is used in one direction only. Its owner is the host or the application; stop it before the
// swarm goes.
class Gossipsub {
 public:
  using Verdict = GossipVerdict;
  using Validator = GossipValidator;
  // Called from the executor for each new, verified and accepted message of another peer. May call the
  // service.
  using Handler = std::function<void(const GossipMessage&)>;

  // `swarm` must outlive the service, `config` must pass its check(). Nothing is sent before start().
  Gossipsub(Env env, Swarm& swarm, GossipsubConfig config = {});
  Gossipsub(const Gossipsub&) = delete;
  Gossipsub& operator=(const Gossipsub&) = delete;
  // stop() must have ended, unless start() was never called.
  ~Gossipsub();

  void start();
  // Closes the streams and joins everything. What is still queued for slow peers is lost.
  [[nodiscard]] Task<> stop();

  // Without a validator every message whose signature verifies is accepted. Errors: exists; invalid_argument
  // (empty, longer than config.max_topic_bytes, not UTF-8); limit (config.max_topics_per_peer).
  Result<> subscribe(std::string topic, Handler handler, Validator validator = {});
  void unsubscribe(const std::string& topic);
  // Signs `data` with the swarm's identity and sends it to every subscriber that we know of, not to
  // ourselves. To have no subscriber yet is no error: whoever subscribes within the next heartbeats is told
  // of it. Errors: limit (larger than config.max_message_bytes with its envelope), invalid_argument (the
  // topic), crypto.
  Result<> publish(std::string topic, BytesView data);

  // In order of peer id.
  [[nodiscard]] std::vector<PeerId> subscribers(const std::string& topic) const;
  [[nodiscard]] std::vector<PeerId> mesh(const std::string& topic) const;
  [[nodiscard]] const GossipsubCounters& counters() const noexcept;
  // Tasks that ended by an exception: a bug of ours or of a handler.
  [[nodiscard]] std::size_t tasks_escaped() const noexcept;

 private:
  struct Parts;
  // Shared with the runs of its stream handlers, which the swarm owns.
  std::shared_ptr<Parts> parts_;
};

}  // namespace libp2p
