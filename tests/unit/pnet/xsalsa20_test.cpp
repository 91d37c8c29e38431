#include "libp2p/security/pnet/xsalsa20.hpp"

#include <gtest/gtest.h>

#include "libp2p/crypto/hash.hpp"

namespace libp2p::pnet {
namespace {

XSalsa20 cipher(BytesView key, BytesView nonce) {
  return {PreSharedKey::from_bytes(key).value(), nonce.first<XSalsa20::nonce_bytes>()};
}

// The first of the tests that came with NaCl.
TEST(XSalsa20, GivesThePublishedStream) {
  const Bytes key = from_hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389").value();
  const Bytes nonce = from_hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37").value();
  Bytes stream(32);
  cipher(key, nonce).apply(stream);
  EXPECT_EQ(to_hex(stream), "eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880");
}

class Counting : public testing::Test {
 protected:
  Counting() : key_(32), nonce_(24) {
    for (std::size_t i = 0; i < key_.size(); ++i) key_[i] = static_cast<std::uint8_t>(i);
    for (std::size_t i = 0; i < nonce_.size(); ++i) nonce_[i] = static_cast<std::uint8_t>(100 + i);
  }
  Bytes key_;
  Bytes nonce_;
};

TEST_F(Counting, GivesTheStreamOfAnotherImplementation) {
  Bytes stream(1000);
  cipher(key_, nonce_).apply(stream);
  EXPECT_EQ(to_hex(sha256(stream)), "29da43a30617fb8464cc9faab65f8317699fcecc96ce0922f1bc69d9a7d37d74");
}

TEST_F(Counting, PiecesOfAnySizeAreOneStream) {
  SeededRandom random(3);
  Bytes whole(20'000);
  cipher(key_, nonce_).apply(whole);
  for (int run = 0; run < 50; ++run) {
    XSalsa20 pieces = cipher(key_, nonce_);
    Bytes stream(whole.size());
    std::size_t at = 0;
    while (at < stream.size()) {
      const std::size_t most = run % 2 == 0 ? 200 : 5'000;
      const std::size_t size = std::min<std::size_t>(random.below(most), stream.size() - at);
      pieces.apply(MutableBytes(stream).subspan(at, size));
      at += size;
    }
    ASSERT_TRUE(stream == whole) << "run " << run;
  }
}

TEST_F(Counting, DecryptsWhatItEncrypted) {
  const Bytes plain = to_bytes("what nobody else can read, a little longer than one block of the cipher is");
  Bytes secret(plain.size());
  cipher(key_, nonce_).apply(plain, secret);
  EXPECT_FALSE(secret == plain);
  cipher(key_, nonce_).apply(secret);
  EXPECT_TRUE(secret == plain);
}

}  // namespace
}  // namespace libp2p::pnet
