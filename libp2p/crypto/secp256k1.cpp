// secp256k1 by Bitcoin's own library: DER signatures with a low S (BIP 62) over the SHA-256 of the message.
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <secp256k1.h>

#include <array>

#include "libp2p/crypto/hash.hpp"
#include "libp2p/crypto/key_backend.hpp"
#include "libp2p/crypto/openssl.hpp"

namespace libp2p::detail {
namespace {

constexpr std::size_t private_size = 32;
constexpr std::size_t compressed_size = 33;
constexpr std::size_t max_der_size = 72;

struct ContextReleaser {
  void operator()(secp256k1_context* context) const noexcept { secp256k1_context_destroy(context); }
};

// Read-only once made, so threads share it. The blinding makes its timing independent of keys; it draws from
// OpenSSL because it must not be repeatable even where all else is.
const secp256k1_context* context() {
  static const std::unique_ptr<secp256k1_context, ContextReleaser> shared = [] {
    std::unique_ptr<secp256k1_context, ContextReleaser> made(
        secp256k1_context_create(SECP256K1_CONTEXT_NONE));
    std::array<std::uint8_t, 32> blinding{};
    const bool ok = made && RAND_bytes(blinding.data(), static_cast<int>(blinding.size())) == 1 &&
                    secp256k1_context_randomize(made.get(), blinding.data()) == 1;
    openssl::require(ok, "secp256k1 context");
    return made;
  }();
  return shared.get();
}

class Secp256k1Verifier final : public Verifier {
 public:
  explicit Secp256k1Verifier(const secp256k1_pubkey& key) noexcept : key_(key) {}

  [[nodiscard]] bool verify(BytesView message, BytesView signature) const override {
    if (signature.empty()) return false;  // the library ends the process when it is handed a null pointer
    secp256k1_ecdsa_signature parsed;
    if (secp256k1_ecdsa_signature_parse_der(context(), &parsed, signature.data(), signature.size()) != 1)
      return false;
    return secp256k1_ecdsa_verify(context(), &parsed, sha256(message).data(), &key_) == 1;
  }

 private:
  secp256k1_pubkey key_;
};

class Secp256k1Signer final : public Signer {
 public:
  using Signer::Signer;

  [[nodiscard]] Result<Bytes> sign(BytesView message) const override {
    secp256k1_ecdsa_signature signature;
    Bytes der(max_der_size);
    std::size_t size = der.size();
    const bool ok = secp256k1_ecdsa_sign(context(), &signature, sha256(message).data(), raw().data(), nullptr,
                                         nullptr) == 1 &&
                    secp256k1_ecdsa_signature_serialize_der(context(), der.data(), &size, &signature) == 1;
    if (!ok) return fail(Errc::crypto, "secp256k1 signing failed");
    der.resize(size);
    return der;
  }
};

}  // namespace

Result<VerifierPtr> secp256k1_verifier(BytesView raw) {
  if (raw.size() != compressed_size) {
    return fail(Errc::parse, "a secp256k1 key of " + std::to_string(raw.size()) + " bytes, not 33");
  }
  secp256k1_pubkey key;
  if (secp256k1_ec_pubkey_parse(context(), &key, raw.data(), raw.size()) != 1) {
    return fail(Errc::parse, "a secp256k1 key that is not a compressed point of the curve");
  }
  return std::make_shared<const Secp256k1Verifier>(key);
}

Result<SignerAndPublic> secp256k1_signer(BytesView raw) {
  if (raw.size() != private_size) {
    return fail(Errc::parse, "a secp256k1 private key of " + std::to_string(raw.size()) + " bytes, not 32");
  }
  secp256k1_pubkey key;
  if (secp256k1_ec_pubkey_create(context(), &key, raw.data()) != 1) {
    return fail(Errc::parse, "a secp256k1 private key out of range");
  }
  Bytes public_raw(compressed_size);
  std::size_t size = public_raw.size();
  secp256k1_ec_pubkey_serialize(context(), public_raw.data(), &size, &key, SECP256K1_EC_COMPRESSED);
  return SignerAndPublic{std::make_shared<const Secp256k1Signer>(to_bytes(raw)), std::move(public_raw)};
}

SignerAndPublic generate_secp256k1(Random& random) {
  // All but about one in 2^128 draws are keys.
  for (;;) {
    std::array<std::uint8_t, private_size> draw{};
    random.fill(draw);
    auto parts = secp256k1_signer(draw);
    OPENSSL_cleanse(draw.data(), draw.size());
    if (parts) return std::move(*parts);
  }
}

}  // namespace libp2p::detail
