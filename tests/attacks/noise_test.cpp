// ATTACKS, Noise: NO01 to NO18. What depends on who is revoked (NO17) belongs to the swarm's owner.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/io/framing.hpp"
#include "libp2p/security/noise/noise.hpp"
#include "libp2p/security/noise/payload.hpp"
#include "libp2p/security/noise/transport_stream.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

using noise::CipherState;
using noise::Handshake;
using noise::Payload;
using noise::Role;
using noise::TransportCiphers;
using std::chrono::seconds;
using test::CountingStream;
using test::receive;
using test::send;

constexpr std::array roles{Role::initiator, Role::responder};

// A node in one role of the handshake, and an attacker in the other, who has a key of its own and does as it
// likes.
class Attack {
 public:
  explicit Attack(Role victims_role, NoiseOptions options = {})
      : victims_role_(victims_role),
        handshake_(victims_role == Role::initiator ? Role::responder : Role::initiator, {}, static_key,
                   X25519KeyPair::generate(random)) {
    auto [attacker, victim] = make_memory_stream_pair(runtime.env());
    attacker_ = std::move(attacker);
    tasks_.spawn("victim",
                 secure(std::make_unique<CountingStream>(std::move(victim), counts_), std::move(options)));
    runtime.run_ready();
  }
  Attack(const Attack&) = delete;
  Attack& operator=(const Attack&) = delete;
  ~Attack() { runtime.run(tasks_.stop()); }

  // False when the victim has closed.
  bool send(BytesView bytes) {
    const bool sent = runtime.run(test::send(*attacker_, to_bytes(bytes))).has_value();
    runtime.run_ready();
    return sent;
  }
  bool send_frame(BytesView message) {
    Bytes frame(2);
    store_be(static_cast<std::uint16_t>(message.size()), frame.data());
    append(frame, message);
    return send(frame);
  }
  Bytes receive_frame() {
    std::array<std::uint8_t, 2> length{};
    Bytes message;
    if (!runtime.run(read_exact(*attacker_, length))) return message;
    message.resize(load_be<std::uint16_t>(length.data()));
    (void)runtime.run(read_exact(*attacker_, message));
    return message;
  }
  void half_close() {
    (void)runtime.run(attacker_->close_write());
    runtime.run_ready();
  }

  // Brings the handshake to where the attacker's message with the payload is due.
  void reach_payload() {
    if (victims_role_ == Role::initiator) {
      ASSERT_TRUE(handshake_.read(receive_frame()));
    } else {
      ASSERT_TRUE(send_frame(handshake_.write({}).value()));
      ASSERT_TRUE(handshake_.read(receive_frame()));
    }
  }
  // The whole handshake with this payload.
  void shake(BytesView payload) {
    reach_payload();
    send_frame(handshake_.write(payload).value());
    if (victims_role_ == Role::initiator && !closed()) {
      ASSERT_TRUE(handshake_.read(receive_frame()));
    }
  }

  [[nodiscard]] const std::optional<Result<SecuredConnection>>& outcome() const { return outcome_; }
  // The handshake is over, without a secured stream, and the connection is gone.
  [[nodiscard]] bool closed() { return outcome_ && !*outcome_ && !send(Bytes{0}); }
  [[nodiscard]] Errc error() const { return outcome_->error().code; }
  [[nodiscard]] const CountingStream::Counts& counts() const { return counts_; }
  [[nodiscard]] TransportCiphers ciphers() const { return handshake_.split(); }
  [[nodiscard]] Stream& secured() { return *(*outcome_)->stream; }

  VirtualRuntime runtime;
  SeededRandom random{99};
  PrivateKey identity = PrivateKey::generate(KeyType::ed25519, random).value();
  X25519KeyPair static_key = X25519KeyPair::generate(random);

 private:
  Task<> secure(StreamPtr stream, NoiseOptions options) {
    const NoiseIdentity own =
        NoiseIdentity::create(PrivateKey::generate(KeyType::ed25519, random).value(), random).value();
    outcome_ =
        co_await noise_secure(runtime.env(), std::move(stream), victims_role_, own, std::move(options));
  }

  Role victims_role_;
  Handshake handshake_;
  CountingStream::Counts counts_;
  StreamPtr attacker_;
  std::optional<Result<SecuredConnection>> outcome_;
  TaskGroup tasks_{runtime.env()};
};

Payload honest(const Attack& attack) {
  return {attack.identity.public_key().to_protobuf(),
          attack.identity.sign(noise::signed_text(attack.static_key.public_key)).value(),
          {}};
}

