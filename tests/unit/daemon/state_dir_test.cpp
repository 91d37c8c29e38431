#include "starling/daemon/state_dir.hpp"

#include <gtest/gtest.h>

#include "starling/daemon/files.hpp"
#include "tests/support/temp_dir.hpp"

namespace starling {
namespace {

PreSharedKey network_key() { return PreSharedKey::from_bytes(Bytes(32, 7)).value(); }

class State : public testing::Test {
 protected:
  NodeConfig config(bool in_private) {
    NodeConfig config;
    config.fleet.bytes.fill(1);
    config.name = "n1";
    config.private_network = in_private;
    return config;
  }
  test::TempDir directory_;
  StateDir state_{directory_ / "state"};

  void SetUp() override { ASSERT_TRUE(state_.create()); }
};

TEST_F(State, TheNetworkKeyIsAFileThatOtherProgramsRead) {
  ASSERT_TRUE(state_.save_network_key(network_key()));
  const auto contents = read_file(state_.path() / "swarm.key");
  ASSERT_TRUE(contents);
  EXPECT_EQ(libp2p::as_text(*contents),
            "/key/swarm/psk/1.0.0/\n/base16/\n" + libp2p::to_hex(Bytes(32, 7)) + "\n");
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(state_.network_key()).permissions(),
            perms::owner_read | perms::owner_write);
  const auto loaded = state_.load_network_key(config(true));
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(*loaded == network_key());
}

TEST_F(State, APublicNetworkHasNoKey) {
  const auto loaded = state_.load_network_key(config(false));
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(*loaded);
}

TEST_F(State, AKeyAndAConfigurationThatDontFitAreRefused) {
  const auto missing = state_.load_network_key(config(true));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(missing.error().message.find("swarm.key is missing"), std::string::npos);
  ASSERT_TRUE(state_.save_network_key(network_key()));
  const auto unexpected = state_.load_network_key(config(false));
  ASSERT_FALSE(unexpected);
  EXPECT_EQ(unexpected.error().code, Errc::invalid_argument);
  EXPECT_NE(unexpected.error().message.find("private_network = true"), std::string::npos);
}

TEST_F(State, ABrokenKeyFileSaysWhereItIsBroken) {
  ASSERT_TRUE(write_file(state_.network_key(), libp2p::as_bytes("/key/swarm/psk/1.0.0/\n/base16/\nabc\n")));
  const auto loaded = state_.load_network_key(config(true));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::parse);
  EXPECT_EQ(loaded.error().message,
            state_.network_key().string() + ": swarm key: line 3 has 3 hexadecimal digits, a key has 64");
  ASSERT_TRUE(write_file(state_.network_key(), Bytes(1000, 'x')));
  EXPECT_EQ(state_.load_network_key(config(true)).error().code, Errc::limit);
}

TEST_F(State, TheConfigurationKeepsWhetherTheNetworkIsPrivate) {
  for (const bool in_private : {false, true}) {
    ASSERT_TRUE(state_.save_config(config(in_private)));
    const auto loaded = state_.load_config();
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    EXPECT_EQ(loaded->private_network, in_private);
  }
}

TEST_F(State, AConfigurationOfTheFirstReleaseIsOfAPublicNetwork) {
  ASSERT_TRUE(state_.save_config(config(false)));
  const auto file = state_.path() / "config.toml";
  std::string text(libp2p::as_text(*read_file(file)));
  const std::size_t line = text.find("private_network");
  ASSERT_NE(line, std::string::npos);
  text.erase(line, text.find('\n', line) + 1 - line);
  ASSERT_TRUE(write_file(file, libp2p::as_bytes(text)));
  const auto loaded = state_.load_config();
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_FALSE(loaded->private_network);
}

TEST_F(State, ATokenWithANetworkKeyIsKept) {
  JoinToken token;
  token.fleet.bytes.fill(3);
  token.issuer = PeerId::from_public_key(PrivateKey::ed25519_from_seed(token.seed).public_key());
  token.network_key = network_key();
  ASSERT_TRUE(state_.save_token(token));
  const auto loaded = state_.load_token();
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_TRUE((*loaded)->network_key == network_key());
}

}  // namespace
}  // namespace starling
