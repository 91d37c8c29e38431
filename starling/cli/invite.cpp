#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>

#include "starling/changelog/sqlite_store.hpp"
#include "starling/charter/charter.hpp"
#include "starling/cli/command.hpp"
#include "starling/cli/invites.hpp"
#include "starling/cli/node_options.hpp"
#include "starling/model/document.hpp"

namespace starling {
namespace {

struct InviteArguments {
  Target target;
  std::string role = "node";
  std::uint32_t uses = 1;
  std::string ttl = "1h";
  std::string key;
};

// What a record of `author` is to be put after, wherever that was learnt.
struct Position {
  FleetId fleet;
  Role role{};
  RecordId grant;
  Hlc clock;
  std::vector<RecordId> own_heads;
};

// Whoever keeps the log: the daemon while it runs, else the store itself.
class LogAccess {
 public:
  virtual ~LogAccess() = default;
  virtual Result<Position> position(const PeerId& author) = 0;
  virtual Result<> add(const RecordPtr& record) = 0;
  virtual Result<std::vector<Multiaddr>> addresses() = 0;
};

Result<json::object> object_from(const ApiReply& reply) {
  auto body = parse_json(reply.body);
  if (!body || !body->is_object()) return fail(Errc::parse, "the daemon's answer is no JSON object");
  if (reply.status == 200) return std::move(body->get_object());
  const json::value* detail = body->get_object().if_contains("detail");
  return fail(reply.status == 403 || reply.status == 404 ? Errc::refused : Errc::io,
              detail && detail->is_string() ? std::string(detail->get_string())
                                            : "the daemon answered " + std::to_string(reply.status));
}

Result<RecordId> hex_id(const json::value& text) {
  if (!text.is_string()) return fail(Errc::parse, "the daemon's answer lacks an id");
  LIBP2P_TRY(const Bytes bytes, libp2p::from_hex(text.get_string()));
  return RecordId::from_bytes(bytes);
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

class DaemonAccess final : public LogAccess {
 public:
  explicit DaemonAccess(ApiClient client) : client_(std::move(client)) {}

  Result<Position> position(const PeerId& author) override {
    LIBP2P_TRY(const ApiReply reply, client_.request("GET", "/v1/authoring?author=" + author.to_string()));
    LIBP2P_TRY(const json::object object, object_from(reply));
    Position position;
    LIBP2P_TRY(position.fleet, parse_record_id(text_at(object, "fleet")));
    const auto role = parse_role(text_at(object, "role"));
    const std::string clock = text_at(object, "clock");
    const auto [end, error] =
        std::from_chars(clock.data(), clock.data() + clock.size(), position.clock.value);
    const json::value* heads = object.if_contains("heads");
    if (!role || error != std::errc() || !heads || !heads->is_array())
      return fail(Errc::parse, "the daemon's answer is not whole");
    position.role = *role;
    LIBP2P_TRY(position.grant, hex_id(object.at("grant")));
    for (const json::value& head : heads->get_array()) {
      LIBP2P_TRY(const RecordId id, hex_id(head));
      position.own_heads.push_back(id);
    }
    return position;
  }
  Result<> add(const RecordPtr& record) override {
    LIBP2P_TRY(const ApiReply reply,
               client_.request("POST", "/v1/records", libp2p::as_text(record->envelope)));
    LIBP2P_TRY(const json::object ignored, object_from(reply));
    return {};
  }
  Result<std::vector<Multiaddr>> addresses() override {
    LIBP2P_TRY(const ApiReply reply, client_.request("GET", "/v1/status"));
    LIBP2P_TRY(const json::object object, object_from(reply));
    std::vector<Multiaddr> listen;
    const json::value* advertised = object.if_contains("advertised");
    if (!advertised || !advertised->is_array()) return listen;
    for (const json::value& text : advertised->get_array()) {
      if (!text.is_string()) continue;
      if (auto address = Multiaddr::parse(text.get_string())) listen.push_back(address->without_peer());
    }
    return reachable_addresses(listen);
  }

 private:
  ApiClient client_;
};

class StoreAccess final : public LogAccess {
 public:
  StoreAccess(std::unique_ptr<SqliteStore> store, NodeConfig config)
      : store_(std::move(store)), config_(std::move(config)), log_(config_.fleet) {}

  Result<Position> position(const PeerId& author) override {
    LIBP2P_TRY(const Store::Contents contents, store_->load());
    for (const RecordPtr& record : contents.records) {
      if (const auto ingested = log_.ingest(record); ingested.outcome == Changelog::Outcome::refused) {
        return std::unexpected(ingested.why);
      }
    }
    const Charter charter = Charter::evaluate(config_.fleet, contents.records);
    const auto role = charter.role_of(author);
    if (!role) return fail(Errc::refused, "that key holds no grant in this fleet");
    Position position{config_.fleet, *role, config_.fleet, log_.latest(), {}};
    if (*role != Role::root) position.grant = charter.member(author)->grant;
    for (const auto& [chain, head] : log_.vector()) {
      if (chain.author == author && head.seq > 0) position.own_heads.push_back(head.id);
    }
    return position;
  }
  Result<> add(const RecordPtr& record) override { return store_->append({&record, 1}); }
  Result<std::vector<Multiaddr>> addresses() override { return reachable_addresses(config_.listen); }

 private:
  std::unique_ptr<SqliteStore> store_;
  NodeConfig config_;
  Changelog log_;
};

Result<std::unique_ptr<LogAccess>> open_log(const InviteArguments& arguments, const StateDir& state) {
  LIBP2P_TRY(NodeConfig config, state.load_config());
  auto store = SqliteStore::open(state.store());
  if (store) return std::make_unique<StoreAccess>(std::move(*store), std::move(config));
  if (store.error().code != Errc::busy) return std::unexpected(store.error());
  LIBP2P_TRY(ApiClient client, arguments.target.client());
  return std::make_unique<DaemonAccess>(std::move(client));
}

// --key, else the root key if it is still here, else the node's own.
Result<PrivateKey> signing_key(const InviteArguments& arguments, const StateDir& state) {
  if (!arguments.key.empty()) return load_private_key(arguments.key);
  auto root = load_private_key(state.root_key());
  if (root || root.error().code != Errc::not_found) return root;
  return state.load_identity();
}

Result<RecordPtr> sign_invite(const Position& position, const PrivateKey& key, const Invite& invite,
                              libp2p::Env env) {
  Record record;
  record.fleet = position.fleet;
  record.kind = RecordKind::invite;
  record.author = PeerId::from_public_key(key.public_key());
  record.incarnation = env.random.u64();
  record.seq = 1;
  record.parents = position.own_heads;
  std::ranges::sort(record.parents);
  // Incarnations end with the process that opened them: the newest matter most, and the log orders them by
  // clock anyway.
  if (record.parents.size() > max_parents) record.parents.resize(max_parents);
  record.hlc = Hlc::after(position.clock, env.clock.wall());
  record.grant = position.grant;
  record.body = invite.to_body();
  return sign_record(record, key);
}

Result<JoinToken> invite(const InviteArguments& arguments) {
  libp2p::NullLog log;
  libp2p::SystemRuntime runtime(log, 1);
  const libp2p::Env env = runtime.env();
  const auto role = parse_role(arguments.role);
  if (!role || (*role != Role::operator_ && *role != Role::node)) {
    return fail(Errc::invalid_argument,
                "--role is operator or node, not " + libp2p::printable(arguments.role));
  }
  LIBP2P_TRY(const std::chrono::milliseconds ttl, parse_ttl(arguments.ttl));
  if (arguments.uses == 0) return fail(Errc::invalid_argument, "--uses is at least 1");
  const StateDir state(arguments.target.state);
  LIBP2P_TRY(const std::unique_ptr<LogAccess> access, open_log(arguments, state));
  LIBP2P_TRY(const PrivateKey key, signing_key(arguments, state));
  LIBP2P_TRY(const Position position, access->position(PeerId::from_public_key(key.public_key())));
  if (!may_invite(position.role, *role)) {
    return fail(Errc::refused, "a key with the role " + std::string(to_string(position.role)) +
                                   " can't invite for the role " + arguments.role +
                                   ": that takes the fleet's root key; give it with --key FILE");
  }
  const NewInvite made = make_invite({*role, arguments.uses, ttl}, env.clock.wall(), env.random);
  LIBP2P_TRY(const RecordPtr record, sign_invite(position, key, made.invite, env));
  LIBP2P_TRY(const std::vector<Multiaddr> addresses, access->addresses());
  LIBP2P_TRY(const PrivateKey identity, state.load_identity());
  LIBP2P_TRY(const NodeConfig config, state.load_config());
  LIBP2P_TRY(const std::optional<PreSharedKey> network_key, state.load_network_key(config));
  LIBP2P_CHECK(access->add(record));
  return JoinToken{position.fleet, PeerId::from_public_key(identity.public_key()), addresses, made.seed,
                   network_key};
}

}  // namespace

void add_invite(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("invite", "print a token that lets a machine join");
  auto arguments = std::make_shared<InviteArguments>();
  arguments->target.state = default_state();
  command->add_option("--state", arguments->target.state, "folder of a node of the fleet")
      ->capture_default_str();
  command->add_option("--role", arguments->role, "operator (may change the fleet) or node (follows it)")
      ->capture_default_str();
  command->add_option("--uses", arguments->uses, "how many machines may join with it")->capture_default_str();
  command->add_option("--ttl", arguments->ttl, "how long it is good for: 90s, 30m, 1h; at most 24h")
      ->capture_default_str();
  command->add_option("--key", arguments->key,
                      "file of the key to sign with (default: the root key, if it is still here)");
  command->callback([&context, arguments] {
    const auto token = invite(*arguments);
    if (!token) {
      context.exit_code = report(token.error());
      return;
    }
    std::printf("%s\n", token->to_string().c_str());
  });
}

}  // namespace starling
