#include "libp2p/crypto/certificate.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "libp2p/crypto/der.hpp"
#include "libp2p/crypto/key_backend.hpp"

namespace libp2p {
namespace {

constexpr std::string_view signature_prefix = "libp2p-tls-handshake:";
// The context-specific tags of TBSCertificate; RFC 5280, 4.1.
constexpr std::uint8_t extensions_tag = 0xa3;
// [0] { INTEGER 2 }: version 3, the one with extensions.
constexpr auto version_3 = std::to_array<std::uint8_t>({0xa0, 0x03, 0x02, 0x01, 0x02});
// A serial number has up to 20 bytes, and a zero to keep it positive.
constexpr std::size_t max_serial_bytes = 21;

// 1.3.6.1.4.1.53594.1.1, the content of the OBJECT IDENTIFIER.
constexpr auto libp2p_extension =
    std::to_array<std::uint8_t>({0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xa2, 0x5a, 0x01, 0x01});
// Key usage, basic constraints and extended key usage (2.5.29.15, .19 and .37). They limit what others may
// conclude from a certificate; from this one nobody concludes anything but who holds its key. Some
// implementations mark them critical.
constexpr std::array<std::array<std::uint8_t, 3>, 3> understood_extensions{
    {{0x55, 0x1d, 0x0f}, {0x55, 0x1d, 0x13}, {0x55, 0x1d, 0x25}}};

// The contents of AlgorithmIdentifiers: ecdsa-with-SHA256 (RFC 5758), sha256WithRSAEncryption (RFC 4055),
// Ed25519 (RFC 8410).
constexpr auto ecdsa_sha256 =
    std::to_array<std::uint8_t>({0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02});
constexpr auto rsa_sha256 = std::to_array<std::uint8_t>(
    {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00});
constexpr auto ed25519_algorithm = std::to_array<std::uint8_t>({0x06, 0x03, 0x2b, 0x65, 0x70});
// A key of P-256: id-ecPublicKey and the curve (RFC 5480).
constexpr auto p256_algorithm =
    std::to_array<std::uint8_t>({0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
                                 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07});
constexpr auto common_name = std::to_array<std::uint8_t>({0x55, 0x04, 0x03});

// What a certificate says; all views point into it.
struct Certificate {
  BytesView signed_part;  // TBSCertificate
  BytesView algorithm;    // of the signature; the content of AlgorithmIdentifier
  BytesView signature;
  WallTime not_before;
  WallTime not_after;  // the last second
  BytesView key_info;  // SubjectPublicKeyInfo
  BytesView identity_key;
  BytesView identity_signature;
};

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Errc::parse, "a certificate whose " + std::string(what) + " is malformed");
}

Result<BytesView> take(BytesView& in, std::uint8_t tag, std::string_view what) {
  const auto content = der::take(in, tag);
  if (!content) return malformed(what);
  return *content;
}

// UTCTime (YYMMDDHHMMSSZ, of 1950 to 2049) or GeneralizedTime (YYYYMMDDHHMMSSZ); RFC 5280, 4.1.2.5.
Result<WallTime> take_time(BytesView& in) {
  constexpr std::string_view what = "validity";
  const bool utc = !in.empty() && in[0] == der::utc_time;
  LIBP2P_TRY(BytesView text, take(in, utc ? der::utc_time : der::generalized_time, what));
  if (text.size() != (utc ? 13 : 15) || text.back() != 'Z') return malformed(what);
  if (!std::ranges::all_of(text.first(text.size() - 1),
                           [](std::uint8_t c) { return c >= '0' && c <= '9'; })) {
    return malformed(what);
  }
  const auto two_digits = [&text] {
    const unsigned number = (text[0] - 48U) * 10 + (text[1] - 48U);
    text = text.subspan(2);
    return number;
  };
  unsigned year = two_digits();
  year = utc ? (year < 50 ? 2000 : 1900) + year : year * 100 + two_digits();
  const unsigned month = two_digits();
  const unsigned day = two_digits();
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day));
  const unsigned hour = two_digits();
  const unsigned minute = two_digits();
  const unsigned second = two_digits();
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return malformed(what);
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

// SignedKey { publicKey OCTET STRING, signature OCTET STRING }.
Result<> read_signed_key(BytesView value, Certificate& out) {
  constexpr std::string_view what = "libp2p extension";
  LIBP2P_TRY(BytesView parts, take(value, der::sequence, what));
  LIBP2P_TRY(out.identity_key, take(parts, der::octet_string, what));
  LIBP2P_TRY(out.identity_signature, take(parts, der::octet_string, what));
  if (!value.empty() || !parts.empty()) return malformed(what);
  return {};
}

