#include "libp2p/crypto/hash.hpp"

#include <openssl/crypto.h>

#include <algorithm>

#include "libp2p/crypto/openssl.hpp"

namespace libp2p {
namespace {

// Looking an algorithm up by name takes longer than hashing a short message, so each is looked up once.
const EVP_MD* fetched(const char* name) {
  EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
  openssl::require(digest != nullptr, name);
  return digest;
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const digest = fetched("SHA256");
  return digest;
}

const EVP_MD* sha512_algorithm() {
  static const EVP_MD* const digest = fetched("SHA512");
  return digest;
}

// One context a thread, used anew for each digest.
EVP_MD_CTX* scratch_context() {
  thread_local const openssl::DigestContext context(EVP_MD_CTX_new());
  openssl::require(context != nullptr, "EVP_MD_CTX_new");
  return context.get();
}

// The digest of `first` followed by `second`.
template <class Digest>
Digest digest_of(const EVP_MD* algorithm, BytesView first, BytesView second = {}) {
  EVP_MD_CTX* context = scratch_context();
  Digest out{};
  const bool ok = EVP_DigestInit_ex2(context, algorithm, nullptr) == 1 &&
                  EVP_DigestUpdate(context, first.data(), first.size()) == 1 &&
                  EVP_DigestUpdate(context, second.data(), second.size()) == 1 &&
                  EVP_DigestFinal_ex(context, out.data(), nullptr) == 1;
  openssl::require(ok, "digest");
  return out;
}

}  // namespace

Sha256Digest sha256(BytesView data) { return digest_of<Sha256Digest>(sha256_algorithm(), data); }

Sha512Digest sha512(BytesView data) { return digest_of<Sha512Digest>(sha512_algorithm(), data); }

// Built from the digest itself: OpenSSL's own HMAC looks its algorithm up for every call.
Sha256Digest hmac_sha256(BytesView key, BytesView data) {
  constexpr std::size_t block_size = 64;
  std::array<std::uint8_t, block_size> block{};
  if (key.size() > block_size) {
    std::ranges::copy(sha256(key), block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  for (std::uint8_t& byte : block) byte ^= 0x36;
  const auto inner = digest_of<Sha256Digest>(sha256_algorithm(), block, data);
  for (std::uint8_t& byte : block) byte ^= 0x36 ^ 0x5c;
  const auto outer = digest_of<Sha256Digest>(sha256_algorithm(), block, inner);
  OPENSSL_cleanse(block.data(), block.size());
  return outer;
}

}  // namespace libp2p
