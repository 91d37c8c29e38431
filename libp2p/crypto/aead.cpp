#include "libp2p/crypto/aead.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cassert>

#include "libp2p/crypto/openssl.hpp"

namespace libp2p {
namespace {

// OpenSSL encrypts a piece and then authenticates it, in two passes: pieces that stay in the first-level
// cache make the second pass free of memory traffic.
constexpr std::size_t piece_size = 16'384;

const EVP_CIPHER* algorithm() {
  static const EVP_CIPHER* const cipher = [] {
    EVP_CIPHER* found = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
    openssl::require(found != nullptr, "ChaCha20-Poly1305");
    return found;
  }();
  return cipher;
}

bool update(EVP_CIPHER_CTX* context, std::uint8_t* out, BytesView in) {
  while (!in.empty()) {
    const BytesView piece = in.first(std::min(in.size(), piece_size));
    int written = 0;
    if (EVP_CipherUpdate(context, out, &written, piece.data(), static_cast<int>(piece.size())) != 1)
      return false;
    // Without an output it is associated data.
    if (out != nullptr) out += piece.size();
    in = in.subspan(piece.size());
  }
  return true;
}

}  // namespace

// Sealing and opening use the key alike, so one context serves both.
struct ChaCha20Poly1305::Contexts {
  openssl::CipherContext cipher{EVP_CIPHER_CTX_new()};

  // A new message: the key stays, the nonce is set.
  void begin(std::span<const std::uint8_t, nonce_size> nonce, BytesView associated, int encrypt) const {
    const bool ok = EVP_CipherInit_ex2(cipher.get(), nullptr, nullptr, nonce.data(), encrypt, nullptr) == 1 &&
                    update(cipher.get(), nullptr, associated);
    openssl::require(ok, "ChaCha20-Poly1305 nonce and associated data");
  }
};

ChaCha20Poly1305::ChaCha20Poly1305(std::span<const std::uint8_t, key_size> key)
    : contexts_(std::make_unique<Contexts>()) {
  const bool ok = contexts_->cipher != nullptr && EVP_CipherInit_ex2(contexts_->cipher.get(), algorithm(),
                                                                     key.data(), nullptr, 1, nullptr) == 1;
  openssl::require(ok, "ChaCha20-Poly1305 key");
}

ChaCha20Poly1305::ChaCha20Poly1305(ChaCha20Poly1305&&) noexcept = default;
ChaCha20Poly1305& ChaCha20Poly1305::operator=(ChaCha20Poly1305&&) noexcept = default;
ChaCha20Poly1305::~ChaCha20Poly1305() = default;

void ChaCha20Poly1305::seal(std::span<const std::uint8_t, nonce_size> nonce, BytesView associated,
                            BytesView plaintext, MutableBytes out) {
  assert(out.size() >= plaintext.size() + tag_size);
  EVP_CIPHER_CTX* cipher = contexts_->cipher.get();
  contexts_->begin(nonce, associated, 1);
  int written = 0;
  std::uint8_t* tag = out.data() + plaintext.size();
  const bool ok = update(cipher, out.data(), plaintext) && EVP_CipherFinal_ex(cipher, tag, &written) == 1 &&
                  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, tag_size, tag) == 1;
  openssl::require(ok, "ChaCha20-Poly1305 seal");
}

bool ChaCha20Poly1305::open(std::span<const std::uint8_t, nonce_size> nonce, BytesView associated,
                            BytesView ciphertext, MutableBytes out) {
  if (ciphertext.size() < tag_size) {
    OPENSSL_cleanse(out.data(), out.size());
    return false;
  }
  const BytesView body = ciphertext.first(ciphertext.size() - tag_size);
  assert(out.size() >= body.size());
  std::array<std::uint8_t, tag_size> tag{};
  std::ranges::copy(ciphertext.last(tag_size), tag.begin());

  const openssl::ErrorScope errors;
  EVP_CIPHER_CTX* cipher = contexts_->cipher.get();
  contexts_->begin(nonce, associated, 0);
  int written = 0;
  std::array<std::uint8_t, tag_size> unused{};
  const bool decrypted = EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1 &&
                         update(cipher, out.data(), body);
  openssl::require(decrypted, "ChaCha20-Poly1305 open");
  if (EVP_CipherFinal_ex(cipher, unused.data(), &written) == 1) return true;
  OPENSSL_cleanse(out.data(), body.size());
  return false;
}

}  // namespace libp2p
