#include "libp2p/crypto/hash.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/bytes.hpp"

namespace libp2p {
namespace {

std::string hex_of(BytesView bytes) { return to_hex(bytes); }

TEST(Sha256, GivesTheDigestsOfFips180) {
  EXPECT_EQ(hex_of(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of(sha256(Bytes(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha512, GivesTheDigestsOfFips180) {
  EXPECT_EQ(hex_of(sha512(as_bytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(HmacSha256, GivesTheCodesOfRfc4231) {
  EXPECT_EQ(hex_of(hmac_sha256(Bytes(20, 0x0b), as_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_of(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(HmacSha256, HashesAKeyThatIsLongerThanABlock) {
  EXPECT_EQ(hex_of(hmac_sha256(Bytes(131, 0xaa),
                               as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyMessageAndAKeyOfExactlyABlock) {
  const Bytes key(64, 0x01);
  EXPECT_NE(hmac_sha256(key, {}), hmac_sha256(BytesView(key).first(63), {}));
  EXPECT_EQ(hmac_sha256(BytesView(key).first(63), {}), hmac_sha256(
                                                           [&] {
                                                             Bytes padded(key.begin(), key.begin() + 63);
                                                             padded.push_back(0);
                                                             return padded;
                                                           }(),
                                                           {}));
}

}  // namespace
}  // namespace libp2p
