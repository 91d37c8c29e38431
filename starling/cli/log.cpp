#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/changelog/anchor.hpp"
#include "starling/cli/log_access.hpp"
#include "starling/cli/table.hpp"
#include "starling/fleet/fork_report.hpp"

namespace starling {
namespace {

constexpr const char* key_help =
    "file of the key to sign with, root's or an admin's (default: the root key, if it is still here; else "
    "the "
    "node signs, if it is an admin)";

struct RuleArguments {
  Target target;
  std::string of;
  std::string stands;
  std::string key;
};

struct HeldArguments {
  Target target;
  std::vector<std::string> changes;
};

std::string shown(const json::object& object, std::string_view key) {
  return libp2p::printable(text_at(object, key));
}

void print_fork(const json::object& fork) {
  const std::string name = shown(fork, "author_name");
  const json::value* waiting = fork.if_contains("quarantined");
  const bool waits = waiting && *waiting != 0;
  std::printf("%s\n  by %s, from record %s on; %s%s\n", shown(fork, "chain").c_str(),
              name.empty() ? "an unknown key" : name.c_str(), canonical_json(fork.at("seq")).c_str(),
              text_at(fork, "ruling").empty() ? "not ruled on yet" : "a ruling has been made",
              waits ? (", records that wait for one: " + canonical_json(*waiting)).c_str() : "");
  for (const json::value& value : fork.at("branches").as_array()) {
    const json::object& branch = value.as_object();
    std::printf("  %-11s  %s records, the last %s\n", shown(branch, "standing").c_str(),
                canonical_json(branch.at("records")).c_str(), shown(branch, "last").c_str());
  }
}

Result<json::array> forks_of(const Target& target, const std::string& of) {
  LIBP2P_TRY(const ApiClient client, target.client());
  LIBP2P_TRY(const ApiReply reply,
             client.request("GET", "/v1/forks" + (of.empty() ? "" : "?of=" + percent_encoded(of))));
  LIBP2P_TRY(const json::object object, object_from(reply));
  const json::value* forks = object.if_contains("forks");
  if (!forks || !forks->is_array()) return fail(Errc::parse, "the daemon's answer is not whole");
  return forks->get_array();
}

Result<> show_forks(const Target& target) {
  LIBP2P_TRY(const json::array forks, forks_of(target, ""));
  if (target.json) {
    std::printf("%s\n", canonical_json(json::object{{"forks", forks}}).c_str());
    return {};
  }
  if (forks.empty()) std::printf("no chain is forked\n");
  for (const json::value& fork : forks) print_fork(fork.as_object());
  return {};
}

// Asks the daemon to write; the id of what it wrote.
Result<std::string> post(const Target& target, const std::string& path, std::string_view body = {}) {
  LIBP2P_TRY(const ApiClient client, target.client());
  LIBP2P_TRY(const ApiReply reply, client.request("POST", path, body));
  LIBP2P_TRY(const json::object object, object_from(reply));
  return text_at(object, "id");
}

// Signed by the key in a file, and only passed on by the daemon.
Result<std::string> sign(const Target& target, const PrivateKey& key, RecordKind kind, Bytes body) {
  LIBP2P_TRY(const std::unique_ptr<LogAccess> access, open_log(target, StateDir(target.state)));
  LIBP2P_TRY(const RecordPtr record,
             add_as_admin(*access, key, kind, std::move(body),
                          "may not say that: it takes the fleet's root key, or an admin's"));
  return to_cid(record->id);
}

Result<std::string> rule_by_key(const RuleArguments& arguments, const PrivateKey& key) {
  LIBP2P_TRY(const json::array forks, forks_of(arguments.target, arguments.of));
  if (forks.size() != 1)
    return fail(Errc::not_found, "that chain is not forked: `starling fork show` lists those that are");
  const json::object& fork = forks.front().as_object();
  LIBP2P_TRY(const ChainId chain, find_chain(Changelog(FleetId{}), text_at(fork, "chain")));
  Ruling ruling{chain, fork.at("seq").to_number<std::uint64_t>(), {}};
  if (arguments.stands != "none") {
    LIBP2P_TRY(ruling.stands, parse_record_id(arguments.stands));
    LIBP2P_TRY(const json::array of_named, forks_of(arguments.target, arguments.stands));
    if (of_named.size() != 1 || text_at(of_named.front().as_object(), "chain") != text_at(fork, "chain"))
      return fail(Errc::not_found, arguments.stands + " is no record of that chain. Nothing has changed");
  }
  return sign(arguments.target, key, RecordKind::ruling, ruling.to_body());
}

// What can be no name of a chain or a record is a wrong use of the command; what is unknown the daemon says.
Result<> check_names(const RuleArguments& arguments) {
  const auto chain = find_chain(Changelog(FleetId{}), arguments.of);
  if (!chain && chain.error().code != Errc::not_found) return std::unexpected(chain.error());
  if (arguments.stands == "none") return {};
  const auto stands = parse_record_id(arguments.stands);
  return stands ? Result<>() : std::unexpected(stands.error());
}

Result<std::string> rule(const RuleArguments& arguments) {
  LIBP2P_CHECK(check_names(arguments));
  LIBP2P_TRY(const std::optional<PrivateKey> key, key_at_hand(arguments.key, arguments.target));
  if (key) return rule_by_key(arguments, *key);
  const json::object body{{"of", arguments.of}, {"stands", arguments.stands}};
  return post(arguments.target, "/v1/forks", canonical_json(body));
}

Result<std::string> about_held(const HeldArguments& arguments, const char* verb) {
  std::string ids;
  for (const std::string& change : arguments.changes) {
    LIBP2P_TRY(const RecordId id, parse_record_id(change));
    ids += (ids.empty() ? "" : ",") + to_cid(id);
  }
  return post(arguments.target, "/v1/changes/" + ids + "/" + verb);
}

void finish(CommandContext& context, const Target& target, const Result<std::string>& id) {
  if (id && target.json) {
    print_json({{"id", *id}});
  } else if (id) {
    std::printf("%s\n", libp2p::printable(*id).c_str());
  } else {
    context.exit_code = report(id.error());
  }
}

void add_fork(CLI::App& app, CommandContext& context) {
  CLI::App* fork = app.add_subcommand("fork", "chains whose author wrote two records with one number");
  fork->require_subcommand(1);
  CLI::App* show = fork->add_subcommand("show", "which chains are forked, and what stands of them");
  auto target = std::make_shared<Target>();
  target->add_options(*show);
  show->callback([&context, target] {
    if (const auto done = show_forks(*target); !done) context.exit_code = report(done.error());
  });
  CLI::App* command =
      fork->add_subcommand("rule", "say which side of a fork stands; the rest is void for ever");
  auto arguments = std::make_shared<RuleArguments>();
  arguments->target.add_options(*command);
  command->add_option("chain", arguments->of, "the chain, or any record of it")->required();
  command->add_option("--stands", arguments->stands, "the last record that stands, or none")->required();
  command->add_option("--key", arguments->key, key_help);
  command->callback([&context, arguments] { finish(context, arguments->target, rule(*arguments)); });
}

void add_about_held(CLI::App& app, CommandContext& context, const char* verb, const char* what) {
  CLI::App* command = app.add_subcommand(verb, what);
  auto arguments = std::make_shared<HeldArguments>();
  arguments->target.add_options(*command);
  command->add_option("changes", arguments->changes, "ids of held changes")->required();
  command->callback(
      [&context, arguments, verb] { finish(context, arguments->target, about_held(*arguments, verb)); });
}

struct Anchoring {
  const char* verb;
  const char* what;
  const char* path;
  RecordKind kind;
};

struct AnchorArguments {
  Target target;
  std::string key;
};

Result<std::string> write_anchor(const AnchorArguments& arguments, const Anchoring& anchoring) {
  LIBP2P_TRY(const std::optional<PrivateKey> key, key_at_hand(arguments.key, arguments.target));
  if (!key) return post(arguments.target, anchoring.path);
  LIBP2P_TRY(const ApiClient client, arguments.target.client());
  LIBP2P_TRY(const ApiReply reply, client.request("GET", std::string(anchoring.path) + "/next"));
  LIBP2P_TRY(const json::object object, object_from(reply));
  LIBP2P_TRY(Bytes body, libp2p::from_hex(text_at(object, "body")));
  return sign(arguments.target, *key, anchoring.kind, std::move(body));
}

void add_anchoring(CLI::App& app, CommandContext& context, const Anchoring& anchoring) {
  CLI::App* command = app.add_subcommand(anchoring.verb, anchoring.what);
  auto arguments = std::make_shared<AnchorArguments>();
  arguments->target.add_options(*command);
  command->add_option("--key", arguments->key, key_help);
  command->callback([&context, arguments, anchoring] {
    finish(context, arguments->target, write_anchor(*arguments, anchoring));
  });
}

}  // namespace

void add_log(CLI::App& app, CommandContext& context) {
  add_fork(app, context);
  add_about_held(app, context, "discard",
                 "make held changes, and what descends from them, void on every node");
  add_about_held(app, context, "repropose", "the same, and say what they said again, as of now");
  add_anchoring(app, context,
                {"anchor", "say that what is here stands, whatever fork is proven later", "/v1/anchors",
                 RecordKind::anchor});
  add_anchoring(app, context,
                {"checkpoint", "the same with the state, so that old records can be forgotten",
                 "/v1/checkpoints", RecordKind::checkpoint});
}

}  // namespace starling
