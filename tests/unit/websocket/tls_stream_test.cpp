#include "libp2p/transport/websocket/tls_stream.hpp"

#include <gtest/gtest.h>

#include "libp2p/base/deadline.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/transport/websocket/certificates.hpp"
#include "tests/support/streams.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/web_certificates.hpp"

namespace libp2p::websocket {
namespace {

using starling::test::TempDir;
using std::chrono::seconds;
using test::Authority;
using test::keep;
using test::MemoryLog;
using test::PemPair;
using test::receive;
using test::send;
using test::write_file;

struct Files {
  explicit Files(const PemPair& pair) { write(pair); }
  void write(const PemPair& pair) const {
    write_file(files.certificate, pair.certificate);
    write_file(files.key, pair.key);
  }
  TempDir folder;
  CertificateFiles files{folder / "server.pem", folder / "server.key"};
};

struct Secured {
  explicit Secured(const std::string& names) : Secured() { pair = authority.issue(names); }
  Secured() : runtime(1, log), tasks(runtime.env()) {}
  ~Secured() {
    client.reset();
    server.reset();
    runtime.run(tasks.stop());
  }
  // The client trusts the authority, and asks for `host`.
  void shake_hands(const std::string& host, bool verify = true) {
    const Files files(pair);
    auto certificate = runtime.run(ServerCertificate::load(runtime.env(), files.files, seconds(30)));
    ASSERT_TRUE(certificate) << certificate.error().to_string();
    SharedSslContext trusting = make_client_context();
    SSL_CTX_set_verify(trusting.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    write_file(files.folder / "ca.pem", authority.pem());
    ASSERT_EQ(SSL_CTX_load_verify_file(trusting.get(), (files.folder / "ca.pem").c_str()), 1);
    auto [near, far] = make_memory_stream_pair(runtime.env());
    std::optional<Result<StreamPtr>> accepted;
    tasks.spawn("server", keep(accept_tls(std::move(far), (*certificate)->context()), accepted));
    auto connected = runtime.run(connect_tls(runtime.env(), std::move(near), trusting, host));
    runtime.run_ready();
    ASSERT_TRUE(accepted);
    if (connected) client = std::move(*connected);
    if (!connected) client_error = connected.error();
    if (*accepted) server = std::move(**accepted);
    if (!*accepted) server_error = accepted->error();
  }
  MemoryLog log;
  VirtualRuntime runtime;
  TaskGroup tasks;
  Authority authority;
  PemPair pair;
  StreamPtr client;
  StreamPtr server;
  std::optional<Error> client_error;
  std::optional<Error> server_error;
};

TEST(WebsocketTls, CarriesBytesBothWays) {
  Secured secured("DNS:node.example");
  secured.shake_hands("node.example");
  ASSERT_TRUE(secured.client && secured.server);
  Bytes sent(300'000);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::uint8_t>(i * 31);
  for (const auto& [from, to] : {std::pair{secured.client.get(), secured.server.get()},
                                 {secured.server.get(), secured.client.get()}}) {
    std::optional<Result<>> written;
    secured.tasks.spawn("write", keep(send(*from, sent), written));
    Bytes got(sent.size());
    ASSERT_TRUE(secured.runtime.run(read_exact(*to, got)));
    EXPECT_EQ(got, sent);
    EXPECT_TRUE(written && *written);
  }
}

TEST(WebsocketTls, ClosesInOrderAndTellsItFromBeingCut) {
  Secured secured("DNS:node.example");
  secured.shake_hands("node.example");
  ASSERT_TRUE(secured.client && secured.server);
  ASSERT_TRUE(secured.runtime.run(send(*secured.client, to_bytes("last"))));
  ASSERT_TRUE(secured.runtime.run(secured.client->close_write()));
  EXPECT_EQ(as_text(*secured.runtime.run(receive(*secured.server))), "last");
  EXPECT_TRUE(secured.runtime.run(receive(*secured.server))->empty());
  // The other way is still open.
  ASSERT_TRUE(secured.runtime.run(send(*secured.server, to_bytes("answer"))));
  EXPECT_EQ(as_text(*secured.runtime.run(receive(*secured.client))), "answer");
  secured.server.reset();
  EXPECT_EQ(secured.runtime.run(receive(*secured.client)).error().code, Errc::reset);
}

TEST(WebsocketTls, ACancelledReadLosesNothing) {
  Secured secured("DNS:node.example");
  secured.shake_hands("node.example");
  ASSERT_TRUE(secured.client && secured.server);
  EXPECT_EQ(secured.runtime.run(with_timeout(secured.runtime.env(), seconds(1), "", receive(*secured.server)))
                .error()
                .code,
            Errc::timeout);
  ASSERT_TRUE(secured.runtime.run(send(*secured.client, to_bytes("later"))));
  EXPECT_EQ(as_text(*secured.runtime.run(receive(*secured.server))), "later");
}

TEST(WebsocketTls, TheCertificateMustBeGoodForTheName) {
  Secured named("DNS:node.example,DNS:*.wild.example");
  named.shake_hands("a.wild.example");
  EXPECT_TRUE(named.client);
  Secured other("DNS:node.example");
  other.shake_hands("other.example");
  ASSERT_TRUE(other.client_error && other.server_error);
  EXPECT_EQ(other.client_error->code, Errc::crypto);
  EXPECT_TRUE(other.client_error->message.contains("hostname mismatch")) << other.client_error->message;
  EXPECT_EQ(other.server_error->code, Errc::crypto);
}

TEST(WebsocketTls, TheCertificateMustBeGoodForTheAddress) {
  Secured same("IP:192.0.2.1");
  same.shake_hands("192.0.2.1");
  EXPECT_TRUE(same.client);
  Secured another("IP:192.0.2.1");
  another.shake_hands("192.0.2.2");
  EXPECT_EQ(another.client_error->code, Errc::crypto);
}

TEST(WebsocketTls, TheCertificateMustBeOfSomebodyTrusted) {
  Secured stranger;
  stranger.pair = Authority().issue("DNS:node.example");
  stranger.shake_hands("node.example");
  ASSERT_TRUE(stranger.client_error);
  EXPECT_EQ(stranger.client_error->code, Errc::crypto);
  Secured careless;
  careless.pair = Authority().issue("DNS:node.example");
  careless.shake_hands("node.example", false);
  EXPECT_TRUE(careless.client);
}

TEST(WebsocketTls, TimeIsTheRuntimes) {
  Secured expired("DNS:node.example");
  expired.runtime.run(sleep_for(expired.runtime.env(), std::chrono::hours(24 * 365 * 11)),
                      std::chrono::hours(24 * 365 * 12));
  expired.shake_hands("node.example");
  ASSERT_TRUE(expired.client_error);
  EXPECT_TRUE(expired.client_error->message.contains("expired")) << expired.client_error->message;
}

TEST(WebsocketTls, WhatIsNotTlsIsRefused) {
  Secured secured("DNS:node.example");
  const Files files(secured.pair);
  auto certificate =
      secured.runtime.run(ServerCertificate::load(secured.runtime.env(), files.files, seconds(30)));
  auto [near, far] = make_memory_stream_pair(secured.runtime.env());
  std::optional<Result<StreamPtr>> accepted;
  secured.tasks.spawn("server", keep(accept_tls(std::move(far), (*certificate)->context()), accepted));
  ASSERT_TRUE(secured.runtime.run(send(*near, to_bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))));
  secured.runtime.run_ready();
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->error().code, Errc::crypto);
}

TEST(WebsocketCertificate, SaysWhatIsWrongWithItsFiles) {
  Secured secured("DNS:node.example");
  const auto load = [&](const Files& files) {
    return secured.runtime.run(ServerCertificate::load(secured.runtime.env(), files.files, seconds(30)));
  };
  EXPECT_TRUE(load(Files(secured.pair)));
  const PemPair other = secured.authority.issue("DNS:node.example");
  const PemPair chain{secured.pair.certificate + secured.authority.pem(), secured.pair.key};
  EXPECT_TRUE(load(Files(chain)));
  EXPECT_EQ(load(Files({secured.pair.certificate, other.key})).error().code, Errc::invalid_argument);
  EXPECT_EQ(load(Files({secured.pair.certificate, ""})).error().code, Errc::invalid_argument);
  EXPECT_EQ(load(Files({"", secured.pair.key})).error().code, Errc::invalid_argument);
  EXPECT_EQ(load(Files({"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", secured.pair.key}))
                .error()
                .code,
            Errc::invalid_argument);
  EXPECT_EQ(load(Files({std::string(300'000, '\n'), secured.pair.key})).error().code, Errc::limit);
  Files gone(secured.pair);
  gone.files.key += ".gone";
  EXPECT_EQ(load(gone).error().code, Errc::not_found);
}

TEST(WebsocketCertificate, IsTakenAgainWhenItsFilesChange) {
  Secured secured("DNS:node.example");
  const Files files(secured.pair);
  const auto certificate =
      secured.runtime.run(ServerCertificate::load(secured.runtime.env(), files.files, seconds(30))).value();
  const SharedSslContext first = certificate->context();
  secured.runtime.run_for(seconds(100));
  EXPECT_EQ(certificate->context(), first);
  files.write(secured.authority.issue("DNS:node.example"));
  secured.runtime.run_for(seconds(31));
  const SharedSslContext second = certificate->context();
  EXPECT_NE(second, first);
  ASSERT_EQ(secured.log.lines.size(), 1U);
  EXPECT_TRUE(secured.log.lines[0].starts_with("websocket.certificate_renewed"));
}

TEST(WebsocketCertificate, ABrokenPairIsLoggedOnceAndTheOldOneKept) {
  Secured secured("DNS:node.example");
  const Files files(secured.pair);
  const auto certificate =
      secured.runtime.run(ServerCertificate::load(secured.runtime.env(), files.files, seconds(30))).value();
  const SharedSslContext first = certificate->context();
  // Half of a renewal: the certificate is there, its key isn't yet.
  const PemPair renewed = secured.authority.issue("DNS:node.example");
  files.write({renewed.certificate, secured.pair.key});
  secured.runtime.run_for(seconds(200));
  EXPECT_EQ(certificate->context(), first);
  ASSERT_EQ(secured.log.lines.size(), 1U);
  EXPECT_TRUE(secured.log.lines[0].starts_with("websocket.certificate_not_renewed"));
  EXPECT_TRUE(secured.log.lines[0].contains("the key is not the certificate's")) << secured.log.lines[0];
  files.write(renewed);
  secured.runtime.run_for(seconds(31));
  EXPECT_NE(certificate->context(), first);
  EXPECT_EQ(secured.log.lines.size(), 2U);
}

}  // namespace
}  // namespace libp2p::websocket
