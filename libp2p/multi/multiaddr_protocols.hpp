// What a component of a multiaddr may hold, and how it is written. multiaddr.cpp is the only user.
#pragma once

#include <string>
#include <string_view>

#include "libp2p/multi/multiaddr.hpp"

namespace libp2p::detail {

struct AddrProtocolInfo {
  AddrProtocol protocol;
  std::string_view name;
  // Bytes of the value; 0 for protocols without one, `variable` for those that write their length.
  int size;
  // From text to the binary value, which then passes `check`. Null, as the other two, without a value.
  Result<Bytes> (*parse)(std::string_view text);
  // Whether a value of the right size is one that can be written as text and read again. Null where each is.
  Result<> (*check)(BytesView value);
  std::string (*to_text)(BytesView value);

  static constexpr int variable = -1;
};

// Null for a protocol that is not known.
[[nodiscard]] const AddrProtocolInfo* find_addr_protocol(std::uint64_t code) noexcept;
// Knows "ipfs" as the old name of p2p.
[[nodiscard]] const AddrProtocolInfo* find_addr_protocol(std::string_view name) noexcept;

}  // namespace libp2p::detail
