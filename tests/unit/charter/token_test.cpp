#include "starling/charter/token.hpp"

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

TEST(JoinToken, JT12_EveryMistypedCharacterIsNoticed) {
  const std::string text = sample().to_string();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string wrong = text;
    wrong[i] = wrong[i] == 'a' ? 'c' : 'a';
    if (wrong == text) continue;
    EXPECT_FALSE(JoinToken::parse(wrong)) << "at " << i;
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