// Both roles refuse `payload_of(attack)`, and with this error.
void expect_refused(Errc code, const std::function<Bytes(Attack&)>& payload_of) {
  for (const Role role : roles) {
    Attack attack(role);
    attack.shake(payload_of(attack));
    ASSERT_TRUE(attack.closed());
    EXPECT_EQ(attack.error(), code) << attack.outcome()->error().to_string();
    EXPECT_EQ(attack.runtime.now(), Instant());
  }
}

// So that the refusals below are not of the harness's making.
TEST(Noise, AnHonestAttackerIsAccepted) {
  for (const Role role : roles) {
    Attack attack(role);
    attack.shake(honest(attack).encode());
    ASSERT_TRUE(attack.outcome() && *attack.outcome());
    EXPECT_EQ((*attack.outcome())->remote_key, attack.identity.public_key());
  }
}

TEST(Noise, NO01_EmptyFrameInTheHandshake) {
  for (const Role role : roles) {
    Attack attack(role);
    attack.send(Bytes{0, 0});
    ASSERT_TRUE(attack.closed());
    EXPECT_EQ(attack.error(), Errc::protocol);
  }
}

TEST(Noise, NO02_LargestLengthAndNothingElse) {
  for (const Role role : roles) {
    // Refused by its length alone: nothing is held for it, and no time is spent on it.
    Attack attack(role);
    attack.send(Bytes{0xff, 0xff});
    ASSERT_TRUE(attack.closed());
    EXPECT_EQ(attack.error(), Errc::limit);
    EXPECT_EQ(attack.counts().bytes_read, 2U);

    // The largest that is possible, and nothing else: until the timeout.
    Attack patient(role);
    patient.send(role == Role::initiator ? Bytes{0x10, 0x60} : Bytes{0x00, 0x20});
    EXPECT_FALSE(patient.outcome());
    patient.runtime.run_for(seconds(10));
    ASSERT_TRUE(patient.closed());
    EXPECT_EQ(patient.error(), Errc::timeout);
  }
}

TEST(Noise, NO03_FirstMessageOf31Bytes) {
  Attack attack(Role::responder);
  attack.send_frame(Bytes(31, 9));
  ASSERT_TRUE(attack.closed());
  EXPECT_EQ(attack.error(), Errc::protocol);
}

// Every encoding of a point of small order that X25519 takes for one: seven, each with the unused bit clear
// and set.
std::vector<Bytes> small_order_points() {
  std::vector<Bytes> points;
  for (const std::string_view hex : {
           "0000000000000000000000000000000000000000000000000000000000000000",
           "0100000000000000000000000000000000000000000000000000000000000000",
           "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
           "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
       }) {
    points.push_back(from_hex(hex).value());
    points.push_back(points.back());
    points.back().back() |= 0x80;
  }
  return points;
}

TEST(Noise, NO04_KeysOfSmallOrder) {
  for (const Bytes& point : small_order_points()) {
    Attack first(Role::responder);
    first.send_frame(point);
    ASSERT_TRUE(first.closed()) << to_hex(point);
    EXPECT_EQ(first.error(), Errc::crypto);

    Attack second(Role::initiator);
    Bytes message = point;
    message.resize(96 + 100);
    second.send_frame(message);
    ASSERT_TRUE(second.closed()) << to_hex(point);
    EXPECT_EQ(second.error(), Errc::crypto);
  }
}

TEST(Noise, NO05_PayloadWithoutSignature) {
  expect_refused(Errc::protocol, [](Attack& attack) {
    Payload payload = honest(attack);
    payload.identity_signature.clear();
    return payload.encode();
  });
  expect_refused(Errc::protocol, [](Attack& attack) {
    return ProtobufWriter().bytes(1, attack.identity.public_key().to_protobuf()).take();
  });
  expect_refused(Errc::protocol, [](Attack& attack) {
    return ProtobufWriter().bytes(2, honest(attack).identity_signature).take();
  });
  expect_refused(Errc::protocol, [](Attack&) { return Bytes(); });
}

TEST(Noise, NO06_ValidSignatureByAnotherKey) {
  expect_refused(Errc::crypto, [](Attack& attack) {
    Payload payload = honest(attack);
    const PrivateKey claimed = PrivateKey::generate(KeyType::ed25519, attack.random).value();
    payload.identity_key = claimed.public_key().to_protobuf();
    return payload.encode();
  });
  // The right key, but for another static key: a payload that was seen elsewhere.
  expect_refused(Errc::crypto, [](Attack& attack) {
    Payload payload = honest(attack);
    const X25519KeyPair other = X25519KeyPair::generate(attack.random);
    payload.identity_signature = attack.identity.sign(noise::signed_text(other.public_key)).value();
    return payload.encode();
  });
}

