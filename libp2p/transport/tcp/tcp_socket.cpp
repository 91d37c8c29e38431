#include "libp2p/transport/tcp/tcp_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>

#include "libp2p/transport/tcp/tcp_address.hpp"

namespace libp2p {
namespace {

// Closing cancels what waits; so does cancelling the task that waits. Only the first is a result, the second
// unwinds.
class TcpStream final : public Stream {
 public:
  explicit TcpStream(TcpSocket socket) : socket_(std::move(socket)) {}
  ~TcpStream() override { reset(); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    boost::system::error_code error;
    const std::size_t got = co_await socket_.async_read_some(asio::buffer(out.data(), out.size()),
                                                             asio::redirect_error(use_task, error));
    if (!error) co_return got;
    if (error == asio::error::eof) co_return std::size_t{0};
    co_return failure("read", error);
  }

  Task<Result<>> write(BytesView data) override {
    while (!data.empty()) {
      boost::system::error_code error;
      const std::size_t sent = co_await socket_.async_write_some(asio::buffer(data.data(), data.size()),
                                                                 asio::redirect_error(use_task, error));
      if (error) co_return failure("write", error);
      data = data.subspan(sent);
    }
    co_return Result<>{};
  }

  Task<Result<>> close_write() override {
    boost::system::error_code error;
    socket_.shutdown(TcpSocket::shutdown_send, error);
    if (error) co_return failure("shutdown", error);
    co_return Result<>{};
  }

  // The kernel still sends what was written: the last words of a connection (a GOAWAY) arrive.
  void reset() override {
    reset_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  std::unexpected<Error> failure(std::string_view what, const boost::system::error_code& error) const {
    if (reset_) return fail(Errc::reset, "the connection was reset on this side");
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    return tcp_error(what, error);
  }

  TcpSocket socket_;
  bool reset_ = false;
};

bool set_option(int socket, int level, int name, const void* value, std::size_t size) {
  return ::setsockopt(socket, level, name, value, static_cast<socklen_t>(size)) == 0;
}

}  // namespace

std::unexpected<Error> tcp_error(std::string_view context, const boost::system::error_code& error) {
  const auto with = [&](Errc code) { return fail_in(context, Error{code, error.message()}); };
  if (error == asio::error::connection_refused) return with(Errc::refused);
  if (error == asio::error::timed_out) return with(Errc::timeout);
  if (error == asio::error::address_in_use) return with(Errc::exists);
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe) return with(Errc::reset);
  return with(Errc::io);
}

Result<> set_socket_options(int socket, const TcpConfig& config) {
  const int on = 1;
  const auto timeout_ms = static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::milliseconds>(config.user_timeout).count());
  // Neither is needed to be correct: a kernel without them only answers later.
  (void)set_option(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (void)set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
  const std::string& name = config.congestion_control;
  if (!name.empty() && !set_option(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), name.size())) {
    const boost::system::error_code error(errno, boost::system::system_category());
    return fail(Errc::invalid_argument, "congestion control '" + printable(name) + "': " + error.message());
  }
  return {};
}

Result<ByteConnection> make_tcp_connection(TcpSocket socket, const TcpConfig& config) {
  LIBP2P_CHECK(set_socket_options(socket.native_handle(), config));
  boost::system::error_code error;
  const auto local = socket.local_endpoint(error);
  if (error) return tcp_error("local address", error);
  const auto remote = socket.remote_endpoint(error);
  if (error) return tcp_error("remote address", error);
  return ByteConnection{std::make_unique<TcpStream>(std::move(socket)), tcp_multiaddr(local),
                        tcp_multiaddr(remote)};
}

}  // namespace libp2p
