// The certificates with which peers prove inside of TLS who they are (tls/tls.md, Peer Authentication): a key
// that is made for TLS alone signs itself, and the identity vouches for it in an extension.
#pragma once

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/clock.hpp"
#include "libp2p/base/random.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/crypto/keys.hpp"

namespace libp2p {

inline constexpr std::size_t max_peer_certificate_bytes = 16UZ * 1024;

struct PeerCertificate {
  Bytes certificate_der;
  Bytes private_key_der;  // PKCS #8: ECDSA on P-256, drawn for this certificate; never goes to disk
};

// All handshakes of a process can share one: it costs two signatures. It is valid from 1975 to 4096, so that
// no wrong clock matters, its owner's least of all. `random` gives the serial number; the key comes from
// OpenSSL's. Errors: those of PrivateKey::sign.
[[nodiscard]] Result<PeerCertificate> make_peer_certificate(const PrivateKey& identity, Random& random);

// The identity that vouches for a certificate, which is the only one that the other side has sent. TLS itself
// proves that the other side has the certificate's key. Taken are keys of P-256, Ed25519 and RSA (2048 to
// 8192 bits), with SHA-256. Errors: limit (its size; the RSA keys), parse (not X.509 version 3 in strict
// DER), protocol (expired, not valid yet, the extension missing or there twice), not_supported (another
// algorithm or key type, an unknown critical extension), crypto (either signature), and those of
// PublicKey::from_protobuf.
[[nodiscard]] Result<PublicKey> verify_peer_certificate(BytesView der, WallTime now);

}  // namespace libp2p
