#include "libp2p/crypto/certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <array>

#include "tests/support/certificates.hpp"

namespace libp2p::test {
namespace {

using std::chrono::seconds;

// The specification's four (tls/tls.md, Test vectors).
constexpr std::string_view vector_ed25519 =
    "308201ae30820156a0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c69627032702e69"
    "6f310a300806035504051301313020170d3735303130313133303030305a180f34303936303130313133303030305a3020311230"
    "10060355040a13096c69627032702e696f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d030107"
    "034200040c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b"
    "66a651691606d8173e55bd37e381569ea37c307a3078060a2b0601040183a25a0101046a3068042408011220a77f1d92fedb59dd"
    "daea5a1c4abd1ac2fbde7d7b879ed364501809923d7c11b90440d90d2769db992d5e6195dbb08e706b6651e024fda6cfb8846694"
    "a435519941cac215a8207792e42849cccc6cd8136c6e4bde92a58c5e08cfd4206eb5fe0bf909300a06082a8648ce3d0403020346"
    "003043021f50f6b6c52711a881778718238f650c9fb48943ae6ee6d28427dc6071ae55e702203625f116a7a454db9c56986c82a2"
    "5682f7248ea1cb764d322ea983ed36a31b77";
constexpr std::string_view vector_ecdsa =
    "308201f63082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c69627032702e69"
    "6f310a300806035504051301313020170d3735303130313133303030305a180f34303936303130313133303030305a3020311230"
    "10060355040a13096c69627032702e696f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d030107"
    "034200040c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b"
    "66a651691606d8173e55bd37e381569ea381c23081bf3081bc060a2b0601040183a25a01010481ad3081aa045f0803125b305930"
    "1306072a8648ce3d020106082a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a"
    "96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f2044730450220064ea8124774caf8f50e"
    "57f436aa62350ce652418c019df5d98a3ac666c9386a022100aa59d704a931b5f72fb9222cb6cc51f954d04a4e2e5450f8805fe8"
    "918f71eaae300a06082a8648ce3d04030203470030440220799395b0b6c1e940a7e4484705f610ab51ed376f19ff9d7c16757cfb"
    "f61b8d4302206205c03fbb0f95205c779be86581d3e31c01871ad5d1f3435bcf375cb0e5088a";
constexpr std::string_view vector_secp256k1 =
    "308201ba3082015fa0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c69627032702e69"
    "6f310a300806035504051301313020170d3735303130313133303030305a180f34303936303130313133303030305a3020311230"
    "10060355040a13096c69627032702e696f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d030107"
    "034200040c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b"
    "66a651691606d8173e55bd37e381569ea38184308181307f060a2b0601040183a25a01010471306f0425080212210206dc696872"
    "6765b820f050263ececf7f71e4955892776c0970542efd689d2382044630440220145e15a991961f0d08cd15425bb95ec93f6ffa"
    "03c5a385eedc34ecf464c7a8ab022026b3109b8a3f40ef833169777eb2aa337cfb6282f188de0666d1bcec2a4690dd300a06082a"
    "8648ce3d0403020349003046022100e1a217eeef9ec9204b3f774a08b70849646b6a1e6b8b27f93dc00ed58545d9fe022100b00d"
    "afa549d0f03547878338c7b15e7502888f6d45db387e5ae6b5d46899cef0";
constexpr std::string_view vector_invalid =
    "308201f73082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c69627032702e69"
    "6f310a300806035504051301313020170d3735303130313133303030305a180f34303936303130313133303030305a3020311230"
    "10060355040a13096c69627032702e696f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d030107"
    "034200040c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b"
    "66a651691606d8173e55bd37e381569ea381c23081bf3081bc060a2b0601040183a25a01010481ad3081aa045f0803125b305930"
    "1306072a8648ce3d020106082a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a"
    "96fedf6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f204473045022100bb6e03577b7cc7a3cd"
    "1558df0da2b117dfdcc0399bc2504ebe7de6f65cade72802206de96e2a5be9b6202adba24ee0362e490641ac45c240db71fe955f"
    "2c5cf8df6e300a06082a8648ce3d0403020348003045022100e847f267f43717358f850355bdcabbefb2cfbf8a3c043b203a1478"
    "8a092fe8db022027c1d04a2d41fd6b57a7e8b3989e470325de4406e52e084e34a3fd56eef0d0df";

std::string show(const Result<PublicKey>& outcome) {
  return outcome ? "accepted" : std::string(to_string(outcome.error().code));
}
std::string verdict(BytesView der, WallTime now = certificate_time) {
  return show(verify_peer_certificate(der, now));
}
std::string verdict(const CertificateForm& form, WallTime now = certificate_time) {
  return verdict(form.der(), now);
}

PrivateKey identity_of(KeyType type) {
  SeededRandom random(17);
  return PrivateKey::generate(type, random).value();
}

TEST(Certificate, TheSpecificationsVectors) {
  const auto peer = [](std::string_view hex) {
    const auto key = verify_peer_certificate(from_hex(hex).value(), certificate_time);
    return key ? PeerId::from_public_key(*key).to_string() : key.error().to_string();
  };
  EXPECT_EQ(peer(vector_ed25519), "12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv");
  EXPECT_EQ(peer(vector_ecdsa), "QmfXbAwNjJLXfesgztEHe8HwgVDCMMpZ9Eax1HYq6hn9uE");
  EXPECT_EQ(peer(vector_secp256k1), "16Uiu2HAkutTMoTzDw1tCvSRtu6YoixJwS46S1ZFxW8hSx9fWHiPs");
  EXPECT_EQ(verdict(from_hex(vector_invalid).value()), "verification failed");
}

TEST(Certificate, EveryIdentityMakesOneThatProvesIt) {
  SeededRandom random(1);
  for (const KeyType type : {KeyType::ed25519, KeyType::secp256k1, KeyType::ecdsa, KeyType::rsa}) {
    const PrivateKey identity = identity_of(type);
    const auto made = make_peer_certificate(identity, random);
    ASSERT_TRUE(made) << made.error().to_string();
    // Wrong clocks on either side don't matter.
    for (const int year : {1976, 2000, 2026, 2300, 4095}) {
      const auto key = verify_peer_certificate(made->certificate_der,
                                               std::chrono::sys_days(std::chrono::year(year) / 1 / 1));
      ASSERT_TRUE(key) << key.error().to_string();
      EXPECT_EQ(*key, identity.public_key());
    }
  }
}

TEST(Certificate, IsOneThatOpenSslReadsWithItsKeyAndUsesOnce) {
  SeededRandom random(1);
  const auto made = make_peer_certificate(identity_of(KeyType::ed25519), random).value();
  const auto other = make_peer_certificate(identity_of(KeyType::ed25519), random).value();
  EXPECT_NE(made.private_key_der, other.private_key_der) << "a key of its own";

  const std::uint8_t* at = made.certificate_der.data();
  X509* const certificate = d2i_X509(nullptr, &at, static_cast<long>(made.certificate_der.size()));
  ASSERT_NE(certificate, nullptr);
  at = made.private_key_der.data();
  EVP_PKEY* const key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(made.private_key_der.size()));
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(X509_check_private_key(certificate, key), 1);
  EXPECT_EQ(X509_verify(certificate, key), 1);
  EXPECT_EQ(X509_get_version(certificate), X509_VERSION_3);
  EXPECT_EQ(X509_get_ext_count(certificate), 1);
  EXPECT_EQ(X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(certificate)), 0);
  EVP_PKEY_free(key);
  X509_free(certificate);
}

