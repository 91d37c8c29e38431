#include "libp2p/transport/websocket/frame.hpp"

#include <cstring>

namespace libp2p::websocket {
namespace {

constexpr std::size_t longest_short = 125;
constexpr std::uint8_t two_byte_length = 126;
constexpr std::uint8_t eight_byte_length = 127;
constexpr std::uint8_t final_frame = 0x80;
constexpr std::uint8_t mask_flag = 0x80;

std::uint64_t load(const std::uint8_t* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

void store(std::uint64_t word, std::uint8_t* to) noexcept { std::memcpy(to, &word, sizeof word); }

}  // namespace

std::size_t header_size(std::size_t payload_size, bool masked) noexcept {
  const std::size_t length = payload_size <= longest_short ? 0 : payload_size <= 0xffff ? 2 : 8;
  return 2 + length + (masked ? sizeof(MaskKey) : 0);
}

void write_frame(Opcode opcode, BytesView payload, const std::optional<MaskKey>& key,
                 std::uint8_t* out) noexcept {
  const std::uint8_t mask = key ? mask_flag : 0;
  *out++ = static_cast<std::uint8_t>(final_frame | static_cast<std::uint8_t>(opcode));
  if (payload.size() <= longest_short) {
    *out++ = static_cast<std::uint8_t>(mask | payload.size());
  } else if (payload.size() <= 0xffff) {
    *out++ = mask | two_byte_length;
    store_be(static_cast<std::uint16_t>(payload.size()), out);
    out += sizeof(std::uint16_t);
  } else {
    *out++ = mask | eight_byte_length;
    store_be(static_cast<std::uint64_t>(payload.size()), out);
    out += sizeof(std::uint64_t);
  }
  if (key) {
    std::memcpy(out, key->data(), key->size());
    copy_masked(payload.data(), out + key->size(), payload.size(), *key, 0);
  } else if (!payload.empty()) {
    std::memcpy(out, payload.data(), payload.size());
  }
}

void copy_masked(const std::uint8_t* from, std::uint8_t* to, std::size_t size, const MaskKey& key,
                 std::uint64_t offset) noexcept {
  std::array<std::uint8_t, sizeof(std::uint64_t)> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % key.size()];
  const std::uint64_t word = load(turned.data());
  // All that a step reads is read before it writes, so that an overlap is harmless; four words make it one
  // that compilers turn into vector instructions.
  while (size >= 4 * sizeof word) {
    const std::uint64_t a = load(from) ^ word;
    const std::uint64_t b = load(from + 8) ^ word;
    const std::uint64_t c = load(from + 16) ^ word;
    const std::uint64_t d = load(from + 24) ^ word;
    store(a, to);
    store(b, to + 8);
    store(c, to + 16);
    store(d, to + 24);
    from += 4 * sizeof word;
    to += 4 * sizeof word;
    size -= 4 * sizeof word;
  }
  for (std::size_t i = 0; i < size; ++i)
    to[i] = static_cast<std::uint8_t>(from[i] ^ turned[i % turned.size()]);
}

}  // namespace libp2p::websocket
