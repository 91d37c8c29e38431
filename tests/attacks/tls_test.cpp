// ATTACKS, TLS: TL01 to TL17.
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <algorithm>
#include <functional>

#include "libp2p/security/tls/tls.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/raw_tls.hpp"
#include "tests/support/streams.hpp"

namespace libp2p::test {
namespace {

using std::chrono::seconds;
using tls::Role;

constexpr std::array roles{Role::client, Role::server};
constexpr std::size_t some_kib = 40UZ * 1024;

// A node in one role of the handshake, and in the other an attacker with OpenSSL and a certificate of its
// own, who does as it likes.
class Attack {
 public:
  explicit Attack(Role victims_role, RawTlsOptions attackers)
      : raw(victims_role == Role::client ? Role::server : Role::client, std::move(attackers)) {
    auto [attacker, victim] = make_memory_stream_pair(runtime.env());
    attacker_ = std::move(attacker);
    tasks_.spawn("victim",
                 secure(std::make_unique<CountingStream>(std::move(victim), counts_), victims_role));
    tasks_.spawn("pump", pump());
    runtime.run_ready();
  }
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;
  ~Attack() { runtime.run(tasks_.stop()); }

  // As much of it as the victim takes.
  void send(Bytes bytes) {
    tasks_.spawn("send", write(std::move(bytes)));
    runtime.run_ready();
  }
  // Takes what the victim has sent to the attacker's OpenSSL.
  void receive() {
    runtime.run_ready();
    raw.take(std::exchange(inbox_, {}));
  }
  [[nodiscard]] const Bytes& inbox() const { return inbox_; }
  // The whole handshake, as far as the two get with it.
  void shake() {
    for (int i = 0; i < 8; ++i) {
      receive();
      (void)raw.shake();
      send(raw.give());
    }
  }

  [[nodiscard]] const std::optional<Result<SecuredConnection>>& outcome() const { return outcome_; }
  // The handshake is over, without a secured stream, and the victim is gone.
  [[nodiscard]] bool closed() {
    runtime.run_ready();
    return outcome_ && !*outcome_ && gone_;
  }
  [[nodiscard]] bool accepted() const { return outcome_ && *outcome_; }
  [[nodiscard]] Errc error() const { return outcome_->error().code; }
  [[nodiscard]] std::string words() const { return outcome_ ? outcome_->error().to_string() : "no outcome"; }
  [[nodiscard]] const CountingStream::Counts& counts() const { return counts_; }
  [[nodiscard]] Stream& secured() { return *(*outcome_)->stream; }

  VirtualRuntime runtime;
  RawTls raw;

 private:
  Task<> secure(StreamPtr stream, Role role) {
    SeededRandom random(7);
    const TlsIdentity own = TlsIdentity::create(key_number(7), random).value();
    outcome_ = co_await tls_secure(runtime.env(), std::move(stream), role, own, {.muxers = {"/yamux/1.0.0"}});
  }
  Task<> pump() {
    Bytes buffer(64UZ * 1024);
    for (;;) {
      const auto got = co_await attacker_->read_some(buffer);
      if (!got || *got == 0) break;
      append(inbox_, BytesView(buffer).first(*got));
    }
    gone_ = true;
  }
  Task<> write(Bytes bytes) { (void)co_await attacker_->write(bytes); }

