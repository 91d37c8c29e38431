// What a handshake message carries (noise/README.md, The libp2p Handshake Payload): who is behind the static
// key, and the extensions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/keys.hpp"
#include "libp2p/crypto/x25519.hpp"

namespace libp2p::noise {

inline constexpr std::size_t max_payload_size = 4096;
inline constexpr std::size_t max_muxers = 32;

struct Payload {
  Bytes identity_key;  // protobuf PublicKey
  Bytes identity_signature;
  std::vector<std::string> muxers;  // in order of preference; empty: the extension isn't sent

  [[nodiscard]] Bytes encode() const;
  // Errors: parse, limit (more than max_payload_size bytes or max_muxers).
  [[nodiscard]] static Result<Payload> decode(BytesView message);
};

// What an identity key signs to vouch for a static key: a prefix and the key.
[[nodiscard]] Bytes signed_text(const X25519Key& static_key);

// The identity that vouches for `static_key`. Errors: protocol (key or signature missing), those of
// PublicKey::from_protobuf, crypto (the signature).
[[nodiscard]] Result<PublicKey> verify_identity(const Payload& payload, const X25519Key& static_key);

// The first of the initiator's that both know; empty when either side sent none, so that multistream-select
// decides (connections/inlined-muxer-negotiation.md). Errors: not_supported, when both sent some and none is
// common.
[[nodiscard]] Result<std::string> choose_muxer(std::span<const std::string> initiators,
                                               std::span<const std::string> responders);

}  // namespace libp2p::noise
