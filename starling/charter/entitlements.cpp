#include "starling/charter/entitlements.hpp"

#include <algorithm>

#include "starling/charter/charter_records.hpp"

namespace starling {

bool may_write(Role role, RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::change:
    case RecordKind::invite:
      return at_least(role, Role::operator_);
    case RecordKind::grant:
    case RecordKind::labels:
    case RecordKind::anchor:
    case RecordKind::checkpoint:
    case RecordKind::ruling:
      return at_least(role, Role::admin);
    case RecordKind::admit:
      return true;
    case RecordKind::genesis:
    case RecordKind::revoke:
      break;
  }
  // What a newer version may have defined is kept for it (RV22).
  return !is_known(kind);
}

const RecordId& Entitlements::invite_of(const SignedRecord& grant) {
  const auto known = invites_.find(grant.id);
  if (known != invites_.end()) return known->second;
  RecordId invite;
  if (grant.record.kind == RecordKind::admit) {
    if (const auto admit = Admit::from_body(grant.record.body)) invite = admit->invite;
  }
  return invites_.emplace(grant.id, invite).first->second;
}

Entitlements::Holder Entitlements::holder_by(const SignedRecord& grant, const SignedRecord* invite) {
  const Bytes& body = grant.record.body;
  switch (grant.record.kind) {
    case RecordKind::genesis:
      if (auto genesis = Genesis::from_body(body)) return {std::move(genesis->roots), Role::root};
      break;
    case RecordKind::grant:
      if (auto given = Grant::from_body(body)) return {{given->subject}, given->role};
      break;
    case RecordKind::admit:
      if (invite != nullptr && invite->record.kind == RecordKind::invite) {
        const auto terms = Invite::from_body(invite->record.body);
        const auto admit = Admit::from_body(body);
        if (terms && admit) return {{admit->join.statement.joiner}, terms->role};
      }
      break;
    default:
      break;
  }
  return {};
}

Right Entitlements::judge(const Record& record, const FindRecord& find) {
  // Which genesis is the fleet's is told by its id.
  if (record.kind == RecordKind::genesis) return {Right::Verdict::allowed, {}};
  const RecordPtr grant = find(record.grant);
  if (!grant) return {Right::Verdict::unknown, record.grant};
  const RecordId& invite_id = invite_of(*grant);
  const RecordPtr invite = invite_id.is_zero() ? nullptr : find(invite_id);
  if (!invite_id.is_zero() && !invite) return {Right::Verdict::unknown, invite_id};
  auto known = holders_.find(grant->id);
  if (known == holders_.end()) known = holders_.emplace(grant->id, holder_by(*grant, invite.get())).first;
  const Holder& holder = known->second;
  const bool allowed =
      std::ranges::binary_search(holder.peers, record.author) && may_write(holder.role, record.kind);
  return {allowed ? Right::Verdict::allowed : Right::Verdict::denied, {}};
}

}  // namespace starling
