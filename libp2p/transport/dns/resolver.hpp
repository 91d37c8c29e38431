// From names to addresses: the seam, the machine's resolver, and what it means for a multiaddr.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

enum class IpFamily : std::uint8_t { any, v4, v6 };

class Resolver {
 public:
  // More are left out, wherever they come from.
  static constexpr std::size_t max_addresses = 16;

  virtual ~Resolver() = default;
  // Addresses of one component each, /ip4/… or /ip6/…, best first. Errors: not_found, io.
  [[nodiscard]] virtual Task<Result<std::vector<Multiaddr>>> resolve(std::string name, IpFamily family) = 0;
};

// getaddrinfo on the runtime's workers. One look-up at a time, so that slow name servers can't take the pool
// from the disk; a caller that is cancelled doesn't wait for its look-up.
class SystemResolver final : public Resolver {
 public:
  // Look-ups that wait for their turn; more fail with Errc::busy.
  static constexpr std::size_t max_waiting = 64;

  explicit SystemResolver(Env env);
  [[nodiscard]] Task<Result<std::vector<Multiaddr>>> resolve(std::string name, IpFamily family) override;

 private:
  struct Turn;
  struct Lookup;
  Env env_;
  std::shared_ptr<Turn> turn_;
};

// Whether the address begins with a name: /dns/…, /dns4/… or /dns6/….
[[nodiscard]] bool needs_resolution(const Multiaddr& address) noexcept;

// The address with its name replaced by each of the name's addresses (addressing/README.md), where it is a
// secure WebSocket's with the name in /sni (server_name.hpp); the address itself when it has no name. Errors:
// not_supported (/dnsaddr/, which TXT records answer), and those of the resolver.
[[nodiscard]] Task<Result<std::vector<Multiaddr>>> resolve_address(Resolver& resolver, Multiaddr address);

}  // namespace libp2p
