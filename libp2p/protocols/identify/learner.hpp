// What is kept of what a peer tells.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/protocols/identify/message.hpp"
#include "libp2p/swarm/peerstore.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p {

// What a peer has told, after everything that is not to be believed was left out.
struct IdentifyInfo {
  PeerId peer;
  std::string protocol_version;
  std::string agent;
  std::vector<std::string> protocols;
  std::vector<Multiaddr> addresses;   // without /p2p
  bool signed_addresses = false;      // they come from a signed peer record
  std::optional<Multiaddr> observed;  // how it sees our end of the connection: an untrusted hint
};

}  // namespace libp2p

namespace libp2p::identify {

// Writes to the peerstore what of a message stands the checks.
class Learner {
 public:
  // The peerstore must outlive this. Addresses are stored for `address_ttl`.
  Learner(Env env, Peerstore& peerstore, Duration address_ttl)
      : env_(env), peerstore_(peerstore), address_ttl_(address_ttl) {}

  // Changes `info` by the message. `partial`: what is missing is unchanged, as in a push. Errors: crypto,
  // when the key in it is not the one that the connection was made with (ID04); nothing has changed then.
  [[nodiscard]] Result<> learn(const ConnectionInfo& connection, const Message& message, bool partial,
                               IdentifyInfo& info);

 private:
  // The record's addresses, where it is the peer's own and its newest (ID08 to ID12, ID14).
  [[nodiscard]] std::optional<std::vector<Multiaddr>> addresses_of_record(const ConnectionInfo& connection,
                                                                          const Bytes& envelope);

  Env env_;
  Peerstore& peerstore_;
  Duration address_ttl_;
};

}  // namespace libp2p::identify
