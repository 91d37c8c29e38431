#include "starling/fleet/history_keeper.hpp"

#include <algorithm>

namespace starling {
namespace {

const Controls::Anchored* newest_anchor(const Fleet& fleet) {
  const auto anchors = fleet.controls().anchors(fleet.charter(), fleet.log());
  return anchors.empty() ? nullptr : anchors.back();
}

std::size_t changes_since(const Changelog& log, const VersionVector& vector) {
  std::size_t changes = 0;
  for (const auto& [chain, head] : log.vector()) {
    const auto covered = vector.find(chain);
    const std::uint64_t from = covered == vector.end() ? 1 : covered->second.seq + 1;
    if (head.seq < from) continue;
    const auto records = log.range(chain, from, SIZE_MAX, SIZE_MAX);
    changes += static_cast<std::size_t>(std::ranges::count_if(
        records, [](const RecordPtr& record) { return record->record.kind == RecordKind::change; }));
  }
  return changes;
}

bool anchor_due(const Fleet& fleet, const HistoryPolicy& policy) {
  const Controls::Anchored* newest = newest_anchor(fleet);
  const std::size_t changes = changes_since(fleet.log(), newest ? newest->anchor.vector : VersionVector{});
  const libp2p::WallTime since = newest ? newest->record->record.hlc.wall() : libp2p::WallTime{};
  return changes >= policy.anchor_changes ||
         (changes > 0 && fleet.fleet_time() - since >= policy.anchor_every);
}

bool checkpoint_due(const Fleet& fleet, const HistoryPolicy& policy) {
  if (fleet.log().bytes() <= policy.log_bytes || !fleet.revision()) return false;
  std::size_t bytes = 0;
  for (const RecordPtr& record : fleet.log().records()) {
    if (record->record.kind == RecordKind::change && !fleet.log().is_settled(record->record))
      bytes += record->envelope.size();
  }
  return bytes > policy.log_bytes;
}

// What nobody may name no record would join.
std::size_t live_heads(const Fleet& fleet) {
  const AuthoringContext context = fleet.authoring_context();
  return static_cast<std::size_t>(std::ranges::count_if(
      fleet.log().heads(), [&](const RecordId& id) { return may_be_parent(context, *fleet.log().get(id)); }));
}

}  // namespace

HistoryDuty history_duty(const Fleet& fleet, const HistoryPolicy& policy, bool too_large) {
  if (fleet.may_author(RecordKind::anchor)) {
    if (!too_large && checkpoint_due(fleet, policy)) return HistoryDuty::checkpoint;
    if (fleet.revision() && anchor_due(fleet, policy)) return HistoryDuty::anchor;
  }
  if (fleet.may_author(RecordKind::change) && fleet.revision() && live_heads(fleet) > policy.heads)
    return HistoryDuty::join_heads;
  return HistoryDuty::nothing;
}

HistoryKeeper::HistoryKeeper(Env env, Fleet& fleet, HistoryPolicy policy)
    : env_(env), fleet_(fleet), policy_(policy), tasks_(env) {}

void HistoryKeeper::start() { tasks_.spawn("history.keep", run()); }

Task<> HistoryKeeper::stop() { co_await tasks_.stop(); }

Task<> HistoryKeeper::run() {
  while (true) {
    // Apart in time, so that of many who might write one does, and the others see that it has.
    const auto pause = static_cast<std::uint64_t>(policy_.look_every.count());
    co_await libp2p::sleep_for(
        env_, libp2p::Duration(static_cast<std::int64_t>(pause / 2 + env_.random.below(pause + 1))));
    co_await look();
  }
}

// What an earlier checkpoint covers goes whether or not another one could be written.
Task<> HistoryKeeper::look() {
  const bool too_large = checkpoint_from_ && env_.now() < *checkpoint_from_;
  const Result<> written = co_await write(history_duty(fleet_, policy_, too_large));
  if (!written) env_.log.warn("history.not_written", {{"why", written.error().to_string()}});
  const auto dropped = co_await fleet_.drop_covered(policy_.keep_bodies, policy_.log_bytes);
  if (!dropped) env_.log.warn("history.not_dropped", {{"why", dropped.error().to_string()}});
}

Task<Result<>> HistoryKeeper::write(HistoryDuty duty) {
  Change joining;
  joining.message = "joins concurrent heads";
  switch (duty) {
    case HistoryDuty::nothing:
      break;
    case HistoryDuty::join_heads:
      LIBP2P_CO_CHECK(co_await fleet_.author(RecordKind::change, joining.to_body()));
      break;
    case HistoryDuty::anchor:
      LIBP2P_CO_CHECK(co_await fleet_.write_anchor());
      break;
    case HistoryDuty::checkpoint:
      LIBP2P_CO_CHECK(co_await write_checkpoint());
      break;
  }
  co_return Result<>{};
}

Task<Result<>> HistoryKeeper::write_checkpoint() {
  const auto written = co_await fleet_.write_checkpoint();
  checkpoint_from_.reset();
  if (written) co_return Result<>{};
  if (written.error().code != Errc::limit) co_return std::unexpected(written.error());
  checkpoint_from_ = env_.now() + policy_.too_large_again;
  env_.log.warn("checkpoint.too_large",
                {{"why", written.error().to_string()},
                 {"again_in_hours", std::chrono::floor<std::chrono::hours>(policy_.too_large_again).count()},
                 {"hint", "the log grows until one fits; then `starling checkpoint` writes it at once"}});
  co_return Result<>{};
}

}  // namespace starling
