#include "libp2p/crypto/openssl.hpp"

#include <openssl/err.h>

#include <cstdio>
#include <cstdlib>

namespace libp2p::openssl {

void require(bool ok, std::string_view what) noexcept {
  if (ok) return;
  std::fprintf(stderr, "OpenSSL failed: %.*s\n", static_cast<int>(what.size()), what.data());
  ERR_print_errors_fp(stderr);
  std::abort();
}

ErrorScope::~ErrorScope() { ERR_clear_error(); }

}  // namespace libp2p::openssl
