#include "starling/api/handlers/log_handler.hpp"

#include <algorithm>

#include "starling/api/change_json.hpp"
#include "starling/fleet/fork_report.hpp"
#include "starling/fleet/held.hpp"

namespace starling {
namespace {

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::stands:
      return "stands";
    case Standing::quarantined:
      return "quarantined";
    case Standing::voided:
      return "void";
    case Standing::settled:
      return "settled";
  }
  return "unknown";
}

HttpResponse problem_of(const Error& error, int refused_status) {
  const std::string detail = error.message + ". Nothing has changed.";
  switch (error.code) {
    case Errc::not_found:
      return problem(404, "not-found", "Not found.", detail);
    case Errc::refused:
      return problem(refused_status, "refused", "Refused.", detail);
    case Errc::limit:
      return problem(413, "too-large", "Too large.", detail);
    case Errc::parse:
    case Errc::invalid_argument:
      return problem(400, "bad-request", "Bad request.", detail);
    case Errc::busy:
      return problem(503, "unavailable", "Unavailable.", detail);
    default:
      return problem(500, "store", "It could not be stored.", detail);
  }
}

json::object fork_json(const Fleet& fleet, const ForkReport& report) {
  const Member* author = fleet.charter().member(report.chain.author);
  json::array branches;
  for (const ForkBranch& branch : report.branches) {
    branches.push_back(json::object{{"last", to_cid(branch.last->id)},
                                    {"seq", branch.last->record.seq},
                                    {"records", branch.records},
                                    {"standing", to_string(branch.standing)}});
  }
  return {{"chain", to_text(report.chain)},
          {"author", report.chain.author.to_string()},
          {"author_name", author ? json::value(author->name) : json::value(nullptr)},
          {"seq", report.fork.seq},
          {"ruling", report.ruling ? json::value(to_cid(report.ruling->id)) : json::value(nullptr)},
          {"quarantined", report.quarantined},
          {"branches", std::move(branches)}};
}

json::object anchor_json(const Fleet& fleet, const Controls::Anchored& anchored) {
  const Record& record = anchored.record->record;
  const Member* author = fleet.charter().member(record.author);
  std::uint64_t covered = 0;
  for (const auto& [chain, head] : anchored.anchor.vector) covered += head.seq;
  const RecordPtr base = fleet.checkpoint();
  return {{"id", to_cid(anchored.record->id)},
          {"kind", anchored.is_checkpoint() ? "checkpoint" : "anchor"},
          {"author", record.author.to_string()},
          {"author_name", author ? json::value(author->name) : json::value(nullptr)},
          {"time", iso_time(record.hlc.wall())},
          {"clock", std::to_string(record.hlc.value)},
          {"revision", to_hex(anchored.anchor.revision)},
          {"records", covered},
          {"level", anchored.anchor.merge_level == 0 ? json::value(nullptr)
                                                     : json::value(anchored.anchor.merge_level)},
          {"is_base", base != nullptr && base->id == anchored.record->id}};
}

HttpResponse written(const Result<RecordPtr>& record, int refused_status = 403) {
  if (!record) return problem_of(record.error(), refused_status);
  return json_response(200, json::object{{"id", to_cid((*record)->id)}});
}

Result<std::vector<RecordId>> ids_in(std::string_view text) {
  constexpr std::size_t max_ids = 64;
  std::vector<RecordId> ids;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    LIBP2P_TRY(const RecordId id, parse_record_id(text.substr(0, end)));
    if (ids.size() == max_ids) return fail(Errc::limit, "at most 64 changes at a time");
    ids.push_back(id);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (ids.empty()) return fail(Errc::parse, "no change is named");
  return ids;
}

Result<Ruling> ruling_asked(const Fleet& fleet, const std::string& body) {
  const auto value = parse_json(body);
  const json::object* object = value ? value->if_object() : nullptr;
  const json::value* of = object ? object->if_contains("of") : nullptr;
  const json::value* stands = object ? object->if_contains("stands") : nullptr;
  if (!of || !of->is_string() || !stands || !stands->is_string()) {
    return fail(Errc::parse,
                "the body is {\"of\": a chain or a record of it, \"stands\": a record or \"none\"}");
  }
  LIBP2P_TRY(const ChainId chain, find_chain(fleet.log(), std::string_view(of->get_string())));
  RecordId named;
  if (stands->get_string() != "none") {
    LIBP2P_TRY(named, parse_record_id(std::string_view(stands->get_string())));
  }
  return ruling_on(fleet.log(), chain, named);
}

using Make = Result<Change> (*)(const Fleet&, std::span<const RecordId>);

Task<HttpResponse> write_about_held(ApiContext& context, std::string text, Make make) {
  if (const auto allowed = context.fleet.may_author(RecordKind::change); !allowed)
    co_return problem_of(allowed.error(), 403);
  const auto ids = ids_in(text);
  if (!ids) co_return problem_of(ids.error(), 400);
  const auto change = make(context.fleet, *ids);
  if (!change) co_return problem_of(change.error(), 409);
  co_return written(co_await context.fleet.author(RecordKind::change, change->to_body()));
}

}  // namespace

HttpResponse get_forks(const ApiContext& context, const HttpRequest& request) {
  const auto of = request.query.find("of");
  std::optional<ChainId> only;
  if (of != request.query.end()) {
    auto chain = find_chain(context.fleet.log(), of->second);
    if (!chain) return problem_of(chain.error(), 400);
    only = std::move(*chain);
  }
  json::array forks;
  for (const ForkReport& report : fork_reports(context.fleet)) {
    if (!only || report.chain == *only) forks.push_back(fork_json(context.fleet, report));
  }
  return json_response(200, json::object{{"forks", std::move(forks)}});
}

Task<HttpResponse> post_ruling(ApiContext& context, HttpRequest request) {
  const auto ruling = ruling_asked(context.fleet, request.body);
  if (!ruling) co_return problem_of(ruling.error(), 400);
  co_return written(co_await context.fleet.author(RecordKind::ruling, ruling->to_body()));
}

HttpResponse get_anchors(const ApiContext& context) {
  const Fleet& fleet = context.fleet;
  json::array anchors;
  for (const Controls::Anchored* anchored : fleet.controls().anchors(fleet.charter(), fleet.log()))
    anchors.push_back(anchor_json(fleet, *anchored));
  std::ranges::reverse(anchors);
  return json_response(200, json::object{{"anchors", std::move(anchors)}});
}

Task<HttpResponse> get_next_anchor(ApiContext& context) {
  const auto anchor = co_await context.fleet.next_anchor();
  if (!anchor) co_return problem_of(anchor.error(), 409);
  co_return json_response(200, json::object{{"body", libp2p::to_hex(anchor->to_body())}});
}

Task<HttpResponse> get_next_checkpoint(ApiContext& context) {
  const auto checkpoint = co_await context.fleet.next_checkpoint();
  if (!checkpoint) co_return problem_of(checkpoint.error(), 409);
  co_return json_response(200, json::object{{"body", libp2p::to_hex(checkpoint->to_body())}});
}

Task<HttpResponse> post_anchor(ApiContext& context) {
  co_return written(co_await context.fleet.write_anchor());
}

Task<HttpResponse> post_checkpoint(ApiContext& context) {
  co_return written(co_await context.fleet.write_checkpoint());
}

Task<HttpResponse> post_discard(ApiContext& context, std::string ids) {
  return write_about_held(context, std::move(ids), discard_of);
}

Task<HttpResponse> post_repropose(ApiContext& context, std::string ids) {
  return write_about_held(context, std::move(ids), repropose_of);
}

}  // namespace starling
