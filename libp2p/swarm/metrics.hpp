// What a swarm counts, taken at one moment, and how Prometheus is told of it.
#pragma once

#include <array>
#include <cstdint>

#include "libp2p/base/prometheus.hpp"
#include "libp2p/swarm/black_hole.hpp"
#include "libp2p/swarm/dial_outcomes.hpp"
#include "libp2p/swarm/resources.hpp"
#include "libp2p/swarm/swarm.hpp"
#include "libp2p/swarm/transport_kind.hpp"

namespace libp2p {

// A copy: cheap, and of no further use to the swarm.
struct SwarmMetrics {
  Swarm::Counters counters;
  ResourceLimits limits;
  swarm::ResourceUsage resources;
  std::size_t connected_peers = 0;
  std::size_t known_peers = 0;  // in the peerstore
  std::size_t dialling = 0;
  // In the order of TransportKind.
  struct Open {
    std::size_t inbound = 0;
    std::size_t outbound = 0;
  };
  std::array<Open, transport_kinds.size()> connections;
  std::array<swarm::DialOutcomes, transport_kinds.size()> dials;
  std::array<bool, path_kinds.size()> black_holes{};  // in the order of PathKind
};

// Families libp2p_…; of transports only those that were ever used.
void write_metrics(const SwarmMetrics& metrics, PrometheusText& out);

}  // namespace libp2p