  CountingStream::Counts counts_;
  StreamPtr attacker_;
  Bytes inbox_;
  bool gone_ = false;
  std::optional<Result<SecuredConnection>> outcome_;
  TaskGroup tasks_{runtime.env()};
};

CertificateForm honest() { return CertificateForm(key_number(66)); }

// Both roles refuse this attacker at once, with this error, before they have read much.
void expect_refused(Errc code, const std::function<RawTlsOptions()>& attackers) {
  for (const Role role : roles) {
    Attack attack(role, attackers());
    attack.shake();
    ASSERT_TRUE(attack.closed()) << attack.words();
    EXPECT_EQ(attack.error(), code) << attack.words();
    EXPECT_EQ(attack.runtime.now(), Instant());
    EXPECT_LE(attack.counts().bytes_read, some_kib);
  }
}

void expect_certificate_refused(Errc code, const std::function<void(CertificateForm&)>& change) {
  expect_refused(code, [&change] {
    CertificateForm form = honest();
    change(form);
    return RawTlsOptions{.certificate = form.peer_certificate()};
  });
}

// So that the refusals below are not of the harness's making.
TEST(Tls, AnHonestAttackerIsAccepted) {
  for (const Role role : roles) {
    Attack attack(role, {.certificate = honest().peer_certificate()});
    attack.shake();
    ASSERT_TRUE(attack.accepted()) << attack.words();
    EXPECT_EQ((*attack.outcome())->remote_key, key_number(66).public_key());
    EXPECT_EQ((*attack.outcome())->early_muxer, "");
  }
}

TEST(Tls, TL01_TwoCertificates) {
  expect_refused(Errc::protocol, [] {
    return RawTlsOptions{
        .certificate = honest().peer_certificate(), .change_settings = [](SSL_CTX* settings) {
          const Bytes der = honest().der();
          const std::uint8_t* at = der.data();
          SSL_CTX_add_extra_chain_cert(settings, d2i_X509(nullptr, &at, static_cast<long>(der.size())));
        }};
  });
}

TEST(Tls, TL02_NoLibp2pExtension) {
  expect_certificate_refused(Errc::protocol, [](CertificateForm& form) {
    form.extensions = {extension(Bytes{0x2a, 0x03}, false, Bytes{1})};
  });
}

TEST(Tls, TL03_ExtensionTwice) {
  expect_certificate_refused(Errc::protocol,
                             [](CertificateForm& form) { form.extensions.push_back(form.extensions[0]); });
}

TEST(Tls, TL04_UnknownCriticalExtension) {
  expect_certificate_refused(Errc::not_supported, [](CertificateForm& form) {
    form.extensions.push_back(extension(Bytes{0x2a, 0x03}, true, Bytes{1}));
  });
}

TEST(Tls, TL05_Expired) {
  expect_certificate_refused(Errc::protocol, [](CertificateForm& form) {
    form.not_after = CertificateForm::time("20251231235959Z");
  });
}

TEST(Tls, TL06_NotYetValid) {
  expect_certificate_refused(Errc::protocol, [](CertificateForm& form) {
    form.not_before = CertificateForm::time("20260102000000Z");
  });
}

TEST(Tls, TL07_BadSelfSignature) {
  expect_certificate_refused(Errc::crypto, [](CertificateForm& form) { form.spoil_signature = true; });
}

TEST(Tls, TL08_ExtensionSignedByAnotherKey) {
  expect_certificate_refused(Errc::crypto, [](CertificateForm& form) {
    // What it says that it is, with a signature that another key has made.
    const Bytes key_info = key_info_of(form.key.public_key());
    Bytes value = signed_key(key_number(67), key_info);
    std::ranges::copy(form.identity.public_key().to_protobuf(), value.begin() + 4);
    form.extensions = {extension(libp2p_extension_id, false, value)};
  });
  // What somebody else's certificate says, in one with another key.
  expect_certificate_refused(Errc::crypto,
                             [](CertificateForm& form) { form.extensions = honest().extensions; });
}

TEST(Tls, TL09_NoClientCertificate) {
  Attack attack(Role::server, {});
  attack.shake();
  ASSERT_TRUE(attack.closed());
  EXPECT_EQ(attack.error(), Errc::protocol) << attack.words();
}

TEST(Tls, TL10_Tls12) {
  for (const Role role : roles) {
    Attack attack(role,
                  {.certificate = honest().peer_certificate(), .change_settings = [](SSL_CTX* settings) {
                     SSL_CTX_set_max_proto_version(settings, TLS1_2_VERSION);
                   }});
    attack.shake();
    ASSERT_TRUE(attack.closed()) << attack.words();
  }
}

TEST(Tls, TL11_AlpnAbsentOrAnother) {
  expect_refused(Errc::protocol,
                 [] { return RawTlsOptions{.certificate = honest().peer_certificate(), .alpn = {}}; });
  expect_refused(Errc::protocol,
                 [] { return RawTlsOptions{.certificate = honest().peer_certificate(), .alpn = {"h2"}}; });
}

TEST(Tls, TL12_ServerNameIsIgnored) {
  Attack attack(Role::server,
                {.certificate = honest().peer_certificate(), .change_connection = [](SSL* connection) {
                   SSL_set_tlsext_host_name(connection, "example.org");
                 }});
  attack.shake();
  EXPECT_TRUE(attack.accepted()) << attack.words();
}

// With an extension of a MiB, signed as it should be.
void use_huge_certificate(SSL_CTX* settings) {
  const CertificateForm form = honest();
  const PeerCertificate own = form.peer_certificate();
  const std::uint8_t* at = own.certificate_der.data();
  X509* const certificate = d2i_X509(nullptr, &at, static_cast<long>(own.certificate_der.size()));
  at = own.private_key_der.data();
  const openssl::Pkey key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(own.private_key_der.size())));
  ASN1_OBJECT* const id = OBJ_txt2obj("1.2.3.4", 1);
  ASN1_OCTET_STRING* const value = ASN1_OCTET_STRING_new();
  const Bytes content(1024UZ * 1024);
  ASN1_OCTET_STRING_set(value, content.data(), static_cast<int>(content.size()));
  X509_EXTENSION* const added = X509_EXTENSION_create_by_OBJ(nullptr, id, 0, value);
  X509_add_ext(certificate, added, -1);
  X509_sign(certificate, key.get(), EVP_sha256());
  const bool ok =
      SSL_CTX_use_certificate(settings, certificate) == 1 && SSL_CTX_use_PrivateKey(settings, key.get()) == 1;
  openssl::require(ok, "a huge certificate");
  X509_EXTENSION_free(added);
  ASN1_OCTET_STRING_free(value);
  ASN1_OBJECT_free(id);
  X509_free(certificate);
}

