#include "libp2p/transport/tcp/tcp_transport.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

#include "libp2p/transport/tcp/tcp_address.hpp"
#include "libp2p/transport/tcp/tcp_socket.hpp"

namespace libp2p {
namespace {

using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

class TcpListener final : public ByteListener {
 public:
  TcpListener(TcpAcceptor acceptor, TcpConfig config, Multiaddr address)
      : acceptor_(std::move(acceptor)), config_(std::move(config)), address_(std::move(address)) {}

  Task<Result<ByteConnection>> accept() override {
    TcpSocket socket(acceptor_.get_executor());
    boost::system::error_code error;
    co_await acceptor_.async_accept(socket, asio::redirect_error(use_task, error));
    if (closed_) co_return fail(Errc::closed, "the listener is closed");
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    if (error) co_return tcp_error("accept", error);
    co_return make_tcp_connection(std::move(socket), config_);
  }
  [[nodiscard]] Multiaddr address() const override { return address_; }
  void close() override {
    closed_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  TcpAcceptor acceptor_;
  TcpConfig config_;
  Multiaddr address_;
  bool closed_ = false;
};

// The first step that fails ends the chain; its error is what the caller gets.
Result<TcpAcceptor> open_acceptor(Executor executor, const asio::ip::tcp::endpoint& endpoint, int backlog) {
  TcpAcceptor acceptor(executor);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(TcpAcceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(backlog, error);
  if (error) return tcp_error("listen", error);
  return acceptor;
}

}  // namespace

TcpTransport::TcpTransport(Env env, TcpConfig config) : env_(env), config_(std::move(config)) {}

bool TcpTransport::handles(const Multiaddr& address) const { return is_tcp_address(address); }

Task<Result<ByteConnection>> TcpTransport::dial(Multiaddr address) {
  LIBP2P_CO_TRY(const asio::ip::tcp::endpoint endpoint, tcp_endpoint(address));
  TcpSocket socket(env_.executor);
  boost::system::error_code error;
  socket.open(endpoint.protocol(), error);
  if (error) co_return tcp_error("socket", error);
  // Before the SYN, so that congestion control and time-out hold from the first byte.
  LIBP2P_CO_CHECK(set_socket_options(socket.native_handle(), config_));
  co_await socket.async_connect(endpoint, asio::redirect_error(use_task, error));
  if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
  if (error) co_return tcp_error("connect", error);
  co_return make_tcp_connection(std::move(socket), config_);
}

Task<Result<std::unique_ptr<ByteListener>>> TcpTransport::listen(Multiaddr address) {
  LIBP2P_CO_TRY(const asio::ip::tcp::endpoint endpoint, tcp_endpoint(address));
  LIBP2P_CO_TRY(TcpAcceptor acceptor, open_acceptor(env_.executor, endpoint, config_.backlog));
  LIBP2P_CO_CHECK(set_socket_options(acceptor.native_handle(), config_));
  boost::system::error_code error;
  const auto bound = acceptor.local_endpoint(error);
  if (error) co_return tcp_error("listen", error);
  co_return std::make_unique<TcpListener>(std::move(acceptor), config_, tcp_multiaddr(bound));
}

}  // namespace libp2p
