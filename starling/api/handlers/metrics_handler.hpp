// /metrics: this node in numbers, for Prometheus.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "libp2p/protocols/gossipsub/gossipsub.hpp"
#include "libp2p/swarm/metrics.hpp"
#include "starling/api/api_context.hpp"
#include "starling/api/http_types.hpp"

namespace starling {

// What the numbers are made of, taken at one moment.
struct NodeMetrics {
  std::string version;
  bool joined = false;
  std::size_t members = 0;
  std::size_t online = 0;
  std::size_t records = 0;
  std::size_t changes = 0;
  std::size_t changes_held = 0;
  std::size_t conflicts = 0;
  bool applied = false;  // the data plane runs what the fleet has agreed on
  bool held = false;
  bool failing = false;
  std::map<Alarm::Kind, std::size_t> alarms = {};
  std::uint64_t events = 0;           // told to whoever watches
  std::uint64_t clock_offset_ms = 0;  // either way
  libp2p::GossipsubCounters gossip;
  libp2p::SwarmMetrics network;
};

[[nodiscard]] std::string prometheus_text(const NodeMetrics& metrics);
[[nodiscard]] HttpResponse get_metrics(const ApiContext& context);

}  // namespace starling
