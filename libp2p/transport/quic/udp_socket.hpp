// A UDP socket that sends and receives many datagrams a call (UDP_SEGMENT and UDP_GRO of Linux), and knows to
// which of the machine's addresses each was sent.
#pragma once

#include <boost/asio/basic_datagram_socket.hpp>

#include "libp2p/base/task.hpp"
#include "libp2p/transport/quic/ngtcp2_session.hpp"

namespace libp2p::quic {

// What came in one call: datagrams of one path, all of `segment_bytes` but the last.
struct Received {
  Path path;
  BytesView bytes;
  std::size_t segment_bytes = 0;
};

class UdpSocket {
 public:
  enum class Sent : std::uint8_t {
    all,      // or lost, which is no difference to who sends datagrams
    blocked,  // try again once writable
    no_path,  // our address is no longer ours, or nothing leads from it to theirs
  };

  // Port 0 takes a free one. IPv6 sockets take IPv6 only. Errors: exists, io, invalid_argument.
  [[nodiscard]] static Result<UdpSocket> open(Executor executor, const Address& at, std::size_t buffer_bytes);

  [[nodiscard]] const Address& bound() const noexcept { return bound_; }
  // Neither waits. Nothing: no datagram is there. `into` is overwritten and referred to.
  [[nodiscard]] std::optional<Received> receive(Bytes& into);
  [[nodiscard]] Sent send(const Batch& batch);
  [[nodiscard]] auto& native() noexcept { return socket_; }

 private:
  using Native = boost::asio::basic_datagram_socket<boost::asio::ip::udp, Executor>;
  explicit UdpSocket(Native socket) : socket_(std::move(socket)) {}
  [[nodiscard]] int send_once(const Batch& batch, BytesView bytes, bool segmented);

  Native socket_;
  Address bound_;
  bool segments_ = true;  // until the kernel, or the interface, says no
};

// Which of the machine's addresses leads to `remote`, with port 0. Nothing is sent. Errors: io (no route).
[[nodiscard]] Result<Address> source_towards(Executor executor, const Address& remote);

}  // namespace libp2p::quic