TEST(Noise, NO07_SignatureOverAnotherPrefix) {
  for (const std::string_view prefix : {"", "noise-libp2p-static-key", "libp2p-tls-handshake:"}) {
    expect_refused(Errc::crypto, [prefix](Attack& attack) {
      Bytes text = to_bytes(prefix);
      append(text, attack.static_key.public_key);
      Payload payload = honest(attack);
      payload.identity_signature = attack.identity.sign(text).value();
      return payload.encode();
    });
  }
}

// Adds the order of the group to S: what a verifier that doesn't check its range takes for the same
// signature.
Bytes malleate(Bytes signature) {
  const Bytes order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").value();
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += static_cast<unsigned>(signature[32 + i]) + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return signature;
}

TEST(Noise, NO08_MalleatedEd25519Signature) {
  expect_refused(Errc::crypto, [](Attack& attack) {
    Payload payload = honest(attack);
    payload.identity_signature = malleate(payload.identity_signature);
    return payload.encode();
  });
}

Bytes der(std::uint8_t tag, BytesView content) {
  Bytes out{tag};
  if (content.size() >= 256) {
    append(out, Bytes{0x82, static_cast<std::uint8_t>(content.size() >> 8)});
  } else if (content.size() >= 128) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(content.size()));
  append(out, content);
  return out;
}

Bytes rsa_public_key(std::size_t bits) {
  Bytes modulus(1 + bits / 8, 0xc5);
  modulus[0] = 0;
  Bytes numbers = der(0x02, modulus);
  append(numbers, from_hex("0203010001").value());
  Bytes bit_string{0};
  append(bit_string, der(0x30, numbers));
  Bytes info = from_hex("300d06092a864886f70d0101010500").value();
  append(info, der(0x03, bit_string));
  return ProtobufWriter().varint(1, 0).bytes(2, der(0x30, info)).take();
}

TEST(Noise, NO09_RsaKeyOf16384Or1024Bits) {
  ASSERT_TRUE(PublicKey::from_protobuf(rsa_public_key(2048))) << "the form is right, only the size isn't";
  for (const std::size_t bits : {std::size_t{16384}, std::size_t{1024}}) {
    // `limit` says that it was refused for its size, so before anything was computed with it.
    expect_refused(Errc::limit, [bits](Attack&) {
      return Payload{rsa_public_key(bits), Bytes(bits / 8, 0x5a), {}}.encode();
    });
  }
}

TEST(Noise, NO10_UnknownKeyType) {
  expect_refused(Errc::not_supported, [](Attack& attack) {
    Payload payload = honest(attack);
    payload.identity_key = ProtobufWriter().varint(1, 99).bytes(2, attack.identity.public_key().raw()).take();
    return payload.encode();
  });
}

