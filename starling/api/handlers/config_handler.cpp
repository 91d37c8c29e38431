#include "starling/api/handlers/config_handler.hpp"

#include "starling/api/acknowledgement.hpp"
#include "starling/api/config_edits.hpp"

namespace starling {
namespace {

HttpResponse from_fault(const WriteFault& fault) {
  HttpResponse response = unit_response(fault.status, fault.body);
  if (fault.retry_after_s > 0) response.headers["Retry-After"] = std::to_string(fault.retry_after_s);
  return response;
}

HttpResponse get_config(const ApiContext& context, const Path& path) {
  const json::value* value = find(present_document(context), path);
  HttpResponse response = value ? unit_response(200, *value) : unit_error(404, "Value doesn't exist.");
  response.headers["ETag"] = present_etag(context);
  return response;
}

WriteOptions options_of(const HttpRequest& request) {
  WriteOptions options;
  options.actor = std::string(request.header("starling-actor")).substr(0, 256);
  options.message = std::string(request.header("starling-message")).substr(0, 4096);
  const auto allow_empty = request.query.find("allow-empty");
  options.allow_empty = allow_empty != request.query.end() && allow_empty->second == "1";
  return options;
}

// A request that names the version it was worked out against is refused when that is not the present one any
// more (M3).
std::optional<HttpResponse> check_if_match(const ApiContext& context, const HttpRequest& request) {
  const std::string_view wanted = request.header("if-match");
  if (wanted.empty() || wanted == "*" || wanted == present_etag(context)) return std::nullopt;
  std::string moved = "The fleet has moved since: it is now at " + present_etag(context);
  if (const auto changes = context.fleet.changes(); !changes.empty()) {
    moved += ", last changed by " + changes.back()->record.author.to_string() + " (" +
             to_cid(changes.back()->id) + ")";
  }
  HttpResponse response = unit_error(412, "Precondition failed.", moved + ". Nothing has changed.");
  response.headers["ETag"] = present_etag(context);
  return response;
}

Task<HttpResponse> answer_written(ApiContext& context, Acknowledgement wanted, Written written) {
  const bool met = !written.change || co_await wait_acknowledged(context, wanted, *written.change);
  HttpResponse response =
      met ? unit_response(200, json::object{{"success", "Reconfiguration done."}})
          : unit_error(504, "Timed out waiting.",
                       "The change stands and is on its way: " + to_cid(*written.change) + ".");
  response.headers["ETag"] = present_etag(context);
  if (written.change) response.headers["Starling-Change"] = to_cid(*written.change);
  co_return response;
}

std::expected<Propose, HttpResponse> proposal_of(HttpRequest& request, Path path) {
  if (request.method == HttpMethod::delete_) {
    return [path = std::move(path)](const json::value& present) { return propose_delete(present, path); };
  }
  auto value = parse_json(request.body);
  if (!value) return std::unexpected(unit_response(400, invalid_json_body(value.error())));
  const bool put = request.method == HttpMethod::put;
  return [path = std::move(path), value = std::move(*value), put](const json::value& present) {
    return put ? propose_put(present, path, value) : propose_post(present, path, value);
  };
}

}  // namespace

const json::value& present_document(const ApiContext& context) { return context.fleet.document(); }

std::string present_etag(const ApiContext& context) {
  return "\"" + (context.fleet.revision() ? to_hex(*context.fleet.revision()) : std::string("none")) + "\"";
}

Task<HttpResponse> handle_config(ApiContext& context, HttpRequest request, Path path) {
  if (request.method == HttpMethod::get) co_return get_config(context, path);
  if (request.method == HttpMethod::other) co_return unit_error(405, "Method isn't allowed.");
  const auto wanted = Acknowledgement::parse(request);
  if (!wanted) co_return unit_error(400, "Bad request.", wanted.error().message);
  if (auto stale = check_if_match(context, request)) co_return std::move(*stale);
  const bool publish = request.method == HttpMethod::post && path.empty() && request.body.empty();
  std::expected<Written, WriteFault> written;
  if (publish) {
    written = co_await context.writer.publish(options_of(request));
  } else {
    auto propose = proposal_of(request, std::move(path));
    if (!propose) co_return std::move(propose.error());
    written = co_await context.writer.write(std::move(*propose), options_of(request));
  }
  if (!written) co_return from_fault(written.error());
  co_return co_await answer_written(context, *wanted, std::move(*written));
}

}  // namespace starling
