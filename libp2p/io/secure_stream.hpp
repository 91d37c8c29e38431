// What a security handshake gives back, whichever protocol did it.
#pragma once

#include <string>

#include "libp2p/crypto/keys.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/io/stream.hpp"

namespace libp2p {

struct SecuredConnection {
  StreamPtr stream;
  PeerId remote_peer;
  PublicKey remote_key;
  // The muxer both sides agreed on inside the handshake ("/yamux/1.0.0"), or empty: then multistream-select
  // decides (connections/inlined-muxer-negotiation.md).
  std::string early_muxer;
};

}  // namespace libp2p
