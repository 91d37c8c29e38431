// Unsigned LEB128, as multiformats and protobuf write it.
#pragma once

#include <cstdint>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

struct DecodedVarint {
  std::uint64_t value{};
  std::size_t size{};  // bytes it took, 1 to 10
};

void append_varint(Bytes& out, std::uint64_t value);
[[nodiscard]] std::size_t varint_size(std::uint64_t value) noexcept;

// Reads one from the front. Refuses what is longer than its value needs (multiformats: unsigned-varint), what
// goes beyond 64 bits, and what is cut short. Errors: parse.
[[nodiscard]] Result<DecodedVarint> decode_varint(BytesView in);

}  // namespace libp2p
