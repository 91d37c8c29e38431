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

Entitlements::Given& Entitlements::given_by(const SignedRecord& grant) {
  const auto [known, is_new] = given_.try_emplace(grant.id);
  Given& given = known->second;
  if (!is_new) return given;
  const Bytes& body = grant.record.body;
  switch (grant.record.kind) {
    case RecordKind::genesis:
      if (auto genesis = Genesis::from_body(body)) given = {std::move(genesis->roots), Role::root, {}};
      break;
    case RecordKind::grant:
      if (auto direct = Grant::from_body(body)) given = {{direct->subject}, direct->role, {}};
      break;
    case RecordKind::admit:
      if (auto admit = Admit::from_body(body))
        given = {{admit->join.statement.joiner}, std::nullopt, admit->invite};
      break;
    default:
      break;
  }
  return given;
}

std::optional<Role> Entitlements::role_in(const SignedRecord& invite) {
  if (invite.record.kind != RecordKind::invite) return std::nullopt;
  const auto terms = Invite::from_body(invite.record.body);
  return terms ? std::optional(terms->role) : std::nullopt;
}

Right Entitlements::judge(const Record& record, const FindRecord& find) {
  // Which genesis is the fleet's is told by its id.
  if (record.kind == RecordKind::genesis) return {Right::Verdict::allowed, {}};
  const RecordPtr grant = find(record.grant);
  if (!grant) return {Right::Verdict::unknown, record.grant};
  Given& given = given_by(*grant);
  if (!given.invite.is_zero()) {
    const RecordPtr invite = find(given.invite);
    if (!invite) return {Right::Verdict::unknown, given.invite};
    if (!given.role) given.role = role_in(*invite);
  }
  const bool allowed = given.role && std::ranges::binary_search(given.peers, record.author) &&
                       may_write(*given.role, record.kind);
  return {allowed ? Right::Verdict::allowed : Right::Verdict::denied, {}};
}

}  // namespace starling
