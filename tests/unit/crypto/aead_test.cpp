#include "libp2p/crypto/aead.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace libp2p {
namespace {

using Nonce = std::array<std::uint8_t, ChaCha20Poly1305::nonce_size>;
using Key = std::array<std::uint8_t, ChaCha20Poly1305::key_size>;

Key rfc_key() {
  Key key{};
  std::iota(key.begin(), key.end(), std::uint8_t{0x80});
  return key;
}

constexpr Nonce rfc_nonce{0x07, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
constexpr std::string_view rfc_text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
    "would be it.";
constexpr std::string_view rfc_sealed =
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
    "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
    "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691";

Bytes seal(ChaCha20Poly1305& cipher, const Nonce& nonce, BytesView associated, BytesView plaintext) {
  Bytes out(plaintext.size() + ChaCha20Poly1305::tag_size);
  cipher.seal(nonce, associated, plaintext, out);
  return out;
}

TEST(ChaCha20Poly1305, SealsAndOpensTheExampleOfRfc8439) {
  ChaCha20Poly1305 cipher(rfc_key());
  const Bytes associated = from_hex("50515253c0c1c2c3c4c5c6c7").value();
  const Bytes sealed = seal(cipher, rfc_nonce, associated, as_bytes(rfc_text));
  EXPECT_EQ(to_hex(sealed), rfc_sealed);
  Bytes opened(rfc_text.size());
  ASSERT_TRUE(cipher.open(rfc_nonce, associated, sealed, opened));
  EXPECT_EQ(as_text(opened), rfc_text);
}

TEST(ChaCha20Poly1305, WorksInPlaceAtEverySizeAndInAnyOrderOfCalls) {
  ChaCha20Poly1305 one(rfc_key());
  ChaCha20Poly1305 other(rfc_key());
  for (const std::size_t size :
       {0U, 1U, 15U, 16U, 63U, 64U, 65U, 1000U, 16383U, 16384U, 16385U, 40000U, 65519U}) {
    Bytes text(size);
    std::iota(text.begin(), text.end(), std::uint8_t{1});
    const Bytes apart = seal(one, rfc_nonce, {}, text);
    Bytes in_place = text;
    in_place.resize(size + ChaCha20Poly1305::tag_size);
    other.seal(rfc_nonce, {}, BytesView(in_place).first(size), in_place);
    EXPECT_EQ(in_place, apart) << size;
    ASSERT_TRUE(other.open(rfc_nonce, {}, in_place, MutableBytes(in_place).first(size))) << size;
    EXPECT_TRUE(equal(BytesView(in_place).first(size), text)) << size;
  }
}

TEST(ChaCha20Poly1305, RefusesAChangeOfAnyPartAndWipesTheOutput) {
  ChaCha20Poly1305 cipher(rfc_key());
  const Bytes text = to_bytes("attack at dawn, and bring the ladder");
  const Bytes sealed = seal(cipher, rfc_nonce, as_bytes("header"), text);
  const auto refuses = [&](const Nonce& nonce, BytesView associated, BytesView input) {
    Bytes out(text.size(), 0xee);
    return !cipher.open(nonce, associated, input, out) &&
           std::ranges::all_of(out, [](auto byte) { return byte == 0; });
  };
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes bent = sealed;
    bent[i] ^= 1;
    EXPECT_TRUE(refuses(rfc_nonce, as_bytes("header"), bent)) << i;
  }
  Nonce next = rfc_nonce;
  next[11] ^= 1;
  EXPECT_TRUE(refuses(next, as_bytes("header"), sealed));
  EXPECT_TRUE(refuses(rfc_nonce, as_bytes("Header"), sealed));
  EXPECT_TRUE(refuses(rfc_nonce, {}, sealed));
  Bytes out(text.size());
  EXPECT_TRUE(cipher.open(rfc_nonce, as_bytes("header"), sealed, out))
      << "a refused frame must not change the cipher";
}

TEST(ChaCha20Poly1305, RefusesWhatIsShorterThanATag) {
  ChaCha20Poly1305 cipher(rfc_key());
  for (std::size_t size = 0; size < ChaCha20Poly1305::tag_size; ++size) {
    Bytes out;
    EXPECT_FALSE(cipher.open(rfc_nonce, {}, Bytes(size), out));
  }
}

TEST(ChaCha20Poly1305, MovesWithItsKey) {
  ChaCha20Poly1305 first(rfc_key());
  const Bytes sealed = seal(first, rfc_nonce, {}, as_bytes("text"));
  ChaCha20Poly1305 second = std::move(first);
  Bytes out(4);
  EXPECT_TRUE(second.open(rfc_nonce, {}, sealed, out));
}

}  // namespace
}  // namespace libp2p