TEST(Noise, NO11_PayloadOf65000BytesOfUnknownFields) {
  const auto with_unknown = [](std::size_t bytes) {
    return [bytes](Attack& attack) {
      Bytes payload = honest(attack).encode();
      append(payload, ProtobufWriter().bytes(15, Bytes(bytes)).take());
      return payload;
    };
  };
  expect_refused(Errc::limit, with_unknown(65'000));
  expect_refused(Errc::limit, with_unknown(4096));
  expect_refused(Errc::parse, with_unknown(2000));  // fits the payload, but is more than nobody asked for
}

// A secured connection, and what the attacker at its other end seals.
class Transport {
 public:
  explicit Transport(Role victims_role) : attack(victims_role) {
    attack.shake(honest(attack).encode());
    ciphers.emplace(attack.ciphers());
  }
  Bytes frame(std::string_view text) {
    Bytes sealed(2 + text.size() + CipherState::tag_size);
    store_be(static_cast<std::uint16_t>(sealed.size() - 2), sealed.data());
    EXPECT_TRUE(ciphers->send.seal({}, as_bytes(text), MutableBytes(sealed).subspan(2)));
    return sealed;
  }
  Result<Bytes> read() { return attack.runtime.run(receive(attack.secured())); }

  Attack attack;
  std::optional<TransportCiphers> ciphers;
};

TEST(Noise, NO12_TransportFrameWithAFlippedTag) {
  for (const Role role : roles) {
    Transport transport(role);
    Bytes frame = transport.frame("secret");
    frame.back() ^= 1;
    transport.attack.send(frame);
    EXPECT_EQ(transport.read().error().code, Errc::crypto);
    EXPECT_TRUE(transport.attack.counts().reset);
    EXPECT_FALSE(transport.attack.send(transport.frame("next"))) << "closed";
    EXPECT_EQ(transport.read().error().code, Errc::crypto);
  }
  // That the nonce stays: the true frame is still the next.
  const Bytes bytes(32, 1);
  const std::span<const std::uint8_t, 32> key(bytes);
  CipherState sender(key);
  CipherState receiver(key);
  Bytes sealed(6 + CipherState::tag_size);
  ASSERT_TRUE(sender.seal({}, as_bytes("secret"), sealed));
  Bytes flipped = sealed;
  flipped.back() ^= 1;
  Bytes opened(6);
  EXPECT_FALSE(receiver.open({}, flipped, opened));
  EXPECT_EQ(opened, Bytes(6)) << "no plaintext";
  EXPECT_EQ(receiver.nonce(), 0U);
  EXPECT_TRUE(receiver.open({}, sealed, opened));
}

TEST(Noise, NO13_ReplayOfAFrame) {
  Transport transport(Role::responder);
  const Bytes frame = transport.frame("pay 1");
  transport.attack.send(frame);
  EXPECT_EQ(as_text(transport.read().value()), "pay 1");
  transport.attack.send(frame);
  EXPECT_EQ(transport.read().error().code, Errc::crypto);
  EXPECT_TRUE(transport.attack.counts().reset);
}

TEST(Noise, NO14_FirstMessageReflected) {
  Attack attack(Role::initiator);
  const Bytes first = attack.receive_frame();
  attack.send_frame(first);
  ASSERT_TRUE(attack.closed());

  Attack padded(Role::initiator);
  Bytes message = padded.receive_frame();
  message.resize(96 + 200, 0x11);
  padded.send_frame(message);
  ASSERT_TRUE(padded.closed());
  EXPECT_EQ(padded.error(), Errc::crypto);
}

TEST(Noise, NO15_AnotherPeerAnswers) {
  SeededRandom random(5);
  const PrivateKey expected = PrivateKey::generate(KeyType::ed25519, random).value();
  Attack attack(Role::initiator, {.expected_peer = PeerId::from_public_key(expected.public_key())});
  attack.shake(honest(attack).encode());
  ASSERT_TRUE(attack.closed());
  EXPECT_EQ(attack.error(), Errc::refused);
  EXPECT_EQ(attack.counts().writes, std::vector<std::size_t>({2 + 32})) << "not even its identity went out";
}

TEST(Noise, NO16_NonceNearItsEnd) {
  const Bytes bytes(32, 1);
  const std::span<const std::uint8_t, 32> key(bytes);
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max() - 1;
  VirtualRuntime runtime;
  auto [near, far] = make_memory_stream_pair(runtime.env());
  const auto ciphers = [&] { return TransportCiphers{CipherState(key, last), CipherState(key, last)}; };
  const StreamPtr a = noise::make_transport_stream(std::move(near), ciphers());
  const StreamPtr b = noise::make_transport_stream(std::move(far), ciphers());
  ASSERT_TRUE(runtime.run(send(*a, to_bytes("the last"))));
  EXPECT_EQ(as_text(runtime.run(receive(*b)).value()), "the last");
  EXPECT_EQ(runtime.run(send(*a, to_bytes("one more"))).error().code, Errc::limit);
  EXPECT_EQ(runtime.run(receive(*b)).error().code, Errc::reset) << "closed";

  // And a peer that goes on all the same finds nobody who reads it.
  auto [reading, writing] = make_memory_stream_pair(runtime.env());
  const StreamPtr reader = noise::make_transport_stream(
      std::move(reading), {CipherState(key), CipherState(key, std::numeric_limits<std::uint64_t>::max())});
  ASSERT_TRUE(runtime.run(send(*writing, Bytes{0x00, 0x10})));
  ASSERT_TRUE(runtime.run(send(*writing, Bytes(16))));
  EXPECT_EQ(runtime.run(receive(*reader)).error().code, Errc::limit);
  EXPECT_EQ(runtime.run(send(*writing, {1})).error().code, Errc::reset);
}

TEST(Noise, NO18_ConnectionTruncatedInTheMiddleOfAFrame) {
  for (const Role role : roles) {
    Transport transport(role);
    const Bytes frame = transport.frame("transfer 100 to bob");
    transport.attack.send(BytesView(frame).first(frame.size() - 1));
    transport.attack.half_close();
    const auto got = transport.read();
    ASSERT_FALSE(got) << "not an end, and no part of the frame";
    EXPECT_EQ(got.error().code, Errc::reset);

    Attack handshake(role);
    handshake.reach_payload();
    handshake.send(Bytes{0x00, 0x80, 1, 2, 3});
    handshake.half_close();
    EXPECT_EQ(handshake.error(), Errc::protocol);
  }
}

}  // namespace
}  // namespace libp2p
