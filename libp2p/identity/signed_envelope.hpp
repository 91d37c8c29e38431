// Signed envelopes (RFC/0002-signed-envelopes.md): a payload, its type and its signer, bound to a domain.
#pragma once

#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/keys.hpp"

namespace libp2p {

class SignedEnvelope {
 public:
  SignedEnvelope() = default;
  [[nodiscard]] static Result<SignedEnvelope> seal(const PrivateKey& key, std::string_view domain, BytesView payload_type,
                                                   Bytes payload);
  // Parses and verifies: after it, the signature over (domain, payload_type, payload) is known to be the key's.
  // Errors: parse, crypto, limit (more than `max_bytes`).
  [[nodiscard]] static Result<SignedEnvelope> open(BytesView bytes, std::string_view domain, std::size_t max_bytes = 64 * 1024);

  [[nodiscard]] const PublicKey& public_key() const noexcept { return key_; }
  [[nodiscard]] const Bytes& payload_type() const noexcept { return payload_type_; }
  [[nodiscard]] const Bytes& payload() const noexcept { return payload_; }
  [[nodiscard]] const Bytes& signature() const noexcept { return signature_; }
  // Canonical: fields 1, 2, 3, 5 in order.
  [[nodiscard]] Bytes to_bytes() const;

 private:
  PublicKey key_;
  Bytes payload_type_;
  Bytes payload_;
  Bytes signature_;
};

}  // namespace libp2p
