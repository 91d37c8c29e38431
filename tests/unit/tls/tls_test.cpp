#include "libp2p/security/tls/tls.hpp"

#include <gtest/gtest.h>

#include "libp2p/crypto/certificate.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

using std::chrono::seconds;
using test::CountingStream;
using test::keep;
using test::receive;
using test::send;
using tls::Role;
using Outcome = std::optional<Result<SecuredConnection>>;

class Tls : public testing::Test {
 protected:
  PrivateKey key(KeyType type = KeyType::ed25519) { return PrivateKey::generate(type, random_).value(); }
  TlsIdentity identity(const PrivateKey& own) { return TlsIdentity::create(own, random_).value(); }
  static PeerId id(const PrivateKey& own) { return PeerId::from_public_key(own.public_key()); }

  void shake(const PrivateKey& dialer, TlsOptions dialers, const PrivateKey& listener, TlsOptions listeners) {
    auto [near, far] = make_memory_stream_pair(env_);
    near_.reset();
    far_.reset();
    TaskGroup tasks(env_);
    tasks.spawn("out", keep(tls_secure(env_, std::make_unique<CountingStream>(std::move(near), counts_),
                                       Role::client, identity(dialer), std::move(dialers)),
                            near_));
    tasks.spawn(
        "in",
        keep(tls_secure(env_, std::move(far), Role::server, identity(listener), std::move(listeners)), far_));
    runtime_.run(tasks.join());
    EXPECT_EQ(tasks.escaped(), 0U);
  }
  // Both ends' muxers, or both ends' error codes.
  std::pair<std::string, std::string> negotiate(std::vector<std::string> dialers,
                                                std::vector<std::string> listeners) {
    shake(key(), {.muxers = std::move(dialers)}, key(), {.muxers = std::move(listeners)});
    const auto show = [](const Outcome& end) {
      return *end ? (*end)->early_muxer : std::string(to_string(end->error().code));
    };
    return {show(near_), show(far_)};
  }

  VirtualRuntime runtime_;
  Env env_ = runtime_.env();
  SeededRandom random_{3};
  CountingStream::Counts counts_;
  Outcome near_;
  Outcome far_;
};

TEST_F(Tls, BothSidesLearnWhoTheOtherIsForEveryKeyType) {
  for (const KeyType type : {KeyType::ed25519, KeyType::secp256k1, KeyType::ecdsa, KeyType::rsa}) {
    const PrivateKey dialer = key(type);
    const PrivateKey listener = key();
    shake(dialer, {.expected_peer = id(listener)}, listener, {.expected_peer = id(dialer)});
    ASSERT_TRUE(*near_) << near_->error().to_string();
    ASSERT_TRUE(*far_) << far_->error().to_string();
    EXPECT_EQ((*near_)->remote_peer, id(listener));
    EXPECT_EQ((*near_)->remote_key, listener.public_key());
    EXPECT_EQ((*far_)->remote_peer, id(dialer));
    EXPECT_EQ((*far_)->remote_key, dialer.public_key());
    ASSERT_TRUE(runtime_.run(send(*(*near_)->stream, to_bytes("over the secured stream"))));
    EXPECT_EQ(as_text(runtime_.run(receive(*(*far_)->stream)).value()), "over the secured stream");
    ASSERT_TRUE(runtime_.run(send(*(*far_)->stream, to_bytes("and back"))));
    EXPECT_EQ(as_text(runtime_.run(receive(*(*near_)->stream)).value()), "and back");
  }
}

TEST_F(Tls, AHandshakeTakesOneRoundTripAndNoTicketFollows) {
  shake(key(), {}, key(), {});
  EXPECT_EQ(counts_.writes.size(), 2U) << "ClientHello; certificate and Finished";
  const std::size_t read = counts_.bytes_read;
  ASSERT_TRUE(runtime_.run(send(*(*far_)->stream, to_bytes("x"))));
  EXPECT_EQ(runtime_.run(receive(*(*near_)->stream)).value().size(), 1U);
  EXPECT_EQ(counts_.bytes_read - read, 1U + 5 + 1 + 16) << "one record, and nothing before it";
}

TEST_F(Tls, TheMuxerIsTheFirstOfTheDialersThatBothSpeak) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(negotiate({"/a", "/b"}, {"/b", "/a"}), Pair("/a", "/a"));
  EXPECT_EQ(negotiate({"/x", "/b"}, {"/b", "/a"}), Pair("/b", "/b"));
  EXPECT_EQ(negotiate({"/a"}, {}), Pair("", "")) << "multistream-select decides";
  EXPECT_EQ(negotiate({}, {"/a"}), Pair("", ""));
  EXPECT_EQ(negotiate({}, {}), Pair("", ""));
  EXPECT_EQ(negotiate({"/a"}, {"/b"}), Pair("", "")) << "\"libp2p\" is common to both";
}

