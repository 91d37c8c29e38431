#include "starling/daemon/node.hpp"

namespace starling {
namespace {

libp2p::IdentifyConfig identify_config(const std::string& version) {
  libp2p::IdentifyConfig config;
  config.agent = "starling/" + version;
  return config;
}

}  // namespace

FleetNode::FleetNode(Env env, NodeGround ground, NodeOptions options)
    : env_(env),
      options_(std::move(options)),
      fleet_(env, ground.fleet, ground.identity, ground.store),
      gate_(fleet_.charter()),
      swarm_(env, ground.identity, options_.swarm, std::move(ground.transports), &gate_, ground.peerstore),
      ping_(env, swarm_),
      identify_(env, swarm_, identify_config(options_.version)),
      gossip_(env, swarm_),
      mdns_(ground.multicast
                ? std::make_unique<libp2p::Mdns>(env, swarm_, options_.mdns, std::move(ground.multicast))
                : nullptr),
      admission_(env, swarm_, fleet_, gate_),
      sync_(env, swarm_, gossip_, fleet_, gate_, options_.sync),
      applier_(
          env, fleet_, ground.driver, options_.applier, std::move(ground.save_before_first_apply),
          [this] { tell_status(); }, [this](const DataPlaneEvent& event) { on_data_plane(event); }),
      writer_(env, fleet_, applier_),
      events_(env),
      api_{env, swarm_, fleet_, sync_, applier_, writer_, events_, options_.name, options_.version},
      join_progress_(env.executor),
      tasks_(env) {}

FleetNode::~FleetNode() = default;

Task<Result<>> FleetNode::start() {
  LIBP2P_CO_CHECK(fleet_.load());
  fleet_.add_observer(*this);
  sync_.add_listener(*this);
  swarm_.start();
  ping_.start();
  identify_.start();
  gossip_.start();
  admission_.start();
  for (const Multiaddr& address : options_.listen) LIBP2P_CO_CHECK(co_await swarm_.listen(address));
  if (mdns_) {
    mdns_->set_handler([this](const PeerId& peer, const std::vector<Multiaddr>&) { on_discovered(peer); });
    mdns_->start();
  }
  sync_.start();
  applier_.start();
  tasks_.spawn("node.tick", tick());
  if (options_.join && !joined()) tasks_.spawn("node.join", join());
  co_return Result<>{};
}

Task<> FleetNode::stop() {
  co_await tasks_.stop();
  co_await applier_.stop();
  co_await sync_.stop();
  admission_.stop();
  sync_.remove_listener(*this);
  fleet_.remove_observer(*this);
  if (mdns_) co_await mdns_->stop();
  co_await gossip_.stop();
  co_await identify_.stop();
  co_await ping_.stop();
  co_await swarm_.stop();
  co_await fleet_.stop();
}

Task<> FleetNode::tick() {
  while (true) {
    co_await libp2p::sleep_for(env_, std::chrono::seconds(1));
    fleet_.tick();
  }
}

// ---- joining ----

void FleetNode::on_discovered(const PeerId& peer) {
  if (joined() || !options_.join) return;
  if (join_candidates_.size() < 256) join_candidates_.insert(peer);
  join_progress_.notify_all();
}

// Asks the token's issuer and whoever the LAN shows, one after another, until one admits us.
Task<> FleetNode::join() {
  const JoinToken& token = options_.join->token;
  libp2p::Duration pause = std::chrono::milliseconds(200);
  while (!joined()) {
    bool admitted = co_await try_to_join(token.issuer, token.addresses);
    const std::vector<PeerId> discovered(join_candidates_.begin(), join_candidates_.end());
    for (const PeerId& peer : discovered) {
      if (admitted || join_refused_) break;
      if (peer != token.issuer) admitted = co_await try_to_join(peer, {});
    }
    if (join_refused_) {
      join_progress_.notify_all();
      co_return;
    }
    // Once admitted the records come by themselves; until then somebody else may turn up.
    (void)co_await join_progress_.wait_until(env_, env_.now() + (admitted ? std::chrono::seconds(5) : pause));
    pause = std::min<libp2p::Duration>(pause * 2, std::chrono::seconds(5));
  }
}

Task<bool> FleetNode::try_to_join(PeerId peer, std::vector<Multiaddr> addresses) {
  if (gate_.is_member(peer)) co_return true;  // admitted before: the records are on their way
  if (const auto connected = co_await swarm_.connect(peer, std::move(addresses)); !connected) {
    env_.log.debug("join.unreachable",
                   {{"peer", peer.short_string()}, {"why", connected.error().to_string()}});
    co_return false;
  }
  const auto done = co_await join_through(env_, swarm_, gate_, peer, *options_.join);
  if (!done) {
    env_.log.warn("join.refused", {{"peer", peer.short_string()}, {"why", done.error().why.to_string()}});
    if (done.error().final_refusal) join_refused_ = done.error().why;
    co_return false;
  }
  env_.log.info("join.admitted", {{"by", peer.to_string()}});
  swarm_.keep_connected(peer);
  co_return true;
}

Task<Result<>> FleetNode::wait_joined() {
  while (!joined() && !join_refused_) co_await join_progress_.wait();
  if (!joined()) co_return std::unexpected(*join_refused_);
  co_return Result<>{};
}

// ---- what is told of all this ----

void FleetNode::tell_status() {
  Status status;
  applier_.fill(status);
  sync_.set_local_status(std::move(status));
}

void FleetNode::on_charter_changed() {
  if (joined()) join_progress_.notify_all();
  events_.add("charter", json::object{{"members", fleet_.charter().members().size()}});
  tell_status();
}

void FleetNode::on_revision_changed() {
  events_.add("revision",
              json::object{{"revision", fleet_.revision() ? json::value(to_hex(*fleet_.revision()))
                                                          : json::value(nullptr)},
                           {"conflicts", fleet_.merged().conflicts.size()}});
}

void FleetNode::on_change_state(const RecordId& change, const ChangeStatus& status) {
  events_.add(
      "change",
      json::object{{"id", to_cid(change)}, {"state", to_string(status.state)}, {"reason", status.reason}});
}

void FleetNode::on_fork(const RecordPtr& rival) {
  events_.add("fork",
              json::object{{"author", rival->record.author.to_string()}, {"record", to_cid(rival->id)}});
}

void FleetNode::on_status(const PeerId& node) {
  events_.add("node", json::object{{"peer", node.to_string()}});
}

void FleetNode::on_data_plane(const DataPlaneEvent& event) {
  events_.add("dataplane",
              json::object{{"what", to_string(event.kind)},
                           {"generation",
                            event.generation ? json::value(to_hex(*event.generation)) : json::value(nullptr)},
                           {"message", event.message}});
}

}  // namespace starling
