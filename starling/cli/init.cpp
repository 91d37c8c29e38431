#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/changelog/anchor.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "starling/cli/command.hpp"
#include "starling/cli/invites.hpp"
#include "starling/cli/node_options.hpp"
#include "starling/merge/levels.hpp"
#include "starling/merge/revision.hpp"
#include "starling/model/document.hpp"
#include "starling/model/scope.hpp"

namespace starling {
namespace {

struct Founded {
  FleetId fleet;
  PeerId peer;
  std::string join_operator;
  std::string join_node;
  std::string network;  // the fingerprint of its key, where it is private
};

// The founder's records, in one incarnation of the root key: genesis, this node's grant, and two invites.
class Founding {
 public:
  Founding(const PrivateKey& root, libp2p::Env env) : root_(root), env_(env) {}

  Result<> found() {
    const std::uint64_t incarnation = env_.random.u64();
    const Bytes nonce = env_.random.bytes(16);
    LIBP2P_TRY(RecordPtr genesis, write_genesis(root_, incarnation, nonce, env_.clock.wall()));
    fleet_ = genesis->id;
    log_.emplace(fleet_);
    // Genesis names no fleet and stands alone in its incarnation; what follows opens another one.
    author_.emplace(root_, env_.random.u64());
    return add(std::move(genesis));
  }
  Result<> write(RecordKind kind, Bytes body) {
    const AuthoringContext context{fleet_, *log_, env_.clock.wall(), Hlc{UINT64_MAX}};
    LIBP2P_TRY(RecordPtr record, author_->write(context, kind, fleet_, std::move(body)));
    return add(std::move(record));
  }
  // A new fleet has no history that older rules must hold for (M9).
  Result<> begin_at_level(unsigned level) {
    if (level == first_merge_level) return {};
    // What it covers was folded by the rules before.
    const Anchor anchor{log_->vector(), revision_of(unset_tree(), first_merge_level), level};
    return write(RecordKind::anchor, anchor.to_body());
  }
  [[nodiscard]] const FleetId& fleet() const noexcept { return fleet_; }
  [[nodiscard]] const std::vector<RecordPtr>& records() const noexcept { return records_; }

 private:
  Result<> add(RecordPtr record) {
    const Changelog::Ingested ingested = log_->ingest(record);
    if (ingested.outcome != Changelog::Outcome::added) return std::unexpected(ingested.why);
    records_.push_back(std::move(record));
    return {};
  }

  const PrivateKey& root_;
  libp2p::Env env_;
  FleetId fleet_;
  std::optional<Changelog> log_;
  std::optional<Author> author_;
  std::vector<RecordPtr> records_;
};

Result<Founded> found_fleet(const NodeArguments& arguments, bool in_private, unsigned level) {
  libp2p::NullLog log;
  libp2p::SystemRuntime runtime(log, 1);
  const libp2p::Env env = runtime.env();
  const StateDir state(arguments.state);
  LIBP2P_TRY(NodeConfig config, arguments.config(in_private));
  if (state.holds_node()) return std::unexpected(state.create().error());
  LIBP2P_TRY(const PrivateKey root, PrivateKey::generate(libp2p::KeyType::ed25519, env.random));
  Founding founding(root, env);
  LIBP2P_CHECK(founding.found());
  config.fleet = founding.fleet();
  LIBP2P_TRY(const NewNode node, create_node(state, config, env.random));
  std::optional<PreSharedKey> network_key;
  if (in_private) {
    network_key = PreSharedKey::generate(env.random);
    LIBP2P_CHECK(state.save_network_key(*network_key));
  }

  Founded result{founding.fleet(),
                 PeerId::from_public_key(node.identity.public_key()),
                 {},
                 {},
                 network_key ? network_key->fingerprint() : ""};
  const Grant grant{result.peer, Role::operator_, config.name, node.encryption.public_key, {}};
  LIBP2P_CHECK(founding.write(RecordKind::grant, grant.to_body()));
  LIBP2P_CHECK(founding.begin_at_level(level));
  const std::vector<Multiaddr> addresses = reachable_addresses(config.listen);
  for (const Role role : {Role::operator_, Role::node}) {
    const NewInvite invite = make_invite({role}, env.clock.wall(), env.random);
    LIBP2P_CHECK(founding.write(RecordKind::invite, invite.invite.to_body()));
    (role == Role::operator_ ? result.join_operator : result.join_node) =
        JoinToken{result.fleet, result.peer, addresses, invite.seed, network_key}.to_string();
  }
  LIBP2P_CHECK(save_private_key(state.root_key(), root));
  LIBP2P_TRY(const auto store, SqliteStore::open(state.store()));
  LIBP2P_CHECK(store->append(founding.records()));
  return result;
}

void print(const Founded& founded, bool as_json) {
  if (as_json) {
    const json::object object{{"fleet", to_cid(founded.fleet)},
                              {"peer", founded.peer.to_string()},
                              {"join-operator", founded.join_operator},
                              {"join-node", founded.join_node}};
    std::printf("%s\n", canonical_json(object).c_str());
    return;
  }
  std::printf("fleet %s\npeer %s\njoin-operator %s\njoin-node %s\n", to_cid(founded.fleet).c_str(),
              founded.peer.to_string().c_str(), founded.join_operator.c_str(), founded.join_node.c_str());
}

}  // namespace

void add_init(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("init", "found a fleet on this machine");
  auto arguments = std::make_shared<NodeArguments>();
  auto as_json = std::make_shared<bool>(false);
  auto in_private = std::make_shared<bool>(false);
  arguments->add_options(*command);
  command->add_flag("--private", *in_private,
                    "a network of its own: only who has its key, which tokens carry, gets a byte through");
  command->add_flag("--json", *as_json, "print JSON");
  auto level = std::make_shared<unsigned>(newest_merge_level);
  command->add_option("--merge-level", *level, "1 for a fleet that nodes of older versions are to join")
      ->check(CLI::Range(first_merge_level, newest_merge_level))
      ->capture_default_str();
  command->callback([&context, arguments, as_json, in_private, level] {
    const auto founded = found_fleet(*arguments, *in_private, *level);
    if (!founded) {
      context.exit_code = report(founded.error());
      return;
    }
    print(*founded, *as_json);
    if (!founded->network.empty()) {
      std::fprintf(stderr,
                   "The network is private (fingerprint %s): its key is %s, and every token carries it.\n",
                   founded->network.c_str(), StateDir(arguments->state).network_key().c_str());
    }
    std::fprintf(stderr,
                 "The fleet's root key is %s: move it to a safe place, offline.\n"
                 "Start the node with: starling run --state %s\n",
                 StateDir(arguments->state).root_key().c_str(), arguments->state.c_str());
  });
}

}  // namespace starling
