// Keys and records for tests of the control plane: a founded fleet in a few lines.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "libp2p/base/random.hpp"
#include "starling/changelog/changelog.hpp"
#include "starling/charter/charter.hpp"
#include "starling/charter/charter_records.hpp"
#include "starling/fleet/author.hpp"
#include "starling/model/change.hpp"

namespace starling::testing {

inline constexpr libp2p::WallTime noon{std::chrono::sys_days{std::chrono::year(2026) / 6 / 1} +
                                       std::chrono::hours(12)};

inline PrivateKey key_of(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(number);
  return PrivateKey::ed25519_from_seed(seed);
}
inline PeerId peer_of(const PrivateKey& key) { return PeerId::from_public_key(key.public_key()); }

template <class T>
T must(Result<T> result) {
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().to_string());
  return std::move(*result);
}

// Genesis by `root`, and writers that act as members. The log takes whatever is written.
class FoundedFleet {
 public:
  FoundedFleet()
      : genesis(must(write_genesis(root, 1, Bytes(16, 7), noon))), log(genesis->id), root_author_(root, 2) {
    EXPECT_EQ(log.ingest(genesis).outcome, Changelog::Outcome::added);
  }

  [[nodiscard]] FleetId id() const { return genesis->id; }

  RecordPtr write(Author& author, RecordKind kind, RecordId grant, Bytes body, libp2p::WallTime wall = noon) {
    RecordPtr record = must(author.write({id(), log, wall, Hlc{UINT64_MAX}}, kind, grant, std::move(body)));
    EXPECT_EQ(log.ingest(record).outcome, Changelog::Outcome::added);
    return record;
  }
  RecordPtr root_writes(RecordKind kind, Bytes body) {
    return write(root_author_, kind, id(), std::move(body));
  }
  // Root gives `key` a role; the grant's record.
  RecordPtr grant(const PrivateKey& key, Role role, std::string name) {
    return root_writes(RecordKind::grant, Grant{peer_of(key), role, std::move(name), {}, {}}.to_body());
  }
  RecordPtr invite(const PrivateKey& invite_key, Role role, std::uint32_t uses = 1,
                   std::chrono::milliseconds ttl = std::chrono::hours(1)) {
    return root_writes(RecordKind::invite,
                       Invite{peer_of(invite_key),
                              role,
                              static_cast<std::uint64_t>((noon + ttl).time_since_epoch().count()),
                              uses,
                              {}}
                           .to_body());
  }
  [[nodiscard]] Charter charter() const { return Charter::evaluate(id(), log.records()); }

  const PrivateKey root = key_of(200);
  RecordPtr genesis;
  Changelog log;

 private:
  Author root_author_;
};

inline SignedJoinStatement join_statement(const FleetId& fleet, const PrivateKey& joiner,
                                          const PrivateKey& invite_key, const PeerId& admitter,
                                          std::string name) {
  return must(SignedJoinStatement::sign(
      {fleet, peer_of(invite_key), peer_of(joiner), {}, std::move(name), admitter, Bytes(32, 1)}, joiner,
      invite_key));
}

inline Change set_change(Path path, json::value value) {
  return Change{
      "", "", false, {Edit{std::string(base_scope), std::move(path), EditOp::set, std::move(value)}}};
}

}  // namespace starling::testing