TEST(Certificate, AnIdentityThatCantSignMakesNone) {
  SeededRandom random(1);
  EXPECT_EQ(make_peer_certificate(PrivateKey(), random).error().code, Errc::invalid_argument);
}

TEST(Certificate, ItsKeyMayBeOfThreeTypes) {
  for (const KeyType type : {KeyType::ecdsa, KeyType::ed25519, KeyType::rsa}) {
    EXPECT_EQ(verdict(CertificateForm(key_number(1), type)), "accepted") << to_string(type);
  }
}

TEST(Certificate, IsValidFromItsFirstSecondToItsLast) {
  CertificateForm form(key_number(1));
  form.not_before = CertificateForm::time("260101000000Z");
  form.not_after = CertificateForm::time("20260101000009Z");
  EXPECT_EQ(verdict(form, certificate_time), "accepted");
  EXPECT_EQ(verdict(form, certificate_time - std::chrono::milliseconds(1)), "protocol violation");
  EXPECT_EQ(verdict(form, certificate_time + seconds(10) - std::chrono::milliseconds(1)), "accepted");
  EXPECT_EQ(verdict(form, certificate_time + seconds(10)), "protocol violation");
}

TEST(Certificate, TimesOfTwoDigitsAreOf1950To2049) {
  CertificateForm form(key_number(1));
  form.not_before = CertificateForm::time("500101000000Z");
  form.not_after = CertificateForm::time("491231235959Z");
  const auto at = [](int year) { return WallTime(std::chrono::sys_days(std::chrono::year(year) / 1 / 1)); };
  EXPECT_EQ(verdict(form, at(1949)), "protocol violation");
  EXPECT_EQ(verdict(form, at(1950)), "accepted");
  EXPECT_EQ(verdict(form, at(2049)), "accepted");
  EXPECT_EQ(verdict(form, at(2050)), "protocol violation");
}

