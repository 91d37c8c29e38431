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
  static constexpr std::size_t max_texts = 64;
  static constexpr std::size_t max_text_bytes = 1024;

  virtual ~Resolver() = default;
  // Addresses of one component each, /ip4/… or /ip6/…, best first. Errors: not_found, io.
  [[nodiscard]] virtual Task<Result<std::vector<Multiaddr>>> resolve(std::string name, IpFamily family) = 0;
  // The texts of the name's TXT records. Errors: not_found, timeout, parse, io; not_supported, where there is
  // no DNS client.
  [[nodiscard]] virtual Task<Result<std::vector<std::string>>> resolve_txt(std::string name);
};

// Whom SystemResolver asks for TXT records.
struct DnsClientConfig {
  // "192.0.2.1:53,[2001:db8::1]:53"; empty: those of the machine.
  std::string servers;
  Duration timeout = std::chrono::seconds(2);  // of the first attempt
  int attempts = 2;                            // at each server
};

// getaddrinfo, and c-ares for TXT records, on the runtime's workers. One look-up at a time, so that slow name
// servers can't take the pool from the disk; a caller that is cancelled doesn't wait for its look-up.
class SystemResolver final : public Resolver {
 public:
  // Look-ups that wait for their turn; more fail with Errc::busy.
  static constexpr std::size_t max_waiting = 64;

  explicit SystemResolver(Env env, DnsClientConfig config = {});
  [[nodiscard]] Task<Result<std::vector<Multiaddr>>> resolve(std::string name, IpFamily family) override;
  [[nodiscard]] Task<Result<std::vector<std::string>>> resolve_txt(std::string name) override;

 private:
  struct Turn;
  template <class T>
  struct Lookup;
  template <class T, class Work>
  [[nodiscard]] Task<Result<T>> in_turn(Work work);

  Env env_;
  DnsClientConfig config_;
  std::shared_ptr<Turn> turn_;
};

// Whether the address begins with a name: /dns/…, /dns4/…, /dns6/… or /dnsaddr/….
[[nodiscard]] bool needs_resolution(const Multiaddr& address) noexcept;

// The addresses that the name leads to, without names (addressing/README.md); the address itself when it has
// none. A secure WebSocket's name is kept in /sni (server_name.hpp). Those behind a /dnsaddr are its TXT
// records', of which those count that end as the address does (/p2p/…); they may name further ones, within
// the bounds of dnsaddr.hpp. Errors: those of the resolver, not_found.
[[nodiscard]] Task<Result<std::vector<Multiaddr>>> resolve_address(Resolver& resolver, Multiaddr address);

// One step of it, for /dns/…, /dns4/… and /dns6/…: the name replaced by each of its addresses.
[[nodiscard]] Task<Result<std::vector<Multiaddr>>> resolve_host(Resolver& resolver, Multiaddr address);

}  // namespace libp2p
