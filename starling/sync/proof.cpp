#include "starling/sync/proof.hpp"

#include <set>

namespace starling {
namespace {

constexpr std::size_t max_proof_records =
    64;  // strata are few: a chain of grants has at most one a stratum, twice

}  // namespace

std::vector<RecordPtr> proof_of(const Changelog& log, const FleetId& fleet, const RecordId& grant) {
  std::vector<RecordPtr> proof;
  std::set<RecordId> seen;
  std::vector<RecordId> open{grant, fleet};
  while (!open.empty()) {
    const RecordId id = open.back();
    open.pop_back();
    if (!seen.insert(id).second) continue;
    RecordPtr record = log.get(id);
    if (!record || proof.size() == max_proof_records) return {};
    if (!record->record.grant.is_zero()) open.push_back(record->record.grant);
    if (record->record.kind == RecordKind::admit) {
      const auto admit = Admit::from_body(record->record.body);
      if (!admit) return {};
      open.push_back(admit->invite);
    }
    proof.push_back(std::move(record));
  }
  return proof;
}

Result<Charter> check_proof(const FleetId& fleet, std::span<const Bytes> envelopes) {
  if (envelopes.size() > max_proof_records) return fail(Errc::limit, "a proof of more than 64 records");
  std::vector<RecordPtr> records;
  for (const Bytes& envelope : envelopes) {
    LIBP2P_TRY(RecordPtr record, open_record(envelope));
    records.push_back(std::move(record));
  }
  Charter charter = Charter::evaluate(fleet, records);
  if (!charter.founded()) return fail(Errc::refused, "the proof holds no genesis of this fleet");
  return charter;
}

}  // namespace starling
