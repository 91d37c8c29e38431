#include "starling/rollout/writer.hpp"

#include "starling/merge/diff.hpp"
#include "starling/merge/fold.hpp"
#include "starling/merge/validate.hpp"

namespace starling {
namespace {

std::unexpected<WriteFault> fault(int status, std::string_view error, std::string_view detail) {
  return std::unexpected(WriteFault{status, json::object{{"error", error}, {"detail", detail}}});
}

std::unexpected<WriteFault> fault_of(const Error& error) {
  if (error.code == Errc::refused) return fault(403, "Not allowed.", error.message);
  if (error.code == Errc::limit) return fault(413, "Too large.", error.message);
  return fault(500, "The change could not be stored.", error.message + " Nothing has changed.");
}

std::unexpected<WriteFault> fault_of(DataPlaneFault data_plane) {
  if (data_plane.kind == DataPlaneFault::Kind::unreachable ||
      data_plane.kind == DataPlaneFault::Kind::unknown) {
    return fault(503, "The data plane is unreachable.", data_plane.message + " Nothing has changed.");
  }
  if (!data_plane.body.is_object())
    return fault(data_plane.status == 0 ? 400 : data_plane.status, "Invalid configuration.",
                 data_plane.message);
  json::object body = data_plane.body.get_object();
  // Unit's 500 gives no reason: ours says the likely ones.
  if (!body.contains("detail") && !data_plane.message.empty()) body["detail"] = data_plane.message;
  return std::unexpected(WriteFault{data_plane.status, std::move(body)});
}

}  // namespace

Task<std::expected<Written, WriteFault>> Writer::write(Propose propose, WriteOptions options) {
  const AsyncMutex::Lock lock = co_await mutex_.lock();
  auto proposal = propose(fleet_.document());
  if (!proposal) co_return std::unexpected(std::move(proposal.error()));
  if (const auto allowed = fleet_.may_author(RecordKind::change); !allowed)
    co_return fault_of(allowed.error());
  if (proposal->edits.empty() && fleet_.revision()) co_return Written{std::nullopt, fleet_.revision()};
  if (has_listeners(fleet_.document()) && !has_listeners(proposal->document) && !options.allow_empty) {
    co_return fault(400, "Refused.",
                    "This would leave the fleet without a listener. If that is meant, send it again with "
                    "?allow-empty=1. Nothing has changed.");
  }
  auto trial = co_await applier_.try_candidate(proposal->document);
  if (!trial) co_return fault_of(std::move(trial.error()));
  if (const auto invalid = validate(proposal->document)) {
    co_await applier_.put_back(std::move(*trial));
    co_return std::unexpected(
        WriteFault{400, json::object{{"error", "Invalid configuration."},
                                     {"detail", invalid->detail},
                                     {"location", json::object{{"path", to_pointer(invalid->path)}}}}});
  }
  Change change{std::move(options.actor), std::move(options.message), options.allow_empty,
                std::move(proposal->edits)};
  co_return co_await log_change(std::move(change), std::move(*trial));
}

Task<std::expected<Written, WriteFault>> Writer::log_change(Change change, Applier::Trial trial) {
  auto record = co_await fleet_.author(RecordKind::change, change.to_body());
  if (!record) {
    co_await applier_.put_back(std::move(trial));
    co_return fault_of(record.error());
  }
  co_await applier_.keep(std::move(trial));
  co_return Written{(*record)->id, fleet_.revision()};
}

Task<std::expected<Written, WriteFault>> Writer::publish(WriteOptions options) {
  if (!applier_.driver().serves())
    co_return fault(400, "Nothing to publish.", "This node has no data plane.");
  auto local = co_await applier_.read_local();
  if (!local) co_return fault_of(std::move(local.error()));
  const std::vector<Edit> edits = diff(local->applied, local->running);
  auto written = co_await write(
      [&edits](const json::value& present) -> std::expected<Proposal, WriteFault> {
        Proposal proposal{present, {}};
        for (const Edit& edit : edits) apply_edit(proposal.document, edit);
        proposal.edits = diff(present, proposal.document);
        return proposal;
      },
      std::move(options));
  if (written) applier_.release_hold();
  co_return written;
}

}  // namespace starling
