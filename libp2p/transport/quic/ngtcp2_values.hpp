// Our values and those of ngtcp2. Seen only by the files that call it.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <chrono>
#include <cstring>

#include "libp2p/transport/quic/ngtcp2_packets.hpp"

namespace libp2p::quic {

// A virtual clock begins at zero, from which ngtcp2 would subtract.
inline constexpr Duration clock_offset = std::chrono::hours(1);

[[nodiscard]] inline ngtcp2_tstamp to_native(Instant now) noexcept {
  return static_cast<ngtcp2_tstamp>((now.time_since_epoch() + clock_offset).count());
}
[[nodiscard]] inline Instant instant_from_native(ngtcp2_tstamp time) noexcept {
  return Instant(Duration(static_cast<Duration::rep>(time)) - clock_offset);
}

[[nodiscard]] inline ngtcp2_cid to_native(const ConnectionId& id) noexcept {
  ngtcp2_cid native{};
  ngtcp2_cid_init(&native, id.bytes.data(), id.size);
  return native;
}
[[nodiscard]] inline ConnectionId from_native(const ngtcp2_cid& id) {
  return ConnectionId(BytesView(id.data, id.datalen));
}

// ngtcp2 writes through neither; what it is given must outlive the call.
[[nodiscard]] inline ngtcp2_path to_native(const Path& path) noexcept {
  return {
      .local = {const_cast<sockaddr*>(path.local.data()), static_cast<ngtcp2_socklen>(path.local.size())},
      .remote = {const_cast<sockaddr*>(path.remote.data()), static_cast<ngtcp2_socklen>(path.remote.size())},
      .user_data = nullptr};
}
[[nodiscard]] inline Address from_native(const ngtcp2_addr& address) {
  Address out;
  std::memcpy(out.data(), address.addr, std::min<std::size_t>(address.addrlen, out.capacity()));
  out.resize(address.addrlen);
  return out;
}
[[nodiscard]] inline Path from_native(const ngtcp2_path& path) {
  return {from_native(path.local), from_native(path.remote)};
}

}  // namespace libp2p::quic
