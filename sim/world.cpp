#include "sim/world.hpp"

#include <algorithm>
#include <cstdlib>

#include "starling/fleet/author.hpp"

namespace starling::sim {
namespace {

libp2p::NullLog quiet;

PrivateKey key_number(std::uint64_t number) {
  std::array<std::uint8_t, 32> seed{};
  libp2p::store_be(number + 1, seed.data());
  return PrivateKey::ed25519_from_seed(seed);
}

// 10.77.0.0/16, one address a node.
libp2p::mdns::IpAddress lan_address(std::size_t index) {
  return boost::asio::ip::address_v4(0x0a4d0000U + static_cast<std::uint32_t>(index) + 1);
}
std::size_t index_of(const libp2p::mdns::IpAddress& address) {
  return address.to_v4().to_uint() - 0x0a4d0001U;
}

Multiaddr memory_address(std::size_t index) {
  return *Multiaddr::parse("/memory/" + std::to_string(index + 1));
}

libp2p::HostConfig simulated_network(Env env, libp2p::MemoryNetwork& network, libp2p::mdns::VirtualLan& lan,
                                     std::size_t index) {
  libp2p::HostConfig config;
  config.listen = {memory_address(index)};
  config.byte_transports.push_back(std::make_unique<libp2p::MemoryTransport>(env, network, index + 1));
  config.mdns = libp2p::MdnsConfig{.simulated = true};
  config.multicast = lan.attach({lan_address(index), 16});
  return config;
}

Propose proposal_of(Path path, json::value value) {
  return in_scope(std::string(base_scope),
                  [path = std::move(path), value = std::move(value)](
                      const json::value& present) -> std::expected<Proposal, WriteFault> {
                    Proposal proposal{present, {Edit{std::string(base_scope), path, EditOp::set, value}}};
                    apply_edit(proposal.document, proposal.edits.front());
                    return proposal;
                  });
}

RecordId id_of(const RecordPtr& record) { return record ? record->id : RecordId{}; }

// What two nodes that hold the same records may still see differently.
std::string difference(const Fleet& a, const Fleet& b) {
  const auto same_member = [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.role == y.second.role && x.second.labels == y.second.labels;
  };
  if (!std::ranges::equal(a.charter().members(), b.charter().members(), same_member))
    return " has other members";
  for (const RecordPtr& record : a.log().records()) {
    if (record->record.kind != RecordKind::change) continue;
    // What is settled may be forgotten, and was found to be this or that before (L8).
    if (a.log().is_settled(record->record) || b.log().is_settled(record->record)) continue;
    // Of what a fork made worthless only the proof has to be everywhere (L3).
    if (!b.log().holds(record->id) && !a.log().stands(*record)) continue;
    const ChangeStatus here = a.status_of(record->id);
    const ChangeStatus there = b.status_of(record->id);
    if (here.state == there.state) continue;
    return " has the change " + to_hex(record->id) + " as " + std::string(to_string(here.state)) + " (" +
           here.reason + "), another as " + std::string(to_string(there.state)) + " (" + there.reason + ")";
  }
  return {};
}

}  // namespace

// Writes down what a node tells its observers.
class World::Tracer final : public FleetObserver {
 public:
  Tracer(Bytes& trace, const libp2p::VirtualRuntime& runtime, std::size_t index, std::size_t& forks_told)
      : trace_(trace), runtime_(runtime), index_(static_cast<std::uint8_t>(index)), forks_told_(forks_told) {}

  void on_records(const std::vector<RecordPtr>& records) override {
    for (const RecordPtr& record : records) note(1, record->id.view());
  }
  void on_fork(const RecordPtr& rival) override {
    ++forks_told_;
    note(4, rival->id.view());
  }
  void on_charter_changed() override { note(2, {}); }
  void on_revision_changed() override { note(3, {}); }
  void on_change_state(const RecordId& change, const ChangeStatus& status) override {
    note(static_cast<std::uint8_t>(16 + static_cast<int>(status.state)), change.view());
  }

