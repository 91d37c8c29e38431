// RSA and ECDSA P-256: keys in DER, signatures over the SHA-256 of the message (PKCS #1 v1.5; DER of r and
// s).
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "libp2p/crypto/key_backend.hpp"
#include "libp2p/crypto/openssl.hpp"

namespace libp2p::detail {
namespace {

constexpr int min_rsa_bits = 2048;
constexpr int max_rsa_bits = 8192;
// Verifying takes time in proportion to the exponent's bits; real keys have 3 or 65537.
constexpr int max_exponent_bits = 31;

// SubjectPublicKeyInfo of an uncompressed point on P-256, up to the point's x; RFC 5480.
constexpr auto p256_prefix = std::to_array<std::uint8_t>(
    {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04});
constexpr std::size_t p256_size = p256_prefix.size() + 64;

class PkixVerifier final : public Verifier {
 public:
  explicit PkixVerifier(openssl::Pkey key) noexcept : key_(std::move(key)) {}

  [[nodiscard]] bool verify(BytesView message, BytesView signature) const override {
    const openssl::ErrorScope errors;
    const openssl::DigestContext context(EVP_MD_CTX_new());
    return context &&
           EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr) ==
               1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
  }

 private:
  openssl::Pkey key_;
};

class PkixSigner final : public Signer {
 public:
  PkixSigner(Bytes raw, openssl::Pkey key) noexcept : Signer(std::move(raw)), key_(std::move(key)) {}

  [[nodiscard]] Result<Bytes> sign(BytesView message) const override {
    const openssl::ErrorScope errors;
    const openssl::DigestContext context(EVP_MD_CTX_new());
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
    Bytes signature(size);
    const bool ok =
        context &&
        EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr) == 1 &&
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) == 1;
    if (!ok) return fail(Errc::crypto, "signing failed");
    signature.resize(size);
    return signature;
  }

 private:
  openssl::Pkey key_;
};

// Writes with one of OpenSSL's i2d functions.
template <class Encoder>
Bytes encode(Encoder encoder, const EVP_PKEY* key) {
  const int size = encoder(key, nullptr);
  openssl::require(size > 0, "DER encoding");
  Bytes out(static_cast<std::size_t>(size));
  std::uint8_t* end = out.data();
  encoder(key, &end);
  return out;
}

// A SubjectPublicKeyInfo, all of it and in DER alone, of a key of that kind; else nothing.
openssl::Pkey read_public(BytesView der, int kind) {
  const std::uint8_t* end = der.data();
  openssl::Pkey key(d2i_PUBKEY(nullptr, &end, static_cast<long>(der.size())));
  const bool whole = key && end == der.data() + der.size() && EVP_PKEY_get_base_id(key.get()) == kind &&
                     equal(encode(&i2d_PUBKEY, key.get()), der);
  return whole ? std::move(key) : nullptr;
}

openssl::Pkey read_private(BytesView der, int kind) {
  const std::uint8_t* end = der.data();
  openssl::Pkey key(d2i_PrivateKey(kind, nullptr, &end, static_cast<long>(der.size())));
  if (!key || end != der.data() + der.size()) return nullptr;
  const openssl::PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  return context && EVP_PKEY_pairwise_check(context.get()) == 1 ? std::move(key) : nullptr;
}

// PKCS #1 for RSA and SEC 1 for ECDSA, as the specification stores them.
SignerAndPublic to_signer(openssl::Pkey key) {
  Bytes raw = encode(&i2d_PrivateKey, key.get());
  Bytes public_raw = encode(&i2d_PUBKEY, key.get());
  return {std::make_shared<const PkixSigner>(std::move(raw), std::move(key)), std::move(public_raw)};
}

Result<> check_rsa(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < min_rsa_bits || bits > max_rsa_bits) {
    return fail(Errc::limit, "an RSA key of " + std::to_string(bits) + " bits; 2048 to 8192 are allowed");
  }
  BIGNUM* read = nullptr;
  const bool found = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &read) == 1;
  const openssl::Number exponent(read);
  if (!found || BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) == 1 ||
      BN_num_bits(exponent.get()) > max_exponent_bits) {
    return fail(Errc::limit, "an RSA key whose exponent is not an odd number from 3 to 2^31");
  }
  return {};
}

}  // namespace

Result<VerifierPtr> ecdsa_verifier(BytesView raw) {
  const openssl::ErrorScope errors;
  if (raw.size() != p256_size || !equal(raw.first(p256_prefix.size()), p256_prefix)) {
    return fail(Errc::parse, "an ECDSA key that is not an uncompressed P-256 key in PKIX DER");
  }
  openssl::Pkey key = read_public(raw, EVP_PKEY_EC);
  if (!key) return fail(Errc::parse, "an ECDSA key that is not a point of P-256");
  return std::make_shared<const PkixVerifier>(std::move(key));
}

Result<VerifierPtr> rsa_verifier(BytesView raw) {
  const openssl::ErrorScope errors;
  openssl::Pkey key = read_public(raw, EVP_PKEY_RSA);
  if (!key) return fail(Errc::parse, "an RSA key that is not PKIX DER");
  LIBP2P_CHECK(check_rsa(key.get()));
  return std::make_shared<const PkixVerifier>(std::move(key));
}

Result<SignerAndPublic> ecdsa_signer(BytesView raw) {
  const openssl::ErrorScope errors;
  openssl::Pkey key = read_private(raw, EVP_PKEY_EC);
  if (!key)
    return fail(Errc::parse, "an ECDSA private key that is not SEC 1 DER, or does not fit its public half");
  return to_signer(std::move(key));
}

Result<SignerAndPublic> rsa_signer(BytesView raw) {
  const openssl::ErrorScope errors;
  openssl::Pkey key = read_private(raw, EVP_PKEY_RSA);
  if (!key)
    return fail(Errc::parse, "an RSA private key that is not PKCS #1 DER, or does not fit its public half");
  LIBP2P_CHECK(check_rsa(key.get()));
  return to_signer(std::move(key));
}

SignerAndPublic generate_ecdsa() {
  openssl::Pkey key(EVP_EC_gen("P-256"));
  openssl::require(key != nullptr, "ECDSA key generation");
  return to_signer(std::move(key));
}

SignerAndPublic generate_rsa(unsigned bits) {
  openssl::Pkey key(EVP_RSA_gen(bits));
  openssl::require(key != nullptr, "RSA key generation");
  return to_signer(std::move(key));
}

}  // namespace libp2p::detail