TEST(Certificate, RefusesTimesThatAreNone) {
  for (const std::string_view text :
       {"", "Z", "260101000000", "2601010000Z", "260101000000+0100", "20260101000000.5Z", "2026010100000",
        "26010100000aZ", "261301000000Z", "260001000000Z", "260230000000Z", "260100000000Z", "260101240000Z",
        "260101006000Z", "260101000060Z", "00000000000000Z"}) {
    CertificateForm form(key_number(1));
    form.not_before = CertificateForm::time(text);
    EXPECT_EQ(verdict(form), "malformed") << text;
  }
  CertificateForm swapped(key_number(1));
  swapped.not_before = der::element(der::utc_time, {as_bytes("20200101000000Z")});
  EXPECT_EQ(verdict(swapped), "malformed");
  CertificateForm third(key_number(1));
  append(third.not_after, third.not_after);
  EXPECT_EQ(verdict(third), "malformed");
}

TEST(Certificate, TheExtensionMayBeCriticalAndStandAnywhere) {
  CertificateForm form(key_number(1));
  const Bytes key_info = key_info_of(form.key.public_key());
  form.extensions = {extension(Bytes{0x2a, 0x03}, false, Bytes{1, 2, 3}),
                     extension(libp2p_extension_id, true, signed_key(form.identity, key_info)),
                     extension(Bytes{0x2a, 0x04}, false, {})};
  EXPECT_EQ(verdict(form), "accepted");
}

TEST(Certificate, TheExtensionIsThereOnce) {
  CertificateForm none(key_number(1));
  none.extensions = {extension(Bytes{0x2a, 0x03}, false, {})};
  EXPECT_EQ(verdict(none), "protocol violation");
  none.extensions = {};
  EXPECT_EQ(verdict(none), "protocol violation");
  CertificateForm twice(key_number(1));
  twice.extensions.push_back(twice.extensions[0]);
  EXPECT_EQ(verdict(twice), "protocol violation");
}

TEST(Certificate, OtherCriticalExtensionsAreRefusedUnlessX509Explains) {
  const auto with = [](std::string_view id_hex) {
    CertificateForm form(key_number(1));
    form.extensions.push_back(extension(from_hex(id_hex).value(), true, Bytes{0x30, 0x00}));
    return verdict(form);
  };
  EXPECT_EQ(with("551d0f"), "accepted") << "key usage";
  EXPECT_EQ(with("551d13"), "accepted") << "basic constraints";
  EXPECT_EQ(with("551d25"), "accepted") << "extended key usage";
  EXPECT_EQ(with("551d1e"), "not supported") << "name constraints";
  EXPECT_EQ(with("2a03"), "not supported");
  EXPECT_EQ(with("2b0601040183a25a0102"), "not supported") << "beside libp2p's";
}

