#include "libp2p/security/pnet/psk.hpp"

#include <gtest/gtest.h>

namespace libp2p {
namespace {

constexpr std::string_view format = "/key/swarm/psk/1.0.0/\n";

PreSharedKey key_of(std::uint8_t first, std::uint8_t step) {
  Bytes bytes(PreSharedKey::key_bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(first + i * step);
  return PreSharedKey::from_bytes(bytes).value();
}
const PreSharedKey zeros = key_of(0, 0);
const PreSharedKey counting = key_of(0, 1);
const PreSharedKey ones = key_of(0xff, 0);

Result<PreSharedKey> read(std::string_view text) { return PreSharedKey::from_file(as_bytes(text)); }
std::string why(std::string_view text) {
  const auto key = read(text);
  return key ? "it was taken" : key.error().message;
}
std::string hex_of(const PreSharedKey& key) { return to_hex(key.view()); }

TEST(PreSharedKey, ReadsAllThreeEncodingsWithEitherLineEnd) {
  const std::string bin(as_text(counting.view()));
  for (const std::string_view end : {"\n", "\r\n"}) {
    const std::string header = "/key/swarm/psk/1.0.0/" + std::string(end);
    std::string upper(64, 'F');
    EXPECT_EQ(read(header + "/base16/" + std::string(end) + upper), ones);
    EXPECT_EQ(read(header + "/base16/" + std::string(end) + hex_of(counting) + std::string(end)), counting);
    EXPECT_EQ(read(header + "/base64/" + std::string(end) +
                   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" + std::string(end)),
              counting);
    EXPECT_EQ(read(header + "/bin/" + std::string(end) + bin), counting);
    EXPECT_EQ(read(header + "/bin/" + std::string(end) + bin + std::string(end)), counting);
  }
}

TEST(PreSharedKey, ABinaryKeyMayEndInWhatLooksLikeALineEnd) {
  Bytes bytes(32, 7);
  bytes[30] = '\r';
  bytes[31] = '\n';
  const PreSharedKey key = PreSharedKey::from_bytes(bytes).value();
  EXPECT_EQ(PreSharedKey::from_file(key.to_file(PreSharedKey::Encoding::bin)), key);
}

TEST(PreSharedKey, WritesWhatItReads) {
  using enum PreSharedKey::Encoding;
  EXPECT_EQ(as_text(counting.to_file()), std::string(format) + "/base16/\n" + hex_of(counting) + "\n");
  for (const auto encoding : {base16, base64, bin}) {
    EXPECT_LE(counting.to_file(encoding).size(), PreSharedKey::max_file_bytes);
    EXPECT_EQ(PreSharedKey::from_file(counting.to_file(encoding)), counting);
    EXPECT_EQ(PreSharedKey::from_file(ones.to_file(encoding)), ones);
  }
}

TEST(PreSharedKey, SaysWhatIsWrongAndWhere) {
  const std::string base16 = std::string(format) + "/base16/\n";
  const std::string base64 = std::string(format) + "/base64/\n";
  EXPECT_EQ(why(""), "swarm key: line 1 is not /key/swarm/psk/1.0.0/");
  EXPECT_EQ(why("/key/swarm/psk/1.0.0/"), "swarm key: line 1 is not /key/swarm/psk/1.0.0/");
  EXPECT_EQ(why("/key/swarm/psk/2.0.0/\n"), "swarm key: line 1 is not /key/swarm/psk/1.0.0/");
  EXPECT_EQ(why(format), "swarm key: line 2 is none of /base16/, /base64/ and /bin/");
  EXPECT_EQ(why(std::string(format) + "/verybadbase/\nHave fun"),
            "swarm key: line 2 is none of /base16/, /base64/ and /bin/");
  EXPECT_EQ(why(base16), "swarm key: line 3 has 0 hexadecimal digits, a key has 64");
  EXPECT_EQ(why(base16 + hex_of(ones).substr(2)),
            "swarm key: line 3 has 62 hexadecimal digits, a key has 64");
  EXPECT_EQ(why(base16 + hex_of(ones) + "00"), "swarm key: line 3 has 66 hexadecimal digits, a key has 64");
  EXPECT_EQ(why(base16 + "abcdefg" + hex_of(ones).substr(7)),
            "swarm key: line 3, character 7, is no hexadecimal digit");
  EXPECT_EQ(why(base64 + "AAECAwQF"), "swarm key: line 3 has 8 base 64 digits, a key has 44");
  EXPECT_EQ(why(base64 + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9="),
            "swarm key: line 3 is not the base 64 of a key: its end is wrong");
  EXPECT_EQ(why(base64 + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A"),
            "the key of a private network has 32 bytes, not 33");
  EXPECT_EQ(why(base64 + "AAECAw_FBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            "swarm key: line 3, character 7, is no base 64 digit");
  EXPECT_EQ(why(std::string(format) + "/bin/\nshort"), "swarm key: 5 bytes after line 2, a key has 32");
  EXPECT_EQ(why(std::string(format) + "/bin/\n" + std::string(34, 'x')),
            "swarm key: 34 bytes after line 2, a key has 32");
  EXPECT_EQ(read(std::string(1000, 'x')).error().code, Errc::limit);
}

// A file without its first lines is the key alone: it must not end in a log.
TEST(PreSharedKey, AnErrorNeverShowsWhatStandsInTheFile) {
  const std::string secret = hex_of(counting);
  for (const std::string& text :
       {secret, secret + "\n", std::string(format) + secret + "\n",
        std::string(format) + "/base16/\n" + secret + "x", std::string(format) + "/base64/\n" + secret}) {
    const std::string said = why(text);
    EXPECT_EQ(said.find(secret.substr(0, 8)), std::string::npos) << said;
  }
}

// As IPFS nodes show them; worked out with another implementation of Salsa20.
TEST(PreSharedKey, HasTheFingerprintThatOthersShow) {
  EXPECT_EQ(zeros.fingerprint(), "708a75afd05affb08736cbf17c73773e");
  EXPECT_EQ(counting.fingerprint(), "41dfbf48d882a8ee665983adfa7a48f7");
  EXPECT_EQ(ones.fingerprint(), "f5c65793e0937d5a7a0755699ea879d4");
}

TEST(PreSharedKey, NewOnesDiffer) {
  SeededRandom random(1);
  const PreSharedKey one = PreSharedKey::generate(random);
  const PreSharedKey other = PreSharedKey::generate(random);
  EXPECT_FALSE(one == other);
  EXPECT_TRUE(one == PreSharedKey::from_bytes(one.view()).value());
  EXPECT_EQ(PreSharedKey::from_bytes(Bytes(31)).error().code, Errc::parse);
}

}  // namespace
}  // namespace libp2p
