// A listening TCP socket.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "libp2p/transport/tcp/tcp_transport.hpp"

namespace libp2p {

using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

// Bound and listening, with the options of `config`. Errors: as TcpTransport::listen.
[[nodiscard]] Result<TcpAcceptor> open_acceptor(Executor executor, const asio::ip::tcp::endpoint& endpoint,
                                                const TcpConfig& config);

class TcpListener final : public ByteListener {
 public:
  // Errors: io, when the socket can't say where it listens.
  [[nodiscard]] static Result<std::unique_ptr<TcpListener>> create(TcpAcceptor acceptor, TcpConfig config);

  TcpListener(TcpAcceptor acceptor, TcpConfig config, Multiaddr address)
      : acceptor_(std::move(acceptor)), config_(std::move(config)), address_(std::move(address)) {}

  [[nodiscard]] Task<Result<ByteConnection>> accept() override;
  [[nodiscard]] Multiaddr address() const override { return address_; }
  void close() override;

 private:
  TcpAcceptor acceptor_;
  TcpConfig config_;
  Multiaddr address_;
  bool closed_ = false;
};

}  // namespace libp2p
