#include "libp2p/swarm/metrics.hpp"

namespace libp2p {
namespace {

void write_connections(const SwarmMetrics& metrics, PrometheusText& out) {
  out.gauge("libp2p_connected_peers", "Peers that are connected and admitted.", metrics.connected_peers);
  out.gauge("libp2p_known_peers", "Peers in the peerstore.", metrics.known_peers);
  out.gauge("libp2p_connections", "Open connections.");
  for (const TransportKind kind : transport_kinds) {
    const auto& [inbound, outbound] = metrics.connections[static_cast<std::size_t>(kind)];
    if (inbound > 0) out.sample(inbound, {{"transport", to_string(kind)}, {"direction", "inbound"}});
    if (outbound > 0) out.sample(outbound, {{"transport", to_string(kind)}, {"direction", "outbound"}});
  }
  out.gauge("libp2p_restricted_connections", "Open connections to peers that are not admitted fully.",
            metrics.counters.restricted);
  out.gauge("libp2p_handshakes", "Inbound connections whose handshake is under way.",
            metrics.counters.upgrading);
  out.counter("libp2p_inbound_connections_total", "Inbound connections by what became of them.");
  out.sample(metrics.counters.inbound_accepted, {{"outcome", "accepted"}});
  out.sample(metrics.counters.inbound_refused, {{"outcome", "refused"}});
  out.sample(metrics.counters.upgrades_failed, {{"outcome", "failed"}});
  out.counter("libp2p_received_bytes_total", "Bytes received on connections, before decryption.",
              metrics.counters.bytes_in);
  out.counter("libp2p_sent_bytes_total", "Bytes sent on connections, after encryption.",
              metrics.counters.bytes_out);
  out.counter("libp2p_escaped_exceptions_total",
              "Tasks that ended by an exception, each a fault of the program.",
              metrics.counters.handlers_escaped);
}

void write_dials(const SwarmMetrics& metrics, PrometheusText& out) {
  const auto each_used = [&](auto of) {
    for (const TransportKind kind : transport_kinds) {
      const swarm::DialOutcomes& outcomes = metrics.dials[static_cast<std::size_t>(kind)];
      if (outcomes.started > 0) of(to_string(kind), outcomes);
    }
  };
  out.gauge("libp2p_dials", "Dials under way, one an address.", metrics.dialling);
  out.counter("libp2p_dials_started_total", "Dials begun, one an address.");
  each_used([&](std::string_view kind, const swarm::DialOutcomes& outcomes) {
    out.sample(outcomes.started, {{"transport", kind}});
  });
  out.counter("libp2p_dial_outcomes_total",
              "Dials that ended by themselves; the rest were no longer needed, or are under way.");
  each_used([&](std::string_view kind, const swarm::DialOutcomes& outcomes) {
    out.sample(outcomes.connected, {{"transport", kind}, {"outcome", "connected"}});
    out.sample(outcomes.failed, {{"transport", kind}, {"outcome", "failed"}});
  });
  out.gauge("libp2p_black_hole", "1 where hardly anything on such a path has been answering.");
  for (const PathKind kind : path_kinds) {
    out.sample(metrics.black_holes[static_cast<std::size_t>(kind)] ? 1 : 0, {{"path", to_string(kind)}});
  }
}

void write_resources(const SwarmMetrics& metrics, PrometheusText& out) {
  const swarm::ResourceUsage& used = metrics.resources;
  out.gauge("libp2p_streams", "Open streams.", used.streams);
  out.gauge("libp2p_stream_protocols", "Protocols that open streams speak.", used.protocols);
  out.gauge("libp2p_memory_bytes", "Memory held for connections.", used.memory);
  out.gauge("libp2p_memory_unprotected_bytes", "Of it, for peers that nobody protects.",
            used.memory_unprotected);
  out.gauge("libp2p_memory_unauthenticated_bytes", "Of it, for handshakes and peers that are not admitted.",
            used.memory_unauthenticated);
  out.gauge("libp2p_limit", "What is configured, in bytes where it is memory.");
  for (const LimitInfo& info : limit_table) out.sample(metrics.limits.*info.value, {{"key", info.key}});
  out.counter("libp2p_limit_refusals_total", "What was refused since a limit was reached.");
  for (std::size_t i = 0; i < limit_table.size(); ++i) {
    out.sample(used.refusals[i], {{"key", limit_table[i].key}});
  }
}

}  // namespace

void write_metrics(const SwarmMetrics& metrics, PrometheusText& out) {
  write_connections(metrics, out);
  write_dials(metrics, out);
  write_resources(metrics, out);
}

}  // namespace libp2p
