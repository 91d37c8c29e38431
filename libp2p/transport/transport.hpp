// The two seams between an address and a connection that can carry streams.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libp2p/base/env.hpp"
#include "libp2p/crypto/keys.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/io/limits.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

enum class Direction : std::uint8_t { inbound, outbound };

// A connection that carries bytes only (TCP, WebSocket, memory, later relayed circuits): the upgrader
// secures and multiplexes it.
struct ByteConnection {
  StreamPtr stream;
  Multiaddr local;
  Multiaddr remote;
  // What an inbound connection still has to agree on before its bytes flow: a WebSocket's opening handshake,
  // which protocol it speaks on a port that several share. It changes what stands above, and is bounded in
  // time. Null: nothing. A listener never waits for it: one slow peer would keep all others out.
  std::function<Task<Result<>>(ByteConnection&)> handshake{};
};

// Has to come before the first use of the stream of an inbound connection.
[[nodiscard]] inline Task<Result<>> finish_handshake(ByteConnection& connection) {
  if (!connection.handshake) co_return Result<>{};
  auto handshake = std::exchange(connection.handshake, nullptr);
  co_return co_await handshake(connection);
}

class ByteListener {
 public:
  virtual ~ByteListener() = default;
  // Errors: closed, once close() was called; anything else is passing and is tried again by the caller.
  [[nodiscard]] virtual Task<Result<ByteConnection>> accept() = 0;
  [[nodiscard]] virtual Multiaddr address() const = 0;  // with the real port
  virtual void close() = 0;
};

class ByteTransport {
 public:
  virtual ~ByteTransport() = default;
  // Decided on the protocols of the address alone.
  [[nodiscard]] virtual bool handles(const Multiaddr& address) const = 0;
  [[nodiscard]] virtual Task<Result<ByteConnection>> dial(Multiaddr address) = 0;
  [[nodiscard]] virtual Task<Result<std::unique_ptr<ByteListener>>> listen(Multiaddr address) = 0;
};

// A connection whose peer is proven and that carries streams, however it came to be (an upgraded
// ByteConnection; QUIC). It begins to speak with the first call of open_stream, accept_stream or wait_closed.
// Before that it may be dropped; after it, stop() comes before destruction.
class MuxedConnection {
 public:
  virtual ~MuxedConnection() = default;
  [[nodiscard]] virtual const PeerId& remote_peer() const = 0;
  [[nodiscard]] virtual const PublicKey& remote_key() const = 0;
  [[nodiscard]] virtual const Multiaddr& local() const = 0;
  [[nodiscard]] virtual const Multiaddr& remote() const = 0;
  [[nodiscard]] virtual std::string_view security() const = 0;
  [[nodiscard]] virtual std::string_view muxer() const = 0;
  [[nodiscard]] virtual bool early_muxer() const = 0;

  // What it buffers for the other side is to be drawn from `memory`, which others share. Called before it
  // begins to speak; what has bounds of its own may leave it.
  virtual void draw_from(std::shared_ptr<MemoryBudget> /*memory*/) {}
  [[nodiscard]] virtual Task<Result<StreamPtr>> open_stream() = 0;
  [[nodiscard]] virtual Task<Result<StreamPtr>> accept_stream() = 0;  // closed, once the connection has ended
  [[nodiscard]] virtual std::size_t stream_count() const = 0;
  [[nodiscard]] virtual std::optional<Duration> rtt() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_in() const = 0;
  [[nodiscard]] virtual std::uint64_t bytes_out() const = 0;
  virtual void close() = 0;                             // begins the end
  [[nodiscard]] virtual Task<Error> wait_closed() = 0;  // why it ended
  [[nodiscard]] virtual Task<> stop() = 0;              // close and join; before destruction
};

class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  // A connection that has arrived and is not upgraded yet: the swarm bounds how many wait, and for how long.
  class Pending {
   public:
    virtual ~Pending() = default;
    [[nodiscard]] virtual const Multiaddr& remote() const = 0;
    // Once. What it returns has not begun to speak: it may be dropped instead of being stopped.
    [[nodiscard]] virtual Task<Result<std::unique_ptr<MuxedConnection>>> upgrade() = 0;
    // Cuts the connection: upgrade() fails soon.
    virtual void abort() = 0;
  };
  [[nodiscard]] virtual Task<Result<std::unique_ptr<Pending>>> accept() = 0;
  [[nodiscard]] virtual Multiaddr address() const = 0;
  virtual void close() = 0;
};

// What the swarm dials and listens with.
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual bool handles(const Multiaddr& address) const = 0;
  // `expected`: the connection is given up in the handshake when somebody else answers.
  [[nodiscard]] virtual Task<Result<std::unique_ptr<MuxedConnection>>> dial(
      Multiaddr address, std::optional<PeerId> expected) = 0;
  [[nodiscard]] virtual Task<Result<std::unique_ptr<ConnectionListener>>> listen(Multiaddr address) = 0;
  // The machine's addresses are others than before: connections that can move to one that is left, do.
  virtual void addresses_changed() {}
};

}  // namespace libp2p
