#include "starling/charter/token.hpp"

#include "libp2p/crypto/hash.hpp"
#include "libp2p/multi/multibase.hpp"
#include "tests/support/fleet_fixture.hpp"

namespace starling {
namespace {

using testing::key_of;
using testing::must;
using testing::peer_of;

JoinToken sample() {
  JoinToken token;
  token.fleet.bytes.fill(3);
  token.issuer = peer_of(key_of(1));
  token.addresses = {must(Multiaddr::parse("/ip4/10.0.0.1/tcp/7117")),
                     must(Multiaddr::parse("/ip6/fd00::1/tcp/7117"))};
  token.seed.fill(5);
  return token;
}

TEST(JoinToken, RoundTrips) {
  const JoinToken token = sample();
  const JoinToken again = must(JoinToken::parse("  " + token.to_string() + "\n"));
  EXPECT_EQ(again.fleet, token.fleet);
  EXPECT_EQ(again.issuer, token.issuer);
  EXPECT_EQ(again.addresses, token.addresses);
  EXPECT_EQ(again.seed, token.seed);
}

JoinToken private_sample() {
  JoinToken token = sample();
  token.network_key = must(libp2p::PreSharedKey::from_bytes(Bytes(32, 7)));
  return token;
}

TEST(JoinToken, CarriesThePrivateNetworksKey) {
  const JoinToken again = must(JoinToken::parse(private_sample().to_string()));
  EXPECT_TRUE(again.network_key == private_sample().network_key);
  EXPECT_EQ(again.seed, sample().seed);
  EXPECT_FALSE(must(JoinToken::parse(sample().to_string())).network_key);
}

// Printed by the first release: such tokens may lie in somebody's scripts for a day.
TEST(JoinToken, WithoutAKeyItIsWhatItAlwaysWas) {
  const std::string text = sample().to_string();
  EXPECT_EQ(text,
            "baefcaaydambqgaydambqgaydambqgaydambqgaydambqgaydambqgaydcitaajaiaejcbcui4poxicprsx6vfwznh"
            "s5f24wkm4e36hmucin7g5eiag2a6324dieaicqaaaaqmg6ndikct7iaaaaaaaaaaaaaaaaaaaaaaaigdpgseiafauc"
            "qkbifaucqkbifaucqkbifaucqkbifaucqkbifaucqkbifaugmziqn");
  EXPECT_EQ(must(JoinToken::parse(text)).seed, sample().seed);
}

// The body of one version under the number of the other, with a checksum that fits.
std::string with_version(const JoinToken& token, std::uint8_t version) {
  Bytes bytes = must(libp2p::multibase_decode(token.to_string())).bytes;
  bytes.resize(bytes.size() - 4);
  bytes[0] = version;
  libp2p::append(bytes, BytesView(libp2p::sha256(bytes)).first(4));
  return libp2p::multibase_encode(libp2p::Multibase::base32, bytes);
}

TEST(JoinToken, JT12_AVersionAndWhatItHoldsMustFit) {
  EXPECT_EQ(JoinToken::parse(with_version(private_sample(), 1)).error().message,
            "the token: version 1 has no key of a private network");
  EXPECT_EQ(JoinToken::parse(with_version(sample(), 2)).error().message,
            "the token: version 2 has a key of a private network, this one has none");
  EXPECT_EQ(JoinToken::parse(with_version(private_sample(), 3)).error().message,
            "the token is of version 3, this starling knows versions 1 and 2: run a newer one");
  EXPECT_TRUE(JoinToken::parse(with_version(private_sample(), 2)));
}

TEST(JoinToken, JT12_EveryMistypedCharacterIsNoticed) {
  for (const std::string& text : {sample().to_string(), private_sample().to_string()}) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string wrong = text;
      wrong[i] = wrong[i] == 'a' ? 'c' : 'a';
      if (wrong == text) continue;
      EXPECT_FALSE(JoinToken::parse(wrong)) << "at " << i;
    }
  }
}

TEST(JoinToken, JT12_ACutTokenAndForeignCharactersAreSaidToBeSo) {
  const std::string text = sample().to_string();
  const auto cut = JoinToken::parse(text.substr(0, text.size() / 2));
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("cut"), std::string::npos);
  const auto foreign = JoinToken::parse(text.substr(0, 10) + "\xe2\x80\x8b" + text.substr(10));
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message.find("character 11"), std::string::npos);
  EXPECT_FALSE(JoinToken::parse(""));
  EXPECT_FALSE(JoinToken::parse(std::string(5000, 'a')));
}

}  // namespace
}  // namespace starling
