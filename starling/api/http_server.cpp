#include "starling/api/http_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <list>

#include "libp2p/base/deadline.hpp"
#include "libp2p/base/task_group.hpp"
#include "starling/api/request_guard.hpp"

namespace starling {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using libp2p::DeadlineGuard;
using libp2p::Executor;

template <class Protocol>
using Socket = asio::basic_stream_socket<Protocol, Executor>;
using UnixProtocol = asio::local::stream_protocol;
using TcpProtocol = asio::ip::tcp;
constexpr auto use_result = asio::as_tuple(libp2p::use_task);

HttpMethod method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return HttpMethod::get;
    case http::verb::put:
      return HttpMethod::put;
    case http::verb::post:
      return HttpMethod::post;
    case http::verb::delete_:
      return HttpMethod::delete_;
    default:
      return HttpMethod::other;
  }
}

HttpRequest plain_request(http::request<http::string_body>&& message) {
  HttpRequest request;
  request.method = method_of(message.method());
  request.method_name = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    request.headers.insert_or_assign(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

// Framing that two readers could understand in two ways is nobody's honest request (HT01 to HT03).
bool is_ambiguous(const http::request_header<>& head) {
  const bool chunked = head.count(http::field::transfer_encoding) > 0;
  return head.count(http::field::content_length) > 1 || head.count(http::field::host) > 1 ||
         (chunked && head.count(http::field::content_length) > 0) ||
         head.count(http::field::transfer_encoding) > 1;
}

template <class Message>
void set_head(Message& message, const HttpResponse& response, bool keep_alive) {
  message.set(http::field::server, "starling");
  message.set(http::field::content_type, response.content_type);
  message.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(keep_alive);
}

template <class Protocol>
class ChunkedStream final : public HttpStream {
 public:
  ChunkedStream(Env env, Socket<Protocol>& socket, Duration write_timeout)
      : env_(env), socket_(socket), write_timeout_(write_timeout) {}

  Task<bool> write(std::string chunk) override {
    const DeadlineGuard deadline(env_, write_timeout_, [this] { socket_.close(); });
    const auto [error, size] =
        co_await asio::async_write(socket_, http::make_chunk(asio::buffer(chunk)), use_result);
    co_return !error;
  }

 private:
  Env env_;
  Socket<Protocol>& socket_;
  Duration write_timeout_;
};

// One client's connection: requests one after the other until either side has enough.
template <class Protocol>
class Session {
 public:
  Session(Env env, Socket<Protocol> socket, HttpOrigin origin, const HttpServer::Handler& handler,
          const HttpLimits& limits)
      : env_(env),
        socket_(std::move(socket)),
        origin_(std::move(origin)),
        handler_(handler),
        limits_(limits) {}

  Task<> run() {
    while (co_await one_request()) {
    }
    error_code ignored;
    socket_.shutdown(Socket<Protocol>::shutdown_both, ignored);
  }

 private:
  Task<bool> one_request() {
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(limits_.max_header_bytes));
    parser.body_limit(limits_.max_body_bytes);
    if (const error_code error = co_await read_head(parser)) co_return co_await answer_broken(error);
    const auto& head = parser.get().base();
    if (is_ambiguous(head))
      co_return co_await refuse(400, "ambiguous-framing", "The request's framing is ambiguous.");
    const auto fields = static_cast<std::size_t>(std::distance(head.begin(), head.end()));
    if (fields > limits_.max_headers)
      co_return co_await refuse(431, "too-many-headers", "More than 64 headers.");
    if (head.count(http::field::content_encoding) > 0) {
      co_return co_await refuse(415, "content-encoding", "Encoded bodies are not taken.");
    }
    if (beast::iequals(head[http::field::expect], "100-continue") && !co_await say_continue())
      co_return false;
    if (const error_code error = co_await read_body(parser)) co_return co_await answer_broken(error);
    const bool keep_alive = parser.get().keep_alive();
    HttpRequest request = plain_request(parser.release());
    if (const auto split = split_target(request); !split) {
      co_return co_await refuse(400, "bad-query", split.error().message);
    }
    std::optional<HttpResponse> refused = refuse_foreign(request, origin_);
    HttpResponse response = refused ? std::move(*refused) : co_await handler_(std::move(request));
    if (response.stream) co_return co_await send_stream(response);
    co_return co_await send(response, keep_alive) && keep_alive;
  }

  Task<error_code> read_head(http::request_parser<http::string_body>& parser) {
    const DeadlineGuard deadline(env_, limits_.header_timeout, [this] { socket_.close(); });
    const auto [error, size] = co_await http::async_read_header(socket_, buffer_, parser, use_result);
    co_return error;
  }
  Task<error_code> read_body(http::request_parser<http::string_body>& parser) {
    const DeadlineGuard deadline(env_, limits_.request_timeout, [this] { socket_.close(); });
    const auto [error, size] = co_await http::async_read(socket_, buffer_, parser, use_result);
    co_return error;
  }
  Task<bool> say_continue() {
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, size] =
        co_await asio::async_write(socket_, asio::buffer(text.data(), text.size()), use_result);
    co_return !error;
  }

  // What the parser could not read. An end before a request is no fault.
  Task<bool> answer_broken(error_code error) {
    if (error == http::error::body_limit)
      co_return co_await refuse(413, "body-too-large", "A body of more than 8 MiB.");
    if (error == http::error::header_limit)
      co_return co_await refuse(431, "header-too-large", "A head of more than 16 KiB.");
    const bool form = error.category() == make_error_code(http::error::bad_method).category() &&
                      error != http::error::end_of_stream && error != http::error::partial_message;
    if (form) co_return co_await refuse(400, "bad-request", "Not HTTP/1.1: " + error.message() + ".");
    co_return false;
  }
  Task<bool> refuse(int status, std::string code, std::string detail) {
    (void)co_await send(problem(status, code, "The request was refused.", detail), false);
    co_return false;
  }

  Task<bool> send(HttpResponse response, bool keep_alive) {
    const DeadlineGuard deadline(env_, limits_.write_timeout, [this] { socket_.close(); });
    http::response<http::string_body> message(static_cast<http::status>(response.status), 11);
    set_head(message, response, keep_alive);
    message.body() = std::move(response.body);
    message.prepare_payload();
    const auto [error, size] = co_await http::async_write(socket_, message, use_result);
    co_return !error;
  }

  Task<bool> send_stream(const HttpResponse& response) {
    http::response<http::empty_body> message(static_cast<http::status>(response.status), 11);
    set_head(message, response, false);
    message.chunked(true);
    http::response_serializer<http::empty_body> serializer(message);
    const auto [error, size] = co_await http::async_write_header(socket_, serializer, use_result);
    if (error) co_return false;
    ChunkedStream<Protocol> stream(env_, socket_, limits_.write_timeout);
    co_await response.stream(stream);
    co_return false;
  }

  Env env_;
  Socket<Protocol> socket_;
  HttpOrigin origin_;
  const HttpServer::Handler& handler_;
  const HttpLimits& limits_;
  beast::flat_buffer buffer_;
};

