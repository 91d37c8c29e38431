#include "starling/api/handlers/config_handler.hpp"

#include "starling/api/config_edits.hpp"
#include "starling/api/etag.hpp"
#include "starling/api/writing.hpp"

namespace starling {
namespace {

// Every answer names the version that it is of, for Starling-Base and If-Match.
void name_revision(const std::optional<RevisionId>& revision, HttpResponse& response) {
  response.headers["Starling-Revision"] = revision ? to_hex(*revision) : std::string("none");
}

HttpResponse from_fault(const ApiContext& context, const WriteFault& fault) {
  HttpResponse response = unit_response(fault.status, fault.body);
  if (fault.retry_after_s > 0) response.headers["Retry-After"] = std::to_string(fault.retry_after_s);
  if (fault.status == 412) response.headers["ETag"] = present_etag(context);
  name_revision(context.fleet.revision(), response);
  return response;
}

HttpResponse get_config(const ApiContext& context, const HttpRequest& request, const Path& path) {
  const GivenDocument given = given_document(context);
  if (!given.document) return unit_error(409, "It can't be rendered.", cannot_render(context));
  const json::value* value = find(*given.document, path);
  HttpResponse response;
  name_revision(given.revision, response);
  if (!value) {
    HttpResponse none = unit_error(404, "Value doesn't exist.");
    none.headers = std::move(response.headers);
    return none;
  }
  const json::value* of_base = find(context.fleet.document(), path);
  const std::string etag =
      path.empty() ? whole_etag(given.revision) : part_etag(path_in_tree(base_scope, path), value, of_base);
  // Labels, too, say what a node is given, and a revision knows none.
  const bool tells_all = !path.empty() || same_json(*value, *of_base);
  const auto held = EtagList::parse(request.header("if-none-match"));
  if (held && tells_all && (held->any() || held->has_weak(etag))) {
    response.status = 304;
  } else {
    response.body = unit_json(*value);
  }
  response.headers["ETag"] = etag;
  return response;
}

HttpResponse answer_written(const ApiContext& context, const WriteResult& result, bool merged) {
  const std::optional<RecordId>& change = result.written.change;
  json::object done{{"success", "Reconfiguration done."}};
  if (merged && change) done["outcome"] = outcome_json(context, *change);
  HttpResponse response = result.acknowledged
                              ? unit_response(200, done)
                              : unit_error(504, "Timed out waiting.",
                                           "The change stands and is on its way: " + to_cid(*change) + ".");
  response.headers["ETag"] = present_etag(context);
  name_revision(context.fleet.revision(), response);
  if (change) response.headers["Starling-Change"] = to_cid(*change);
  return response;
}

Task<HttpResponse> publish(ApiContext& context, HttpRequest request) {
  auto terms = WriteTerms::parse(request);
  if (!terms) co_return unit_error(400, "Bad request.", terms.error().message);
  const auto done = co_await publish_on_terms(context, std::move(*terms));
  if (!done) co_return from_fault(context, done.error());
  co_return answer_written(context, *done, false);
}

// As far as the request says how (see WriteTerms). `place`, in the tree of all scopes, is what is written.
Task<HttpResponse> write_as_asked(ApiContext& context, HttpRequest request, Propose propose, Path place) {
  auto terms = WriteTerms::parse(request);
  if (!terms) co_return unit_error(400, "Bad request.", terms.error().message);
  const bool merged = terms->preconditions.base.has_value();
  const bool dry_run = terms->dry_run;
  const auto done = co_await write_on_terms(context, std::move(*terms), std::move(propose), std::move(place));
  if (!done) co_return from_fault(context, done.error());
  co_return dry_run ? dry_run_response(*done) : answer_written(context, *done, merged);
}

}  // namespace

GivenDocument given_document(const ApiContext& context) {
  static const json::value unset = empty_document();
  const Applier& applier = context.applier;
  if (const Generation* generation = applier.wanted()) return {&generation->document, generation->revision};
  // What this node was given last goes on.
  const bool unrendered = !applier.render_error().empty();
  const auto& last = applier.running();
  if (last && (unrendered || context.fleet.revision())) return {&last->document, last->revision};
  return {unrendered ? nullptr : &unset, context.fleet.revision()};
}

std::string cannot_render(const ApiContext& context) {
  return context.applier.render_error() + ". Nothing has been given to this node before.";
}

std::string present_etag(const ApiContext& context) { return whole_etag(context.fleet.revision()); }

std::expected<Propose, WriteFault> proposal_of(const HttpRequest& request, Path path, bool make_parents) {
  if (request.method == HttpMethod::delete_) {
    return [path = std::move(path)](const json::value& present) { return propose_delete(present, path); };
  }
  auto value = parse_json(request.body);
  if (!value) return std::unexpected(WriteFault{400, invalid_json_body(value.error())});
  const bool put = request.method == HttpMethod::put;
  return [path = std::move(path), value = std::move(*value), put, make_parents](const json::value& present) {
    if (!put) return propose_post(present, path, value);
    return make_parents ? propose_put_with_parents(present, path, value) : propose_put(present, path, value);
  };
}

Task<HttpResponse> handle_config(ApiContext& context, HttpRequest request, Path path) {
  if (request.method == HttpMethod::get) co_return get_config(context, request, path);
  if (request.method == HttpMethod::other) co_return unit_error(405, "Method isn't allowed.");
  if (path.empty() && request.method == HttpMethod::post && request.body.empty())
    co_return co_await publish(context, std::move(request));
  auto propose = proposal_of(request, path);
  if (!propose) co_return from_fault(context, propose.error());
  const Path removed = request.method == HttpMethod::delete_ ? path : Path();
  co_return co_await write_as_asked(context, std::move(request),
                                    context.writer.as_given(std::move(*propose), removed),
                                    path_in_tree(base_scope, path));
}

}  // namespace starling
