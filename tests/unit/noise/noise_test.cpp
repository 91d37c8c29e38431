#include "libp2p/security/noise/noise.hpp"

#include <gtest/gtest.h>

#include "libp2p/security/noise/payload.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

using noise::Payload;
using noise::Role;
using std::chrono::seconds;
using test::CountingStream;
using test::keep;
using test::receive;
using test::send;
using Outcome = std::optional<Result<SecuredConnection>>;

class Noise : public testing::Test {
 protected:
  PrivateKey key(KeyType type = KeyType::ed25519) { return PrivateKey::generate(type, random_).value(); }
  static PeerId id(const PrivateKey& key) { return PeerId::from_public_key(key.public_key()); }

  void shake(const PrivateKey& dialer, NoiseOptions dialers, const PrivateKey& listener,
             NoiseOptions listeners) {
    auto [near, far] = make_memory_stream_pair(env_);
    near_.reset();
    far_.reset();
    TaskGroup tasks(env_);
    tasks.spawn("out", keep(noise_secure_outbound(env_, std::move(near), dialer, std::move(dialers)), near_));
    tasks.spawn("in", keep(noise_secure_inbound(env_, std::move(far), listener, std::move(listeners)), far_));
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
  Outcome near_;
  Outcome far_;
};

TEST_F(Noise, BothSidesLearnWhoTheOtherIsForEveryKeyType) {
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

TEST_F(Noise, TheMuxerIsTheFirstOfTheInitiatorsThatBothSpeak) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(negotiate({"/a", "/b"}, {"/b", "/a"}), Pair("/a", "/a"));
  EXPECT_EQ(negotiate({"/x", "/b"}, {"/b", "/a"}), Pair("/b", "/b"));
  EXPECT_EQ(negotiate({"/a"}, {}), Pair("", "")) << "multistream-select decides";
  EXPECT_EQ(negotiate({}, {"/a"}), Pair("", ""));
  EXPECT_EQ(negotiate({}, {}), Pair("", ""));
  EXPECT_EQ(negotiate({"/a"}, {"/b"}).first, "not supported");
  EXPECT_FALSE(*far_);
}

TEST_F(Noise, ADialerThatMeetsAnotherPeerGoesBeforeItSaysWhoItIs) {
  CountingStream::Counts counts;
  auto [near, far] = make_memory_stream_pair(env_);
  const PrivateKey listener = key();
  TaskGroup tasks(env_);
  tasks.spawn("out",
              keep(noise_secure_outbound(env_, std::make_unique<CountingStream>(std::move(near), counts),
                                         key(), {.expected_peer = id(key())}),
                   near_));
  tasks.spawn("in", keep(noise_secure_inbound(env_, std::move(far), listener, {}), far_));
  runtime_.run(tasks.join());
  EXPECT_EQ(near_->error().code, Errc::refused);
  EXPECT_NE(near_->error().message.find(id(listener).to_string()), std::string::npos) << "says who answered";
  EXPECT_EQ(counts.writes, std::vector<std::size_t>({2 + 32}));
  EXPECT_EQ(far_->error().code, Errc::reset);
}

TEST_F(Noise, AListenerCanExpectAPeerToo) {
  shake(key(), {}, key(), {.expected_peer = id(key())});
  EXPECT_EQ(far_->error().code, Errc::refused);
}

TEST_F(Noise, OneStaticKeyServesManyHandshakesWithEitherRole) {
  const PrivateKey own = key();
  const NoiseIdentity identity = NoiseIdentity::create(own, random_).value();
  const NoiseIdentity other = NoiseIdentity::create(key(), random_).value();
  const Bytes prologue = to_bytes("agreed before");
  for (const Role role : {Role::initiator, Role::responder}) {
    auto [near, far] = make_memory_stream_pair(env_);
    const Role others = role == Role::initiator ? Role::responder : Role::initiator;
    TaskGroup tasks(env_);
    tasks.spawn("a",
                keep(noise_secure(env_, std::move(near), role, identity, {.prologue = prologue}), near_));
    tasks.spawn("b", keep(noise_secure(env_, std::move(far), others, other, {.prologue = prologue}), far_));
    runtime_.run(tasks.join());
    EXPECT_EQ(far_->value().remote_peer, id(own));
  }
}

TEST_F(Noise, DifferentProloguesFail) {
  shake(key(), {.prologue = to_bytes("one")}, key(), {.prologue = to_bytes("another")});
  EXPECT_EQ(near_->error().code, Errc::crypto);
  EXPECT_FALSE(*far_);
}

TEST_F(Noise, ASilentPeerIsLeftAfterTheTimeout) {
  for (const Role role : {Role::initiator, Role::responder}) {
    auto [near, far] = make_memory_stream_pair(env_);
    const NoiseIdentity identity = NoiseIdentity::create(key(), random_).value();
    const Instant start = runtime_.now();
    const auto outcome =
        runtime_.run(noise_secure(env_, std::move(near), role, identity, {.timeout = seconds(3)}));
    EXPECT_EQ(outcome.error().code, Errc::timeout);
    EXPECT_EQ(runtime_.now() - start, seconds(3));
    EXPECT_EQ(runtime_.run(send(*far, {1})).error().code, Errc::reset);
  }
}

TEST_F(Noise, APeerThatHangsUpInsteadIsClosed) {
  auto [near, far] = make_memory_stream_pair(env_);
  ASSERT_TRUE(runtime_.run(far->close_write()));
  EXPECT_EQ(runtime_.run(noise_secure_inbound(env_, std::move(near), key(), {})).error().code, Errc::closed);
}

TEST_F(Noise, TheTimeoutDoesNotReachTheSecuredStream) {
  shake(key(), {}, key(), {});
  runtime_.run_for(seconds(100));
  ASSERT_TRUE(runtime_.run(send(*(*near_)->stream, to_bytes("later"))));
  EXPECT_EQ(as_text(runtime_.run(receive(*(*far_)->stream)).value()), "later");
}

TEST_F(Noise, IsCancelledLikeAnyTask) {
  auto [near, far] = make_memory_stream_pair(env_);
  const PrivateKey own = key();
  TaskGroup tasks(env_);
  tasks.spawn("out", keep(noise_secure_outbound(env_, std::move(near), own, {}), near_));
  runtime_.run_for(seconds(1));
  runtime_.run(tasks.stop());
  EXPECT_FALSE(near_);
  EXPECT_EQ(tasks.escaped(), 0U);
}

TEST_F(Noise, RefusesToSendAPayloadThatOthersWouldRefuse) {
  auto [near, far] = make_memory_stream_pair(env_);
  const auto outcome = runtime_.run(
      noise_secure_outbound(env_, std::move(near), key(), {.muxers = std::vector<std::string>(33, "/a")}));
  EXPECT_EQ(outcome.error().code, Errc::limit);
}

TEST(NoisePayload, HasItsFieldsWhereTheSpecificationPutsThem) {
  const Payload payload{{0xaa}, {0xbb, 0xcc}, {"/m", "/n"}};
  EXPECT_EQ(to_hex(payload.encode()), "0a01aa1202bbcc220812022f6d12022f6e");
  EXPECT_EQ(to_hex(Payload{{0xaa}, {0xbb}, {}}.encode()), "0a01aa1201bb") << "no muxers, no extension";
  const auto decoded = Payload::decode(payload.encode());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->identity_key, payload.identity_key);
  EXPECT_EQ(decoded->identity_signature, payload.identity_signature);
  EXPECT_EQ(decoded->muxers, payload.muxers);
}

TEST(NoisePayload, PassesOverTheOldDataFieldCertificateHashesAndWhatItDoesNotKnow) {
  const auto decoded = Payload::decode(from_hex("0a01aa"
                                                "1a03010203"
                                                "220a0a04deadbeef12022f6d"
                                                "28ff01")
                                           .value());
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  EXPECT_EQ(decoded->muxers, std::vector<std::string>({"/m"}));
}

TEST(NoisePayload, RefusesTooManyMuxers) {
  EXPECT_TRUE(Payload::decode(Payload{{}, {}, std::vector<std::string>(32, "/a")}.encode()));
  EXPECT_EQ(Payload::decode(Payload{{}, {}, std::vector<std::string>(33, "/a")}.encode()).error().code,
            Errc::limit);
}

TEST(NoisePayload, RefusesWhatIsMalformed) {
  for (const std::string_view hex : {"0a02aa", "08", "2203ffffff", "22021001", "0801"}) {
    EXPECT_EQ(Payload::decode(from_hex(hex).value()).error().code, Errc::parse) << hex;
  }
}

}  // namespace
}  // namespace libp2p
