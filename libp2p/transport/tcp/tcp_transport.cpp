#include "libp2p/transport/tcp/tcp_transport.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

#include "libp2p/transport/tcp/shared_port.hpp"
#include "libp2p/transport/tcp/tcp_address.hpp"
#include "libp2p/transport/tcp/tcp_listener.hpp"
#include "libp2p/transport/tcp/tcp_socket.hpp"

namespace libp2p {

TcpTransport::TcpTransport(Env env, TcpConfig config, std::shared_ptr<SharedPorts> ports)
    : env_(env), config_(std::move(config)), ports_(std::move(ports)) {}

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
  if (ports_ != nullptr && config_.share_port) {
    co_return ports_->listen(endpoint, config_, {.protocol = PortProtocol::multistream});
  }
  LIBP2P_CO_TRY(TcpAcceptor acceptor, open_acceptor(env_.executor, endpoint, config_));
  co_return TcpListener::create(std::move(acceptor), config_);
}

}  // namespace libp2p
