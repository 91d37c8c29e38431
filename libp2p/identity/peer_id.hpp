// The name of a peer: the multihash of its public key (peer-ids/peer-ids.md).
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/keys.hpp"

namespace libp2p {

// A value, ordered by its bytes. Default-constructed it is empty and names nobody.
class PeerId {
 public:
  PeerId() = default;
  // Identity multihash when the protobuf key has at most 42 bytes, else sha2-256.
  [[nodiscard]] static PeerId from_public_key(const PublicKey& key);
  // A multihash: identity of 1 to 42 bytes that hold a key, or sha2-256 of 32. Errors: parse.
  [[nodiscard]] static Result<PeerId> from_bytes(BytesView multihash);
  // Both text forms: base58btc of the multihash ("12D3…", "Qm…") and CIDv1 with the libp2p-key codec, in any
  // multibase.
  [[nodiscard]] static Result<PeerId> parse(std::string_view text);

  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  // base58btc
  [[nodiscard]] std::string to_string() const;
  // CIDv1 in base32, "bafz…"
  [[nodiscard]] std::string to_cid() const;
  // The last eight characters, for logs.
  [[nodiscard]] std::string short_string() const;
  // The key, where the id holds it inline (Ed25519, secp256k1). Errors: not_found.
  [[nodiscard]] Result<PublicKey> public_key() const;
  [[nodiscard]] bool matches(const PublicKey& key) const { return from_public_key(key) == *this; }

  friend auto operator<=>(const PeerId&, const PeerId&) = default;

 private:
  Bytes bytes_;
};

}  // namespace libp2p