TEST(Certificate, RefusesExtensionsThatAreNotDer) {
  const CertificateForm good(key_number(1));
  const Bytes value = signed_key(good.identity, key_info_of(good.key.public_key()));
  const auto with = [&good](Bytes whole) {
    CertificateForm form = good;
    form.extensions = {std::move(whole)};
    return verdict(form);
  };
  const auto of_value = [&with](BytesView changed) {
    return with(extension(libp2p_extension_id, false, changed));
  };
  ASSERT_EQ(of_value(value), "accepted");
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(of_value(BytesView(value).first(size)), "malformed") << size;
  }
  Bytes longer = value;
  longer.push_back(0);
  EXPECT_EQ(of_value(longer), "malformed") << "a byte behind it";
  const Bytes third = der::element(der::sequence, {BytesView(value).subspan(2), Bytes{0x04, 0x00}});
  EXPECT_EQ(of_value(third), "malformed") << "a third part";
  Bytes two_bytes = value;  // its length in one byte more than it needs
  two_bytes.insert(two_bytes.begin() + 1, 0x81);
  EXPECT_EQ(of_value(two_bytes), "malformed");
  Bytes indefinite = value;
  indefinite[1] = 0x80;
  EXPECT_EQ(of_value(indefinite), "malformed");

  const Bytes id = der::element(der::object_identifier, {libp2p_extension_id});
  const Bytes content = der::element(der::octet_string, {value});
  for (const std::string_view flag : {"010100", "010101", "0100", "0102ffff"}) {
    EXPECT_EQ(with(der::element(der::sequence, {id, from_hex(flag).value(), content})), "malformed") << flag;
  }
  EXPECT_EQ(with(der::element(der::sequence, {id, content, Bytes{0x05, 0x00}})), "malformed");
  EXPECT_EQ(with(der::element(der::sequence, {content})), "malformed");
  EXPECT_EQ(with(id), "malformed");
}

TEST(Certificate, RefusesAnIdentityThatDoesNotVouchForThisKey) {
  CertificateForm form(key_number(1));
  const Bytes key_info = key_info_of(form.key.public_key());
  const auto with = [&form](Bytes value) {
    form.extensions = {extension(libp2p_extension_id, false, value)};
    return verdict(form);
  };
  EXPECT_EQ(with(signed_key(key_number(2), key_info)), "accepted") << "it's whoever vouches";
  EXPECT_EQ(with(signed_key(key_number(1), key_info, "libp2p-tls-handshake")), "verification failed");
  EXPECT_EQ(with(signed_key(key_number(1), key_info, "noise-libp2p-static-key:")), "verification failed");
  EXPECT_EQ(with(signed_key(key_number(1), key_info_of(key_number(3).public_key()))), "verification failed");
  Bytes claimed = signed_key(key_number(1), key_info);
  const Bytes other = key_number(2).public_key().to_protobuf();
  std::ranges::copy(other, claimed.begin() + 4);
  EXPECT_EQ(with(claimed), "verification failed") << "another identity, and this one's signature";
}

TEST(Certificate, RefusesASelfSignatureThatIsWrong) {
  for (const KeyType type : {KeyType::ecdsa, KeyType::ed25519, KeyType::rsa}) {
    CertificateForm form(key_number(1), type);
    form.spoil_signature = true;
    EXPECT_EQ(verdict(form), "verification failed") << to_string(type);
  }
  const CertificateForm form(key_number(1));
  const CertificateForm other(key_number(1));
  EXPECT_EQ(verdict(other.der_of(form.signed_part())), "verification failed");
}

TEST(Certificate, NoByteOfItCanBeChanged) {
  const CertificateForm form(key_number(1));
  const Bytes good = form.der();
  ASSERT_EQ(verdict(good), "accepted");
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const std::uint8_t mask : std::to_array<std::uint8_t>({0x01, 0x80})) {
      Bytes changed = good;
      changed[at] ^= mask;
      EXPECT_NE(verdict(changed), "accepted") << at;
    }
  }
}

TEST(Certificate, RefusesWhatIsCutOrHasSomethingBehindIt) {
  Bytes good = CertificateForm(key_number(1)).der();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(verdict(BytesView(good).first(size)), "malformed") << size;
  }
  good.push_back(0);
  EXPECT_EQ(verdict(good), "malformed");
}

TEST(Certificate, RefusesVersionsSerialNumbersAndUniqueIdsThatMustNotBe) {
  const auto with = [](auto change) {
    CertificateForm form(key_number(1));
    change(form);
    return verdict(form);
  };
  for (const std::string_view version : {"", "a003020101", "a003020103", "a00302010200", "a10302010202"}) {
    EXPECT_EQ(with([&](CertificateForm& form) { form.version = from_hex(version).value(); }), "malformed")
        << version;
  }
  for (const std::string_view serial : {"00", "7f", "0080"}) {
    EXPECT_EQ(with([&](CertificateForm& form) { form.serial = from_hex(serial).value(); }), "accepted")
        << serial;
  }
  EXPECT_EQ(with([](CertificateForm& form) { form.serial = Bytes(21, 0x01); }), "accepted");
  for (const std::string_view serial : {"", "80", "ff01", "007f", "0000"}) {
    EXPECT_EQ(with([&](CertificateForm& form) { form.serial = from_hex(serial).value(); }), "malformed")
        << serial;
  }
  EXPECT_EQ(with([](CertificateForm& form) { form.serial = Bytes(22, 0x01); }), "malformed");
  for (const std::string_view id : {"81020001", "82020001", "8102000182020001"}) {
    EXPECT_EQ(with([&](CertificateForm& form) { form.before_extensions = from_hex(id).value(); }),
              "malformed")
        << id;
  }
}

