#include "starling/charter/charter.hpp"

#include <algorithm>

#include "starling/charter/entitlements.hpp"

namespace starling {

// One stratum after the other: what a stratum grants can only be junior to it, so when it is reached all that
// could make its own grants stand has been seen.
class Charter::Evaluation {
 public:
  Evaluation(Charter& charter, std::span<const RecordPtr> records, JoinChecks& checks)
      : charter_(charter), checks_(checks) {
    for (const RecordPtr& record : records) {
      switch (record->record.kind) {
        case RecordKind::grant:
        case RecordKind::invite:
        case RecordKind::admit:
        case RecordKind::labels:
          by_order_.push_back(record);
          break;
        default:
          break;
      }
    }
    std::ranges::sort(by_order_, [](const RecordPtr& a, const RecordPtr& b) {
      return std::pair(a->record.hlc, a->id) < std::pair(b->record.hlc, b->id);
    });
  }

  void run() {
    for (const Role stratum : {Role::root, Role::admin, Role::operator_}) {
      for (const RecordPtr& record : by_order_) {
        if (record->record.kind == RecordKind::grant && author_role(record->record) == stratum)
          apply_grant(*record);
        if (record->record.kind == RecordKind::invite && author_role(record->record) == stratum)
          apply_invite(*record);
      }
      // Admissions into a stratum are witnessed from within it at the junior end: repeat until nothing is
      // added.
      while (apply_admissions(static_cast<Role>(static_cast<int>(stratum) + 1))) {
      }
    }
    for (const RecordPtr& record : by_order_) {
      if (record->record.kind == RecordKind::labels) apply_labels(*record);
    }
    for (auto& [id, invite] : charter_.invites_) {
      invite.surplus = static_cast<std::uint32_t>(surplus_[id].size());
    }
  }

 private:
  // The role under which the author acts: that of the grant it names, if it is its own.
  [[nodiscard]] std::optional<Role> author_role(const Record& record) const {
    const auto grant = charter_.grant(record.grant);
    if (record.grant == charter_.fleet_) {
      return std::ranges::binary_search(charter_.genesis_.roots, record.author) ? std::optional(Role::root)
                                                                                : std::nullopt;
    }
    if (!grant || grant->subject != record.author) return std::nullopt;
    return grant->role;
  }

  void apply_grant(const SignedRecord& record) {
    const auto grant = Grant::from_body(record.record.body);
    if (!grant || !senior(*author_role(record.record), grant->role)) return;
    stand(record, {grant->subject, grant->role, grant->name, record.id, grant->encryption_key, grant->labels,
                   record.record.author, record.record.hlc});
  }

  void apply_invite(const SignedRecord& record) {
    const auto invite = Invite::from_body(record.record.body);
    const Role issuer = *author_role(record.record);
    if (!invite || !may_invite(issuer, invite->role)) return;
    charter_.invites_.try_emplace(record.id,
                                  InviteState{record.id, *invite, record.record.author, issuer, 0, 0});
  }

  void apply_labels(const SignedRecord& record) {
    const auto role = author_role(record.record);
    auto said = MemberLabels::from_body(record.record.body);
    if (!role || !at_least(*role, Role::admin) || !said) return;
    const auto subject = charter_.members_.find(said->subject);
    if (subject != charter_.members_.end()) subject->second.labels = std::move(said->labels);
  }

  bool apply_admissions(Role conferred) {
    bool any = false;
    for (const RecordPtr& record : by_order_) {
      if (record->record.kind != RecordKind::admit || charter_.grants_.contains(record->id)) continue;
      any = apply_admission(*record, conferred) || any;
    }
    return any;
  }

  bool apply_admission(const SignedRecord& record, Role conferred) {
    const auto admit = Admit::from_body(record.record.body);
    if (!admit) return false;
    const auto found = charter_.invites_.find(admit->invite);
    if (found == charter_.invites_.end() || found->second.invite.role != conferred) return false;
    InviteState& state = found->second;
    const auto witness = author_role(record.record);
    const JoinStatement& statement = admit->join.statement;
    const auto latest = state.invite.not_after_ms +
                        static_cast<std::uint64_t>(std::chrono::milliseconds(invite_clock_slack).count());
    const bool sound = witness && at_least(*witness, conferred) && statement.fleet == charter_.fleet_ &&
                       statement.invite_key == state.invite.key &&
                       statement.admitter == record.record.author &&
                       (record.record.hlc.value >> 16) <= latest && checks_.holds(record.id, admit->join);
    if (!sound) return false;
    // A joiner that was admitted twice (a retry after a crash) has used the invite once (JT15).
    const bool again = users_[state.id].contains(statement.joiner);
    if (!again && state.used >= state.invite.uses) {
      surplus_[state.id].insert(statement.joiner);
      return false;
    }
    if (!again) ++state.used;
    users_[state.id].insert(statement.joiner);
    surplus_[state.id].erase(statement.joiner);
    stand(record, {statement.joiner, conferred, statement.name, record.id, statement.encryption_key,
                   state.invite.labels, record.record.author, record.record.hlc});
    return true;
  }

