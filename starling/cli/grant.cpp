#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/cli/log_access.hpp"
#include "starling/cli/table.hpp"

namespace starling {
namespace {

struct GrantArguments {
  Target target;
  std::string node;
  std::string role;
  std::string key;
};

Result<Role> grantable_role(const std::string& text) {
  const auto role = parse_role(text);
  if (!role || (*role != Role::admin && *role != Role::operator_))
    return fail(Errc::invalid_argument, "--role is admin or operator, not " + libp2p::printable(text));
  return *role;
}

Result<> may_grant(const Position& position, Role role) {
  if (at_least(position.role, Role::admin) && senior(position.role, role)) return {};
  return fail(Errc::refused,
              "a key with the role " + std::string(to_string(position.role)) + " can't grant the role " +
                  std::string(to_string(role)) + ": that takes " +
                  (role == Role::admin ? "the fleet's root key" : "root's key, or an admin's") +
                  "; give it with --key FILE");
}

// The member as it is afterwards. It keeps its name, its keys and its labels.
Result<NamedMember> grant(const GrantArguments& arguments) {
  LIBP2P_TRY(const Role role, grantable_role(arguments.role));
  LIBP2P_TRY(const std::unique_ptr<LogAccess> access,
             open_log(arguments.target, StateDir(arguments.target.state)));
  LIBP2P_TRY(NamedMember member, find_member(*access, arguments.node));
  if (at_least(member.role, role)) return member;
  LIBP2P_TRY(const PrivateKey key, signing_key(arguments.key, arguments.target));
  LIBP2P_TRY(const Position position, access->position(PeerId::from_public_key(key.public_key())));
  LIBP2P_CHECK(may_grant(position, role));
  const Grant body{member.peer, role, member.name, member.encryption_key, member.labels};
  LIBP2P_CHECK(add_at(*access, position, key, RecordKind::grant, body.to_body()));
  member.role = role;
  return member;
}

}  // namespace

void add_grant(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("grant", "give a node of the fleet a more senior role");
  auto arguments = std::make_shared<GrantArguments>();
  arguments->target.add_options(*command);
  command->add_option("node", arguments->node, "the node's name, or its peer id")->required();
  command
      ->add_option(
          "--role", arguments->role,
          "admin (labels, anchors, checkpoints, rulings, invites) or operator (may change the fleet)")
      ->required();
  command->add_option("--key", arguments->key, signing_key_help);
  command->callback([&context, arguments] {
    const auto member = grant(*arguments);
    if (!member) {
      context.exit_code = report(member.error());
    } else if (arguments->target.json) {
      print_json(
          {{"peer", member->peer.to_string()}, {"name", member->name}, {"role", to_string(member->role)}});
    } else {
      std::printf("%s %s\n", member->name.c_str(), std::string(to_string(member->role)).c_str());
    }
  });
}

}  // namespace starling