template <class Protocol>
Task<> serve_one(Env env, Socket<Protocol> socket, HttpOrigin origin, const HttpServer::Handler& handler,
                 const HttpLimits& limits) {
  Session<Protocol> session(env, std::move(socket), std::move(origin), handler, limits);
  co_await session.run();
}

Result<> remove_stale_socket(asio::io_context::executor_type executor, const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  Socket<UnixProtocol> probe(executor);
  error_code error;
  probe.connect(UnixProtocol::endpoint(path.string()), error);
  if (!error) return fail(Errc::busy, path.string() + ": another process answers there");
  if (!std::filesystem::is_socket(path, ignored))
    return fail(Errc::exists, path.string() + " is there and is no socket");
  std::filesystem::remove(path, ignored);
  return {};
}

}  // namespace

Result<HttpAddress> HttpAddress::parse(std::string_view text) {
  HttpAddress address;
  if (text.starts_with("unix:")) {
    address.is_unix = true;
    address.path = std::string(text.substr(5));
    if (address.path.empty() || address.path.string().size() > 107) {
      return fail(Errc::invalid_argument, "unix:PATH needs a path of 1 to 107 bytes");
    }
    return address;
  }
  const std::size_t colon = text.rfind(':');
  unsigned port = 65536;
  if (colon != std::string_view::npos) {
    const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) port = 65536;
  }
  if (port > 65535)
    return fail(Errc::invalid_argument,
                "an API address is unix:PATH or HOST:PORT, not " + libp2p::printable(text));
  std::string host(text.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto ip = asio::ip::make_address(host, error);
  if (error || !ip.is_loopback()) {
    return fail(Errc::invalid_argument, "the API listens on loopback only, not on " +
                                            libp2p::printable(host) + ": it has no other protection yet");
  }
  address.host = std::move(host);
  address.port = static_cast<std::uint16_t>(port);
  return address;
}

