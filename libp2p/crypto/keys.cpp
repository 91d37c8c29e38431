#include "libp2p/crypto/keys.hpp"

#include <openssl/crypto.h>

#include <optional>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/crypto/key_backend.hpp"

namespace libp2p {
namespace {

// An RSA key of 8192 bits takes 1,062 bytes in public and about 4.7 KB in private.
constexpr std::size_t max_public_bytes = 4'096;
constexpr std::size_t max_private_bytes = 16'384;
constexpr unsigned min_rsa_bits = 2048;
constexpr unsigned max_rsa_bits = 8192;

struct KeyMessage {
  KeyType type{};
  BytesView data;
};

// PublicKey and PrivateKey share one form: Type = 1, Data = 2, both required.
Result<KeyMessage> read_key_message(BytesView message, std::string_view name) {
  std::optional<std::uint64_t> type;
  std::optional<BytesView> data;
  ProtobufReader in(message, 0);
  while (const auto field = in.next()) {
    switch (field->number) {
      case 1:
        type = in.varint(*field);
        break;
      case 2:
        data = in.bytes(*field);
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish(name));
  if (!type || !data) return fail(Errc::parse, std::string(name) + ": a required field is missing");
  if (*type > static_cast<std::uint64_t>(KeyType::ecdsa)) {
    return fail(Errc::not_supported, "key type " + std::to_string(*type));
  }
  return KeyMessage{static_cast<KeyType>(*type), *data};
}

Bytes write_key_message(KeyType type, BytesView data) {
  return ProtobufWriter().varint(1, static_cast<std::uint64_t>(type)).bytes(2, data).take();
}

Result<detail::VerifierPtr> make_verifier(KeyType type, BytesView raw) {
  switch (type) {
    case KeyType::rsa:
      return detail::rsa_verifier(raw);
    case KeyType::ed25519:
      return detail::ed25519_verifier(raw);
    case KeyType::secp256k1:
      return detail::secp256k1_verifier(raw);
    case KeyType::ecdsa:
      return detail::ecdsa_verifier(raw);
  }
  return fail(Errc::not_supported, "key type " + std::to_string(static_cast<unsigned>(type)));
}

Result<detail::SignerAndPublic> make_signer(KeyType type, BytesView raw) {
  switch (type) {
    case KeyType::rsa:
      return detail::rsa_signer(raw);
    case KeyType::ed25519:
      return detail::ed25519_signer(raw);
    case KeyType::secp256k1:
      return detail::secp256k1_signer(raw);
    case KeyType::ecdsa:
      return detail::ecdsa_signer(raw);
  }
  return fail(Errc::not_supported, "key type " + std::to_string(static_cast<unsigned>(type)));
}

}  // namespace

namespace detail {

Signer::~Signer() { OPENSSL_cleanse(raw_.data(), raw_.size()); }

}  // namespace detail

std::string_view to_string(KeyType type) noexcept {
  switch (type) {
    case KeyType::rsa:
      return "RSA";
    case KeyType::ed25519:
      return "Ed25519";
    case KeyType::secp256k1:
      return "secp256k1";
    case KeyType::ecdsa:
      return "ECDSA";
  }
  return "unknown";
}

Result<PublicKey> PublicKey::from_protobuf(BytesView message) {
  if (message.size() > max_public_bytes) return fail(Errc::limit, "a public key of more than 4 KiB");
  LIBP2P_TRY(const KeyMessage key, read_key_message(message, "PublicKey"));
  // One key, one encoding: else it would have several peer ids.
  if (!equal(write_key_message(key.type, key.data), message)) {
    return fail(Errc::parse, "PublicKey: not in its deterministic encoding");
  }
  return from_raw(key.type, key.data);
}

Result<PublicKey> PublicKey::from_raw(KeyType type, BytesView raw) {
  if (raw.size() > max_public_bytes) return fail(Errc::limit, "a public key of more than 4 KiB");
  PublicKey key;
  LIBP2P_TRY(key.verifier_, make_verifier(type, raw));
  key.type_ = type;
  key.raw_ = libp2p::to_bytes(raw);
  return key;
}

Bytes PublicKey::to_protobuf() const { return write_key_message(type_, raw_); }

bool PublicKey::verify(BytesView message, BytesView signature) const {
  return verifier_ && verifier_->verify(message, signature);
}

Result<PrivateKey> PrivateKey::generate(KeyType type, Random& random, unsigned rsa_bits) {
  switch (type) {
    case KeyType::ed25519: {
      std::array<std::uint8_t, 32> seed{};
      random.fill(seed);
      PrivateKey key = ed25519_from_seed(seed);
      OPENSSL_cleanse(seed.data(), seed.size());
      return key;
    }
    case KeyType::secp256k1:
      return assemble(type, detail::generate_secp256k1(random));
    case KeyType::ecdsa:
      return assemble(type, detail::generate_ecdsa());
    case KeyType::rsa:
      if (rsa_bits < min_rsa_bits || rsa_bits > max_rsa_bits) {
        return fail(Errc::limit, "RSA keys have 2048 to 8192 bits, not " + std::to_string(rsa_bits));
      }
      return assemble(type, detail::generate_rsa(rsa_bits));
  }
  return fail(Errc::not_supported, "key type " + std::to_string(static_cast<unsigned>(type)));
}

PrivateKey PrivateKey::ed25519_from_seed(std::span<const std::uint8_t, 32> seed) {
  return assemble(KeyType::ed25519, detail::ed25519_signer_of_seed(seed)).value();
}

Result<PrivateKey> PrivateKey::from_protobuf(BytesView message) {
  if (message.size() > max_private_bytes) return fail(Errc::limit, "a private key of more than 16 KiB");
  LIBP2P_TRY(const KeyMessage key, read_key_message(message, "PrivateKey"));
  LIBP2P_TRY(detail::SignerAndPublic parts, make_signer(key.type, key.data));
  return assemble(key.type, std::move(parts));
}

Result<PrivateKey> PrivateKey::assemble(KeyType type, detail::SignerAndPublic parts) {
  PrivateKey key;
  LIBP2P_TRY(key.public_, PublicKey::from_raw(type, parts.public_raw));
  key.signer_ = std::move(parts.signer);
  return key;
}

Bytes PrivateKey::to_protobuf() const {
  return write_key_message(type(), signer_ ? BytesView(signer_->raw()) : BytesView());
}

Result<Bytes> PrivateKey::sign(BytesView message) const {
  if (!signer_) return fail(Errc::invalid_argument, "no private key to sign with");
  return signer_->sign(message);
}

}  // namespace libp2p
