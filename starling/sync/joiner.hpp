// The newcomer's side of a join stream, and a member's that is not known to another member yet.
#pragma once

#include "libp2p/swarm/swarm.hpp"
#include "starling/charter/token.hpp"
#include "starling/sync/gate.hpp"

namespace starling {

using libp2p::Env;
using libp2p::Task;

struct JoinRequest {
  JoinToken token;
  std::string name;
  X25519Key encryption_key{};
};

struct JoinOutcome {
  // Refused for good: asking another member would not help.
  bool final_refusal = false;
  Error why;
};

// Asks one connected peer, on a restricted connection, to be let in. On success the proof that it sent has
// been checked: it hashes to the token's fleet, holds the token's own invite, and admits us; its members pass
// `gate` from then on.
[[nodiscard]] Task<std::expected<void, JoinOutcome>> join_through(Env env, libp2p::Swarm& swarm, Gate& gate,
                                                                  PeerId peer, JoinRequest request);

// Shows a member that does not know us yet the records that prove our grant. It then closes the connection:
// the next one is a member's.
[[nodiscard]] Task<Result<>> prove_to(Env env, libp2p::Swarm& swarm, FleetId fleet, PeerId peer,
                                      std::vector<RecordPtr> proof);

}  // namespace starling
