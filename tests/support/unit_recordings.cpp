#include "tests/support/unit_recordings.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <openssl/evp.h>

namespace starling::test {

namespace json = boost::json;

namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "recordings: %s\n", why.c_str());
  std::abort();
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string body_of(const json::object& request) {
  const std::string encoded = text_of(request, "body_b64");
  if (encoded.empty()) return text_of(request, "body");
  std::string decoded(encoded.size(), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                   reinterpret_cast<const unsigned char*>(encoded.data()),
                                   static_cast<int>(encoded.size()));
  if (size < 0) give_up("body_b64 is not base64");
  const auto padding = static_cast<std::size_t>(std::ranges::count(encoded, '='));
  decoded.resize(static_cast<std::size_t>(size) - padding);
  return decoded;
}

std::optional<RecordedReply> reply_of(const json::object& response) {
  if (response.contains("outcome")) return std::nullopt;
  RecordedReply reply;
  reply.status = static_cast<int>(response.at("status").to_number<int>());
  reply.reason = text_of(response, "reason");
  reply.body = text_of(response, "body");
  reply.head = "HTTP/1.1 " + std::to_string(reply.status) + " " + reply.reason + "\r\n";
  for (const auto& [name, value] : response.at("headers").as_object()) {
    const bool length = name == "Content-Length";
    reply.head += std::string(name) + ": " +
                  (length ? std::to_string(reply.body.size()) : std::string(value.as_string())) + "\r\n";
  }
  reply.head += "\r\n";
  return reply;
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) give_up("can't read " + path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<Exchange> recorded(std::string_view family) {
  const std::string path =
      std::string(STARLING_TEST_DATA) + "/unit-api/exchanges/" + std::string(family) + ".json";
  json::parse_options options;
  options.max_depth = 100'000;
  const json::value document = json::parse(read_file(path), {}, options);
  std::vector<Exchange> exchanges;
  for (const json::value& entry : document.as_array()) {
    const json::object& object = entry.as_object();
    const json::object& request = object.at("request").as_object();
    exchanges.push_back(Exchange{.name = text_of(object, "name"),
                                 .method = text_of(request, "method"),
                                 .path = text_of(request, "path"),
                                 .body = body_of(request),
                                 .raw = request.contains("raw"),
                                 .reply = reply_of(object.at("response").as_object()),
                                 .config_after = object.at("config_after")});
  }
  return exchanges;
}

Exchange recorded(std::string_view family, std::string_view name) {
  for (Exchange& exchange : recorded(family)) {
    if (exchange.name == name) return std::move(exchange);
  }
  give_up("no exchange " + std::string(name) + " in " + std::string(family));
}

}  // namespace starling::test
