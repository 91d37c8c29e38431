// Records signed at the command line, by a key that is not the daemon's: root's, or an admin's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "starling/charter/charter.hpp"
#include "starling/cli/command.hpp"
#include "starling/fleet/author.hpp"

namespace starling {

// What a record of an author is to be put after, wherever that was learnt.
struct Position {
  FleetId fleet;
  Role role{};
  RecordId grant;
  Hlc clock;
  std::vector<RecordId> own_heads;
};

// A member, as far as commands ask for it.
struct NamedMember {
  PeerId peer;
  std::string name;
  Role role{};
  X25519Key encryption_key{};
  Labels labels;
};

// Whoever keeps the log: the daemon while it runs, else the store itself.
class LogAccess {
 public:
  virtual ~LogAccess() = default;
  // Errors: refused, when that key holds no grant.
  virtual Result<Position> position(const PeerId& author) = 0;
  virtual Result<std::vector<NamedMember>> members() = 0;
  virtual Result<> add(const RecordPtr& record) = 0;
  // Under which others reach the node.
  virtual Result<std::vector<Multiaddr>> addresses() = 0;
};
[[nodiscard]] Result<std::unique_ptr<LogAccess>> open_log(const Target& target, const StateDir& state);

// By its name or its peer id. Errors: not_found.
[[nodiscard]] Result<NamedMember> find_member(LogAccess& access, const std::string& node);

// The object in an answer of the daemon. Errors: invalid_argument (400, the request is not of its form),
// refused (403), not_found (404), io; all with the detail it gives.
[[nodiscard]] Result<json::object> object_from(const ApiReply& reply);

// `file`, else the root key if it is still in the state's folder; nothing where there is neither. Errors:
// invalid_argument (a file that can't be read, or holds no key).
[[nodiscard]] Result<std::optional<PrivateKey>> key_at_hand(const std::string& file, const Target& target);
// The same, and else the node's own.
inline constexpr const char* signing_key_help =
    "file of the key to sign with (default: the root key, if it is still here; else the node's own)";
[[nodiscard]] Result<PrivateKey> signing_key(const std::string& file, const Target& target);
// In an incarnation of its own, after all that `position` names.
[[nodiscard]] Result<RecordPtr> sign_at(const Position& position, const PrivateKey& key, RecordKind kind,
                                        Bytes body, libp2p::Env env);
// The same, added to the log. Errors: those of the log.
[[nodiscard]] Result<RecordPtr> add_at(LogAccess& access, const Position& position, const PrivateKey& key,
                                       RecordKind kind, Bytes body);

// The same for what only root and admins may say, and added to the log. `else_what` follows "a key with the
// role X" where the key is neither's. Errors: refused; those of the log.
[[nodiscard]] Result<RecordPtr> add_as_admin(LogAccess& access, const PrivateKey& key, RecordKind kind,
                                             Bytes body, std::string_view else_what);

}  // namespace starling
