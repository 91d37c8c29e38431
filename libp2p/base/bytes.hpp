// Byte strings, and the few ways they are written and compared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/base/result.hpp"

namespace libp2p {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

[[nodiscard]] inline BytesView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(BytesView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
[[nodiscard]] inline Bytes to_bytes(BytesView bytes) { return {bytes.begin(), bytes.end()}; }
[[nodiscard]] inline Bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }

inline void append(Bytes& to, BytesView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(BytesView bytes);
// Accepts either case; errors: parse (odd length, another character; the offset is named).
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

[[nodiscard]] bool equal(BytesView a, BytesView b) noexcept;
// Takes the same time whatever the contents; only the lengths may leak.
[[nodiscard]] bool equal_constant_time(BytesView a, BytesView b) noexcept;

// Text from outside made safe for terminals and logs: control and non-ASCII bytes as \xNN, at most `limit`
// characters.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 128);

template <class UInt>
void store_be(UInt value, std::uint8_t* out) noexcept {
  for (std::size_t i = 0; i < sizeof(UInt); ++i) {
    out[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(UInt) - 1 - i)));
  }
}
template <class UInt>
[[nodiscard]] UInt load_be(const std::uint8_t* in) noexcept {
  UInt value = 0;
  for (std::size_t i = 0; i < sizeof(UInt); ++i)
    value = static_cast<UInt>((static_cast<std::uint64_t>(value) << 8) | in[i]);
  return value;
}
template <class UInt>
[[nodiscard]] UInt load_le(const std::uint8_t* in) noexcept {
  UInt value = 0;
  for (std::size_t i = sizeof(UInt); i-- > 0;)
    value = static_cast<UInt>((static_cast<std::uint64_t>(value) << 8) | in[i]);
  return value;
}

}  // namespace libp2p
