// Any bytes as a public key, as a private key, and as a signature: what is accepted has this one encoding,
// and nothing that was not signed verifies.
#include <cstdlib>

#include "libp2p/crypto/keys.hpp"

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_public(BytesView input) {
  const auto key = PublicKey::from_protobuf(input);
  if (!key) return;
  require(equal(key->to_protobuf(), input));
  const auto raw = PublicKey::from_raw(key->type(), key->raw());
  require(raw && *raw == *key);
  require(!key->verify(as_bytes("text"), input) && !key->verify(as_bytes("text"), {}));
}

void check_private(BytesView input) {
  const auto key = PrivateKey::from_protobuf(input);
  if (!key) return;
  const auto again = PrivateKey::from_protobuf(key->to_protobuf());
  require(again && again->public_key() == key->public_key());
  const auto signature = key->sign(as_bytes("text"));
  require(signature && key->public_key().verify(as_bytes("text"), *signature));
}

void check_signature(BytesView input) {
  static const auto keys = [] {
    SeededRandom random(1);
    std::vector<PrivateKey> made;
    for (const KeyType type : {KeyType::ed25519, KeyType::secp256k1}) {
      made.push_back(PrivateKey::generate(type, random).value());
    }
    return made;
  }();
  for (const PrivateKey& key : keys) {
    require(!key.public_key().verify(as_bytes("a text that was never signed"), input));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  check_public(input);
  check_private(input);
  check_signature(input);
  return 0;
}