 private:
  void note(std::uint8_t kind, BytesView what) {
    std::array<std::uint8_t, 8> time{};
    libp2p::store_be(static_cast<std::uint64_t>(runtime_.now().time_since_epoch().count()), time.data());
    libp2p::append(trace_, time);
    trace_.push_back(index_);
    trace_.push_back(kind);
    libp2p::append(trace_, what);
  }
  Bytes& trace_;
  const libp2p::VirtualRuntime& runtime_;
  std::uint8_t index_;
  std::size_t& forks_told_;
};

World::Machine::Machine(Env truth)
    : clock(truth.clock),
      random(truth.random),
      workers(truth.clock, truth.timers),
      env{truth.executor, clock, truth.timers, random, truth.log, workers},
      data_plane(truth) {}
World::Machine::~Machine() = default;

World::World(WorldConfig config, libp2p::Log* log)
    : config_(std::move(config)),
      runtime_(config_.seed, log ? *log : quiet),
      links_(runtime_.env(), config_.link),
      network_(runtime_.env(), &links_),
      lan_(runtime_.env()),
      root_(key_number(1'000'000)),
      tasks_(runtime_.env()) {
  lan_.set_filter([this](const libp2p::mdns::IpAddress& from, const libp2p::mdns::IpAddress& to) {
    return can_hear(index_of(from), index_of(to));
  });
  found();
}

World::~World() {
  runtime_.run(tasks_.stop());
  for (const auto& machine : machines_) {
    if (machine->node) runtime_.run(machine->node->stop());
    machine->node.reset();
    machine->withholder.reset();
  }
}

bool World::can_hear(std::size_t from, std::size_t to) const {
  return from < size() && to < size() && !links_.is_cut(from + 1, to + 1);
}

World::Machine& World::add_machine(std::uint64_t number) {
  machines_.push_back(std::make_unique<Machine>(runtime_.env()));
  Machine& machine = *machines_.back();
  machine.workers.set_latency(config_.disk_latency);
  machine.key = key_number(number);
  return machine;
}

// A token of which `issuer` is to be asked, and the record that root has to sign.
std::pair<JoinRequest, Bytes> World::invite(std::size_t issuer, std::string name) {
  const Env env = runtime_.env();
  JoinToken token{fleet_, peer(issuer), {memory_address(issuer)}, {}};
  env.random.fill(token.seed);
  const auto end = (env.clock.wall() + std::chrono::hours(24)).time_since_epoch().count();
  Bytes body = Invite{
      PeerId::from_public_key(token.invite_key().public_key()),
      Role::operator_,
      static_cast<std::uint64_t>(end),
      1,
      {}}.to_body();
  return {JoinRequest{std::move(token), std::move(name), {}}, std::move(body)};
}

// As `init`, `invite` and `admit` do it: genesis, the founder's grant, and a grant or an invite for each
// other.
void World::found() {
  const Env env = runtime_.env();
  const RecordPtr genesis = *write_genesis(root_, env.random.u64(), env.random.bytes(16), env.clock.wall());
  fleet_ = genesis->id;
  Changelog log(fleet_);
  std::vector<RecordPtr> records{genesis};
  (void)log.ingest(genesis);
  Author author(root_, env.random.u64());
  const auto write = [&](RecordKind kind, Bytes body) {
    records.push_back(
        *author.write({fleet_, log, env.clock.wall(), Hlc{UINT64_MAX}}, kind, fleet_, std::move(body)));
    (void)log.ingest(records.back());
  };
  for (std::size_t i = 0; i < config_.nodes; ++i) {
    Machine& machine = add_machine(i);
    if (i < config_.clock_errors.size()) machine.clock.set_error(config_.clock_errors[i]);
  }
  for (std::size_t i = 0; i < config_.nodes; ++i) {
    const std::string name = "node" + std::to_string(i);
    if (i == 0 || config_.joined) {
      const Role role = i == 1 && config_.admin ? Role::admin : Role::operator_;
      write(RecordKind::grant, Grant{peer(i), role, name, {}, {}}.to_body());
      continue;
    }
    auto [join, body] = invite(0, name);
    write(RecordKind::invite, std::move(body));
    machines_[i]->join = std::move(join);
  }
  for (std::size_t i = 0; i < config_.nodes; ++i) {
    if ((i == 0 || config_.joined) && !machines_[i]->disk.append(records)) std::abort();
  }
}

void World::start(std::size_t index) {
  Machine& machine = *machines_.at(index);
  machine.disk.fail(std::nullopt);
  ++machine.processes;
  NodeOptions options;
  options.name = "node" + std::to_string(index);
  options.version = "simulated";
  options.join = machine.join;
  options.applier.take_fleet = true;
  options.sync.gossip = config_.gossip;
  NodeGround ground{machine.key,
                    fleet_,
                    machine.disk,
                    machine.data_plane,
                    simulated_network(machine.env, network_, lan_, index),
                    [](const json::value&) { return Result<>{}; }};
  machine.random.begin_process(std::exchange(machine.memory, std::nullopt));
  machine.node = std::make_unique<FleetNode>(machine.env, std::move(ground), std::move(options));
  machine.tracer = std::make_unique<Tracer>(trace_, runtime_, index, machine.forks_told);
  machine.node->fleet().add_observer(*machine.tracer);
  const Result<> started = runtime_.run(machine.node->start());
  if (!started)
    throw std::runtime_error("node " + std::to_string(index) + ": " + started.error().to_string());
}

void World::start_all() {
  for (std::size_t i = 0; i < size(); ++i) start(i);
}

void World::crash(std::size_t index) {
  Machine& machine = *machines_.at(index);
  // From this moment on nothing of it reaches the disk or the network; taking it apart is only tidying up.
  machine.disk.fail(Error{Errc::io, "the machine has lost power"});
  network_.silence(index + 1);
  runtime_.run(machine.node->stop());
  machine.node.reset();
  machine.withholder.reset();
}

bool World::run_until(const std::function<bool()>& holds, Duration limit) {
  const libp2p::Instant end = runtime_.now() + limit;
  while (!holds()) {
    if (runtime_.now() >= end) return false;
    run_for(std::chrono::milliseconds(100));
  }
  return true;
}

bool World::run_until_joined(Duration limit) {
  return run_until(
      [this] {
        return std::ranges::all_of(machines_, [](const auto& m) { return !m->node || m->node->joined(); });
      },
      limit);
}

void World::partition(const std::vector<std::size_t>& group) {
  for (const std::size_t inside : group) {
    for (std::size_t other = 0; other < size(); ++other) {
      if (std::ranges::find(group, other) == group.end()) links_.cut(inside + 1, other + 1);
    }
  }
  network_.links_changed();
}

void World::cut_one_way(std::size_t from, std::size_t to) {
  links_.cut_one_way(from + 1, to + 1);
  network_.links_changed();
}

void World::set_link_up(std::size_t a, std::size_t b, bool up) {
  if (up) {
    links_.heal(a + 1, b + 1);
  } else {
    links_.cut(a + 1, b + 1);
  }
  network_.links_changed();
}

void World::heal() {
  links_.heal_all();
  network_.links_changed();
}

void World::set_link(libp2p::LinkQuality quality) {
  links_.set_all(quality);
  network_.links_changed();
}

Task<> World::write_at(std::size_t index, Propose propose,
                       std::function<void(const std::expected<Written, WriteFault>&)> done) {
  FleetNode& node = *machines_.at(index)->node;
  const auto written = co_await node.writer().write(std::move(propose), WriteOptions{});
  done(written);
}

Task<> World::author_at(std::size_t index, RecordKind kind, Bytes body) {
  (void)co_await machines_.at(index)->node->fleet().author(kind, std::move(body));
}

Task<> World::drop_at(std::size_t index, std::chrono::milliseconds keep) {
  (void)co_await machines_.at(index)->node->fleet().drop_covered(keep);
}

Task<> World::write_checkpoint_at(std::size_t index) {
  (void)co_await machines_.at(index)->node->fleet().write_checkpoint();
}

void World::begin_checkpoint(std::size_t index) {
  tasks_.spawn("world.checkpoint", write_checkpoint_at(index));
}

void World::drop_covered(std::size_t index, std::chrono::milliseconds keep) {
  tasks_.spawn("world.drop", drop_at(index, keep));
}

std::optional<Checkpoint> World::next_checkpoint(std::size_t index) {
  auto next = runtime_.run(node(index).fleet().next_checkpoint());
  return next ? std::optional(std::move(*next)) : std::nullopt;
}

void World::begin_proposal(std::size_t index, Propose propose,
                           std::function<void(const std::expected<Written, WriteFault>&)> done) {
  tasks_.spawn("world.write", write_at(index, std::move(propose), std::move(done)));
}

void World::begin_record(std::size_t index, RecordKind kind, Bytes body) {
  tasks_.spawn("world.record", author_at(index, kind, std::move(body)));
}

void World::begin_write(std::size_t index, Path path, json::value value,
                        std::function<void(const std::expected<Written, WriteFault>&)> done) {
  begin_proposal(index, proposal_of(std::move(path), std::move(value)), std::move(done));
}

std::expected<Written, WriteFault> World::write(std::size_t index, Path path, json::value value) {
  std::optional<std::expected<Written, WriteFault>> result;
  runtime_.run(write_at(index, proposal_of(std::move(path), std::move(value)),
                        [&](const std::expected<Written, WriteFault>& written) { result = written; }),
               std::chrono::minutes(1));
  return *result;
}

bool World::in_step() const {
  const Machine* first = nullptr;
  for (const auto& machine : machines_) {
    if (!machine->node) continue;
    if (!first) first = machine.get();
    if (!machine->node->joined() ||
        machine->node->fleet().log().vector() != first->node->fleet().log().vector())
      return false;
  }
  return true;
}

bool World::agreed() const { return disagreement().empty(); }

std::string World::disagreement() const {
  const Machine* first = nullptr;
  for (std::size_t i = 0; i < size(); ++i) {
    const Machine& machine = *machines_[i];
    if (!machine.node) continue;
    const std::string name = "node " + std::to_string(i);
    if (!machine.node->joined()) return name + " has not joined";
    if (!first) first = &machine;
    const Fleet& fleet = machine.node->fleet();
    const Fleet& other = first->node->fleet();
    if (fleet.log().vector() != other.log().vector()) {
      return name + " holds " + std::to_string(fleet.log().size()) + " records, another " +
             std::to_string(other.log().size());
    }
    if (id_of(fleet.checkpoint()) != id_of(other.checkpoint())) return name + " rests on another checkpoint";
    if (fleet.revision() != other.revision()) return name + " is at another revision";
    if (const std::string what = difference(fleet, other); !what.empty()) return name + what;
    const Generation* wanted = machine.node->applier().wanted();
    // What it names may stand in a layer of others (M6): it goes on with what it had, and says so.
    if (fleet.revision() && !wanted) {
      Status status;
      machine.node->applier().fill(status);
      if (status.error.empty()) return name + " can't render what is wanted, and doesn't say so";
    }
    // M10: it goes on with what it had, and says so.
    const bool held = wanted && !has_listeners(wanted->document) && !machine.node->applier().held().empty();
    if (wanted && !held && !same_json(machine.data_plane.running(), wanted->document)) {
      return name + "'s data plane runs something else";
    }
  }
  return {};
}

libp2p::Sha256Digest World::trace_hash() const { return libp2p::sha256(trace_); }

}  // namespace starling::sim
