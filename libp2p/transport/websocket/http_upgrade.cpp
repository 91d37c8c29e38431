#include "libp2p/transport/websocket/http_upgrade.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <iterator>

#include "libp2p/base/deadline.hpp"
#include "libp2p/crypto/openssl.hpp"
#include "libp2p/multi/multibase.hpp"

namespace libp2p::websocket {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view end_of_head = "\r\n\r\n";
constexpr std::string_view version = "13";
constexpr std::size_t key_size = 16;

// Without the prefix that says which base it is.
std::string base64(BytesView bytes) { return multibase_encode(Multibase::base64_pad, bytes).substr(1); }

bool is_key(std::string_view text) {
  const auto decoded = multibase_decode("M" + std::string(text));
  return decoded && decoded->bytes.size() == key_size;
}

// Section 4.2.2: SHA-1, for no secret.
std::string accept_for(std::string_view key) {
  const std::string input = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, 20> digest{};
  openssl::require(EVP_Digest(input.data(), input.size(), digest.data(), nullptr, EVP_sha1(), nullptr) == 1,
                   "SHA-1");
  return base64(digest);
}

// What a head must have exactly once.
std::string_view only(const http::fields& fields, http::field name) {
  if (fields.count(name) != 1) return {};
  const auto value = fields[name];
  return {value.data(), value.size()};
}

bool lists(const http::fields& fields, http::field name, std::string_view token) {
  const auto [begin, end] = fields.equal_range(name);
  return std::any_of(begin, end,
                     [token](const auto& field) { return http::token_list{field.value()}.exists(token); });
}

template <class Parser>
Result<> parse_head(Parser& parser, std::string_view head, const UpgradeLimits& limits) {
  parser.header_limit(static_cast<std::uint32_t>(limits.max_head_bytes));
  boost::system::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error == http::error::header_limit) return fail(Errc::limit, "too large a head");
  if (error) return fail(Errc::parse, "not HTTP/1.1: " + error.message());
  if (!parser.is_header_done() || used != head.size()) return fail(Errc::parse, "not one head");
  const auto& fields = parser.get().base();
  const auto count = static_cast<std::size_t>(std::distance(fields.begin(), fields.end()));
  if (count > limits.max_fields) {
    return fail(Errc::limit, "a head of " + std::to_string(count) + " fields");
  }
  return {};
}

std::string refusal(std::string_view status, std::string_view more = {}) {
  return "HTTP/1.1 " + std::string(status) + "\r\nConnection: close\r\nContent-Length: 0\r\n" +
         std::string(more) + "\r\n";
}

struct Head {
  std::string text;
  Bytes rest;
};

Task<Result<Head>> read_head(Stream& stream, const UpgradeLimits& limits) {
  constexpr std::size_t step = 1024;
  Bytes bytes;
  for (;;) {
    const std::size_t have = bytes.size();
    if (have >= limits.max_head_bytes) {
      co_return fail(Errc::limit, "a head of more than " + std::to_string(limits.max_head_bytes) + " bytes");
    }
    bytes.resize(std::min(limits.max_head_bytes, have + step));
    LIBP2P_CO_TRY(const std::size_t got, co_await stream.read_some(MutableBytes(bytes).subspan(have)));
    bytes.resize(have + got);
    if (got == 0) co_return fail(Errc::closed, "the other side closed before its head was whole");
    // Not from the start again each time: a head may come byte by byte.
    const std::size_t from = have - std::min(have, end_of_head.size() - 1);
    const std::size_t end = as_text(bytes).find(end_of_head, from);
    if (end == std::string_view::npos) continue;
    const std::size_t size = end + end_of_head.size();
    co_return Head{std::string(as_text(bytes).substr(0, size)), to_bytes(BytesView(bytes).subspan(size))};
  }
}

// Runs one side's steps, and cuts them off at their time.
template <class Steps>
Task<Result<Bytes>> in_time(Env env, Stream& stream, const UpgradeLimits& limits, Steps steps) {
  bool expired = false;
  const DeadlineGuard deadline(env, limits.timeout, [&stream, &expired] {
    expired = true;
    stream.reset();
  });
  auto rest = co_await steps();
  if (!rest && expired) co_return fail(Errc::timeout, "websocket: no handshake in time");
  if (!rest) co_return fail_in("websocket", std::move(rest).error());
  co_return rest;
}

