#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "starling/cli/command.hpp"
#include "starling/cli/event_stream.hpp"
#include "starling/cli/table.hpp"

namespace starling {
namespace {

struct EventsArguments {
  Target target;
  std::string since;
};

void print_event(const ToldEvent& event, bool as_json) {
  constexpr std::size_t longest = 4096;
  const auto told = parse_json(event.data);
  const json::object body = told && told->is_object() ? told->get_object() : json::object();
  const json::value* data = body.if_contains("data");
  if (as_json) {
    json::object line = body;
    line["id"] = event.id;
    line["event"] = event.type;
    std::printf("%s\n", canonical_json(line).c_str());
  } else if (event.type == "gap") {
    std::printf("%s  gap: something is not kept any more; look at everything anew\n",
                libp2p::printable(event.id).c_str());
  } else {
    std::printf("%s  %s  %s  %s\n", libp2p::printable(event.id).c_str(), cell(body, "time").c_str(),
                libp2p::printable(event.type).c_str(),
                data ? libp2p::printable(canonical_json(*data), longest).c_str() : "-");
  }
  // Whoever reads them from a pipe waits for each.
  std::fflush(stdout);
}

ExitCode follow_events(const EventsArguments& arguments) {
  const auto client = arguments.target.client();
  if (!client) return report(client.error());
  EventStream stream;
  std::string last = arguments.since;
  bool answered = false;
  const auto ended = client->follow("/v1/events" + (last.empty() ? "" : "?since=" + percent_encoded(last)),
                                    [&](std::string_view part) {
                                      answered = true;
                                      for (const ToldEvent& event : stream.take(part)) {
                                        print_event(event, arguments.target.json);
                                        last = event.id;
                                      }
                                    });
  if (ended && ended->status != 200) return report(*ended);
  if (!ended && !answered) return report(ended.error());
  std::fprintf(stderr, "starling: the daemon tells no more; `starling events --since %s` goes on from here\n",
               last.empty() ? "0" : libp2p::printable(last).c_str());
  return ExitCode::error;
}

}  // namespace

void add_events(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand("events", "what happens, line by line, until it is interrupted");
  auto arguments = std::make_shared<EventsArguments>();
  arguments->target.add_options(*command);
  command->add_option("--since", arguments->since,
                      "the id of the last event that was seen; 0: all that are kept (default: from now on)");
  command->callback([&context, arguments] { context.exit_code = follow_events(*arguments); });
}

}  // namespace starling
