#include "starling/api/writing.hpp"

#include <memory>

#include "libp2p/base/protobuf.hpp"
#include "starling/api/change_json.hpp"
#include "starling/model/change.hpp"

namespace starling {
namespace {

// The titles of faults that a status alone does not tell apart.
constexpr std::string_view invalid_json = "Invalid JSON.";
constexpr std::string_view not_stored = "The change could not be stored.";

bool is_set(const HttpRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found != request.query.end() && found->second == "1";
}

// A header that becomes text of a change. One that is cut would say what nobody wrote.
Result<std::string> text_header(const HttpRequest& request, const std::string& name, std::size_t max_bytes) {
  const std::string_view text = request.header(name);
  if (text.size() > max_bytes)
    return fail(Errc::invalid_argument, name + " has " + std::to_string(max_bytes) + " bytes at most");
  if (!libp2p::is_utf8(libp2p::as_bytes(text))) return fail(Errc::invalid_argument, name + " is UTF-8");
  return std::string(text);
}

WriteFault unknown_base(const Error& error) {
  if (error.code == Errc::busy) {
    return {
        503,
        json::object{{"error", "Too many requests."}, {"detail", error.message + ". Nothing has changed."}},
        1};
  }
  return {412, json::object{
                   {"error", "Precondition failed."},
                   {"detail", "Nothing can be written upon that base: " + error.message +
                                  ". Look at the present state, and write upon that. Nothing has changed."}}};
}

// All that must hold is looked at when it is the write's turn.
WriteOptions options_of(const ApiContext& context, const WriteTerms& terms, Path place) {
  WriteOptions options = terms.options;
  if (!terms.preconditions.if_match && !terms.preconditions.if_none_match && !terms.preconditions.base)
    return options;
  options.reads_fleet = true;
  options.precondition = [&context, wanted = terms.preconditions,
                          place = std::move(place)](const json::value& tree) {
    return check_preconditions(context, wanted, tree, place);
  };
  return options;
}

Task<WriteResult> acknowledge(ApiContext& context, Acknowledgement wanted, Written written) {
  WriteResult result{written, true, {}};
  if (result.written.change)
    result.acknowledged = co_await wait_acknowledged(context, wanted, *result.written.change);
  co_return result;
}

std::string_view code_of(int status, std::string_view title) {
  switch (status) {
    case 403:
      return "not-allowed";
    case 404:
      return "no-such-value";
    case 409:
      return title == "Conflict." ? "conflict" : "upgrade-needed";
    case 412:
      return "moved-on";
    case 413:
      return "too-large";
    case 503:
      return "unavailable";
    case 500:
      return title == not_stored ? "store" : "invalid-configuration";
    default:
      return title == "Bad request." || title == invalid_json ? "bad-request" : "invalid-configuration";
  }
}

std::expected<WriteResult, WriteFault> try_dry(const ApiContext& context, const Propose& propose,
                                               const WriteOptions& options) {
  const auto proposal = context.writer.rehearse(propose, options);
  if (!proposal) return std::unexpected(proposal.error());
  return WriteResult{{std::nullopt, context.fleet.revision()},
                     true,
                     differences(context.fleet.merged().document, proposal->document)};
}

// The answer of /v1 to a write.
HttpResponse written_response(const ApiContext& context, const WriteResult& result) {
  const Written& written = result.written;
  if (!result.acknowledged) {
    HttpResponse late = problem(504, "timed-out", "Timed out waiting.",
                                "The change stands and is on its way: " + to_cid(*written.change) + ".");
    late.headers["Starling-Change"] = to_cid(*written.change);
    return late;
  }
  json::object body =
      written.change
          ? outcome_json(context, *written.change)
          : json::object{
                {"change", nullptr}, {"state", nullptr}, {"reason", nullptr}, {"conflicts", json::array()}};
  body["revision"] =
      context.fleet.revision() ? json::value(to_hex(*context.fleet.revision())) : json::value(nullptr);
  HttpResponse response = json_response(200, body);
  response.headers["ETag"] = whole_etag(context.fleet.revision());
  if (written.change) response.headers["Starling-Change"] = to_cid(*written.change);
  return response;
}

}  // namespace

Result<WriteTerms> WriteTerms::parse(const HttpRequest& request) {
  WriteTerms terms;
  LIBP2P_TRY(terms.acknowledgement, Acknowledgement::parse(request));
  LIBP2P_TRY(terms.preconditions, Preconditions::parse(request));
  LIBP2P_TRY(terms.options.actor, text_header(request, "starling-actor", max_actor_bytes));
  LIBP2P_TRY(terms.options.message, text_header(request, "starling-message", max_message_bytes));
  terms.options.allow_empty = is_set(request, "allow-empty");
  terms.dry_run = is_set(request, "dry-run");
  return terms;
}

Task<std::expected<WriteResult, WriteFault>> write_on_terms(ApiContext& context, WriteTerms terms,
                                                            Propose propose, Path place) {
  WriteOptions options = options_of(context, terms, std::move(place));
  // A refusal names whose what stands is.
  if (terms.preconditions.if_match) (void)co_await context.fleet.past().prepare_provenance();
  if (terms.preconditions.base) {
    auto state = co_await context.fleet.past().at(*terms.preconditions.base);
    if (!state) co_return std::unexpected(unknown_base(state.error()));
    if (state->heads.size() > max_parents)
      co_return std::unexpected(unknown_base({Errc::limit, "more changes met there than one can name"}));
    options.parents = state->heads;
    propose = [&context, inner = std::move(propose), said = terms.options,
               base = std::make_shared<const PastState>(std::move(*state))](const json::value&) {
      return propose_on_base(context, inner, *base, said);
    };
  }
  if (terms.dry_run) co_return try_dry(context, propose, options);
  auto written = co_await context.writer.write(std::move(propose), std::move(options));
  if (!written) co_return std::unexpected(std::move(written.error()));
  co_return co_await acknowledge(context, terms.acknowledgement, *written);
}

Task<std::expected<WriteResult, WriteFault>> publish_on_terms(ApiContext& context, WriteTerms terms) {
  if (terms.preconditions.base || terms.dry_run) {
    co_return std::unexpected(
        WriteFault{400, json::object{{"error", "Bad request."},
                                     {"detail",
                                      "What a data plane runs is compared with what it was given: no "
                                      "other base and no dry run is possible. Nothing has changed."}}});
  }
  auto written = co_await context.writer.publish(options_of(context, terms, {}));
  if (!written) co_return std::unexpected(std::move(written.error()));
  co_return co_await acknowledge(context, terms.acknowledgement, *written);
}

json::object outcome_json(const ApiContext& context, const RecordId& change) {
  const ChangeStatus status = context.fleet.status_of(change);
  json::array conflicts;
  for (const Conflict& conflict : context.fleet.merged().conflicts) {
    if (conflict.winner == change || conflict.loser == change)
      conflicts.push_back(conflict_json(context, conflict));
  }
  return json::object{{"change", to_cid(change)},
                      {"state", to_string(status.state)},
                      {"reason", status.reason.empty() ? json::value(nullptr) : json::value(status.reason)},
                      {"conflicts", std::move(conflicts)}};
}

HttpResponse problem_of(const ApiContext& context, const WriteFault& fault) {
  const json::object* body = fault.body.if_object();
  const auto text = [&](std::string_view name) { return body ? text_at(*body, name) : std::string(); };
  json::object told{{"type", "about:blank"},
                    {"title", text("error")},
                    {"status", fault.status},
                    {"code", code_of(fault.status, text("error"))}};
  if (body) {
    for (const auto& member : *body) {
      if (member.key() != "error") told[member.key()] = member.value();
    }
  }
  HttpResponse response = json_response(fault.status, told);
  response.content_type = "application/problem+json";
  if (fault.retry_after_s > 0) response.headers["Retry-After"] = std::to_string(fault.retry_after_s);
  if (fault.status == 412) response.headers["ETag"] = whole_etag(context.fleet.revision());
  return response;
}

HttpResponse dry_run_response(const WriteResult& result) {
  const auto& revision = result.written.revision;
  return json_response(
      200, json::object{{"present", revision ? json::value(to_hex(*revision)) : json::value("none")},
                        {"differences", differences_json(result.differences)}});
}

HttpResponse problem_of_past(const Error& error, std::string_view unknown) {
  if (error.code == Errc::not_found) return problem(404, unknown, "Not found.", error.message);
  if (error.code != Errc::busy) return problem(400, "bad-request", "Bad request.", error.message);
  HttpResponse response = problem(503, "unavailable", "Too many requests.", error.message);
  response.headers["Retry-After"] = "1";
  return response;
}

Task<HttpResponse> write_and_tell(ApiContext& context, WriteTerms terms, Propose propose) {
  const bool dry_run = terms.dry_run;
  const auto done = co_await write_on_terms(context, std::move(terms), std::move(propose), {});
  if (!done) co_return problem_of(context, done.error());
  co_return dry_run ? dry_run_response(*done) : written_response(context, *done);
}

}  // namespace starling
