#include "libp2p/security/noise/handshake.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "libp2p/base/random.hpp"

namespace libp2p::noise {
namespace {

X25519KeyPair key_pair(std::string_view private_hex) {
  const Bytes bytes = from_hex(private_hex).value();
  X25519Key key{};
  std::ranges::copy(bytes, key.begin());
  return X25519KeyPair::from_private(key);
}

struct Vector {
  std::string_view name;
  std::string_view prologue;
  std::string_view initiator_static;
  std::string_view initiator_ephemeral;
  std::string_view responder_static;
  std::string_view responder_ephemeral;
  std::string_view hash;                                                // empty where the collection has none
  std::vector<std::pair<std::string_view, std::string_view>> messages;  // payload, ciphertext
};

// Noise_XX_25519_ChaChaPoly_SHA256 in the two published collections. The first three messages are the
// handshake; then the responder and the initiator take turns.
const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all = {
      {"cacophony",
       "4a6f686e2047616c74",
       "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
       "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
       "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
       "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
       "c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e",
       {{"4c756477696720766f6e204d69736573",
         "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573"},
        {"4d757272617920526f746862617264",
         "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884381cbad1f276e038c48378ffce2b65285e08"
         "d6b68aaa3629a5a8639392490e5b9bd5269c2f1e4f488ed8831161f19b7815528f8982ffe09be9b5c412f8a0db50f8814c7"
         "194e83f23dbd8d162c9326ad"},
        {"462e20412e20486179656b",
         "c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a80ae475b9df0f169ae80a89be0865b57f58c"
         "9fea0d4ec82a286427402f113e4b6ae769a1d95941d49b25030"},
        {"4361726c204d656e676572", "96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df"},
        {"4a65616e2d426170746973746520536179",
         "3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5"},
        {"457567656e2042f6686d20766f6e2042617765726b",
         "eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f"}}},
      {"snow",
       "5468657265206973206e6f20726967687420616e642077726f6e672e2054686572652773206f6e6c792066756e20616e64206"
       "26f72696e672e",
       "7dec208517a3b81a2861d7a71266d5d6dc944c5a8816634a86fe63198a0148ee",
       "a32daf21e93c0131495ce1d903181fde81cc46937daaeb990bae7c992709421e",
       "4d0aed5098e3b4ef20357e9f686ce66204c792b358da2e475017d6c485304881",
       "4eece0f195d026db035ff987597c429d3ad3bcc2944df37d649528951b2a27c5",
       "",
       {{"d03c489139e645d0711a3c9e810d776b46a84912463fafa87b884eebf242dc34",
         "f9fa868ba97ab8a2686deccfaad5a484ee10a5bb85e3d1dce015a84797f92818d03c489139e645d0711a3c9e810d776b46a"
         "84912463fafa87b884eebf242dc34"},
        {"d8190a92f7dc0c93dbea9118ba8055751fb7c6590c416ffbd419964132b99a85",
         "8c4e6fdb7d09d501a86f7eca5c234522751706ed409182c05cdf5f827d4dae47b81c6c5f43b025692c24391eefee725c17d"
         "8cb0fbe3e4abb8aedf42c4fd2592d4ea48ac08989d6ae8b4adae08b2c34087c808c7aa55a63c02b0fab9e930612336bd43e"
         "aea04d3c670a0a146691aa9cc9d357872320dc735dbc48580cffb553db"},
        {"77891b19dcb92ef7c055b672c4a5aa7fdf1c84146b8b303459022729473ce254",
         "933ca6b5ed60df3df66121f0ab49a09e49efa45c613a86a3cecbf4c535cef2f83f72b42837b18e3572f2fdc2b74c331e236"
         "8a545cef54bdca081678ab0e9dd5348122459e0c034c851984d88ce610963d43cde6cfe73a67fbd5a63e8bfca96d0"},
        {"d7efdf988072881941db045a42882433817555128fbf5663e56081712ec7d212",
         "54ef0ff0629e1aaa7685a2806ab111cba76b52331f2642276736f415868eacb69ab2577f3bda0cbf72f879685f6ed25f"},
        {"dd7bf01a588bafb52c6cfba952e5d8fe35cc2b3f92b4730ae2474615157345ce",
         "356be70f110306d5c699bb834bb9d58d909e325924dfbec972e406e6f294dc63e1daebefe8a62a334facc8048ab4ad6"
         "6"}}},
  };
  return all;
}

class Vectors : public testing::TestWithParam<std::size_t> {
 protected:
  const Vector& vector_ = vectors()[GetParam()];
  Bytes prologue_ = from_hex(vector_.prologue).value();
  Handshake initiator_{Role::initiator, prologue_, key_pair(vector_.initiator_static),
                       key_pair(vector_.initiator_ephemeral)};
  Handshake responder_{Role::responder, prologue_, key_pair(vector_.responder_static),
                       key_pair(vector_.responder_ephemeral)};
};

TEST_P(Vectors, EveryMessageIsAsPublished) {
  Handshake* writer = &initiator_;
  Handshake* reader = &responder_;
  for (std::size_t i = 0; i < 3; ++i) {
    const Bytes payload = from_hex(vector_.messages[i].first).value();
    EXPECT_TRUE(writer->writes_next());
    EXPECT_FALSE(reader->writes_next());
    const std::size_t overhead = writer->overhead();
    const auto message = writer->write(payload);
    ASSERT_TRUE(message) << message.error().to_string();
    EXPECT_EQ(to_hex(*message), vector_.messages[i].second);
    EXPECT_EQ(message->size(), overhead + payload.size());
    const auto got = reader->read(*message);
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(*got, payload);
    std::swap(writer, reader);
  }
  ASSERT_TRUE(initiator_.finished() && responder_.finished());
  EXPECT_EQ(initiator_.hash(), responder_.hash());
  if (!vector_.hash.empty()) {
    EXPECT_EQ(to_hex(initiator_.hash()), vector_.hash);
  }
  EXPECT_EQ(initiator_.remote_static(), key_pair(vector_.responder_static).public_key);
  EXPECT_EQ(responder_.remote_static(), key_pair(vector_.initiator_static).public_key);

  TransportCiphers initiators = initiator_.split();
  TransportCiphers responders = responder_.split();
  for (std::size_t i = 3; i < vector_.messages.size(); ++i) {
    const Bytes payload = from_hex(vector_.messages[i].first).value();
    CipherState& send = i % 2 == 0 ? initiators.send : responders.send;
    CipherState& receive = i % 2 == 0 ? responders.receive : initiators.receive;
    Bytes sealed(payload.size() + CipherState::tag_size);
    ASSERT_TRUE(send.seal({}, payload, sealed));
    EXPECT_EQ(to_hex(sealed), vector_.messages[i].second);
    Bytes opened(payload.size());
    ASSERT_TRUE(receive.open({}, sealed, opened));
    EXPECT_EQ(opened, payload);
  }
}

INSTANTIATE_TEST_SUITE_P(Published, Vectors, testing::Range<std::size_t>(0, vectors().size()),
                         [](const auto& info) { return std::string(vectors()[info.param].name); });

class HandshakePair : public testing::Test {
 protected:
  SeededRandom random_{7};
  X25519KeyPair initiators_static_ = X25519KeyPair::generate(random_);
  X25519KeyPair responders_static_ = X25519KeyPair::generate(random_);
  Handshake initiator_{Role::initiator, {}, initiators_static_, X25519KeyPair::generate(random_)};
  Handshake responder_{Role::responder, {}, responders_static_, X25519KeyPair::generate(random_)};
};

TEST_F(HandshakePair, EveryChangedByteOfEveryMessageIsNoticed) {
  const auto make_initiator = [this] {
    SeededRandom same(1);
    return std::make_unique<Handshake>(Role::initiator, BytesView(), initiators_static_,
                                       X25519KeyPair::generate(same));
  };
  const auto make_responder = [this] {
    SeededRandom same(2);
    return std::make_unique<Handshake>(Role::responder, BytesView(), responders_static_,
                                       X25519KeyPair::generate(same));
  };
  // Message by message, all before it being as it should: the change is noticed when it is read, except that
  // of the first, a key that any other could be; that one is noticed when the answer to it is read.
  for (std::size_t changed_message = 0; changed_message < 3; ++changed_message) {
    for (std::size_t byte = 0, size = 1; byte < size; ++byte) {
      const auto initiator = make_initiator();
      const auto responder = make_responder();
      bool noticed = false;
      for (std::size_t i = 0; i < 3 && !noticed; ++i) {
        Handshake& writer = i % 2 == 0 ? *initiator : *responder;
        Handshake& reader = i % 2 == 0 ? *responder : *initiator;
        auto message = writer.write(as_bytes("payload"));
        ASSERT_TRUE(message);
        if (i == changed_message) {
          size = message->size();
          (*message)[byte] ^= 0x40;
        }
        noticed = !reader.read(*message);
        EXPECT_TRUE(noticed || i == 0 || i < changed_message) << "message " << i << " byte " << byte;
        if (noticed) {
          EXPECT_FALSE(reader.read(*message)) << "a failed handshake goes on";
        }
      }
      EXPECT_TRUE(noticed) << "message " << changed_message << " byte " << byte;
    }
  }
}

TEST_F(HandshakePair, DifferentProloguesDoNotMeet) {
  Handshake other(Role::responder, as_bytes("another"), responders_static_, X25519KeyPair::generate(random_));
  ASSERT_TRUE(other.read(initiator_.write({}).value()));
  EXPECT_FALSE(initiator_.read(other.write({}).value()));
}

TEST_F(HandshakePair, RefusesToActOutOfTurn) {
  EXPECT_EQ(responder_.write({}).error().code, Errc::invalid_argument);
  EXPECT_EQ(initiator_.read(Bytes(32)).error().code, Errc::invalid_argument);
  const Bytes first = initiator_.write({}).value();
  EXPECT_EQ(initiator_.write({}).error().code, Errc::invalid_argument);
  ASSERT_TRUE(responder_.read(first));
  EXPECT_EQ(responder_.read(first).error().code, Errc::invalid_argument);
}

TEST_F(HandshakePair, RefusesAMessageThatIsTooShortAtEveryLength) {
  const Bytes first = initiator_.write({}).value();
  for (std::size_t size = 0; size < first.size(); ++size) {
    Handshake responder(Role::responder, {}, responders_static_, X25519KeyPair::generate(random_));
    EXPECT_EQ(responder.read(BytesView(first).first(size)).error().code, Errc::protocol);
  }
}

TEST_F(HandshakePair, APayloadMayFillTheMessageAndNotMore) {
  ASSERT_TRUE(responder_.read(initiator_.write({}).value()));
  Handshake other(Role::responder, {}, responders_static_, X25519KeyPair::generate(random_));
  ASSERT_TRUE(other.read(Bytes(32, 9)));
  const std::size_t most = max_message_size - responder_.overhead();
  EXPECT_EQ(responder_.write(Bytes(most)).value().size(), max_message_size);
  EXPECT_EQ(other.write(Bytes(most + 1)).error().code, Errc::limit);
}

TEST(CipherState, CountsOnlyWhatVerifies) {
  const Bytes key(32, 1);
  CipherState sender{std::span<const std::uint8_t, 32>(key)};
  CipherState receiver{std::span<const std::uint8_t, 32>(key)};
  Bytes sealed(1 + CipherState::tag_size);
  ASSERT_TRUE(sender.seal({}, Bytes{7}, sealed));
  EXPECT_EQ(sender.nonce(), 1U);
  Bytes forged = sealed;
  forged.back() ^= 1;
  Bytes opened(1, 0xee);
  EXPECT_EQ(receiver.open({}, forged, opened).error().code, Errc::crypto);
  EXPECT_EQ(opened, Bytes({0}));
  EXPECT_EQ(receiver.nonce(), 0U);
  ASSERT_TRUE(receiver.open({}, sealed, opened));
  EXPECT_EQ(opened, Bytes({7}));
  EXPECT_EQ(receiver.nonce(), 1U);
}

TEST(CipherState, NeverUsesTheReservedNonceNorWraps) {
  const Bytes key(32, 1);
  CipherState cipher(std::span<const std::uint8_t, 32>(key), std::numeric_limits<std::uint64_t>::max() - 1);
  Bytes sealed(CipherState::tag_size);
  EXPECT_TRUE(cipher.seal({}, {}, sealed));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(cipher.seal({}, {}, sealed).error().code, Errc::limit);
    EXPECT_EQ(cipher.open({}, sealed, {}).error().code, Errc::limit);
  }
}

}  // namespace
}  // namespace libp2p::noise
