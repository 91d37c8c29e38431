#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/cli/labels.hpp"
#include "starling/cli/log_access.hpp"
#include "starling/cli/table.hpp"

namespace starling {
namespace {

struct LabelArguments {
  Target target;
  std::string node;
  std::vector<std::string> labels;
  std::string key;
};

// The member as it is afterwards.
Result<NamedMember> label(const LabelArguments& arguments) {
  const StateDir state(arguments.target.state);
  LIBP2P_TRY(const std::unique_ptr<LogAccess> access, open_log(arguments.target, state));
  LIBP2P_TRY(NamedMember member, find_member(*access, arguments.node));
  const Labels before = member.labels;
  for (const std::string& text : arguments.labels) LIBP2P_CHECK(set_label(member.labels, text));
  if (member.labels == before) return member;
  LIBP2P_TRY(const PrivateKey key, signing_key(arguments.key, arguments.target));
  LIBP2P_TRY(
      const RecordPtr record,
      add_as_admin(*access, key, RecordKind::labels, MemberLabels{member.peer, member.labels}.to_body(),
                   "can't set labels: that takes the fleet's root key, or an admin's; give it with "
                   "--key FILE"));
  return member;
}

}  // namespace

void add_label(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("label", "set, take away or print the labels of a node");
  auto arguments = std::make_shared<LabelArguments>();
  arguments->target.add_options(*command);
  command->add_option("--key", arguments->key, signing_key_help);
  command->add_option("node", arguments->node, "the node's name, or its peer id")->required();
  command->add_option("labels", arguments->labels, "key=value sets one, key- takes it away");
  command->callback([&context, arguments] {
    const auto member = label(*arguments);
    if (!member) {
      context.exit_code = report(member.error());
      return;
    }
    if (arguments->target.json) {
      json::object labels;
      for (const auto& [key, value] : member->labels) labels.emplace(key, value);
      print_json({{"peer", member->peer.to_string()}, {"name", member->name}, {"labels", std::move(labels)}});
      return;
    }
    std::printf("%s %s\n", member->name.c_str(), to_text(member->labels).c_str());
  });
}

}  // namespace starling