TEST(Tls, TL13_HugeCertificateOrHandshakeMessage) {
  expect_refused(Errc::limit, [] {
    return RawTlsOptions{.certificate = honest().peer_certificate(), .change_settings = use_huge_certificate};
  });

  // A ClientHello of 64 KiB, in records of 8 KiB.
  Attack attack(Role::server, {});
  Bytes message = from_hex("0100fffc0303").value();
  message.resize(64UZ * 1024);
  Bytes records;
  for (std::size_t at = 0; at < message.size(); at += 8192) {
    append(records, from_hex("1603012000").value());
    append(records, BytesView(message).subspan(at, 8192));
  }
  attack.send(records);
  ASSERT_TRUE(attack.closed());
  EXPECT_EQ(attack.error(), Errc::limit) << attack.words();
  EXPECT_LE(attack.counts().bytes_read, some_kib);
}

TEST(Tls, TL14_LengthsThatAreNotDer) {
  // What OpenSSL can carry for the attacker: the extension's content, and the serial number.
  const auto with_value = [](std::string_view hex) {
    expect_certificate_refused(Errc::parse, [hex](CertificateForm& form) {
      Bytes value = from_hex(hex).value();
      append(value, BytesView(signed_key(form.identity, key_info_of(form.key.public_key()))).subspan(2));
      form.extensions = {extension(libp2p_extension_id, false, value)};
    });
  };
  with_value("30847fffffff");
  with_value("3080");
  with_value("308168");
  with_value("30820068");
  with_value("30");
  expect_certificate_refused(Errc::parse, [](CertificateForm& form) { form.serial = Bytes{0x80}; });

  // The same at each level of a certificate, as the check itself is given it.
  const Bytes good = honest().der();
  ASSERT_TRUE(verify_peer_certificate(good, certificate_time));
  for (const std::string_view header : {"30847fffffff", "3080", "3083000170", "30840000ffff"}) {
    Bytes outer = from_hex(header).value();
    append(outer, BytesView(good).subspan(4));
    EXPECT_EQ(verify_peer_certificate(outer, certificate_time).error().code, Errc::parse) << header;
    Bytes inner(good.begin(), good.begin() + 4);
    append(inner, from_hex(header).value());
    append(inner, BytesView(good).subspan(8));
    EXPECT_EQ(verify_peer_certificate(inner, certificate_time).error().code, Errc::parse) << header;
  }
}

