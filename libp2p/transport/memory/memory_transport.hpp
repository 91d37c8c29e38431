// A network inside the process, for tests and simulation: addresses are /memory/N, links are as their policy
// says.
#pragma once

#include <memory>

#include "libp2p/transport/memory/link_policy.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p {

// The wires between any number of nodes. Deterministic: the order of deliveries follows from the calls and
// the policy alone. It must outlive all transports, listeners and streams on it.
class MemoryNetwork {
 public:
  // Bytes under way and unread, one direction of one connection; a writer waits beyond it.
  static constexpr std::size_t capacity_bytes = 1024ULL * 1024;
  // Connections that wait to be accepted, a listener; what comes beyond is refused.
  static constexpr std::size_t backlog = 256;

  // Without a policy everything arrives at once. The policy must outlive the network.
  explicit MemoryNetwork(Env env, LinkPolicy* policy = nullptr);
  MemoryNetwork(const MemoryNetwork&) = delete;
  MemoryNetwork& operator=(const MemoryNetwork&) = delete;
  ~MemoryNetwork();

  // The policy answers otherwise now: what is held is offered to it again.
  void links_changed();
  // The machine lost power: nothing goes over its present connections any more, in neither direction, and
  // nobody is told. (A process that merely dies resets its connections; dropping its streams does that.)
  void silence(MemoryNode node);
  // Connections of which at least one end is alive.
  [[nodiscard]] std::size_t connection_count() const noexcept;

 private:
  friend class MemoryTransport;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// One node's access to the network.
class MemoryTransport final : public ByteTransport {
 public:
  MemoryTransport(Env env, MemoryNetwork& network, MemoryNode self);

  [[nodiscard]] bool handles(const Multiaddr& address) const override;
  // Takes one round trip. Errors: refused (nobody listens there, or the policy says so). Over a cut link it
  // hangs.
  [[nodiscard]] Task<Result<ByteConnection>> dial(Multiaddr address) override;
  // /memory/0 is the node's own number. Errors: exists.
  [[nodiscard]] Task<Result<std::unique_ptr<ByteListener>>> listen(Multiaddr address) override;

 private:
  Env env_;
  MemoryNetwork& network_;
  MemoryNode self_;
};

}  // namespace libp2p
