// Certificates as others may make them, good and bad.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/crypto/certificate.hpp"
#include "libp2p/crypto/der.hpp"
#include "tests/support/peers.hpp"

namespace libp2p::test {

inline const Bytes libp2p_extension_id = from_hex("2b0601040183a25a0101").value();

// A time in which all of the certificates here are valid that are to be.
inline constexpr WallTime certificate_time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

inline Bytes algorithm_of(KeyType type) {
  switch (type) {
    case KeyType::ecdsa:
      return from_hex("300a06082a8648ce3d040302").value();
    case KeyType::rsa:
      return from_hex("300d06092a864886f70d01010b0500").value();
    default:
      return from_hex("300506032b6570").value();
  }
}

// SubjectPublicKeyInfo.
inline Bytes key_info_of(const PublicKey& key) {
  if (key.type() != KeyType::ed25519) return key.raw();
  return der::element(der::sequence,
                      {algorithm_of(key.type()), der::element(der::bit_string, {Bytes{0}, key.raw()})});
}

inline Bytes extension(BytesView id, bool critical, BytesView value) {
  const Bytes flag = critical ? Bytes{0x01, 0x01, 0xff} : Bytes();
  return der::element(der::sequence, {der::element(der::object_identifier, {id}), flag,
                                      der::element(der::octet_string, {value})});
}

// What `identity` says about a key, as SignedKey.
inline Bytes signed_key(const PrivateKey& identity, BytesView key_info,
                        std::string_view prefix = "libp2p-tls-handshake:") {
  Bytes text = to_bytes(prefix);
  append(text, key_info);
  return der::element(der::sequence, {der::element(der::octet_string, {identity.public_key().to_protobuf()}),
                                      der::element(der::octet_string, {identity.sign(text).value()})});
}

// A valid certificate, as long as nobody changes a field.
struct CertificateForm {
  explicit CertificateForm(PrivateKey vouching, KeyType type = KeyType::ecdsa, std::uint64_t seed = 5)
      : identity(std::move(vouching)) {
    SeededRandom random(seed);
    key = PrivateKey::generate(type, random).value();
    extensions = {extension(libp2p_extension_id, false, signed_key(identity, key_info_of(key.public_key())))};
  }

  [[nodiscard]] Bytes signed_part() const {
    Bytes list;
    for (const Bytes& each : extensions) append(list, each);
    const Bytes wrapped = der::element(0xa3, {der::element(der::sequence, {list})});
    return der::element(der::sequence,
                        {version, der::element(der::integer, {serial}), algorithm_of(key.type()), name,
                         der::element(der::sequence, {not_before, not_after}), name,
                         key_info_of(key.public_key()), before_extensions, wrapped});
  }
  [[nodiscard]] Bytes der() const { return der_of(signed_part()); }
  [[nodiscard]] Bytes der_of(BytesView part) const {
    Bytes signature = key.sign(part).value();
    if (spoil_signature) signature.back() ^= 1;
    return der::element(der::sequence, {part, algorithm_of(key.type()),
                                        der::element(der::bit_string, {Bytes{0}, signature})});
  }
  // PKCS #8 for keys of P-256, PKCS #1 for RSA.
  [[nodiscard]] Bytes private_key_der() const {
    const Bytes message = key.to_protobuf();
    BytesView raw;
    ProtobufReader in(message);
    while (const auto field = in.next()) {
      if (field->number == 2) {
        raw = in.bytes(*field);
      } else {
        in.skip(*field);
      }
    }
    if (key.type() == KeyType::rsa) return to_bytes(raw);
    return der::element(der::sequence, {Bytes{0x02, 0x01, 0x00},
                                        from_hex("301306072a8648ce3d020106082a8648ce3d030107").value(),
                                        der::element(der::octet_string, {raw})});
  }
  [[nodiscard]] PeerCertificate peer_certificate() const { return {der(), private_key_der()}; }

  PrivateKey identity;
  PrivateKey key;
  Bytes version = from_hex("a003020102").value();
  Bytes serial{0x01};
  Bytes name = der::element(der::sequence, {});
  Bytes not_before = time("20200101000000Z");
  Bytes not_after = time("20300101000000Z");
  Bytes before_extensions;
  std::vector<Bytes> extensions;
  bool spoil_signature = false;

  static Bytes time(std::string_view text) {
    return der::element(text.size() == 13 ? der::utc_time : der::generalized_time, {as_bytes(text)});
  }
};

}  // namespace libp2p::test
