// The bodies of charter records, each with its canonical form (rule L1).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libp2p/crypto/x25519.hpp"
#include "starling/charter/roles.hpp"
#include "starling/model/record.hpp"

namespace starling {

using libp2p::X25519Key;
using Labels = std::map<std::string, std::string>;

inline constexpr std::size_t max_name_bytes = 64;
inline constexpr std::size_t max_labels = 32;

// Names are what people type and see: 1 to 64 of [A-Za-z0-9._-], so no two look alike (JT14). Errors:
// invalid_argument.
[[nodiscard]] Result<> check_name(std::string_view name);

// Founds a fleet; the id of its record is the fleet's.
struct Genesis {
  std::vector<PeerId> roots;    // ascending
  std::uint32_t threshold = 1;  // how many of them must agree
  Bytes nonce;                  // 16 random bytes: two fleets of one root are two fleets

  [[nodiscard]] Bytes to_body() const;
  [[nodiscard]] static Result<Genesis> from_body(BytesView body);
};

// Gives a role to a key, directly.
struct Grant {
  PeerId subject;
  Role role{};
  std::string name;
  X25519Key encryption_key{};  // what secrets are sealed to
  Labels labels;

  [[nodiscard]] Bytes to_body() const;
  [[nodiscard]] static Result<Grant> from_body(BytesView body);
};

// Says what labels a member has from now on, in place of those it had. Of several the latest counts (M1).
struct MemberLabels {
  PeerId subject;
  Labels labels;

  [[nodiscard]] Bytes to_body() const;
  [[nodiscard]] static Result<MemberLabels> from_body(BytesView body);
};

// Lets whoever holds the private half of `key` in.
struct Invite {
  PeerId key;  // of an Ed25519 key made for this invite alone
  Role role{};
  std::uint64_t not_after_ms = 0;  // fleet time, milliseconds since 1970
  std::uint32_t uses = 1;
  Labels labels;

  [[nodiscard]] Bytes to_body() const;
  [[nodiscard]] static Result<Invite> from_body(BytesView body);
};

// What a joiner says and signs twice, with its node key and with the invite's key: sound on any transport,
// since the channel has authenticated both peer ids, and useless to whoever overhears it (TRUST: join
// statement).
struct JoinStatement {
  FleetId fleet;
  PeerId invite_key;
  PeerId joiner;
  X25519Key encryption_key{};
  std::string name;
  PeerId admitter;
  Bytes nonce;  // 32 bytes, fresh from the admitter

  [[nodiscard]] Bytes to_bytes() const;
  [[nodiscard]] static Result<JoinStatement> from_bytes(BytesView bytes);
};

struct SignedJoinStatement {
  JoinStatement statement;
  Bytes node_signature;
  Bytes invite_signature;

  [[nodiscard]] static Result<SignedJoinStatement> sign(JoinStatement statement, const PrivateKey& node,
                                                        const PrivateKey& invite);
  // Errors: parse, crypto (which of the two signatures).
  [[nodiscard]] Result<> verify() const;
  [[nodiscard]] Bytes to_bytes() const;
  [[nodiscard]] static Result<SignedJoinStatement> from_bytes(BytesView bytes);
};

// A witness's word that the joiner held the invite's key. Its record's id is the grant that the joiner acts
// under.
struct Admit {
  RecordId invite;
  SignedJoinStatement join;

  [[nodiscard]] Bytes to_body() const;
  [[nodiscard]] static Result<Admit> from_body(BytesView body);
};

}  // namespace starling
