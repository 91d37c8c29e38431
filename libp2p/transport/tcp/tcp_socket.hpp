// One TCP socket as a Stream, and the options that every socket of ours has.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "libp2p/io/stream.hpp"
#include "libp2p/transport/tcp/tcp_transport.hpp"

namespace libp2p {

using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

// What failed, as our codes have it; `context` says on what.
[[nodiscard]] std::unexpected<Error> tcp_error(std::string_view context,
                                               const boost::system::error_code& error);

// Errors: invalid_argument, when the kernel doesn't know the congestion control.
[[nodiscard]] Result<> set_socket_options(int socket, const TcpConfig& config);

// `socket` must be connected.
[[nodiscard]] Result<ByteConnection> make_tcp_connection(TcpSocket socket, const TcpConfig& config);

}  // namespace libp2p
