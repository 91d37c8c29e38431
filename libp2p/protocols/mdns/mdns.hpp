// Peers on the local network, with no configuration (discovery/mdns.md).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/protocols/mdns/engine.hpp"
#include "libp2p/protocols/mdns/multicast_port.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p {

struct MdnsConfig {
  std::string service = "_p2p._udp.local";  // a private network's is "_p2p-FINGERPRINT._udp.local"
  Duration query_interval = std::chrono::seconds(20);
  Duration scan_interval = std::chrono::seconds(3);  // how soon an interface that came or went is noticed
  bool simulated = false;                            // /memory addresses count as addresses of the LAN
};

// Tells the LAN the swarm's advertised addresses and the swarm, by seen(), who else is there; dialling is
// left to the swarm, its gater and the handler. Owned by the host.
class Mdns final : private SwarmObserver {
 public:
  using Handler = std::function<void(const PeerId& peer, const std::vector<Multiaddr>& addresses)>;

  // On the machine's interfaces. `swarm` must outlive this. config.service must be a DNS name.
  Mdns(Env env, Swarm& swarm, MdnsConfig config = {});
  Mdns(Env env, Swarm& swarm, MdnsConfig config, std::unique_ptr<mdns::MulticastPort> port);
  ~Mdns() override;

  // Called for a peer when it is first heard of, when its addresses change, and again at most once a second
  // while it announces itself. Set it before start().
  void set_handler(Handler handler) { handler_ = std::move(handler); }
  void start();
  [[nodiscard]] Task<> stop();

  // Peers heard of in the last ten minutes, at most 256.
  [[nodiscard]] std::size_t known_peers() const noexcept { return engine_.known_peers(); }
  [[nodiscard]] const mdns::Engine::Counters& counters() const noexcept { return engine_.counters(); }

 private:
  void on_local_change() override;
  void scan();
  void perform(mdns::Actions actions);
  [[nodiscard]] Task<> run();
  [[nodiscard]] Task<> receive();

  Env env_;
  Swarm& swarm_;
  MdnsConfig config_;
  mdns::Engine engine_;
  std::unique_ptr<mdns::MulticastPort> port_;
  Handler handler_;
  Notifier changed_;
  TaskGroup tasks_;
  bool started_ = false;
};

}  // namespace libp2p
