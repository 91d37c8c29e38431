#include "libp2p/swarm/redial_keeper.hpp"

namespace libp2p::swarm {

RedialKeeper::RedialKeeper(Env env, const SwarmConfig& config, DialBook& dials, const ConnectionTable& table,
                           TaskGroup& tasks, PeerId local)
    : env_(env),
      config_(config),
      dials_(dials),
      table_(table),
      tasks_(tasks),
      local_(std::move(local)),
      schedule_(config.redial_first, config.redial_cap),
      changed_(env.executor) {}

void RedialKeeper::keep(const PeerId& peer) {
  if (peer == local_) return;
  schedule_.keep(peer, table_.in_use(peer) != nullptr, env_.now());
  changed_.notify_all();
}

void RedialKeeper::seen(const PeerId& peer) {
  schedule_.seen(peer, env_.now() + (local_ < peer ? Duration::zero() : config_.redial_head_start));
  changed_.notify_all();
}

void RedialKeeper::on_lost(const PeerId& peer) {
  schedule_.disconnected(peer, env_.now(), env_.random.unit());
  changed_.notify_all();
}

Task<> RedialKeeper::run() {
  for (;;) {
    // Beyond the bound the rest stays due, and is taken when a dial has ended.
    while (dialling_ < config_.max_dialling_peers) {
      const auto peer = schedule_.take_one_due(env_.now());
      if (!peer) break;
      ++dialling_;
      tasks_.spawn("redial", dial(*peer));
    }
    const auto next = schedule_.next_due();
    if (next && dialling_ < config_.max_dialling_peers) {
      (void)co_await changed_.wait_until(env_, *next);
    } else {
      co_await changed_.wait();
    }
  }
}

Task<> RedialKeeper::dial(PeerId peer) {
  const auto outcome = co_await dials_.connect(peer, {});
  --dialling_;
  changed_.notify_all();
  if (table_.in_use(peer)) {
    schedule_.connected(peer);
    co_return;
  }
  schedule_.failed(peer, env_.now(), env_.random.unit());
  env_.log.debug(
      "swarm.redial_failed",
      {{"peer", peer.short_string()}, {"why", outcome ? "not admitted fully" : outcome.error().to_string()}});
}

}  // namespace libp2p::swarm
