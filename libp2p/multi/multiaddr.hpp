// Self-describing network addresses (addressing/README.md and the multiaddr specification).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

// Codes of the multicodec table, those that libp2p addresses use.
enum class AddrProtocol : std::uint32_t {
  ip4 = 4,
  tcp = 6,
  ip6 = 41,
  ip6zone = 42,
  ipcidr = 43,
  dns = 53,
  dns4 = 54,
  dns6 = 55,
  dnsaddr = 56,
  udp = 273,
  p2p_webrtc_direct = 276,  // the draft before webrtc_direct, another protocol
  webrtc_direct = 280,
  webrtc = 281,
  p2p_circuit = 290,
  unix_path = 400,
  p2p = 421,
  https = 443,  // deprecated for tls, http
  tls = 448,
  sni = 449,
  noise = 454,
  quic = 460,  // draft 29, another protocol than quic_v1
  quic_v1 = 461,
  webtransport = 465,
  certhash = 466,
  ws = 477,
  wss = 478,  // deprecated for tls, ws
  http = 480,
  http_path = 481,
  memory = 777,
};

struct AddrComponent {
  AddrProtocol protocol{};
  Bytes value;  // as in the binary form, without its length

  // The text of the value: "127.0.0.1", "4001", "12D3…"; empty for protocols without one.
  [[nodiscard]] std::string value_text() const;
  friend bool operator==(const AddrComponent&, const AddrComponent&) = default;
};

// A value, ordered by its binary form. At most one p2p-circuit. Whatever one of parse and from_bytes accepts,
// the other accepts from bytes() or to_string(), and gives an equal address.
class Multiaddr {
 public:
  static constexpr std::size_t max_bytes = 512;
  static constexpr std::size_t max_components = 16;

  Multiaddr() = default;
  // "/ip4/127.0.0.1/tcp/4001/p2p/12D3…"; "/ipfs/" is read as "/p2p/"; the values of unix and http-path are
  // percent-encoded. Errors: parse (names the component), not_supported (a protocol that is not known),
  // limit.
  [[nodiscard]] static Result<Multiaddr> parse(std::string_view text);
  // In a list from a peer, an address that is refused is to be left out, and the rest kept.
  [[nodiscard]] static Result<Multiaddr> from_bytes(BytesView bytes);

  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] const std::vector<AddrComponent>& components() const noexcept { return components_; }
  [[nodiscard]] bool empty() const noexcept { return components_.empty(); }

  [[nodiscard]] bool has(AddrProtocol protocol) const noexcept;
  // The first component of that protocol, or nullptr.
  [[nodiscard]] const AddrComponent* find(AddrProtocol protocol) const noexcept;
  // tcp or udp port of the first such component.
  [[nodiscard]] std::optional<std::uint16_t> port() const noexcept;
  // The multihash of the last /p2p component, where it is the address's own (not a relay's before
  // p2p-circuit).
  [[nodiscard]] std::optional<Bytes> peer_id_bytes() const;

  // A copy with the component added at the end. The text form of the value; errors as parse.
  [[nodiscard]] Result<Multiaddr> with(AddrProtocol protocol, std::string_view value = {}) const;
  // A copy with `peer`, a multihash, as last component; replaces one that is there. It may pass the limits by
  // that one component.
  [[nodiscard]] Multiaddr with_peer(BytesView peer_multihash) const;
  // A copy without a trailing /p2p component.
  [[nodiscard]] Multiaddr without_peer() const;

  // For the first component being an IP address: what range it is of. IPv4 within IPv6 counts as IPv4.
  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] bool is_private() const noexcept;  // RFC 1918, unique local, link-local, carrier-grade NAT
  [[nodiscard]] bool is_link_local() const noexcept;
  [[nodiscard]] bool is_unspecified() const noexcept;  // 0.0.0.0 and ::

  friend bool operator==(const Multiaddr& a, const Multiaddr& b) noexcept { return a.bytes_ == b.bytes_; }
  friend auto operator<=>(const Multiaddr& a, const Multiaddr& b) noexcept { return a.bytes_ <=> b.bytes_; }

 private:
  [[nodiscard]] Result<> add(AddrComponent component);

  Bytes bytes_;
  std::vector<AddrComponent> components_;
};

}  // namespace libp2p