struct Extension {
  BytesView id;
  bool critical = false;
  BytesView value;
};

Result<Extension> take_extension(BytesView& in) {
  constexpr std::string_view what = "extension";
  Extension extension;
  LIBP2P_TRY(BytesView parts, take(in, der::sequence, what));
  LIBP2P_TRY(extension.id, take(parts, der::object_identifier, what));
  if (!parts.empty() && parts[0] == der::boolean) {
    LIBP2P_TRY(const BytesView critical, take(parts, der::boolean, what));
    // DER leaves out what is the default, and knows one way to write "true".
    if (critical.size() != 1 || critical[0] != 0xff) return malformed(what);
    extension.critical = true;
  }
  LIBP2P_TRY(extension.value, take(parts, der::octet_string, what));
  if (!parts.empty()) return malformed(what);
  return extension;
}

bool is_understood(BytesView id) noexcept {
  return std::ranges::any_of(understood_extensions, [id](BytesView known) { return equal(id, known); });
}

Result<> read_extensions(BytesView in, Certificate& out) {
  bool found = false;
  while (!in.empty()) {
    LIBP2P_TRY(const Extension extension, take_extension(in));
    if (equal(extension.id, libp2p_extension)) {
      if (found) return fail(Errc::protocol, "a certificate with the libp2p extension twice");
      found = true;
      LIBP2P_CHECK(read_signed_key(extension.value, out));
    } else if (extension.critical && !is_understood(extension.id)) {
      return fail(Errc::not_supported,
                  "a certificate with an unknown critical extension: " + printable(to_hex(extension.id)));
    }
  }
  if (!found) return fail(Errc::protocol, "a certificate without the libp2p extension");
  return {};
}

Result<> read_signed_part(BytesView in, Certificate& out) {
  const auto version = in.size() < version_3.size() ? in : in.first(version_3.size());
  if (!equal(version, version_3)) return fail(Errc::parse, "a certificate that is not of X.509 version 3");
  in = in.subspan(version.size());
  LIBP2P_TRY(const BytesView serial, take(in, der::integer, "serial number"));
  const bool negative = !serial.empty() && serial[0] >= 0x80;
  const bool padded = serial.size() > 1 && serial[0] == 0 && serial[1] < 0x80;
  if (serial.empty() || serial.size() > max_serial_bytes || negative || padded)
    return malformed("serial number");
  LIBP2P_TRY(const BytesView algorithm, take(in, der::sequence, "algorithm"));
  if (!equal(algorithm, out.algorithm)) return malformed("algorithm");
  LIBP2P_CHECK(take(in, der::sequence, "issuer"));
  LIBP2P_TRY(BytesView validity, take(in, der::sequence, "validity"));
  LIBP2P_TRY(out.not_before, take_time(validity));
  LIBP2P_TRY(out.not_after, take_time(validity));
  if (!validity.empty()) return malformed("validity");
  LIBP2P_CHECK(take(in, der::sequence, "subject"));
  const auto key_info = der::take_element(in, der::sequence);
  if (!key_info) return malformed("key");
  out.key_info = key_info->whole;
  if (in.empty()) return fail(Errc::protocol, "a certificate without extensions");
  // What else could stand here are unique ids, which must not.
  LIBP2P_TRY(BytesView wrapped, take(in, extensions_tag, "list of extensions"));
  LIBP2P_TRY(const BytesView extensions, take(wrapped, der::sequence, "list of extensions"));
  if (!in.empty() || !wrapped.empty()) return malformed("list of extensions");
  return read_extensions(extensions, out);
}

Result<Certificate> read_certificate(BytesView in) {
  Certificate out;
  LIBP2P_TRY(BytesView parts, take(in, der::sequence, "outer form"));
  const auto signed_part = der::take_element(parts, der::sequence);
  if (!in.empty() || !signed_part) return malformed("outer form");
  out.signed_part = signed_part->whole;
  LIBP2P_TRY(out.algorithm, take(parts, der::sequence, "algorithm"));
  const auto signature = der::take_bits(parts);
  if (!signature || !parts.empty()) return malformed("signature");
  out.signature = *signature;
  LIBP2P_CHECK(read_signed_part(signed_part->content, out));
  return out;
}

