#include "starling/cli/log_access.hpp"

#include <algorithm>
#include <charconv>

#include "libp2p/base/system_runtime.hpp"
#include "starling/changelog/sqlite_store.hpp"
#include "starling/cli/node_options.hpp"
#include "starling/model/document.hpp"

namespace starling {
namespace {

Result<RecordId> hex_id(const json::value& text) {
  if (!text.is_string()) return fail(Errc::parse, "the daemon's answer lacks an id");
  LIBP2P_TRY(const Bytes bytes, libp2p::from_hex(text.get_string()));
  return RecordId::from_bytes(bytes);
}

Result<NamedMember> member_from(const json::value& value) {
  const json::object* node = value.if_object();
  if (!node) return fail(Errc::parse, "the daemon's answer is not whole");
  NamedMember member;
  LIBP2P_TRY(member.peer, PeerId::parse(text_at(*node, "peer")));
  member.name = text_at(*node, "name");
  const auto role = parse_role(text_at(*node, "role"));
  if (!role) return fail(Errc::parse, "the daemon's answer is not whole");
  member.role = *role;
  LIBP2P_TRY(const Bytes sealing, libp2p::from_hex(text_at(*node, "encryption_key")));
  if (sealing.size() != member.encryption_key.size())
    return fail(Errc::parse, "the daemon's answer is not whole");
  std::ranges::copy(sealing, member.encryption_key.begin());
  const json::value* labels = node->if_contains("labels");
  if (!labels || !labels->is_object()) return member;
  for (const auto& [key, label] : labels->get_object()) {
    if (label.is_string()) member.labels.insert_or_assign(std::string(key), std::string(label.get_string()));
  }
  return member;
}

class DaemonAccess final : public LogAccess {
 public:
  explicit DaemonAccess(ApiClient client) : client_(std::move(client)) {}

