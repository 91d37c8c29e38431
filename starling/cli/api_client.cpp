#include "starling/cli/api_client.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace starling {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint64_t max_reply_bytes = 256 * 1024 * 1024;

http::request<http::string_body> make_request(std::string_view method, std::string_view target,
                                              std::string_view body,
                                              const std::map<std::string, std::string>& headers,
                                              std::string_view host) {
  http::request<http::string_body> message;
  message.method_string(method);
  message.target(target);
  message.version(11);
  message.set(http::field::host, host);
  message.set(http::field::connection, "close");
  message.set(http::field::accept, "application/json");
  for (const auto& [name, value] : headers) message.set(name, value);
  message.body() = body;
  message.prepare_payload();
  return message;
}

// An answer without an end comes in chunks: with `take` they go there, one by one.
template <class Socket>
Result<ApiReply> exchange(Socket& socket, http::request<http::string_body> message,
                          const ApiClient::TakePart& take) {
  error_code error;
  http::write(socket, message, error);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(take ? boost::none : boost::optional<std::uint64_t>(max_reply_bytes));
  auto take_chunk = [&take](std::uint64_t, std::string_view chunk, error_code&) {
    take(chunk);
    return chunk.size();
  };
  if (take) parser.on_chunk_body(take_chunk);
  // A daemon that refuses early may close before all is written: its answer is what counts.
  http::read(socket, buffer, parser, error);
  if (error) return fail(Errc::io, "the daemon's answer could not be read: " + error.message());
  ApiReply reply;
  auto response = parser.release();
  reply.status = static_cast<int>(response.result_int());
  for (const auto& field : response) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    reply.headers.insert_or_assign(std::move(name), std::string(field.value()));
  }
  reply.body = std::move(response.body());
  return reply;
}

template <class Protocol>
Result<ApiReply> connect_and_exchange(const typename Protocol::endpoint& endpoint, const std::string& where,
                                      http::request<http::string_body> message,
                                      const ApiClient::TakePart& take) {
  asio::io_context io;
  typename Protocol::socket socket(io);
  error_code error;
  socket.connect(endpoint, error);
  if (error) {
    return fail(Errc::io,
                "no daemon answers at " + where + " (" + error.message() + "): start it with `starling run`");
  }
  return exchange(socket, std::move(message), take);
}

}  // namespace

Result<ApiReply> ApiClient::request(std::string_view method, std::string_view target, std::string_view body,
                                    const std::map<std::string, std::string>& headers) const {
  return ask(method, target, body, headers, {});
}

Result<ApiReply> ApiClient::follow(std::string_view target, const TakePart& take) const {
  return ask("GET", target, {}, {}, take);
}

Result<ApiReply> ApiClient::ask(std::string_view method, std::string_view target, std::string_view body,
                                const std::map<std::string, std::string>& headers,
                                const TakePart& take) const {
  // It would end the request's first line, and what comes after would be read as headers.
  if (std::ranges::any_of(target, [](char c) { return c == ' ' || (c >= 0 && c < ' ') || c == 0x7f; }))
    return fail(Errc::invalid_argument, "no path has blanks or control characters: write them as %20");
  if (address_.is_unix) {
    return connect_and_exchange<asio::local::stream_protocol>(
        asio::local::stream_protocol::endpoint(address_.path.string()), address_.path.string(),
        make_request(method, target, body, headers, "localhost"), take);
  }
  const std::string where =
      (address_.host.find(':') == std::string::npos ? address_.host : "[" + address_.host + "]") + ":" +
      std::to_string(address_.port);
  return connect_and_exchange<asio::ip::tcp>({asio::ip::make_address(address_.host), address_.port}, where,
                                             make_request(method, target, body, headers, where), take);
}

}  // namespace starling