// The key inside of it, ready for signatures of that algorithm.
Result<detail::VerifierPtr> certificate_verifier(const Certificate& certificate) {
  if (equal(certificate.algorithm, ecdsa_sha256)) return detail::ecdsa_verifier(certificate.key_info);
  if (equal(certificate.algorithm, rsa_sha256)) return detail::rsa_verifier(certificate.key_info);
  if (!equal(certificate.algorithm, ed25519_algorithm)) {
    return fail(Errc::not_supported,
                "a certificate signed with another algorithm than ECDSA, RSA with SHA-256, and Ed25519");
  }
  BytesView in = certificate.key_info;
  LIBP2P_TRY(BytesView info, take(in, der::sequence, "key"));
  LIBP2P_TRY(const BytesView algorithm, take(info, der::sequence, "key"));
  const auto key = der::take_bits(info);
  if (!equal(algorithm, ed25519_algorithm) || !key || !info.empty()) return malformed("key");
  return detail::ed25519_verifier(*key);
}

Bytes signed_text(BytesView key_info) {
  Bytes text = to_bytes(signature_prefix);
  append(text, key_info);
  return text;
}

// TBSCertificate, of a certificate that says nothing but its key and who vouches for it.
Bytes make_signed_part(BytesView key_info, BytesView identity_key, BytesView identity_signature,
                       Random& random) {
  using der::element;
  Bytes serial = random.bytes(8);
  serial[0] = (serial[0] & 0x3f) | 0x40;  // positive, and of these 8 bytes whatever they are
  const Bytes name = element(
      der::sequence,
      {element(der::set, {element(der::sequence, {element(der::object_identifier, {common_name}),
                                                  element(der::utf8_string, {as_bytes("libp2p")})})})});
  const Bytes signed_key = element(der::sequence, {element(der::octet_string, {identity_key}),
                                                   element(der::octet_string, {identity_signature})});
  // Not critical: what doesn't know it may take the certificate for any other.
  const Bytes extension = element(der::sequence, {element(der::object_identifier, {libp2p_extension}),
                                                  element(der::octet_string, {signed_key})});
  return element(der::sequence,
                 {version_3, element(der::integer, {serial}), element(der::sequence, {ecdsa_sha256}), name,
                  element(der::sequence, {element(der::utc_time, {as_bytes("750101000000Z")}),
                                          element(der::generalized_time, {as_bytes("40960101000000Z")})}),
                  name, key_info, element(extensions_tag, {element(der::sequence, {extension})})});
}

}  // namespace

Result<PeerCertificate> make_peer_certificate(const PrivateKey& identity, Random& random) {
  const detail::SignerAndPublic key = detail::generate_ecdsa();
  LIBP2P_TRY(const Bytes vouched, identity.sign(signed_text(key.public_raw)));
  const Bytes signed_part =
      make_signed_part(key.public_raw, identity.public_key().to_protobuf(), vouched, random);
  LIBP2P_TRY(const Bytes signature, key.signer->sign(signed_part));
  const Bytes no_bits_unused{0};
  const Bytes version{0};
  return PeerCertificate{
      .certificate_der =
          der::element(der::sequence, {signed_part, der::element(der::sequence, {ecdsa_sha256}),
                                       der::element(der::bit_string, {no_bits_unused, signature})}),
      .private_key_der = der::element(der::sequence, {der::element(der::integer, {version}),
                                                      der::element(der::sequence, {p256_algorithm}),
                                                      der::element(der::octet_string, {key.signer->raw()})})};
}

Result<PublicKey> verify_peer_certificate(BytesView der, WallTime now) {
  if (der.size() > max_peer_certificate_bytes) {
    return fail(Errc::limit, "a certificate of " + std::to_string(der.size()) + " bytes");
  }
  LIBP2P_TRY(const Certificate certificate, read_certificate(der));
  if (now < certificate.not_before) return fail(Errc::protocol, "a certificate that is not valid yet");
  if (now >= certificate.not_after + std::chrono::seconds(1)) {
    return fail(Errc::protocol, "a certificate that has expired");
  }
  LIBP2P_TRY(PublicKey identity, PublicKey::from_protobuf(certificate.identity_key));
  LIBP2P_TRY(const detail::VerifierPtr verifier, certificate_verifier(certificate));
  if (!verifier->verify(certificate.signed_part, certificate.signature)) {
    return fail(Errc::crypto, "a certificate that its own key has not signed");
  }
  if (!identity.verify(signed_text(certificate.key_info), certificate.identity_signature)) {
    return fail(Errc::crypto, "a certificate whose key the identity in it does not vouch for");
  }
  return identity;
}

}  // namespace libp2p