TEST(Certificate, IsBoundedInSize) {
  CertificateForm form(key_number(1));
  form.extensions.push_back(extension(Bytes{0x2a, 0x03}, false, Bytes(15'000)));
  EXPECT_EQ(verdict(form), "accepted");
  form.extensions.push_back(extension(Bytes{0x2a, 0x04}, false, Bytes(2'000)));
  EXPECT_EQ(verdict(form), "limit reached");
  EXPECT_EQ(verdict(Bytes(1024 * 1024)), "limit reached");
}

// A SubjectPublicKeyInfo of RSA with a modulus of that many bytes.
Bytes rsa_key_info(std::size_t bytes) {
  Bytes modulus(bytes + 1, 0xff);
  modulus[0] = 0;
  const Bytes numbers = der::element(
      der::sequence, {der::element(der::integer, {modulus}), Bytes{0x02, 0x03, 0x01, 0x00, 0x01}});
  return der::element(der::sequence, {from_hex("300d06092a864886f70d0101010500").value(),
                                      der::element(der::bit_string, {Bytes{0}, numbers})});
}

TEST(Certificate, RefusesRsaKeysOutsideTheLimitsBeforeItUsesThem) {
  for (const std::size_t bytes : {128U, 2048U}) {
    // As identity.
    CertificateForm form(key_number(1));
    const Bytes message = ProtobufWriter().varint(1, 0).bytes(2, rsa_key_info(bytes)).take();
    form.extensions = {
        extension(libp2p_extension_id, false,
                  der::element(der::sequence, {der::element(der::octet_string, {message}),
                                               der::element(der::octet_string, {Bytes(bytes)})}))};
    EXPECT_EQ(verdict(form), "limit reached") << bytes;
    // As the certificate's own key.
    const CertificateForm rsa(key_number(1), KeyType::rsa);
    Bytes part = rsa.signed_part();
    BytesView in = part;
    BytesView fields = *der::take(in, der::sequence);
    Bytes rewritten;
    for (int field = 0; field < 6; ++field) append(rewritten, der::take_element(fields, fields[0])->whole);
    (void)der::take(fields, der::sequence);
    append(rewritten, rsa_key_info(bytes));
    append(rewritten, fields);
    EXPECT_EQ(verdict(rsa.der_of(der::element(der::sequence, {rewritten}))), "limit reached") << bytes;
  }
}

TEST(Certificate, TheAlgorithmIsTheKeysAndTheSameInBothPlaces) {
  const CertificateForm form(key_number(1));
  const Bytes part = form.signed_part();
  const auto with_outer = [&](BytesView algorithm) {
    return verdict(der::element(
        der::sequence,
        {part, algorithm, der::element(der::bit_string, {Bytes{0}, form.key.sign(part).value()})}));
  };
  EXPECT_EQ(with_outer(algorithm_of(KeyType::ecdsa)), "accepted");
  EXPECT_EQ(with_outer(algorithm_of(KeyType::rsa)), "malformed");
  EXPECT_EQ(with_outer(from_hex("300a06082a8648ce3d040303").value()), "malformed");

  // The same in both, but not of the key's type; and one that nobody knows.
  const auto everywhere = [&](std::string_view hex) {
    Bytes changed = part;
    const Bytes before = algorithm_of(KeyType::ecdsa);
    const auto at = std::ranges::search(changed, before);
    const Bytes algorithm = from_hex(hex).value();
    if (algorithm.size() == before.size()) std::ranges::copy(algorithm, at.begin());
    return verdict(der::element(der::sequence,
                                {changed, algorithm, der::element(der::bit_string, {Bytes{0}, Bytes(64)})}));
  };
  EXPECT_EQ(everywhere("300a06082a8648ce3d040303"), "not supported") << "ecdsa-with-SHA384";
}

}  // namespace
}  // namespace libp2p::test
