// What the handlers work with; made by the daemon.
#pragma once

#include <string>

#include "starling/api/event_log.hpp"
#include "starling/fleet/fleet.hpp"
#include "starling/rollout/applier.hpp"
#include "starling/rollout/writer.hpp"
#include "starling/sync/sync_service.hpp"

namespace starling {

struct ApiContext {
  Env env;
  libp2p::Swarm& swarm;
  Fleet& fleet;
  SyncService& sync;
  Applier& applier;
  Writer& writer;
  EventLog& events;
  std::string name;     // of this node
  std::string version;  // of starling
  std::string network;  // the fingerprint of the private network's key; empty: the network is public
};

}  // namespace starling
