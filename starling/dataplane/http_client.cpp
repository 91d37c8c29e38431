#include "starling/dataplane/http_client.hpp"

#include <sys/socket.h>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "libp2p/base/deadline.hpp"

namespace starling {

namespace asio = boost::asio;
using libp2p::Task;
using libp2p::use_task;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, libp2p::Executor>;
using Outcome = std::expected<HttpReply, HttpFault>;

namespace {

asio::generic::stream_protocol::endpoint endpoint_of(const ControlAddress& address) {
  if (address.is_unix()) return asio::local::stream_protocol::endpoint(address.path);
  return asio::ip::tcp::endpoint(asio::ip::make_address(address.host), address.port);
}

std::optional<PeerProcess> peer_of(Socket& socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return std::nullopt;
  if (credentials.pid <= 0) return std::nullopt;  // TCP
  return PeerProcess{credentials.pid, credentials.uid};
}

// What has happened so far, for when time runs out.
struct Progress {
  bool connected = false;
  std::optional<PeerProcess> peer;
};

std::unexpected<HttpFault> fault(HttpFault::Kind kind, std::string message, const Progress& progress) {
  return std::unexpected(HttpFault{kind, std::move(message), progress.peer});
}

// A cancelled task unwinds; everything else is the other side's doing and a result.
void rethrow_if_cancelled(const boost::system::error_code& error) {
  if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
}

Task<Outcome> read_reply(Socket& socket, const Progress& progress) {
  HttpReplyParser parser;
  std::vector<char> buffer(std::size_t{64} * 1024);
  while (!parser.done()) {
    boost::system::error_code error;
    const std::size_t got =
        co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(use_task, error));
    rethrow_if_cancelled(error);
    if (error) break;
    const auto fed = parser.feed({buffer.data(), got});
    if (!fed) co_return fault(HttpFault::Kind::unusable, fed.error().message, progress);
  }
  if (!parser.head_done()) {
    co_return fault(HttpFault::Kind::silent, "the connection was closed without an answer", progress);
  }
  HttpReply reply = parser.take();
  reply.peer = progress.peer;
  co_return reply;
}

Task<libp2p::Result<Outcome>> converse(Socket& socket, const ControlAddress& address,
                                       const ControlRequest& request, Progress& progress) {
  boost::system::error_code error;
  co_await socket.async_connect(endpoint_of(address), asio::redirect_error(use_task, error));
  rethrow_if_cancelled(error);
  if (error) co_return Outcome(fault(HttpFault::Kind::unreachable, error.message(), progress));
  progress.connected = true;
  progress.peer = peer_of(socket);
  const std::string head = request_head(request);
  const std::array<asio::const_buffer, 2> out{asio::buffer(head), asio::buffer(request.body)};
  co_await asio::async_write(socket, out, asio::redirect_error(use_task, error));
  rethrow_if_cancelled(error);
  // Even when not all of it could be sent, there may be an answer.
  co_return co_await read_reply(socket, progress);
}

}  // namespace

std::string request_head(const ControlRequest& request) {
  return request.method + " " + request.path +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(request.body.size()) +
         "\r\nConnection: close\r\n\r\n";
}

Task<Outcome> exchange(libp2p::Env env, ControlAddress address, ControlRequest request,
                       libp2p::Duration limit) {
  Progress progress;
  if (request_head(request).size() >= max_request_head_bytes) {
    co_return fault(HttpFault::Kind::unreachable,
                    "the request's head would not fit " + std::to_string(max_request_head_bytes) + " bytes",
                    progress);
  }
  Socket socket(env.executor);
  auto outcome = co_await libp2p::with_timeout<Outcome>(env, limit, "no answer in time",
                                                        converse(socket, address, request, progress));
  if (outcome) co_return std::move(*outcome);
  const auto kind = progress.connected ? HttpFault::Kind::timeout : HttpFault::Kind::unreachable;
  co_return fault(kind, outcome.error().message, progress);
}

}  // namespace starling
