// Message signing and the StrictSign policy (pubsub/README.md, Message Signing).
#pragma once

#include <cstdint>
#include <string>

#include "libp2p/base/clock.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/crypto/keys.hpp"
#include "libp2p/protocols/gossipsub/message.hpp"

namespace libp2p::gossipsub {

// What the signature covers: "libp2p-pubsub:" and the message without signature and key, its known fields in
// ascending order and then the unknown ones. (The specification names only the signature; every deployed
// implementation leaves out the key, too.)
[[nodiscard]] Bytes signed_bytes(const ParsedMessage& message);

// Whether the author signed it. Errors: crypto (no key, a key that is not the author's, a signature that is
// not the key's).
[[nodiscard]] Result<> verify_message(const ParsedMessage& message);

struct SignedMessage {
  GossipMessage message;
  WireMessage wire;
};

// Makes this peer's own messages. Its owner is the Gossipsub service.
class MessageSigner {
 public:
  // `first_seqno` must lie above all that an earlier run of this identity used: peers take a repeated one for
  // a duplicate.
  MessageSigner(PrivateKey key, std::uint64_t first_seqno);

  // Errors: those of PrivateKey::sign.
  [[nodiscard]] Result<SignedMessage> sign(std::string topic, BytesView data);

 private:
  PrivateKey key_;
  PeerId self_;
  Bytes key_field_;  // empty where the peer id holds the key
  std::uint64_t next_seqno_;
};

// A first seqno from the wall clock, so that it grows from run to run, with random low bits, so that a clock
// which was set back still doesn't repeat one.
[[nodiscard]] std::uint64_t first_seqno(WallTime now, Random& random);

}  // namespace libp2p::gossipsub
