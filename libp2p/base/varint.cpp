#include "libp2p/base/varint.hpp"

namespace libp2p {

void append_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

std::size_t varint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

Result<DecodedVarint> decode_varint(BytesView in) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::uint8_t byte = in[i];
    if (i == 9 && byte > 1) return fail(Errc::parse, "varint beyond 64 bits");
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      if (byte == 0 && i > 0) return fail(Errc::parse, "varint longer than its value needs");
      return DecodedVarint{value, i + 1};
    }
  }
  return fail(Errc::parse, "varint cut short");
}

}  // namespace libp2p
