#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "starling/cli/command.hpp"
#include "starling/cli/table.hpp"
#include "starling/fleet/discards.hpp"

namespace starling {
namespace {

constexpr std::size_t longest_message = 1024;

std::string age(std::int64_t ms) {
  if (ms < 1000) return std::to_string(ms) + "ms";
  if (ms < 60'000) return std::to_string(ms / 1000) + "s";
  if (ms < 3'600'000) return std::to_string(ms / 60'000) + "m";
  return std::to_string(ms / 3'600'000) + "h";
}

std::string fact_cell(const json::object& node, std::string_view key) {
  const json::value* fact = node.if_contains(key);
  if (!fact || !fact->is_object()) return "-";
  const json::value* since = fact->get_object().if_contains("age_ms");
  const std::int64_t ms = since && since->is_int64() ? since->get_int64() : 0;
  return cell(fact->get_object(), "revision").substr(0, 8) + " " + age(ms);
}

std::string network_cell(const json::object& status) {
  const json::value* network = status.if_contains("private_network");
  if (network == nullptr || !network->is_object()) return "no";
  const json::object& told = network->get_object();
  const json::value* quic = told.if_contains("quic");
  const bool has_quic = quic != nullptr && quic->is_bool() && quic->get_bool();
  return "yes (fingerprint " + cell(told, "fingerprint") + "), QUIC " + (has_quic ? "on" : "off");
}

std::int64_t number_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_int64() ? value->get_int64() : 0;
}

// Empty while a clock is as right as it has to be; of an offset from the clock to the fleet's.
std::string clock_trouble(const json::object& node) {
  const std::int64_t behind_ms = number_at(node, "clock_offset_ms");
  if (std::abs(behind_ms) <= std::chrono::milliseconds(clock_tolerance).count()) return {};
  return "its clock is " + age(std::abs(behind_ms)) +
         (behind_ms < 0 ? " ahead of the fleet's" : " behind the fleet's");
}

// "held: n2, bafk…, for 5m"
std::string alarm_line(const json::object& alarm) {
  std::string text = cell(alarm, "kind") + ": ";
  const std::string name = cell(alarm, "name");
  text += name != "-" ? name : cell(alarm, "peer");
  if (const std::string what = text_at(alarm, "what"); !what.empty()) text += ", " + libp2p::printable(what);
  return text + ", for " + age(number_at(alarm, "age_ms"));
}

void add_alarms(const json::object& status, std::vector<Row>& rows) {
  constexpr std::size_t most = 10;
  const json::array& alarms = list(status, "alarms");
  for (std::size_t i = 0; i < std::min(alarms.size(), most); ++i)
    rows.push_back({"alarm", alarm_line(alarms[i].as_object())});
  if (alarms.size() > most)
    rows.push_back({"alarm", "and " + std::to_string(alarms.size() - most) + " more: starling alarms"});
}

void print_alarms(const json::object& body) {
  const json::array& alarms = list(body, "alarms");
  if (alarms.empty()) std::printf("no alarm stands\n");
  for (const json::value& value : alarms) {
    const json::object& alarm = value.as_object();
    std::printf("%s\n  %s\n", alarm_line(alarm).c_str(),
                libp2p::printable(text_at(alarm, "message"), longest_message).c_str());
  }
}

void print_status(const json::object& status) {
  std::vector<Row> rows{{"fleet", cell(status, "fleet")},
                        {"node", cell(status, "name") + " (" + cell(status, "peer") + ")"},
                        {"role", cell(status, "role")},
                        {"joined", cell(status, "joined")},
                        {"private network", network_cell(status)},
                        {"members", cell(status, "online") + " of " + cell(status, "members") + " online"},
                        {"revision", cell(status, "revision")},
                        {"changes", cell(status, "changes")},
                        {"conflicts", cell(status, "conflicts")},
                        {"held changes", cell(status, "changes_held")},
                        {"held", cell(status, "held")},
                        {"error", cell(status, "error")}};
  if (const std::string clock = clock_trouble(status); !clock.empty()) rows.push_back({"clock", clock});
  add_alarms(status, rows);
  print_table(rows);
}

// "quic 0.4ms"; of several connections the first.
std::string via(const json::object& node) {
  const json::array& connections = list(node, "connections");
  if (connections.empty() || !connections.front().is_object()) return "-";
  const json::object& connection = connections.front().get_object();
  std::string text = cell(connection, "transport");
  const json::value* rtt = connection.if_contains("rtt_ms");
  if (rtt && rtt->is_double()) {
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), " %.1fms", rtt->get_double());
    text += number.data();
  }
  return text;
}

// "site=syd,tier=edge"
std::string labels_cell(const json::object& node) {
  const json::value* labels = node.if_contains("labels");
  if (!labels || !labels->is_object() || labels->get_object().empty()) return "-";
  std::string text;
  for (const auto& [key, value] : labels->get_object()) {
    if (!text.empty()) text += ',';
    text += libp2p::printable(key) + '=';
    if (value.is_string()) text += libp2p::printable(value.get_string());
  }
  return text;
}

std::string trouble_cell(const json::object& node) {
  if (const std::string error = cell(node, "error"); error != "-") return error;
  const std::string clock = clock_trouble(node);
  return clock.empty() ? cell(node, "held") : clock;
}

void print_nodes(const json::object& body) {
  std::vector<Row> rows{
      {"NAME", "ROLE", "VERSION", "LABELS", "ONLINE", "VIA", "RECEIVED", "APPLIED", "HEALTHY", "TROUBLE"}};
  for (const json::value& value : list(body, "nodes")) {
    const json::object& node = value.as_object();
    rows.push_back({cell(node, "name"), cell(node, "role"), cell(node, "version"), labels_cell(node),
                    cell(node, "online"), via(node), fact_cell(node, "received"), fact_cell(node, "applied"),
                    fact_cell(node, "healthy"), trouble_cell(node)});
  }
  print_table(rows);
}

void print_anchors(const json::object& body) {
  std::vector<Row> rows{{"TIME", "KIND", "BY", "RECORDS", "REVISION", "ANCHOR"}};
  for (const json::value& value : list(body, "anchors")) {
    const json::object& anchor = value.as_object();
    const std::string author = cell(anchor, "author_name");
    rows.push_back({cell(anchor, "time"),
                    cell(anchor, "kind") + (cell(anchor, "is_base") == "yes" ? " (base)" : ""),
                    author == "-" ? cell(anchor, "author").substr(0, 16) : author, cell(anchor, "records"),
                    cell(anchor, "revision").substr(0, 8), cell(anchor, "id")});
  }
  print_table(rows);
}

struct View {
  const char* name;
  const char* what;
  const char* target;
  void (*print)(const json::object&);
};
constexpr std::array views{
    View{"status", "this node and its fleet, in short", "/v1/status", print_status},
    View{"nodes", "every member: online, and what it has received, applied and runs", "/v1/nodes",
         print_nodes},
    View{"alarms", "what needs somebody now, since when, and what to do", "/v1/alarms", print_alarms},
    View{"anchors", "the anchors and checkpoints that count, newest first; (base): what the fold begins with",
         "/v1/anchors", print_anchors},
};

}  // namespace

void add_views(CLI::App& app, CommandContext& context) {
  for (const View& view : views) {
    CLI::App* command = app.add_subcommand(view.name, view.what);
    auto target = std::make_shared<Target>();
    target->add_options(*command);
    command->callback(
        [&context, &view, target] { context.exit_code = show(*target, view.target, view.print); });
  }
}

}  // namespace starling