TEST_F(Tls, ADialerThatMeetsAnotherPeerGoesBeforeItSaysWhoItIs) {
  const PrivateKey listener = key();
  shake(key(), {.expected_peer = id(key())}, listener, {});
  EXPECT_EQ(near_->error().code, Errc::refused);
  EXPECT_NE(near_->error().message.find(id(listener).to_string()), std::string::npos) << "says who answered";
  ASSERT_EQ(counts_.writes.size(), 2U);
  EXPECT_LT(counts_.writes[1], 64U) << "an alert, and no certificate";
  EXPECT_EQ(far_->error().code, Errc::refused) << far_->error().to_string();
}

TEST_F(Tls, AListenerCanExpectAPeerTooAndTheDialerReadsOfItsRefusal) {
  shake(key(), {}, key(), {.expected_peer = id(key())});
  EXPECT_EQ(far_->error().code, Errc::refused);
  ASSERT_TRUE(*near_) << "it can't know yet";
  EXPECT_EQ(runtime_.run(receive(*(*near_)->stream)).error().code, Errc::refused);
}

TEST_F(Tls, OneCertificateServesManyHandshakesInEitherRole) {
  const PrivateKey own = key();
  const TlsIdentity mine = identity(own);
  for (const Role role : {Role::client, Role::server}) {
    auto [near, far] = make_memory_stream_pair(env_);
    TaskGroup tasks(env_);
    tasks.spawn("a", keep(tls_secure(env_, std::move(near), role, mine), near_));
    tasks.spawn("b", keep(tls_secure(env_, std::move(far), role == Role::client ? Role::server : Role::client,
                                     identity(key())),
                          far_));
    runtime_.run(tasks.join());
    EXPECT_EQ(far_->value().remote_peer, id(own));
  }
}

TEST_F(Tls, ASilentPeerIsLeftAfterTheTimeout) {
  for (const Role role : {Role::client, Role::server}) {
    auto [near, far] = make_memory_stream_pair(env_);
    const Instant start = runtime_.now();
    const auto outcome =
        runtime_.run(tls_secure(env_, std::move(near), role, identity(key()), {.timeout = seconds(3)}));
    EXPECT_EQ(outcome.error().code, Errc::timeout);
    EXPECT_EQ(runtime_.now() - start, seconds(3));
    EXPECT_EQ(runtime_.run(send(*far, {1})).error().code, Errc::reset);
  }
}

TEST_F(Tls, APeerThatHangsUpInsteadIsClosedAndInTheMiddleAFault) {
  auto [near, far] = make_memory_stream_pair(env_);
  ASSERT_TRUE(runtime_.run(far->close_write()));
  EXPECT_EQ(runtime_.run(tls_secure(env_, std::move(near), Role::server, identity(key()))).error().code,
            Errc::closed);
  auto [other, wire] = make_memory_stream_pair(env_);
  ASSERT_TRUE(runtime_.run(send(*wire, from_hex("16030100").value())));
  ASSERT_TRUE(runtime_.run(wire->close_write()));
  EXPECT_EQ(runtime_.run(tls_secure(env_, std::move(other), Role::server, identity(key()))).error().code,
            Errc::protocol);
}

TEST_F(Tls, TheTimeoutDoesNotReachTheSecuredStream) {
  shake(key(), {}, key(), {});
  runtime_.run_for(seconds(100));
  ASSERT_TRUE(runtime_.run(send(*(*near_)->stream, to_bytes("later"))));
  EXPECT_EQ(as_text(runtime_.run(receive(*(*far_)->stream)).value()), "later");
}

TEST_F(Tls, IsCancelledLikeAnyTask) {
  auto [near, far] = make_memory_stream_pair(env_);
  TaskGroup tasks(env_);
  tasks.spawn("out", keep(tls_secure(env_, std::move(near), Role::client, identity(key())), near_));
  runtime_.run_for(seconds(1));
  runtime_.run(tasks.stop());
  EXPECT_FALSE(near_);
  EXPECT_EQ(tasks.escaped(), 0U);
}

TEST_F(Tls, RefusesMuxersThatAlpnCantCarry) {
  for (const std::string& muxer : {std::string(), std::string(256, 'm'), std::string("libp2p")}) {
    auto [near, far] = make_memory_stream_pair(env_);
    const auto outcome =
        runtime_.run(tls_secure(env_, std::move(near), Role::client, identity(key()), {.muxers = {muxer}}));
    EXPECT_EQ(outcome.error().code, Errc::invalid_argument) << muxer;
  }
}

TEST_F(Tls, AKeyThatCantSignHasNoIdentity) {
  EXPECT_EQ(TlsIdentity::create(PrivateKey(), random_).error().code, Errc::invalid_argument);
  EXPECT_EQ(TlsIdentity::of({Bytes{1}, Bytes{2}}).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace libp2p
