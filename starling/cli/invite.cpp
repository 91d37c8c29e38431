#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "libp2p/base/system_runtime.hpp"
#include "starling/cli/invites.hpp"
#include "starling/cli/labels.hpp"
#include "starling/cli/log_access.hpp"
#include "starling/cli/table.hpp"

namespace starling {
namespace {

struct InviteArguments {
  Target target;
  std::string role = "node";
  std::uint32_t uses = 1;
  std::string ttl = "1h";
  std::string key;
  std::vector<std::string> labels;
};

// Only who holds the role can let somebody in who is to hold it.
Result<> check_witness(LogAccess& access, Role role, const PeerId& self) {
  LIBP2P_TRY(const std::vector<NamedMember> members, access.members());
  const auto can_admit = [role](const NamedMember& member) { return at_least(member.role, role); };
  const std::string name(to_string(role));
  if (std::ranges::none_of(members, can_admit)) {
    return fail(Errc::refused, "no node holds the role " + name +
                                   ", and only one that does can let another in "
                                   "as such: make one of a member by `starling grant NODE --role " +
                                   name + "`");
  }
  const auto here = std::ranges::find(members, self, &NamedMember::peer);
  if (here == members.end() || !can_admit(*here)) {
    std::fprintf(stderr,
                 "This node itself can't let anybody in with the role %s: the machine has to find one "
                 "that can.\n",
                 name.c_str());
  }
  return {};
}

Result<JoinToken> invite(const InviteArguments& arguments) {
  libp2p::NullLog log;
  libp2p::SystemRuntime runtime(log, 1);
  const libp2p::Env env = runtime.env();
  const auto role = parse_role(arguments.role);
  if (!role || *role == Role::root) {
    return fail(Errc::invalid_argument,
                "--role is admin, operator or node, not " + libp2p::printable(arguments.role));
  }
  LIBP2P_TRY(const std::chrono::milliseconds ttl, parse_ttl(arguments.ttl));
  Labels labels;
  for (const std::string& label : arguments.labels) LIBP2P_CHECK(set_label(labels, label));
  if (arguments.uses == 0) return fail(Errc::invalid_argument, "--uses is at least 1");
  const StateDir state(arguments.target.state);
  LIBP2P_TRY(const std::unique_ptr<LogAccess> access, open_log(arguments.target, state));
  LIBP2P_TRY(const PrivateKey key, signing_key(arguments.key, arguments.target));
  LIBP2P_TRY(const Position position, access->position(PeerId::from_public_key(key.public_key())));
  if (!may_invite(position.role, *role)) {
    return fail(Errc::refused, "a key with the role " + std::string(to_string(position.role)) +
                                   " can't invite for the role " + arguments.role +
                                   ": that takes the fleet's root key; give it with --key FILE");
  }
  LIBP2P_TRY(const PrivateKey identity, state.load_identity());
  const PeerId self = PeerId::from_public_key(identity.public_key());
  LIBP2P_CHECK(check_witness(*access, *role, self));
  const NewInvite made = make_invite({*role, arguments.uses, ttl, labels}, env.clock.wall(), env.random);
  LIBP2P_TRY(const RecordPtr record, sign_at(position, key, RecordKind::invite, made.invite.to_body(), env));
  LIBP2P_TRY(const std::vector<Multiaddr> addresses, access->addresses());
  LIBP2P_TRY(const NodeConfig config, state.load_config());
  LIBP2P_TRY(const std::optional<PreSharedKey> network_key, state.load_network_key(config));
  LIBP2P_CHECK(access->add(record));
  return JoinToken{position.fleet, self, addresses, made.seed, network_key};
}

}  // namespace

void add_invite(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("invite", "print a token that lets a machine join");
  auto arguments = std::make_shared<InviteArguments>();
  arguments->target.state = default_state();
  command->add_option("--state", arguments->target.state, "folder of a node of the fleet")
      ->capture_default_str();
  command
      ->add_option("--role", arguments->role,
                   "admin (see `grant`), operator (may change the fleet) or node (follows it)")
      ->capture_default_str();
  command->add_option("--uses", arguments->uses, "how many machines may join with it")->capture_default_str();
  command->add_option("--ttl", arguments->ttl, "how long it is good for: 90s, 30m, 1h; at most 24h")
      ->capture_default_str();
  command->add_option("--label", arguments->labels,
                      "key=value: a label of the machines that join with it; may be repeated");
  command->add_flag("--json", arguments->target.json, "print JSON");
  command->add_option("--key", arguments->key, signing_key_help);
  command->callback([&context, arguments] {
    const auto token = invite(*arguments);
    if (!token) {
      context.exit_code = report(token.error());
      return;
    }
    if (arguments->target.json) {
      print_json({{"token", token->to_string()}});
    } else {
      std::printf("%s\n", token->to_string().c_str());
    }
  });
}

}  // namespace starling
