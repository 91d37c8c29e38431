#include "starling/api/handlers/fleet_handler.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "libp2p/swarm/transport_kind.hpp"
#include "starling/api/change_json.hpp"
#include "starling/api/handlers/alarms_handler.hpp"

namespace starling {
namespace {

json::value clock_offset_json(const ApiContext& context, const PeerId& node) {
  const auto offset = context.sync.clock_offset(node);
  return offset ? json::value(offset->count()) : json::value(nullptr);
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

json::value fact_json(const Status* status, FactKind kind, Duration since_told) {
  if (!status || !status->fact(kind)) return nullptr;
  const Fact& fact = *status->fact(kind);
  return json::object{{"revision", to_hex(fact.revision)},
                      {"age_ms", fact.age.count() + milliseconds(since_told)}};
}

// Those that are used: a member is dialled from both sides at first, and one of the two is let go.
json::array connections_json(const ApiContext& context, const PeerId& peer) {
  json::array connections;
  for (const libp2p::ConnectionInfo& connection : context.swarm.connections(peer)) {
    if (connection.restricted || connection.superseded) continue;
    connections.push_back(json::object{
        {"transport", libp2p::to_string(libp2p::transport_kind(connection.remote))},
        {"security", connection.security},
        {"address", connection.remote.to_string()},
        {"dialled_by", connection.direction == libp2p::Direction::outbound ? "us" : "them"},
        {"rtt_ms", connection.rtt
                       ? json::value(std::chrono::duration<double, std::milli>(*connection.rtt).count())
                       : json::value(nullptr)}});
  }
  return connections;
}

json::object labels_json(const Labels& labels) {
  json::object object;
  for (const auto& [key, value] : labels) object.emplace(key, value);
  return object;
}

// What the node said when it was connected last; null where it never was.
json::value version_json(const ApiContext& context, const PeerId& peer) {
  constexpr std::string_view program = "starling/";
  if (peer == context.fleet.node()) return json::value(context.version);
  const std::string agent = context.swarm.peerstore().agent(peer);
  return agent.starts_with(program) ? json::value(agent.substr(program.size())) : json::value(nullptr);
}

json::object node_json(const ApiContext& context, const Member& member) {
  const bool self = member.peer == context.fleet.node();
  const SeenStatus* seen = context.sync.board().find(member.peer);
  Status own;
  if (self) context.applier.fill(own);
  const Status* status = self ? &own : (seen ? &seen->status : nullptr);
  const Duration since_told = self || !seen ? Duration{} : context.env.now() - seen->at;
  json::object node{{"peer", member.peer.to_string()},
                    {"name", member.name},
                    {"role", to_string(member.role)},
                    {"version", version_json(context, member.peer)},
                    {"encryption_key", libp2p::to_hex(member.encryption_key)},
                    {"labels", labels_json(member.labels)},
                    {"online", context.sync.is_online(member.peer)},
                    {"held", status ? json::value(status->held) : json::value(nullptr)}};
  for (const FactKind kind : fact_kinds) node[to_string(kind)] = fact_json(status, kind, since_told);
  node["error"] = status && !status->error.empty() ? json::value(status->error) : json::value(nullptr);
  node["clock_offset_ms"] = clock_offset_json(context, member.peer);
  node["connections"] = connections_json(context, member.peer);
  node["status_age_ms"] = status ? json::value(milliseconds(since_told)) : json::value(nullptr);
  return node;
}

// QUIC brings a security of its own, and no network key can stand before that.
json::value network_json(const std::string& fingerprint) {
  if (fingerprint.empty()) return nullptr;
  return json::object{{"fingerprint", fingerprint}, {"quic", false}};
}

}  // namespace

HttpResponse get_nodes(const ApiContext& context) {
  json::array nodes;
  for (const auto& [peer, member] : context.fleet.charter().members())
    nodes.push_back(node_json(context, member));
  return json_response(200, json::object{{"nodes", std::move(nodes)}});
}

HttpResponse get_status(const ApiContext& context) {
  const Fleet& fleet = context.fleet;
  const Member* self = fleet.charter().member(fleet.node());
  const auto online = std::ranges::count_if(
      fleet.charter().members(), [&](const auto& entry) { return context.sync.is_online(entry.first); });
  Status own;
  context.applier.fill(own);
  const DataPlaneInfo data_plane = context.applier.driver().info();
  json::array listen;
  for (const libp2p::Multiaddr& address : context.swarm.listen_addresses())
    listen.emplace_back(address.to_string());
  json::array advertised;
  for (const libp2p::Multiaddr& address : context.swarm.advertised_addresses())
    advertised.emplace_back(address.to_string());
  return json_response(
      200, json::object{
               {"fleet", to_cid(fleet.id())},
               {"peer", fleet.node().to_string()},
               {"name", self ? self->name : context.name},
               {"role", self ? json::value(to_string(self->role)) : json::value(nullptr)},
               {"joined", self != nullptr},
               {"version", context.version},
               {"revision", fleet.revision() ? json::value(to_hex(*fleet.revision())) : json::value(nullptr)},
               {"generation", own.generation ? json::value(to_hex(*own.generation)) : json::value(nullptr)},
               {"members", fleet.charter().members().size()},
               {"online", online},
               {"changes", fleet.change_count()},
               {"conflicts", fleet.merged().conflicts.size()},
               {"held", own.held.empty() ? json::value(nullptr) : json::value(own.held)},
               {"error", own.error.empty() ? json::value(nullptr) : json::value(own.error)},
               {"clock_offset_ms", clock_offset_json(context, fleet.node())},
               {"changes_held", fleet.held().size()},
               {"alarms", alarms_json(context)},
               {"data_plane",
                json::object{
                    {"kind", data_plane.kind}, {"version", data_plane.version}, {"where", data_plane.where}}},
               {"private_network", network_json(context.network)},
               {"listen", std::move(listen)},
               {"advertised", std::move(advertised)}});
}

// ---- events ----

namespace {

constexpr Duration keep_alive = std::chrono::seconds(15);

std::string event_text(const std::string& cursor, const Event& event) {
  json::object data{{"time", iso_time(event.time)}, {"data", event.data}};
  return "id: " + cursor + "\nevent: " + event.type + "\ndata: " + json::serialize(data) + "\n\n";
}

// What is no longer kept can't be sent: the watcher should look at everything anew.
std::string gap_text(const std::string& cursor) { return "id: " + cursor + "\nevent: gap\ndata: {}\n\n"; }

Task<> send_events(ApiContext& context, EventLog::Place place, HttpStream& stream) {
  const EventLog& events = context.events;
  if (!co_await stream.write(": connected\n\n")) co_return;
  while (true) {
    if (place.gap && !co_await stream.write(gap_text(events.cursor(place.after)))) co_return;
    for (const Event& event : events.after(place.after)) {
      if (!co_await stream.write(event_text(events.cursor(event.number), event))) co_return;
      place.after = event.number;
    }
    if (!co_await context.events.wait_after(place.after, context.env.now() + keep_alive)) {
      if (!co_await stream.write(": still here\n\n")) co_return;
    }
    place = events.go_on(place.after);
  }
}

}  // namespace

HttpResponse get_events(ApiContext& context, const HttpRequest& request) {
  std::string_view cursor = request.header("last-event-id");
  if (const auto since = request.query.find("since"); cursor.empty() && since != request.query.end())
    cursor = since->second;
  const auto place =
      cursor.empty() ? EventLog::Place{context.events.newest(), false} : context.events.find(cursor);
  if (!place) {
    return problem(400, "bad-cursor", "Bad request.",
                   "since, or Last-Event-ID, is the id of an event, or 0 for all that is kept.");
  }
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.headers["Cache-Control"] = "no-store";
  response.stream = [&context, place = *place](HttpStream& stream) {
    return send_events(context, place, stream);
  };
  return response;
}

// ---- records signed elsewhere ----

HttpResponse get_authoring(const ApiContext& context, const HttpRequest& request) {
  const auto author = request.query.find("author");
  const auto peer = author == request.query.end() ? fail(Errc::parse, "") : PeerId::parse(author->second);
  if (!peer)
    return problem(400, "bad-author", "Bad request.", "author is the peer id of the key that will sign.");
  const AuthoringContext authoring = context.fleet.authoring_context();
  json::array heads;
  for (const RecordPtr& head : own_heads(authoring, *peer)) heads.emplace_back(to_hex(head->id));
  const auto role = context.fleet.charter().role_of(*peer);
  if (!role) return problem(404, "stranger", "Not found.", "That key holds no grant in this fleet.");
  const Member* member = context.fleet.charter().member(*peer);
  return json_response(200,
                       json::object{{"fleet", to_cid(authoring.fleet)},
                                    {"role", to_string(*role)},
                                    {"grant", to_hex(*role == Role::root ? authoring.fleet : member->grant)},
                                    {"clock", std::to_string(authoring.log.latest(authoring.ceiling).value)},
                                    {"heads", std::move(heads)}});
}

Task<HttpResponse> post_record(ApiContext& context, HttpRequest request) {
  auto record = open_record(libp2p::as_bytes(request.body));
  if (!record) co_return problem(400, "bad-record", "Not a record.", record.error().message);
  const RecordId id = (*record)->id;
  if (context.fleet.charter().judge((*record)->record) != Charter::Verdict::valid) {
    co_return problem(403, "not-allowed", "Not allowed.",
                      "The key that signed this record holds no grant for it.");
  }
  const auto accepted = co_await context.fleet.accept({std::move(*record)});
  if (!accepted) co_return problem(500, "store", "It could not be stored.", accepted.error().message);
  if (!accepted->refused.empty())
    co_return problem(400, "refused", "Refused.", accepted->refused.front().second.message);
  if (accepted->waiting > 0) {
    co_return problem(
        409, "not-here", "Not taken.",
        "It is put after records that this node does not hold (any more). It waits in memory for those, "
        "and is taken if they come. If they don't: ask /v1/authoring anew, and sign again.");
  }
  co_return json_response(200, json::object{{"id", to_cid(id)}});
}

}  // namespace starling
