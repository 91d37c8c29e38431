#include "starling/daemon/state_dir.hpp"

#include <algorithm>

#include "starling/daemon/files.hpp"

namespace starling {

Result<PrivateKey> load_private_key(const std::filesystem::path& file) {
  LIBP2P_TRY(const Bytes bytes, read_file(file));
  auto key = PrivateKey::from_protobuf(bytes);
  if (!key) return libp2p::fail_in(file.string(), key.error());
  return key;
}

Result<> save_private_key(const std::filesystem::path& file, const PrivateKey& key) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return fail(Errc::exists, file.string() + " is there already");
  return write_file(file, key.to_protobuf());
}

Result<X25519KeyPair> encryption_key_from(BytesView contents) {
  LIBP2P_TRY(const Bytes bytes, libp2p::from_hex(libp2p::as_text(contents).substr(0, 64)));
  libp2p::X25519Key key{};
  if (bytes.size() != key.size()) return fail(Errc::parse, "it holds no key");
  std::ranges::copy(bytes, key.begin());
  return X25519KeyPair::from_private(key);
}

bool StateDir::holds_node() const {
  std::error_code ignored;
  return std::filesystem::exists(path_ / "config.toml", ignored) ||
         std::filesystem::exists(path_ / "identity.key", ignored);
}

Result<> StateDir::create() const {
  if (holds_node()) {
    return fail(Errc::exists, path_.string() + " holds a node already: choose another --state, or remove it");
  }
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (!error) std::filesystem::permissions(path_, std::filesystem::perms::owner_all, error);
  if (error) return fail(Errc::io, path_.string() + ": " + error.message());
  return {};
}

Result<> StateDir::save_identity(const PrivateKey& key) const {
  return save_private_key(path_ / "identity.key", key);
}
Result<PrivateKey> StateDir::load_identity() const { return load_private_key(path_ / "identity.key"); }

Result<> StateDir::save_encryption_key(const X25519KeyPair& key) const {
  return write_file(path_ / "encryption.key", libp2p::as_bytes(libp2p::to_hex(key.private_key) + "\n"));
}

Result<X25519KeyPair> StateDir::load_encryption_key() const {
  const std::filesystem::path file = path_ / "encryption.key";
  LIBP2P_TRY(const Bytes contents, read_file(file));
  auto key = encryption_key_from(contents);
  if (!key) return libp2p::fail_in(file.string(), key.error());
  return key;
}

Result<> StateDir::save_network_key(const PreSharedKey& key) const {
  return write_file(network_key(), key.to_file());
}

Result<std::optional<PreSharedKey>> StateDir::load_network_key(const NodeConfig& config) const {
  const std::string file = network_key().string();
  const auto contents = read_file(network_key(), PreSharedKey::max_file_bytes);
  if (!contents && contents.error().code == Errc::not_found) {
    if (!config.private_network) return std::optional<PreSharedKey>();
    return fail(Errc::not_found, file +
                                     " is missing, and config.toml says private_network = true: copy it from "
                                     "another node of the fleet");
  }
  if (!contents) return std::unexpected(contents.error());
  if (!config.private_network) {
    return fail(Errc::invalid_argument, file +
                                            " is there, and config.toml doesn't say private_network = true: "
                                            "write that into it, or take the key away");
  }
  auto key = PreSharedKey::from_file(*contents);
  if (!key) return libp2p::fail_in(file, key.error());
  return std::optional(*key);
}

Result<> StateDir::save_config(const NodeConfig& config) const {
  return write_file(path_ / "config.toml", libp2p::as_bytes(config.to_toml()));
}

Result<NodeConfig> StateDir::load_config() const {
  const std::filesystem::path file = path_ / "config.toml";
  const auto bytes = read_file(file);
  if (!bytes && bytes.error().code == Errc::not_found) {
    return fail(Errc::not_found, path_.string() +
                                     " holds no node: `starling init` founds a fleet there, `starling join` "
                                     "enters one");
  }
  if (!bytes) return std::unexpected(bytes.error());
  auto config = NodeConfig::from_toml(libp2p::as_text(*bytes));
  if (!config) return libp2p::fail_in(path_.string(), config.error());
  return config;
}

Result<> StateDir::save_token(const JoinToken& token) const {
  return write_file(path_ / "join.token", libp2p::as_bytes(token.to_string() + "\n"));
}

Result<std::optional<JoinToken>> StateDir::load_token() const {
  const auto bytes = read_file(path_ / "join.token");
  if (!bytes && bytes.error().code == Errc::not_found) return std::optional<JoinToken>();
  if (!bytes) return std::unexpected(bytes.error());
  LIBP2P_TRY(JoinToken token, JoinToken::parse(libp2p::as_text(*bytes)));
  return std::optional(std::move(token));
}

Result<> StateDir::erase_token() const {
  std::error_code error;
  std::filesystem::remove(path_ / "join.token", error);
  if (error) return fail(Errc::io, (path_ / "join.token").string() + ": " + error.message());
  return {};
}

}  // namespace starling
