#include "starling/api/http_types.hpp"

#include <boost/json/serialize.hpp>
#include <charconv>

namespace starling {
namespace {

Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const auto byte = libp2p::from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1)
      return fail(Errc::parse, "a bad escape in the query, at character " + std::to_string(i));
    out.push_back(static_cast<char>(byte->front()));
    i += 2;
  }
  return out;
}

}  // namespace

HttpResponse unit_response(int status, const json::value& body) {
  HttpResponse response;
  response.status = status;
  response.body = unit_json(body);
  return response;
}

HttpResponse unit_error(int status, std::string_view error, std::string_view detail) {
  json::object body{{"error", error}};
  if (!detail.empty()) body["detail"] = detail;
  return unit_response(status, body);
}

HttpResponse json_response(int status, const json::value& body) {
  HttpResponse response;
  response.status = status;
  response.body = json::serialize(body) + "\n";
  return response;
}

HttpResponse problem(int status, std::string_view code, std::string_view title, std::string_view detail) {
  HttpResponse response = json_response(
      status,
      json::object{
          {"type", "about:blank"}, {"title", title}, {"status", status}, {"code", code}, {"detail", detail}});
  response.content_type = "application/problem+json";
  return response;
}

HttpResponse no_such_method(std::string_view possible) {
  HttpResponse response =
      problem(405, "method", "Method not allowed.", "Possible here: " + std::string(possible) + ".");
  response.headers["Allow"] = possible;
  return response;
}

std::optional<std::uint64_t> query_number(const HttpRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return std::nullopt;
  std::uint64_t value = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<> split_target(HttpRequest& request) {
  std::string_view target = request.target;
  target = target.substr(0, target.find('#'));
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark == std::string_view::npos) return {};
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const std::size_t equals = pair.find('=');
    LIBP2P_TRY(std::string name, percent_decoded(pair.substr(0, equals)));
    LIBP2P_TRY(
        std::string value,
        percent_decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1)));
    request.query.insert_or_assign(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace starling
