#include "starling/daemon/node.hpp"

#include "starling/api/handlers/alarms_handler.hpp"
#include "starling/daemon/own_address.hpp"

namespace starling {
namespace {

// How long a joiner looks for a member before it says so, and how often it says it again.
constexpr libp2p::Duration alone_at_first = std::chrono::seconds(10);
constexpr libp2p::Duration alone_again = std::chrono::minutes(1);

// A fleet's network: the peer's own addresses and transports, our gate, our protocols.
libp2p::HostConfig fleet_network(NodeGround& ground, const NodeOptions& options, Gate& gate) {
  libp2p::HostConfig config = std::move(ground.network);
  config.identity = ground.identity;
  config.gater = &gate;
  config.identify->agent = "starling/" + options.version;
  config.gossipsub.emplace();
  // Members are dialled by the sync service, and a joiner knows whom it wants.
  config.connect_discovered = false;
  return config;
}

}  // namespace

FleetNode::FleetNode(Env env, NodeGround ground, NodeOptions options)
    : env_(env),
      options_(std::move(options)),
      fleet_(env, ground.fleet, ground.identity, ground.store),
      told_fates_(
          env, fleet_,
          [this](const RecordId& change, const ChangeStatus& status) { on_change_state(change, status); }),
      history_(env, fleet_, options_.history),
      gate_(fleet_.charter()),
      host_(env, fleet_network(ground, options_, gate_)),
      admission_(env, host_.swarm(), fleet_, gate_),
      sync_(env, host_.swarm(), *host_.gossipsub(), fleet_, gate_, options_.sync),
      applier_(
          env, fleet_, ground.driver, options_.applier, std::move(ground.save_before_first_apply),
          [this] { tell_status(); }, [this](const DataPlaneEvent& event) { on_data_plane(event); }),
      writer_(env, fleet_, applier_),
      events_(env),
      api_{env,
           host_.swarm(),
           fleet_,
           sync_,
           applier_,
           writer_,
           events_,
           options_.name,
           options_.version,
           host_.private_network() ? host_.private_network()->fingerprint() : ""},
      join_progress_(env.executor),
      tasks_(env) {}

FleetNode::~FleetNode() = default;

Task<Result<>> FleetNode::start() {
  LIBP2P_CO_CHECK(fleet_.load());
  fleet_.add_observer(*this);
  told_fates_.start();
  sync_.add_listener(*this);
  if (host_.mdns()) {
    host_.mdns()->set_handler(
        [this](const PeerId& peer, const std::vector<Multiaddr>&) { on_discovered(peer); });
  }
  admission_.start();
  LIBP2P_CO_CHECK(co_await host_.start());
  sync_.start();
  applier_.set_address(options_.address.empty() ? own_address(host_.swarm().advertised_addresses())
                                                : std::optional(options_.address));
  applier_.start();
  history_.start();
  tasks_.spawn("node.tick", tick());
  if (options_.join && !joined()) tasks_.spawn("node.join", join());
  co_return Result<>{};
}

Task<> FleetNode::stop() {
  co_await tasks_.stop();
  co_await writer_.stop();
  co_await history_.stop();
  co_await applier_.stop();
  co_await sync_.stop();
  admission_.stop();
  sync_.remove_listener(*this);
  fleet_.remove_observer(*this);
  co_await told_fates_.stop();
  co_await host_.stop();
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
    if (!admitted) warn_if_alone();
    // Once admitted the records come by themselves; until then somebody else may turn up.
    (void)co_await join_progress_.wait_until(env_, env_.now() + (admitted ? std::chrono::seconds(5) : pause));
    pause = std::min<libp2p::Duration>(pause * 2, std::chrono::seconds(5));
  }
}

void FleetNode::warn_if_alone() {
  if (!warn_alone_at_) warn_alone_at_ = env_.now() + alone_at_first;
  if (env_.now() < *warn_alone_at_) return;
  warn_alone_at_ = env_.now() + alone_again;
  std::string tried;
  for (const Multiaddr& address : options_.join->token.addresses) tried += " " + address.to_string();
  env_.log.warn(
      "join.nobody_reached",
      {{"token_addresses", tried.empty() ? "none" : tried.substr(1)},
       {"on_the_lan", join_candidates_.size()},
       {"hint",
        "do the addresses let TCP through, and the LAN UDP 5353 (mDNS)? An `invite` made now has the "
        "addresses of now"}});
}

Task<bool> FleetNode::try_to_join(PeerId peer, std::vector<Multiaddr> addresses) {
  if (gate_.is_member(peer)) co_return true;  // admitted before: the records are on their way
  if (const auto connected = co_await host_.swarm().connect(peer, std::move(addresses)); !connected) {
    env_.log.debug("join.unreachable",
                   {{"peer", peer.short_string()}, {"why", connected.error().to_string()}});
    co_return false;
  }
  warn_alone_at_.reset();
  const auto done = co_await join_through(env_, host_.swarm(), gate_, peer, *options_.join);
  if (!done) {
    env_.log.warn("join.refused", {{"peer", peer.short_string()}, {"why", done.error().why.to_string()}});
    if (done.error().final_refusal) join_refused_ = done.error().why;
    co_return false;
  }
  env_.log.info("join.admitted", {{"by", peer.to_string()}});
  host_.swarm().keep_connected(peer);
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

void FleetNode::on_ruling(const RecordPtr& ruling) {
  events_.add("ruling",
              json::object{{"author", ruling->record.author.to_string()}, {"record", to_cid(ruling->id)}});
}

void FleetNode::on_state_differs(const RecordPtr& anchor) {
  events_.add("state-differs",
              json::object{{"author", anchor->record.author.to_string()}, {"anchor", to_cid(anchor->id)}});
}

void FleetNode::on_status(const PeerId& node) {
  events_.add("node", json::object{{"peer", node.to_string()}});
}

void FleetNode::on_alarm(const Alarm& alarm, bool raised) {
  json::object told = alarm_json(fleet_.charter(), alarm);
  told["raised"] = raised;
  events_.add("alarm", std::move(told));
}

void FleetNode::on_data_plane(const DataPlaneEvent& event) {
  events_.add("dataplane",
              json::object{{"what", to_string(event.kind)},
                           {"generation",
                            event.generation ? json::value(to_hex(*event.generation)) : json::value(nullptr)},
                           {"message", event.message}});
}

}  // namespace starling
