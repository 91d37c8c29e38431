#include "libp2p/crypto/x25519.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <algorithm>

#include "libp2p/crypto/openssl.hpp"

namespace libp2p {
namespace {

// Both halves are handed over: given the private one alone OpenSSL computes the public one, which costs half
// of an exchange and is not used by it.
openssl::Pkey to_pkey(const X25519KeyPair& pair) {
  thread_local const openssl::PkeyContext context = [] {
    openssl::PkeyContext made(EVP_PKEY_CTX_new_from_name(nullptr, "X25519", nullptr));
    openssl::require(made && EVP_PKEY_fromdata_init(made.get()) == 1, "X25519");
    return made;
  }();
  X25519KeyPair copy = pair;  // OSSL_PARAM knows no const
  const std::array<OSSL_PARAM, 3> halves{
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.public_key.data(),
                                        copy.public_key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, copy.private_key.data(),
                                        copy.private_key.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* pkey = nullptr;
  const bool ok =
      EVP_PKEY_fromdata(context.get(), &pkey, EVP_PKEY_KEYPAIR, const_cast<OSSL_PARAM*>(halves.data())) == 1;
  OPENSSL_cleanse(copy.private_key.data(), copy.private_key.size());
  openssl::require(ok, "X25519 key pair");
  return openssl::Pkey(pkey);
}

}  // namespace

X25519KeyPair X25519KeyPair::generate(Random& random) {
  X25519Key private_key{};
  random.fill(private_key);
  const X25519KeyPair pair = from_private(private_key);
  OPENSSL_cleanse(private_key.data(), private_key.size());
  return pair;
}

X25519KeyPair X25519KeyPair::from_private(const X25519Key& private_key) {
  const openssl::Pkey pkey(
      EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, private_key.data(), private_key.size()));
  X25519KeyPair pair{private_key, {}};
  std::size_t size = pair.public_key.size();
  openssl::require(pkey && EVP_PKEY_get_raw_public_key(pkey.get(), pair.public_key.data(), &size) == 1,
                   "X25519 public key");
  return pair;
}

Result<X25519Key> x25519(const X25519KeyPair& own, const X25519Key& public_key) {
  const openssl::ErrorScope errors;
  const openssl::Pkey pkey = to_pkey(own);
  const openssl::Pkey other(
      EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, public_key.data(), public_key.size()));
  const openssl::PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
  openssl::require(other && context && EVP_PKEY_derive_init(context.get()) == 1, "X25519 derivation");

  X25519Key secret{};
  std::size_t size = secret.size();
  // Without validation of the other key: for this curve the only check that matters is the one on the result.
  const bool derived = EVP_PKEY_derive_set_peer_ex(context.get(), other.get(), 0) == 1 &&
                       EVP_PKEY_derive(context.get(), secret.data(), &size) == 1;
  if (!derived || std::ranges::all_of(secret, [](std::uint8_t byte) { return byte == 0; })) {
    return fail(Errc::crypto, "the other side's X25519 key is a point of small order");
  }
  return secret;
}

Result<X25519Key> x25519(const X25519Key& private_key, const X25519Key& public_key) {
  return x25519(X25519KeyPair::from_private(private_key), public_key);
}

}  // namespace libp2p
