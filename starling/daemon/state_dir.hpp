// A node's folder on disk (DESIGN section 9). Moving a node to another machine is moving it.
#pragma once

#include <filesystem>
#include <optional>

#include "libp2p/crypto/x25519.hpp"
#include "starling/charter/token.hpp"
#include "starling/daemon/node_config.hpp"
#include "starling/model/record.hpp"

namespace starling {

using libp2p::X25519KeyPair;

class StateDir {
 public:
  explicit StateDir(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path store() const { return path_ / "starling.db"; }
  [[nodiscard]] std::filesystem::path root_key() const { return path_ / "root.key"; }
  [[nodiscard]] std::filesystem::path api_socket() const { return path_ / "api.sock"; }
  [[nodiscard]] std::filesystem::path peers() const { return path_ / "peers"; }
  [[nodiscard]] std::filesystem::path network_key() const { return path_ / "swarm.key"; }
  [[nodiscard]] std::filesystem::path before_first_apply() const { return path_ / "before-first-apply.json"; }

  // Makes the folder, mode 0700. Errors: exists, when it holds a node already; io.
  [[nodiscard]] Result<> create() const;
  [[nodiscard]] bool holds_node() const;

  // Keys are files of mode 0600, in libp2p's protobuf form; the encryption key in hexadecimal.
  [[nodiscard]] Result<> save_identity(const PrivateKey& key) const;
  [[nodiscard]] Result<PrivateKey> load_identity() const;
  [[nodiscard]] Result<> save_encryption_key(const X25519KeyPair& key) const;
  [[nodiscard]] Result<X25519KeyPair> load_encryption_key() const;

  // The fleet's network key, in a file of mode 0600 that other libp2p programs read as well.
  [[nodiscard]] Result<> save_network_key(const PreSharedKey& key) const;
  // None, where the network is public. A key and a configuration that don't fit are an error: nobody is to
  // believe that a network is private which isn't. Errors: not_found, invalid_argument; parse, limit, io.
  [[nodiscard]] Result<std::optional<PreSharedKey>> load_network_key(const NodeConfig& config) const;

  [[nodiscard]] Result<> save_config(const NodeConfig& config) const;
  // Errors: not_found (no node here: says how to make one), parse (names line and key).
  [[nodiscard]] Result<NodeConfig> load_config() const;

  // The token of a join that is still to be done; erased once admitted.
  [[nodiscard]] Result<> save_token(const JoinToken& token) const;
  [[nodiscard]] Result<std::optional<JoinToken>> load_token() const;
  [[nodiscard]] Result<> erase_token() const;

 private:
  std::filesystem::path path_;
};

// What a file of save_encryption_key() holds. Errors: parse.
[[nodiscard]] Result<X25519KeyPair> encryption_key_from(BytesView contents);

// A private key from a file, and to one that must not be there yet. Errors: io, parse, exists.
[[nodiscard]] Result<PrivateKey> load_private_key(const std::filesystem::path& file);
[[nodiscard]] Result<> save_private_key(const std::filesystem::path& file, const PrivateKey& key);

}  // namespace starling