Task<Result<Bytes>> accept_steps(Stream& stream, const UpgradeLimits& limits) {
  auto head = co_await read_head(stream, limits);
  if (!head) {
    if (head.error().code == Errc::limit) {
      (void)co_await stream.write(as_bytes(refusal("431 Request Header Fields Too Large")));
      (void)co_await stream.close_write();
    }
    co_return std::unexpected(std::move(head).error());
  }
  const UpgradeAnswer answer = answer_upgrade(head->text, limits);
  LIBP2P_CO_CHECK(co_await stream.write(as_bytes(answer.response)));
  if (answer.outcome) co_return std::move(head->rest);
  (void)co_await stream.close_write();
  co_return std::unexpected(answer.outcome.error());
}

Task<Result<Bytes>> request_steps(Stream& stream, const UpgradeLimits& limits, const std::string& request,
                                  const std::string& key) {
  LIBP2P_CO_CHECK(co_await stream.write(as_bytes(request)));
  LIBP2P_CO_TRY(Head head, co_await read_head(stream, limits));
  LIBP2P_CO_CHECK(check_upgrade_answer(head.text, key, limits));
  co_return std::move(head.rest);
}

}  // namespace

UpgradeAnswer answer_upgrade(std::string_view head, const UpgradeLimits& limits) {
  http::request_parser<http::empty_body> parser;
  if (auto parsed = parse_head(parser, head, limits); !parsed) {
    const bool too_large = parsed.error().code == Errc::limit;
    return {refusal(too_large ? "431 Request Header Fields Too Large" : "400 Bad Request"),
            std::move(parsed)};
  }
  const auto& request = parser.get();
  const auto refuse = [](std::string response, std::string why) {
    return UpgradeAnswer{std::move(response), fail(Errc::protocol, std::move(why))};
  };
  if (request.method() != http::verb::get || request.version() != 11) {
    return refuse(refusal("400 Bad Request"), "not a GET of HTTP/1.1");
  }
  if (request.count(http::field::content_length) + request.count(http::field::transfer_encoding) > 0) {
    return refuse(refusal("400 Bad Request"), "a request with a body");
  }
  if (only(request, http::field::host).empty()) return refuse(refusal("400 Bad Request"), "not one Host");
  if (!lists(request, http::field::upgrade, "websocket") ||
      !lists(request, http::field::connection, "upgrade")) {
    return refuse(refusal("426 Upgrade Required", "Upgrade: websocket\r\n"), "not an upgrade to WebSocket");
  }
  if (only(request, http::field::sec_websocket_version) != version) {
    return refuse(refusal("426 Upgrade Required", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
                  "another version of WebSocket than 13");
  }
  const std::string_view key = only(request, http::field::sec_websocket_key);
  if (!is_key(key)) return refuse(refusal("400 Bad Request"), "a Sec-WebSocket-Key that isn't 16 bytes");
  return {
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: " +
          accept_for(key) + "\r\n\r\n",
      {}};
}

Result<> check_upgrade_answer(std::string_view head, std::string_view key, const UpgradeLimits& limits) {
  http::response_parser<http::empty_body> parser;
  parser.skip(true);  // whatever it says of a body, none is read
  LIBP2P_CHECK(parse_head(parser, head, limits));
  const auto& answer = parser.get();
  if (answer.result() != http::status::switching_protocols) {
    return fail(Errc::refused, "the server answered with status " + std::to_string(answer.result_int()));
  }
  if (!lists(answer, http::field::upgrade, "websocket") ||
      !lists(answer, http::field::connection, "upgrade")) {
    return fail(Errc::protocol, "the server switched to something else");
  }
  if (only(answer, http::field::sec_websocket_accept) != accept_for(key)) {
    return fail(Errc::protocol, "the server's Sec-WebSocket-Accept is not of our key");
  }
  if (answer.count(http::field::sec_websocket_extensions) +
          answer.count(http::field::sec_websocket_protocol) >
      0) {
    return fail(Errc::protocol, "the server chose an extension or a subprotocol that was not offered");
  }
  return {};
}

std::string upgrade_request(std::string_view authority, std::string_view target, std::string_view key) {
  std::string request = "GET ";
  request.append(target).append(" HTTP/1.1\r\nHost: ").append(authority);
  request.append(
      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
  return request.append(key).append(end_of_head);
}

Task<Result<Bytes>> accept_upgrade(Env env, Stream& stream, UpgradeLimits limits) {
  const auto steps = [&] { return accept_steps(stream, limits); };
  co_return co_await in_time(env, stream, limits, steps);
}

Task<Result<Bytes>> request_upgrade(Env env, Stream& stream, std::string authority, std::string target,
                                    UpgradeLimits limits) {
  const std::string key = base64(env.random.bytes(key_size));
  const std::string request = upgrade_request(authority, target, key);
  const auto steps = [&] { return request_steps(stream, limits, request, key); };
  co_return co_await in_time(env, stream, limits, steps);
}

}  // namespace libp2p::websocket
