#include "starling/fleet/fork_report.hpp"

#include <algorithm>
#include <charconv>
#include <span>

namespace starling {
namespace {

std::vector<ForkBranch> branches_of(const Changelog& log, std::span<const RecordPtr> records,
                                    const ForkPoint& fork) {
  std::set<RecordId> followed;
  for (const RecordPtr& record : records) followed.insert(record->record.prev);
  std::vector<ForkBranch> branches;
  for (const RecordPtr& record : records) {
    if (followed.contains(record->id)) continue;
    branches.push_back(
        {record, static_cast<std::size_t>(record->record.seq - fork.seq + 1), log.standing(*record)});
  }
  return branches;
}

ForkReport report_on(const Fleet& fleet, const ChainId& chain, const ForkPoint& fork) {
  const Changelog& log = fleet.log();
  const std::vector<RecordPtr> records = log.range(chain, fork.seq, SIZE_MAX, SIZE_MAX);
  const auto quarantined = std::ranges::count_if(
      records, [&](const RecordPtr& record) { return log.standing(*record) == Standing::quarantined; });
  return {chain, fork, fleet.controls().ruling_on(chain, fleet.charter(), log),
          branches_of(log, records, fork), static_cast<std::size_t>(quarantined)};
}

}  // namespace

std::vector<ForkReport> fork_reports(const Fleet& fleet) {
  std::vector<ForkReport> reports;
  for (const auto& [chain, head] : fleet.log().vector()) {
    if (head.fork) reports.push_back(report_on(fleet, chain, *head.fork));
  }
  return reports;
}

std::string to_text(const ChainId& chain) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(chain.incarnation >> (56 - 8 * i));
  return chain.author.to_string() + "/" + libp2p::to_hex(bytes);
}

Result<ChainId> find_chain(const Changelog& log, std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    LIBP2P_TRY(const RecordId id, parse_record_id(text));
    const RecordPtr record = log.get(id);
    if (!record) return fail(Errc::not_found, "no record here has the id " + to_cid(id));
    return record->record.chain();
  }
  ChainId chain;
  LIBP2P_TRY(chain.author, PeerId::parse(text.substr(0, slash)));
  const std::string_view digits = text.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), chain.incarnation, 16);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.size() != 16)
    return fail(Errc::parse, "a chain is PEER/INCARNATION, the incarnation in 16 hexadecimal digits");
  return chain;
}

Result<Ruling> ruling_on(const Changelog& log, const ChainId& chain, const RecordId& stands) {
  const auto head = log.vector().find(chain);
  if (head == log.vector().end() || !head->second.fork)
    return fail(Errc::not_found, "the chain " + to_text(chain) + " is not forked");
  if (!stands.is_zero()) {
    const RecordPtr record = log.get(stands);
    if (!record || record->record.chain() != chain)
      return fail(Errc::not_found, to_cid(stands) + " is no record of the chain " + to_text(chain));
    if (!log.goes_on_from_base(*record)) {
      return fail(Errc::refused, "a checkpoint has settled what stands at that fork, and " + to_cid(stands) +
                                     " doesn't go on from there: name a record that does, or none");
    }
  }
  return Ruling{chain, head->second.fork->seq, stands};
}

}  // namespace starling
