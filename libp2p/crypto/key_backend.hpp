// What a key type brings: how its bytes are read, how it signs and verifies. Inside of this module only.
#pragma once

#include <memory>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p::detail {

class Verifier {
 public:
  virtual ~Verifier() = default;
  [[nodiscard]] virtual bool verify(BytesView message, BytesView signature) const = 0;
};

class Signer {
 public:
  // `raw` as inside the protobuf; wiped when the key goes.
  explicit Signer(Bytes raw) noexcept : raw_(std::move(raw)) {}
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  virtual ~Signer();
  [[nodiscard]] virtual Result<Bytes> sign(BytesView message) const = 0;
  [[nodiscard]] const Bytes& raw() const noexcept { return raw_; }

 private:
  Bytes raw_;
};

using VerifierPtr = std::shared_ptr<const Verifier>;
using SignerPtr = std::shared_ptr<const Signer>;

struct SignerAndPublic {
  SignerPtr signer;
  Bytes public_raw;
};

// `raw` is the Data of the protobuf in all of these.
[[nodiscard]] Result<VerifierPtr> ed25519_verifier(BytesView raw);
[[nodiscard]] Result<VerifierPtr> secp256k1_verifier(BytesView raw);
[[nodiscard]] Result<VerifierPtr> ecdsa_verifier(BytesView raw);
[[nodiscard]] Result<VerifierPtr> rsa_verifier(BytesView raw);

[[nodiscard]] Result<SignerAndPublic> ed25519_signer(BytesView raw);
[[nodiscard]] SignerAndPublic ed25519_signer_of_seed(std::span<const std::uint8_t, 32> seed);
[[nodiscard]] Result<SignerAndPublic> secp256k1_signer(BytesView raw);
[[nodiscard]] Result<SignerAndPublic> ecdsa_signer(BytesView raw);
[[nodiscard]] Result<SignerAndPublic> rsa_signer(BytesView raw);

[[nodiscard]] SignerAndPublic generate_secp256k1(Random& random);
[[nodiscard]] SignerAndPublic generate_ecdsa();
// `bits` within the limits that keys.hpp states.
[[nodiscard]] SignerAndPublic generate_rsa(unsigned bits);

}  // namespace libp2p::detail
