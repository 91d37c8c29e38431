// Who holds how much of what ResourceLimits gives away: accounts of the whole swarm, of peers, connections,
// streams, protocols and networks. Pure.
//
// Everything that is reserved is given back by a destructor. Accounts may outlive the swarm, as streams do.
// A refusal is an Errc::limit that names the limit, its value and its key.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/identity/peer_id.hpp"
#include "libp2p/io/limits.hpp"
#include "libp2p/multi/multiaddr.hpp"
#include "libp2p/swarm/resource_limits.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p::swarm {

// From which part of the memory a connection draws, and what it counts towards.
enum class Standing : std::uint8_t {
  unauthenticated,  // in its handshake, or not admitted fully
  ordinary,
  reserved,  // somebody protects the peer
};

struct ResourceUsage {
  std::size_t upgrading = 0;
  std::size_t inbound = 0;
  std::size_t outbound = 0;
  std::size_t streams = 0;
  std::size_t memory = 0;
  std::size_t memory_unprotected = 0;  // of it, what is not of reserved connections
  std::size_t memory_unauthenticated = 0;
  // Accounts that exist; all are 0 when nothing is held.
  std::size_t peers = 0;
  std::size_t protocols = 0;
  std::size_t networks = 0;
  std::array<std::uint64_t, limit_table.size()> refusals{};  // in the order of Limit
};

class ResourceState;
class StreamAccount;

// What a connection costs by being there: its keys and tasks, what its cipher holds of frames that arrive,
// and the bytes that a muxer keeps unread without asking.
inline constexpr std::size_t connection_base_bytes = 192UZ * 1024;

// An inbound connection in its handshake.
class UpgradeAccount {
 public:
  UpgradeAccount(std::shared_ptr<ResourceState> state, Multiaddr remote);
  UpgradeAccount(UpgradeAccount&&) noexcept = default;
  UpgradeAccount& operator=(UpgradeAccount&&) = delete;
  ~UpgradeAccount();

 private:
  std::shared_ptr<ResourceState> state_;  // null once moved from
  Multiaddr remote_;
};

// A connection whose peer is proven. Its memory is what it holds beyond connection_base_bytes.
class ConnectionAccount final : public MemoryBudget, public std::enable_shared_from_this<ConnectionAccount> {
 public:
  ConnectionAccount(std::shared_ptr<ResourceState> state, PeerId peer, Multiaddr remote, Direction direction,
                    Standing standing);
  ConnectionAccount(const ConnectionAccount&) = delete;
  ConnectionAccount& operator=(const ConnectionAccount&) = delete;
  ~ConnectionAccount() override;

  [[nodiscard]] bool try_take(std::size_t bytes) noexcept override;
  void give_back(std::size_t bytes) noexcept override;
  [[nodiscard]] Error refusal() const override;

  // What it holds moves with it; nothing is taken away from it.
  void set_standing(Standing standing);
  // It is closing: another may take its place among the connections already. What it holds of streams and
  // memory goes when those do.
  void leave();
  // Errors: limit.
  [[nodiscard]] Result<std::shared_ptr<StreamAccount>> open_stream(Direction direction);

  [[nodiscard]] std::size_t memory() const noexcept { return memory_; }

 private:
  friend class StreamAccount;
  void enter();

  std::shared_ptr<ResourceState> state_;
  PeerId peer_;
  Multiaddr remote_;
  Direction direction_;
  Standing standing_;
  bool entered_ = false;
  bool counts_in_network_ = false;
  std::size_t memory_ = connection_base_bytes;
  std::size_t inbound_streams_ = 0;
  Limit last_refusal_ = Limit::memory_per_connection;
};

// A stream, from when it is opened until both its handle and whoever handles it are gone.
class StreamAccount {
 public:
  StreamAccount(std::shared_ptr<ConnectionAccount> connection, Direction direction);
  StreamAccount(const StreamAccount&) = delete;
  StreamAccount& operator=(const StreamAccount&) = delete;
  ~StreamAccount();
  // Once its protocol is known. Errors: limit.
  [[nodiscard]] Result<> assign(const std::string& protocol);

 private:
  std::shared_ptr<ConnectionAccount> connection_;
  Direction direction_;
  std::string protocol_;
};

class Resources {
 public:
  explicit Resources(const ResourceLimits& limits);

  // Which limit an upgrade of a connection from there would meet; nothing, when there is room.
  [[nodiscard]] std::optional<Limit> full_for_upgrade(const Multiaddr& remote) const;
  [[nodiscard]] Result<UpgradeAccount> begin_upgrade(const Multiaddr& remote);
  // Whether there would be room for the connection if only others gave way for it. Errors: limit.
  [[nodiscard]] Result<> may_connect(const PeerId& peer, const Multiaddr& remote, Direction direction,
                                     Standing standing);
  [[nodiscard]] Result<std::shared_ptr<ConnectionAccount>> open_connection(const PeerId& peer,
                                                                           const Multiaddr& remote,
                                                                           Direction direction,
                                                                           Standing standing);
  [[nodiscard]] Error refusal(Limit limit);
  [[nodiscard]] ResourceUsage usage() const;

 private:
  std::shared_ptr<ResourceState> state_;
};

// One IPv4 address, or one /56 of IPv6, is taken for one host; other addresses count as they are.
[[nodiscard]] Bytes host_network(const Multiaddr& remote);
// The networks that a remote address counts for, each with its limit. None for what has no IP address.
[[nodiscard]] std::vector<std::pair<Limit, Bytes>> counted_networks(const Multiaddr& remote,
                                                                    const ResourceLimits& limits);

}  // namespace libp2p::swarm