  void stand(const SignedRecord& record, Member member) {
    charter_.grants_.emplace(record.id, StandingGrant{member.peer, member.role});
    const auto [it, inserted] = charter_.members_.try_emplace(member.peer, member);
    if (!inserted && senior(member.role, it->second.role)) it->second = std::move(member);
  }

  Charter& charter_;
  JoinChecks& checks_;
  std::vector<RecordPtr> by_order_;
  std::map<RecordId, std::set<PeerId>> users_;
  std::map<RecordId, std::set<PeerId>> surplus_;
};

bool JoinChecks::holds(const RecordId& admission, const SignedJoinStatement& join) {
  const auto known = known_.find(admission);
  if (known != known_.end()) return known->second;
  return known_.emplace(admission, join.verify().has_value()).first->second;
}

Charter Charter::evaluate(FleetId fleet, std::span<const RecordPtr> records) {
  JoinChecks checks;
  return evaluate(fleet, records, checks);
}

Charter Charter::evaluate(FleetId fleet, std::span<const RecordPtr> records, JoinChecks& checks) {
  Charter charter;
  charter.fleet_ = fleet;
  const auto genesis = std::ranges::find(records, fleet, [](const RecordPtr& record) { return record->id; });
  if (genesis == records.end() || (*genesis)->record.kind != RecordKind::genesis) return charter;
  auto body = Genesis::from_body((*genesis)->record.body);
  if (!body || !std::ranges::binary_search(body->roots, (*genesis)->record.author)) return charter;
  charter.genesis_ = std::move(*body);
  Evaluation(charter, records, checks).run();
  return charter;
}

const Member* Charter::member(const PeerId& peer) const {
  const auto found = members_.find(peer);
  return found == members_.end() ? nullptr : &found->second;
}

const Member* Charter::member_named(std::string_view name) const {
  const auto found = std::ranges::find(
      members_, name, [](const auto& entry) -> std::string_view { return entry.second.name; });
  return found == members_.end() ? nullptr : &found->second;
}

std::optional<StandingGrant> Charter::grant(const RecordId& id) const {
  const auto found = grants_.find(id);
  if (found == grants_.end()) return std::nullopt;
  return found->second;
}

const InviteState* Charter::invite_of_key(const PeerId& key) const {
  const auto found =
      std::ranges::find(invites_, key, [](const auto& entry) { return entry.second.invite.key; });
  return found == invites_.end() ? nullptr : &found->second;
}

std::optional<Role> Charter::role_of(const PeerId& key) const {
  if (std::ranges::binary_search(genesis_.roots, key)) return Role::root;
  const Member* found = member(key);
  return found ? std::optional(found->role) : std::nullopt;
}

Charter::Verdict Charter::judge(const Record& record) const {
  if (record.kind == RecordKind::genesis) return Verdict::valid;
  Role role = Role::root;
  if (record.grant == fleet_) {
    if (!std::ranges::binary_search(genesis_.roots, record.author)) return Verdict::denied;
  } else {
    const auto standing = grant(record.grant);
    if (!standing) return Verdict::unknown;
    if (standing->subject != record.author) return Verdict::denied;
    role = standing->role;
  }
  return may_write(role, record.kind) ? Verdict::valid : Verdict::denied;
}

Result<> Charter::may_admit(const PeerId& witness, const InviteState& invite, const PeerId& joiner,
                            std::string_view name) const {
  const auto role = role_of(witness);
  if (!role) return fail(Errc::refused, "this node is not a member of the fleet yet");
  // First what no other witness could change, for the joiner is told it as the last word.
  if (invite.used >= invite.invite.uses && !member(joiner)) {
    return fail(Errc::refused, "the token has been used (" + std::to_string(invite.used) + " of " +
                                   std::to_string(invite.invite.uses) + "), issued by " +
                                   invite.issuer.to_string());
  }
  if (!at_least(*role, invite.invite.role)) {
    return fail(Errc::refused, "this node is " + std::string(to_string(*role)) + " and can't admit as " +
                                   std::string(to_string(invite.invite.role)) +
                                   ": join through a node that is");
  }
  const Member* same_name = member_named(name);
  if (same_name && same_name->peer != joiner) {
    return fail(Errc::exists,
                "the name " + std::string(name) + " is taken by " + same_name->peer.to_string());
  }
  return {};
}

}  // namespace starling