  Result<Position> position(const PeerId& author) override {
    LIBP2P_TRY(const ApiReply reply, client_.request("GET", "/v1/authoring?author=" + author.to_string()));
    // To whoever would sign, a key that nobody knows is one that may not.
    if (reply.status == 404) return fail(Errc::refused, "that key holds no grant in this fleet");
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
  Result<std::vector<NamedMember>> members() override {
    LIBP2P_TRY(const ApiReply reply, client_.request("GET", "/v1/nodes"));
    LIBP2P_TRY(const json::object object, object_from(reply));
    std::vector<NamedMember> members;
    const json::value* nodes = object.if_contains("nodes");
    if (!nodes || !nodes->is_array()) return fail(Errc::parse, "the daemon's answer is not whole");
    for (const json::value& node : nodes->get_array()) {
      LIBP2P_TRY(NamedMember member, member_from(node));
      members.push_back(std::move(member));
    }
    return members;
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

  Result<> load() {
    LIBP2P_TRY(const Store::Contents contents, store_->load());
    for (const RecordPtr& record : contents.records) {
      if (const auto ingested = log_.restore(record); ingested.outcome == Changelog::Outcome::refused) {
        return std::unexpected(ingested.why);
      }
    }
    charter_ = Charter::evaluate(config_.fleet, contents.records);
    return {};
  }
  Result<Position> position(const PeerId& author) override {
    const auto role = charter_.role_of(author);
    if (!role) return fail(Errc::refused, "that key holds no grant in this fleet");
    Position position{config_.fleet, *role, config_.fleet, log_.latest(), {}};
    if (*role != Role::root) position.grant = charter_.member(author)->grant;
    for (const auto& [chain, head] : log_.vector()) {
      if (chain.author == author && head.seq > 0) position.own_heads.push_back(head.id);
    }
    return position;
  }
  Result<std::vector<NamedMember>> members() override {
    std::vector<NamedMember> members;
    for (const auto& [peer, member] : charter_.members())
      members.push_back({peer, member.name, member.role, member.encryption_key, member.labels});
    return members;
  }
  Result<> add(const RecordPtr& record) override { return store_->append({&record, 1}); }
  Result<std::vector<Multiaddr>> addresses() override { return reachable_addresses(config_.listen); }

 private:
  std::unique_ptr<SqliteStore> store_;
  NodeConfig config_;
  Changelog log_;
  Charter charter_;
};

}  // namespace

Result<json::object> object_from(const ApiReply& reply) {
  auto body = parse_json(reply.body);
  if (!body || !body->is_object()) return fail(Errc::parse, "the daemon's answer is no JSON object");
  if (reply.status == 200) return std::move(body->get_object());
  const json::value* detail = body->get_object().if_contains("detail");
  const bool malformed = reply.status == 400 && text_at(body->get_object(), "title") == "Bad request.";
  const Errc code = malformed             ? Errc::invalid_argument
                    : reply.status == 403 ? Errc::refused
                    : reply.status == 404 ? Errc::not_found
                                          : Errc::io;
  return fail(code, detail && detail->is_string() ? std::string(detail->get_string())
                                                  : "the daemon answered " + std::to_string(reply.status));
}

Result<std::unique_ptr<LogAccess>> open_log(const Target& target, const StateDir& state) {
  if (!target.api.empty()) {
    LIBP2P_TRY(ApiClient client, target.client());
    return std::make_unique<DaemonAccess>(std::move(client));
  }
  LIBP2P_TRY(NodeConfig config, state.load_config());
  auto store = SqliteStore::open(state.store());
  if (store) {
    auto access = std::make_unique<StoreAccess>(std::move(*store), std::move(config));
    LIBP2P_CHECK(access->load());
    return access;
  }
  if (store.error().code != Errc::busy) return std::unexpected(store.error());
  LIBP2P_TRY(ApiClient client, target.client());
  return std::make_unique<DaemonAccess>(std::move(client));
}

Result<NamedMember> find_member(LogAccess& access, const std::string& node) {
  LIBP2P_TRY(const std::vector<NamedMember> members, access.members());
  const auto found = std::ranges::find_if(members, [&](const NamedMember& member) {
    return member.name == node || member.peer.to_string() == node;
  });
  if (found == members.end())
    return fail(Errc::not_found,
                "no node is called " + libp2p::printable(node) + ": `starling nodes` lists them");
  return *found;
}

Result<std::optional<PrivateKey>> key_at_hand(const std::string& file, const Target& target) {
  if (!file.empty()) {
    LIBP2P_TRY(const Bytes contents, read_argument(file));
    auto key = PrivateKey::from_protobuf(contents);
    if (!key) return fail(Errc::invalid_argument, file + ": " + key.error().message);
    return std::move(*key);
  }
  if (!target.api.empty()) return std::nullopt;
  auto root = load_private_key(StateDir(target.state).root_key());
  if (root) return std::move(*root);
  if (root.error().code != Errc::not_found) return std::unexpected(root.error());
  return std::nullopt;
}

Result<PrivateKey> signing_key(const std::string& file, const Target& target) {
  LIBP2P_TRY(std::optional<PrivateKey> key, key_at_hand(file, target));
  if (key) return std::move(*key);
  if (!target.api.empty())
    return fail(Errc::invalid_argument, "with --api it takes --key FILE: the key to sign with");
  return StateDir(target.state).load_identity();
}

Result<RecordPtr> sign_at(const Position& position, const PrivateKey& key, RecordKind kind, Bytes body,
                          libp2p::Env env) {
  Record record;
  record.fleet = position.fleet;
  record.kind = kind;
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
  record.body = std::move(body);
  return sign_record(record, key);
}

Result<RecordPtr> add_at(LogAccess& access, const Position& position, const PrivateKey& key, RecordKind kind,
                         Bytes body) {
  libp2p::NullLog log;
  libp2p::SystemRuntime runtime(log, 1);
  LIBP2P_TRY(RecordPtr record, sign_at(position, key, kind, std::move(body), runtime.env()));
  LIBP2P_CHECK(access.add(record));
  return record;
}

Result<RecordPtr> add_as_admin(LogAccess& access, const PrivateKey& key, RecordKind kind, Bytes body,
                               std::string_view else_what) {
  LIBP2P_TRY(const Position position, access.position(PeerId::from_public_key(key.public_key())));
  if (!at_least(position.role, Role::admin)) {
    return fail(Errc::refused, "a key with the role " + std::string(to_string(position.role)) + " " +
                                   std::string(else_what));
  }
  return add_at(access, position, key, kind, std::move(body));
}

}  // namespace starling
