#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/cli/table.hpp"

namespace starling {
namespace {

// "n1", and who asked there: "n1/alice".
std::string author_cell(const json::object& change) {
  std::string author = cell(change, "author_name");
  if (author == "-") author = cell(change, "author").substr(0, 16);
  const std::string actor = cell(change, "actor");
  return actor == "-" ? author : author + "/" + actor;
}

std::string what_cell(const json::object& change) {
  constexpr std::size_t wide_enough = 60;
  std::string what = cell(change, "message");
  if (what != "-") return what;
  what.clear();
  for (const json::value& id : list(change, "voids")) {
    if (what.size() > wide_enough) return what + ", …";
    what += (what.empty() ? "voids " : ", ") + libp2p::printable(id.as_string());
  }
  for (const json::value& edit : list(change, "edits")) {
    if (what.size() > wide_enough) return what + ", …";
    what += (what.empty() ? "" : ", ") + cell(edit.as_object(), "op") + " " + place_cell(edit.as_object());
  }
  return what.empty() ? "-" : what;
}

void print_history(const json::object& body) {
  std::vector<Row> rows{{"TIME", "REVISION", "BY", "STATE", "WHAT", "CHANGE"}};
  for (const json::value& value : list(body, "changes")) {
    const json::object& change = value.as_object();
    rows.push_back({cell(change, "time"), cell(change, "revision").substr(0, 8), author_cell(change),
                    cell(change, "state"), what_cell(change), cell(change, "id")});
  }
  print_table(rows);
  if (cell(body, "next") != "-")
    std::fprintf(stderr, "there are more: --after %s\n", cell(body, "next").c_str());
}

void print_places(const char* heading, const json::array& entries) {
  if (entries.empty()) return;
  std::printf("\n%s\n", heading);
  for (const json::value& value : entries) {
    const json::object& entry = value.as_object();
    std::printf("  %s, of %s (%s)\n", place_cell(entry).c_str(), author_cell(entry).c_str(),
                cell(entry, "change").c_str());
  }
}

void print_change(const json::object& change) {
  std::vector<Row> rows{{"change", cell(change, "id")},   {"time", cell(change, "time")},
                        {"by", author_cell(change)},      {"message", cell(change, "message")},
                        {"state", cell(change, "state")}, {"revision", cell(change, "revision")}};
  if (cell(change, "reason") != "-") rows.push_back({"reason", cell(change, "reason")});
  for (const json::value& id : list(change, "voids"))
    rows.push_back({"voids", libp2p::printable(id.as_string())});
  print_table(rows);
  for (const json::value& value : list(change, "conflicts")) {
    const json::object& conflict = value.as_object();
    const bool lost = cell(conflict, "loser") == cell(change, "id");
    std::printf("conflict %s: %s %s %s\n", cell(conflict, "id").c_str(), place_cell(conflict).c_str(),
                lost ? "lost to" : "won over", cell(conflict, lost ? "winner" : "loser").c_str());
  }
  std::printf("\n");
  if (cell(change, "differences_missing") != "-")
    std::printf("What it changed can't be told: %s\n", cell(change, "differences_missing").c_str());
  print_differences(list(change, "differences"));
  print_places("What it took away or replaced:", list(change, "displaced"));
}

void print_diff(const json::object& body) { print_differences(list(body, "differences")); }

void print_blame(const json::object& body) {
  std::vector<Row> rows{{"PATH", "TIME", "BY", "MESSAGE", "CHANGE"}};
  for (const json::value& value : list(body, "leaves")) {
    const json::object& leaf = value.as_object();
    rows.push_back({place_cell(leaf) + (cell(leaf, "removed") == "yes" ? " (removed)" : ""),
                    cell(leaf, "time"), author_cell(leaf), cell(leaf, "message"), cell(leaf, "change")});
  }
  print_table(rows);
}

struct HistoryArguments {
  Target target;
  std::string path;
  std::string scope;
  std::size_t limit = 100;
  std::string after;
  std::string from;
  std::string to = "HEAD";
  std::string change;
  bool removed = false;
};

std::string history_target(const HistoryArguments& arguments) {
  std::string target = "/v1/history?limit=" + std::to_string(arguments.limit);
  if (!arguments.path.empty()) target += "&path=" + percent_encoded(arguments.path);
  if (!arguments.scope.empty()) target += "&scope=" + percent_encoded(arguments.scope);
  if (!arguments.after.empty()) target += "&after=" + percent_encoded(arguments.after);
  return target;
}

std::string blame_target(const HistoryArguments& arguments) {
  std::string target = "/v1/blame?path=" + percent_encoded(arguments.path);
  if (!arguments.scope.empty()) target += "&scope=" + percent_encoded(arguments.scope);
  return target + (arguments.removed ? "&removed=1" : "");
}

using MakeTarget = std::string (*)(const HistoryArguments&);

std::pair<CLI::App*, std::shared_ptr<HistoryArguments>> add_command(CLI::App& app, CommandContext& context,
                                                                    const char* name, const char* what,
                                                                    MakeTarget make_target,
                                                                    void (*print)(const json::object&)) {
  CLI::App* command = app.add_subcommand(name, what);
  auto arguments = std::make_shared<HistoryArguments>();
  arguments->target.add_options(*command);
  command->callback([&context, arguments, make_target, print] {
    context.exit_code = show(arguments->target, make_target(*arguments), print);
  });
  return {command, std::move(arguments)};
}

}  // namespace

void add_history(CLI::App& app, CommandContext& context) {
  auto [history, of_history] =
      add_command(app, context, "history", "the changes, newest first", history_target, print_history);
  history->add_option("--path", of_history->path, "only those that touched this place, or something in it");
  history->add_option("--scope", of_history->scope, "only those of this scope; with --path, base by default");
  history->add_option("--limit", of_history->limit, "so many at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  history->add_option("--after", of_history->after, "only those older than this change: the next page");

  auto [change, of_change] = add_command(
      app, context, "show", "one change: what it did, what it took away, and what became of it",
      [](const HistoryArguments& a) { return "/v1/changes/" + percent_encoded(a.change); }, print_change);
  change->add_option("change", of_change->change, change_help)->required();

  auto [diff, of_diff] = add_command(
      app, context, "diff", "what differs between two points of the history",
      [](const HistoryArguments& a) {
        return "/v1/diff?from=" + percent_encoded(a.from) + "&to=" + percent_encoded(a.to);
      },
      print_diff);
  diff->add_option("from", of_diff->from, "a revision, a change, HEAD or HEAD~N")->required();
  diff->add_option("to", of_diff->to, "the same")->capture_default_str();

  auto [blame, of_blame] = add_command(
      app, context, "blame", "who last changed what stands at a place, and why", blame_target, print_blame);
  blame->add_option("path", of_blame->path, "as /listeners; / is everything")->required();
  blame->add_option("--scope", of_blame->scope, "base by default");
  blame->add_flag("--removed", of_blame->removed, "also what is there no longer");
}

}  // namespace starling
