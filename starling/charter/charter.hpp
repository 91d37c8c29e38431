// Who is in the fleet, and what each may do: a pure function of the set of charter records.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "starling/charter/charter_records.hpp"

namespace starling {

struct Member {
  PeerId peer;
  Role role{};  // the most senior that any standing grant gives
  std::string name;
  RecordId grant;  // the one that gives it
  X25519Key encryption_key{};
  Labels labels;
  PeerId admitted_by;
  Hlc since;
};

struct StandingGrant {
  PeerId subject;
  Role role{};
  friend bool operator==(const StandingGrant&, const StandingGrant&) = default;
};

struct InviteState {
  RecordId id;
  Invite invite;
  PeerId issuer;
  Role issuer_role{};
  std::uint32_t used = 0;     // admissions that count
  std::uint32_t surplus = 0;  // admissions beyond `uses`, which don't: an alarm
};

// Remembers of each admission whether its two signatures hold. What they sign never changes, so neither does
// the answer, and a charter that grows by one member costs two signatures instead of all of them.
class JoinChecks {
 public:
  [[nodiscard]] bool holds(const RecordId& admission, const SignedJoinStatement& join);

 private:
  std::map<RecordId, bool> known_;  // as many as there are admissions in the changelog
};

// Read from the root down: a record counts only if its author holds a strictly senior standing grant, so the
// order of arrival can't matter and nobody can raise himself.
class Charter {
 public:
  Charter() = default;
  // `records` are any records; those that are not of the charter are passed over. Nothing stands without the
  // genesis whose id is `fleet`.
  [[nodiscard]] static Charter evaluate(FleetId fleet, std::span<const RecordPtr> records);
  // The same for one who evaluates again and again.
  [[nodiscard]] static Charter evaluate(FleetId fleet, std::span<const RecordPtr> records,
                                        JoinChecks& checks);

  [[nodiscard]] bool founded() const noexcept { return !genesis_.roots.empty(); }
  [[nodiscard]] const FleetId& fleet() const noexcept { return fleet_; }
  [[nodiscard]] const Genesis& genesis() const noexcept { return genesis_; }

  // In order of peer id; root keys are not members (they are keys, not nodes).
  [[nodiscard]] const std::map<PeerId, Member>& members() const noexcept { return members_; }
  [[nodiscard]] const Member* member(const PeerId& peer) const;
  [[nodiscard]] const Member* member_named(std::string_view name) const;
  [[nodiscard]] std::optional<StandingGrant> grant(const RecordId& id) const;
  [[nodiscard]] const std::map<RecordId, InviteState>& invites() const noexcept { return invites_; }
  [[nodiscard]] const InviteState* invite_of_key(const PeerId& key) const;
  [[nodiscard]] bool gives_same_rights_as(const Charter& other) const {
    return genesis_.roots == other.genesis_.roots && grants_ == other.grants_;
  }
  // The role of a key, root keys included; nothing for strangers.
  [[nodiscard]] std::optional<Role> role_of(const PeerId& key) const;

  // Is `record` authored by who holds the grant it names, and does that grant allow its kind (L4)? `unknown`
  // means that the grant does not stand, or is not here: a record whose grant is here is set aside, one whose
  // grant is not waits for it as for a parent, and nobody is blamed.
  enum class Verdict { valid, unknown, denied };
  [[nodiscard]] Verdict judge(const Record& record) const;

  // Why an admission would not stand, or nothing: what a witness asks before it signs (clock apart).
  [[nodiscard]] Result<> may_admit(const PeerId& witness, const InviteState& invite, const PeerId& joiner,
                                   std::string_view name) const;

 private:
  class Evaluation;
  FleetId fleet_;
  Genesis genesis_;
  std::map<PeerId, Member> members_;
  std::map<RecordId, StandingGrant> grants_;
  std::map<RecordId, InviteState> invites_;
};

// How far an Admit's clock may lie past the invite's end: clocks of honest nodes differ by that much (JT03).
inline constexpr std::chrono::minutes invite_clock_slack{5};

}  // namespace starling
