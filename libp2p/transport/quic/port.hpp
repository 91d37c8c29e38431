// One UDP socket of a QUIC transport: what comes to it goes to its connections, or begins one.
#pragma once

#include <deque>
#include <memory>
#include <set>

#include "libp2p/base/notifier.hpp"
#include "libp2p/transport/quic/udp_socket.hpp"

namespace libp2p::quic {

class ConnectionCore;
class Hub;

// Kept by its listener and by the connections whose datagrams go through it; closed with the last of them.
class Port : public std::enable_shared_from_this<Port> {
 public:
  // After so many datagrams everything else that is ready has its turn (ATTACKS, QU12).
  static constexpr std::size_t datagrams_a_turn = 64;
  static constexpr std::size_t backlog = 128;

  // Errors: as UdpSocket::open.
  [[nodiscard]] static Result<std::shared_ptr<Port>> open(std::shared_ptr<Hub> hub, const Address& at);
  Port(std::shared_ptr<Hub> hub, UdpSocket socket);
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  [[nodiscard]] const Address& bound() const noexcept { return socket_.bound(); }
  // Whether datagrams from `local`, its port included, are this socket's.
  [[nodiscard]] bool serves(const Address& local) const;
  [[nodiscard]] bool can_send_from(const boost::asio::ip::address& source) const;
  [[nodiscard]] UdpSocket::Sent send(const Batch& batch) { return socket_.send(batch); }
  // Flushes the connection once the socket takes more.
  void flush_when_writable(std::shared_ptr<ConnectionCore> connection);

  // Listening. Without it, what begins a connection is not heard.
  void listen() { listening_ = true; }
  [[nodiscard]] bool listening() const noexcept { return listening_; }
  // The next inbound connection, its handshake under way. Null once it listens no more.
  [[nodiscard]] static Task<std::shared_ptr<ConnectionCore>> accept(std::shared_ptr<Port> port);
  void stop_listening();

 private:
  void wait_readable();
  void read_turn();
  void take(const Received& received);
  void take_datagram(const Path& path, BytesView datagram);
  void on_stranger(const Path& path, BytesView datagram);
  void on_client(const Path& path, BytesView datagram);
  void answer(const Path& path, const Bytes& datagram);
  void begin(const Path& path, BytesView datagram, const Initial& initial,
             const std::optional<ConnectionId>& retried);

  std::shared_ptr<Hub> hub_;
  UdpSocket socket_;
  bool listening_ = false;
  std::deque<std::shared_ptr<ConnectionCore>> arrived_;
  Notifier arrival_;
  std::set<std::shared_ptr<ConnectionCore>> blocked_;
  Batch answer_;
};

}  // namespace libp2p::quic