TEST(Tls, TL15_CloseNotifyInsideTheHandshake) {
  const Bytes close_notify = from_hex("15030300020100").value();
  for (const Role role : roles) {
    Attack first(role, {});
    first.send(close_notify);
    ASSERT_TRUE(first.closed());
    EXPECT_EQ(first.runtime.now(), Instant());
  }
  // Behind a ClientHello, while the rest is due.
  Attack later(Role::server, {.certificate = honest().peer_certificate()});
  (void)later.raw.shake();
  later.send(later.raw.give());
  EXPECT_FALSE(later.outcome());
  later.send(close_notify);
  ASSERT_TRUE(later.closed());
  EXPECT_EQ(later.runtime.now(), Instant());
}

// The same handshake message, in records of one byte each.
Bytes in_records_of_one_byte(BytesView records) {
  Bytes out;
  while (!records.empty()) {
    const std::size_t size = load_be<std::uint16_t>(records.data() + 3);
    for (const std::uint8_t byte : records.subspan(5, size)) {
      append(out, Bytes{0x16, 0x03, 0x01, 0x00, 0x01, byte});
    }
    records = records.subspan(5 + size);
  }
  return out;
}

TEST(Tls, TL16_FragmentedClientHello) {
  Attack attack(Role::server, {.certificate = honest().peer_certificate()});
  (void)attack.raw.shake();
  attack.send(in_records_of_one_byte(attack.raw.give()));
  attack.shake();
  EXPECT_TRUE(attack.accepted() || attack.closed()) << "either is in order; to wait for more is not";

  // And as slowly as it can: at most ten seconds, however much is still to come.
  Attack slow(Role::server, {.certificate = honest().peer_certificate()});
  (void)slow.raw.shake();
  const Bytes hello = in_records_of_one_byte(slow.raw.give());
  for (const std::uint8_t byte : hello) {
    slow.send(Bytes{byte});
    slow.runtime.run_for(std::chrono::milliseconds(100));
    if (slow.outcome()) break;
  }
  ASSERT_TRUE(slow.closed());
  EXPECT_EQ(slow.error(), Errc::timeout);
  EXPECT_LE(slow.runtime.now(), Instant() + seconds(10));
}

void add_key_update(Attack& attack, Bytes& records) {
  SSL_key_update(attack.raw.connection(), SSL_KEY_UPDATE_REQUESTED);
  (void)attack.raw.shake();
  append(records, attack.raw.give());
}

TEST(Tls, TL17_KeyUpdateFlood) {
  for (const Role role : roles) {
    Attack attack(role, {.certificate = honest().peer_certificate(),
                         .change_settings = [](SSL_CTX* settings) { SSL_CTX_set_num_tickets(settings, 0); }});
    attack.shake();
    ASSERT_TRUE(attack.accepted()) << attack.words();
    Bytes records;
    for (int i = 0; i < 32; ++i) add_key_update(attack, records);
    attack.raw.write(as_bytes("after 32"));
    append(records, attack.raw.give());
    attack.send(records);
    EXPECT_EQ(as_text(*attack.runtime.run(receive(attack.secured()))), "after 32");

    const std::size_t before = attack.counts().bytes_read;
    Bytes flood;
    for (int i = 0; i < 10'000; ++i) add_key_update(attack, flood);
    attack.send(flood);
    const auto outcome = attack.runtime.run(receive(attack.secured()));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Errc::limit) << outcome.error().to_string();
    EXPECT_TRUE(attack.counts().reset);
    EXPECT_LE(attack.counts().bytes_read - before, some_kib) << "what one read brought";
    EXPECT_EQ(attack.runtime.run(receive(attack.secured())).error().code, Errc::limit);
  }
}

}  // namespace
}  // namespace libp2p::test
