// Owning handles for OpenSSL's objects. Only for modules that link OpenSSL; never in another public header.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <memory>
#include <string_view>

namespace libp2p::openssl {

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* object) const noexcept {
    release(object);
  }
};

using Pkey = std::unique_ptr<EVP_PKEY, Releaser<&EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Releaser<&EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Releaser<&EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Releaser<&EVP_CIPHER_CTX_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Releaser<&OSSL_PARAM_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Releaser<&OSSL_PARAM_BLD_free>>;
using Number = std::unique_ptr<BIGNUM, Releaser<&BN_free>>;

// For calls that can only fail when memory or the library itself is broken: nothing safe can follow, so it
// ends the process and says what failed.
void require(bool ok, std::string_view what) noexcept;

// A verification that failed leaves its reasons in a queue of the thread, where the next user of OpenSSL
// would find them; this empties it when it goes out of scope.
class ErrorScope {
 public:
  ErrorScope() = default;
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
  ~ErrorScope();
};

}  // namespace libp2p::openssl
