// Signed envelopes (RFC/0002-signed-envelopes.md): a payload, its type and its signer, bound to a domain.
#pragma once

#include <span>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/keys.hpp"

namespace libp2p {

// What an envelope is for: the payload type it states, and the domain that is signed and not sent.
struct EnvelopeKind {
  std::string_view domain;
  BytesView payload_type;
};

// A value. One that is not default-constructed holds a signature that was made or verified here.
class SignedEnvelope {
 public:
  static constexpr std::size_t default_max_bytes = 65'536;

  SignedEnvelope() = default;
  [[nodiscard]] static Result<SignedEnvelope> seal(const PrivateKey& key, std::string_view domain,
                                                   BytesView payload_type, Bytes payload);
  // Parses and verifies: after it, the signature over (domain, payload_type, payload) is known to be the
  // key's. Only the canonical encoding is accepted, so to_bytes() gives the same bytes again. What
  // payload_type says is the caller's to check. Errors: parse, crypto, limit (more than `max_bytes`), and
  // those of PublicKey::from_protobuf.
  [[nodiscard]] static Result<SignedEnvelope> open(BytesView bytes, std::string_view domain,
                                                   std::size_t max_bytes = default_max_bytes);
  // As above for envelopes that may be of several kinds, with the domain of the one that its payload type
  // names. Errors: also parse, when it is none of them.
  [[nodiscard]] static Result<SignedEnvelope> open(BytesView bytes, std::span<const EnvelopeKind> kinds,
                                                   std::size_t max_bytes = default_max_bytes);
  // What it claims to hold, with its signature not looked at: only good for telling whether looking is worth
  // its price. Errors: as open(), without crypto.
  [[nodiscard]] static Result<Bytes> peek_payload(BytesView bytes, std::size_t max_bytes = default_max_bytes);

  [[nodiscard]] const PublicKey& public_key() const noexcept { return key_; }
  [[nodiscard]] const Bytes& payload_type() const noexcept { return payload_type_; }
  [[nodiscard]] const Bytes& payload() const noexcept { return payload_; }
  [[nodiscard]] const Bytes& signature() const noexcept { return signature_; }
  // Canonical: fields 1, 2, 3, 5 in order, without those that are empty.
  [[nodiscard]] Bytes to_bytes() const;

 private:
  [[nodiscard]] static Result<SignedEnvelope> parse(BytesView bytes, std::size_t max_bytes);
  [[nodiscard]] Result<> verify(std::string_view domain) const;

  PublicKey key_;
  Bytes payload_type_;
  Bytes payload_;
  Bytes signature_;
};

}  // namespace libp2p
