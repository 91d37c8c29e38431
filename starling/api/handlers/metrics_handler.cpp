#include "starling/api/handlers/metrics_handler.hpp"

#include <algorithm>
#include <cstdlib>

namespace starling {
namespace {

using libp2p::GossipsubCounters;
using libp2p::PrometheusText;

void write_node(const NodeMetrics& metrics, PrometheusText& out) {
  out.gauge("starling_build_info", "1, with the version that runs.");
  out.sample(1, {{"version", metrics.version}});
  out.gauge("starling_joined", "1 once this node is a member of its fleet.", metrics.joined ? 1 : 0);
  out.gauge("starling_members", "Members of the fleet, this node too.", metrics.members);
  out.gauge("starling_members_online", "Members that this node sees online.", metrics.online);
  out.gauge("starling_records", "Signed records that this node holds.", metrics.records);
  out.gauge("starling_changes", "Changes that this node has, be they part of the document or not.",
            metrics.changes);
  out.gauge("starling_changes_held", "Changes whose clock is too far ahead of the fleet's to count yet.",
            metrics.changes_held);
  out.gauge("starling_conflicts", "Conflicts between changes that nobody has settled.", metrics.conflicts);
  out.gauge("starling_revision_applied", "1 while the data plane runs what the fleet has agreed on.",
            metrics.applied ? 1 : 0);
  out.gauge("starling_held", "1 while something holds this node back from applying.", metrics.held ? 1 : 0);
  out.gauge("starling_apply_failing", "1 while the last apply has failed.", metrics.failing ? 1 : 0);
  out.gauge("starling_clock_offset_milliseconds",
            "How far this node's clock is from the fleet's, either way.", metrics.clock_offset_ms);
  out.gauge("starling_alarms", "Alarms that stand, by kind.");
  for (const auto& [kind, count] : metrics.alarms) out.sample(count, {{"kind", to_string(kind)}});
  out.counter("starling_events_total", "Events told to whoever watches.", metrics.events);
}

void write_gossip(const GossipsubCounters& gossip, PrometheusText& out) {
  out.counter("libp2p_gossipsub_published_total", "Messages of our own.", gossip.published);
  out.counter("libp2p_gossipsub_delivered_total", "Messages of others, new and accepted.", gossip.delivered);
  out.counter("libp2p_gossipsub_sent_total", "Copies of messages sent.", gossip.sent);
  out.counter("libp2p_gossipsub_dropped_total", "Messages that were not delivered, by reason.");
  out.sample(gossip.duplicates, {{"reason", "duplicate"}});
  out.sample(gossip.invalid, {{"reason", "invalid"}});
  out.sample(gossip.rejected, {{"reason", "rejected"}});
  out.sample(gossip.ignored, {{"reason", "ignored"}});
  out.sample(gossip.unknown_topic, {{"reason", "unknown_topic"}});
  out.counter("libp2p_gossipsub_rpcs_total", "RPCs of others.", gossip.rpcs_in);
  out.counter("libp2p_gossipsub_rpcs_refused_total", "RPCs of others that broke a rule or a limit.",
              gossip.rpcs_refused);
  out.counter("libp2p_gossipsub_mesh_changes_total", "Grafts and prunes, sent and taken.");
  out.sample(gossip.grafts_sent, {{"change", "graft"}, {"direction", "sent"}});
  out.sample(gossip.grafts_taken, {{"change", "graft"}, {"direction", "taken"}});
  out.sample(gossip.prunes_sent, {{"change", "prune"}, {"direction", "sent"}});
  out.sample(gossip.prunes_taken, {{"change", "prune"}, {"direction", "taken"}});
  out.counter("libp2p_gossipsub_penalties_total", "Misbehaviour that was held against a peer.",
              gossip.penalties);
  out.counter("libp2p_gossipsub_slow_peers_total", "Links given up since they took nothing any more.",
              gossip.peers_dropped);
}

}  // namespace

namespace {

// Each kind is told of, also where none stands: a series that comes and goes can't be alerted on.
std::map<Alarm::Kind, std::size_t> alarm_counts(const ApiContext& context) {
  std::map<Alarm::Kind, std::size_t> counts;
  for (const Alarm::Kind kind : alarm_kinds) counts[kind] = 0;
  for (const auto& [alarm, since] : context.sync.alarms().standing()) ++counts[alarm.kind];
  return counts;
}

}  // namespace

std::string prometheus_text(const NodeMetrics& metrics) {
  PrometheusText out;
  write_node(metrics, out);
  libp2p::write_metrics(metrics.network, out);
  write_gossip(metrics.gossip, out);
  return out.text();
}

HttpResponse get_metrics(const ApiContext& context) {
  const Fleet& fleet = context.fleet;
  const auto& members = fleet.charter().members();
  Status own;
  context.applier.fill(own);
  const auto& applied = own.fact(FactKind::applied);
  const auto offset = context.sync.clock_offset(fleet.node()).value_or(std::chrono::milliseconds(0));
  const auto online =
      std::ranges::count_if(members, [&](const auto& entry) { return context.sync.is_online(entry.first); });
  HttpResponse response;
  response.content_type = PrometheusText::content_type;
  response.headers["Cache-Control"] = "no-store";
  response.body =
      prometheus_text({.version = context.version,
                       .joined = fleet.charter().member(fleet.node()) != nullptr,
                       .members = members.size(),
                       .online = static_cast<std::size_t>(online),
                       .records = fleet.log().size(),
                       .changes = fleet.change_count(),
                       .changes_held = fleet.held().size(),
                       .conflicts = fleet.merged().conflicts.size(),
                       .applied = fleet.revision() && applied && applied->revision == *fleet.revision(),
                       .held = !own.held.empty(),
                       .failing = !own.error.empty(),
                       .alarms = alarm_counts(context),
                       .events = context.events.newest(),
                       .clock_offset_ms = static_cast<std::uint64_t>(std::abs(offset.count())),
                       .gossip = context.sync.gossip_counters(),
                       .network = context.swarm.metrics()});
  return response;
}

}  // namespace starling
