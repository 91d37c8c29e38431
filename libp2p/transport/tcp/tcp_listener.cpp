#include "libp2p/transport/tcp/tcp_listener.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/system/system_error.hpp>

#include "libp2p/transport/tcp/tcp_address.hpp"
#include "libp2p/transport/tcp/tcp_socket.hpp"

namespace libp2p {
namespace {

// accept(2): errors that were pending on the new socket.
bool is_of_one_connection(const boost::system::error_code& error) noexcept {
  return error == asio::error::connection_aborted || error == boost::system::errc::protocol_error;
}

}  // namespace

// The first step that fails ends the chain; its error is what the caller gets.
Result<TcpAcceptor> open_acceptor(Executor executor, const asio::ip::tcp::endpoint& endpoint,
                                  const TcpConfig& config) {
  TcpAcceptor acceptor(executor);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(TcpAcceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(config.backlog, error);
  if (error) return tcp_error("listen", error);
  LIBP2P_CHECK(set_socket_options(acceptor.native_handle(), config));
  return acceptor;
}

Result<std::unique_ptr<TcpListener>> TcpListener::create(TcpAcceptor acceptor, TcpConfig config) {
  boost::system::error_code error;
  const auto bound = acceptor.local_endpoint(error);
  if (error) return tcp_error("listen", error);
  return std::make_unique<TcpListener>(std::move(acceptor), std::move(config), tcp_multiaddr(bound));
}

Task<Result<ByteConnection>> TcpListener::accept() {
  for (;;) {
    TcpSocket socket(acceptor_.get_executor());
    boost::system::error_code error;
    co_await acceptor_.async_accept(socket, asio::redirect_error(use_task, error));
    if (closed_) co_return fail(Errc::closed, "the listener is closed");
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    if (is_of_one_connection(error)) continue;
    if (error) co_return tcp_error("accept", error);
    // Whoever has gone again meanwhile is no failure of the listener, which would pause for it.
    if (auto connection = make_tcp_connection(std::move(socket), config_)) co_return std::move(*connection);
  }
}

void TcpListener::close() {
  closed_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace libp2p