struct HttpServer::Parts {
  Parts(Env e, Handler h, HttpLimits l) : env(e), handler(std::move(h)), limits(l), tasks(e) {}

  template <class Protocol>
  using Acceptor = asio::basic_socket_acceptor<Protocol, Executor>;

  template <class Protocol>
  Task<> accept_all(std::shared_ptr<Acceptor<Protocol>> acceptor, HttpOrigin origin) {
    while (true) {
      auto [error, socket] = co_await acceptor->async_accept(env.executor, use_result);
      if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
      if (error) {
        // Out of descriptors, most likely: closing connections will help, asking at once won't.
        env.log.warn("api.accept_failed", {{"why", error.message()}});
        co_await libp2p::sleep_for(env, std::chrono::milliseconds(100));
        continue;
      }
      if (tasks.size() > limits.max_connections) continue;
      tasks.spawn("api.session", serve_one<Protocol>(env, std::move(socket), origin, handler, limits));
    }
  }

  template <class Protocol>
  Result<typename Protocol::endpoint> open(typename Protocol::endpoint endpoint, HttpOrigin origin) {
    auto acceptor = std::make_shared<Acceptor<Protocol>>(env.executor);
    error_code error;
    acceptor->open(endpoint.protocol(), error);
    if (!error && !origin.is_unix) acceptor->set_option(asio::socket_base::reuse_address(true), error);
    // The mode must be right from the first moment on.
    const mode_t mask = ::umask(0177);
    if (!error) acceptor->bind(endpoint, error);
    ::umask(mask);
    if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(Errc::io, error.message());
    endpoint = acceptor->local_endpoint();
    if constexpr (std::is_same_v<Protocol, TcpProtocol>) origin.port = endpoint.port();
    tasks.spawn("api.accept", accept_all<Protocol>(acceptor, std::move(origin)));
    return endpoint;
  }

  Env env;
  Handler handler;
  HttpLimits limits;
  std::list<std::filesystem::path> sockets;
  libp2p::TaskGroup tasks;
};

HttpServer::HttpServer(Env env, Handler handler, HttpLimits limits)
    : parts_(std::make_unique<Parts>(env, std::move(handler), limits)) {}

HttpServer::~HttpServer() = default;

Result<std::string> HttpServer::listen(const HttpAddress& address) {
  if (address.is_unix) {
    LIBP2P_CHECK(remove_stale_socket(parts_->env.executor, address.path));
    const auto bound =
        parts_->open<UnixProtocol>(UnixProtocol::endpoint(address.path.string()), {true, {}, 0});
    if (!bound) return libp2p::fail_in(address.path.string(), bound.error());
    parts_->sockets.push_back(address.path);
    return "unix:" + address.path.string();
  }
  const auto bound = parts_->open<TcpProtocol>({asio::ip::make_address(address.host), address.port},
                                               {false, address.host, address.port});
  if (!bound) return libp2p::fail_in(address.host + ":" + std::to_string(address.port), bound.error());
  const bool v6 = bound->address().is_v6();
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(bound->port());
}

Task<> HttpServer::stop() {
  co_await parts_->tasks.stop();
  std::error_code ignored;
  for (const auto& path : parts_->sockets) std::filesystem::remove(path, ignored);
}

}  // namespace starling
