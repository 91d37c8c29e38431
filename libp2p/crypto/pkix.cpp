// RSA and ECDSA P-256: keys in DER, signatures over the SHA-256 of the message (PKCS #1 v1.5; DER of r and
// s).
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <bit>
#include <optional>
#include <string>

#include "libp2p/crypto/der.hpp"
#include "libp2p/crypto/key_backend.hpp"
#include "libp2p/crypto/openssl.hpp"

namespace libp2p::detail {
namespace {

constexpr std::size_t min_rsa_bits = 2048;
constexpr std::size_t max_rsa_bits = 8192;
// Verifying takes time in proportion to the exponent's bits; real keys have 3 or 65537.
constexpr std::size_t max_exponent_bits = 31;

// SubjectPublicKeyInfo of an uncompressed point on P-256, up to and with the byte that opens the point; RFC
// 5480.
constexpr auto p256_prefix = std::to_array<std::uint8_t>(
    {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04});
constexpr std::size_t p256_size = p256_prefix.size() + 64;
constexpr std::size_t p256_point = 65;

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

struct RsaNumbers {
  BytesView modulus;
  BytesView exponent;
};

// SubjectPublicKeyInfo { { rsaEncryption, NULL }, BIT STRING { RSAPublicKey { modulus, exponent } } }; RFC
// 8017, A.1. Read here rather than by OpenSSL, whose decoder takes half a millisecond to find out what it is
// given.
std::optional<RsaNumbers> read_rsa(BytesView in) {
  constexpr auto rsa_encryption = std::to_array<std::uint8_t>(
      {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00});
  auto info = der::take(in, der::sequence);
  if (!info || !in.empty()) return std::nullopt;
  const auto algorithm = der::take(*info, der::sequence);
  if (!algorithm || !equal(*algorithm, rsa_encryption)) return std::nullopt;
  auto bits = der::take_bits(*info);
  if (!bits || !info->empty()) return std::nullopt;
  auto numbers = der::take(*bits, der::sequence);
  if (!numbers || !bits->empty()) return std::nullopt;
  const auto modulus = der::take_positive(*numbers);
  const auto exponent = modulus ? der::take_positive(*numbers) : std::nullopt;
  if (!exponent || !numbers->empty()) return std::nullopt;
  return RsaNumbers{*modulus, *exponent};
}

std::size_t bits_of(BytesView number) {
  return number.size() * 8 - static_cast<std::size_t>(std::countl_zero(number[0]));
}

Result<> check_rsa(const RsaNumbers& key) {
  const std::size_t bits = bits_of(key.modulus);
  if (bits < min_rsa_bits || bits > max_rsa_bits) {
    return fail(Errc::limit, "an RSA key of " + std::to_string(bits) + " bits; 2048 to 8192 are allowed");
  }
  const bool odd = (key.exponent.back() & 1) != 0;
  if (!odd || bits_of(key.exponent) < 2 || bits_of(key.exponent) > max_exponent_bits) {
    return fail(Errc::limit, "an RSA key whose exponent is not an odd number from 3 to 2^31");
  }
  return {};
}

openssl::Number to_number(BytesView big_endian) {
  return openssl::Number(BN_bin2bn(big_endian.data(), static_cast<int>(big_endian.size()), nullptr));
}

// A public key of that algorithm from its parameters, or null where OpenSSL finds them wrong.
openssl::Pkey make_public(const char* algorithm, OSSL_PARAM* parameters) {
  const openssl::PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  const bool ok = context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                  EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
  return openssl::Pkey(ok ? key : nullptr);
}

openssl::Pkey make_rsa(const RsaNumbers& numbers) {
  const openssl::Number modulus = to_number(numbers.modulus);
  const openssl::Number exponent = to_number(numbers.exponent);
  const openssl::ParameterBuilder builder(OSSL_PARAM_BLD_new());
  const bool built = builder && modulus && exponent &&
                     OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
                     OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1;
  openssl::require(built, "RSA parameters");
  const openssl::Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  return make_public("RSA", parameters.get());
}

// `point` is uncompressed. OpenSSL checks that it lies on the curve.
openssl::Pkey make_p256(BytesView point) {
  std::string group = "P-256";
  Bytes copy = to_bytes(point);  // OSSL_PARAM knows no const
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
      OSSL_PARAM_construct_end()};
  return make_public("EC", parameters.data());
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

}  // namespace

Result<VerifierPtr> ecdsa_verifier(BytesView raw) {
  const openssl::ErrorScope errors;
  if (raw.size() != p256_size || !equal(raw.first(p256_prefix.size()), p256_prefix)) {
    return fail(Errc::parse, "an ECDSA key that is not an uncompressed P-256 key in PKIX DER");
  }
  openssl::Pkey key = make_p256(raw.last(p256_point));
  if (!key) return fail(Errc::parse, "an ECDSA key that is not a point of P-256");
  return std::make_shared<const PkixVerifier>(std::move(key));
}

Result<VerifierPtr> rsa_verifier(BytesView raw) {
  const openssl::ErrorScope errors;
  const auto numbers = read_rsa(raw);
  if (!numbers) return fail(Errc::parse, "an RSA key that is not PKIX DER");
  LIBP2P_CHECK(check_rsa(*numbers));
  openssl::Pkey key = make_rsa(*numbers);
  if (!key) return fail(Errc::parse, "an RSA key that OpenSSL can't use");
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
