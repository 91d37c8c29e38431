#include "tests/support/replay_unit.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "libp2p/base/notifier.hpp"
#include "starling/model/document.hpp"

namespace starling::test {

namespace asio = boost::asio;
using libp2p::Task;
using libp2p::use_task;

namespace {

bool is_write(const SeenRequest& request) { return request.method != "GET"; }

std::size_t content_length(const std::string& head) {
  const std::string name = "Content-Length: ";
  const std::size_t at = head.find(name);
  std::size_t length = 0;
  if (at != std::string::npos)
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
  return length;
}

}  // namespace

Answer answer(int status, std::string body) {
  return answer(RecordedReply{.status = status,
                              .reason = "",
                              .head = "HTTP/1.1 " + std::to_string(status) +
                                      " X\r\nServer: Unit/1.35.0\r\nContent-Type: application/json\r\n"
                                      "Content-Length: " +
                                      std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n",
                              .body = std::move(body)});
}

Answer answer(const RecordedReply& reply) { return {.bytes = reply.head + reply.body, .keep_silent = false}; }

Answer cut(Answer whole, std::size_t body_bytes) {
  whole.bytes.resize(std::min(whole.bytes.size(), whole.bytes.find("\r\n\r\n") + 4 + body_bytes));
  return whole;
}

ReplayUnit::ReplayUnit(libp2p::Env env, const std::string& socket_path, Handler handler)
    : ReplayUnit(env, Protocol::endpoint(asio::local::stream_protocol::endpoint(socket_path)),
                 std::move(handler)) {}

ReplayUnit::ReplayUnit(libp2p::Env env, std::uint16_t port, Handler handler)
    : ReplayUnit(env, Protocol::endpoint(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port)),
                 std::move(handler)) {}

ReplayUnit::ReplayUnit(libp2p::Env env, const Protocol::endpoint& endpoint, Handler handler)
    : env_(env), handler_(std::move(handler)), acceptor_(env.executor, endpoint), tasks_(env) {
  tasks_.spawn("accept", accept());
}

Task<> ReplayUnit::stop() {
  acceptor_.close();
  co_await tasks_.stop();
}

std::vector<SeenRequest> ReplayUnit::writes() const {
  std::vector<SeenRequest> writes;
  std::ranges::copy_if(seen_, std::back_inserter(writes), is_write);
  return writes;
}

Task<> ReplayUnit::accept() {
  for (;;) {
    Socket socket(env_.executor);
    boost::system::error_code error;
    co_await acceptor_.async_accept(socket, asio::redirect_error(use_task, error));
    if (error) co_return;
    tasks_.spawn("serve", serve(std::move(socket)));
  }
}

Task<> ReplayUnit::serve(Socket socket) {
  SeenRequest request;
  std::string in;
  std::vector<char> buffer(64 * 1024);
  std::size_t head_end = std::string::npos;
  while (head_end == std::string::npos || in.size() < head_end + content_length(request.head)) {
    boost::system::error_code error;
    const std::size_t got =
        co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(use_task, error));
    if (error) co_return;
    in.append(buffer.data(), got);
    head_end = in.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    head_end += 4;
    request.head = in.substr(0, head_end);
  }
  request.method = in.substr(0, in.find(' '));
  request.path = in.substr(request.method.size() + 1,
                           in.find(' ', request.method.size() + 1) - request.method.size() - 1);
  request.body = in.substr(head_end);
  if (is_write(request)) most_writes_ = std::max(most_writes_, ++writes_now_);
  seen_.push_back(request);
  // Others that were about to come at the same time come now.
  for (int i = 0; i < 10; ++i) co_await libp2p::yield_now(env_);
  const Answer reply = handler_(request);
  boost::system::error_code ignored;
  co_await asio::async_write(socket, asio::buffer(reply.bytes), asio::redirect_error(use_task, ignored));
  if (is_write(request)) --writes_now_;
  if (!reply.keep_silent) co_return;
  co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(use_task, ignored));
}

RecordedUnit::RecordedUnit(std::string_view family) : exchanges_(recorded(family)) {}

Answer RecordedUnit::operator()(const SeenRequest& request) {
  if (request.method == "GET" && request.path == "/config") return answer(200, config_);
  const auto asked = parse_json(request.body);
  for (const Exchange& exchange : exchanges_) {
    if (exchange.method != request.method || exchange.path != request.path) continue;
    const auto told = parse_json(exchange.body);
    const bool same = asked && told ? same_json(*asked, *told) : request.body == exchange.body;
    if (!same) continue;
    if (request.method != "GET") config_ = unit_json(exchange.config_after);
    return exchange.reply ? answer(*exchange.reply) : hang_up();
  }
  return answer(404, unit_json(json::object{{"error", "Value doesn't exist."}}));
}

}  // namespace starling::test
