#include "starling/model/utf8.hpp"

#include <cstdint>

namespace starling {

namespace {

struct Lead {
  std::size_t length;  // of the whole sequence; 0 when the byte can't open one
  // Bounds of the second byte: they exclude overlong forms, surrogates and what is beyond U+10FFFF.
  std::uint8_t least;
  std::uint8_t most;
};

Lead classify(std::uint8_t byte) noexcept {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Scan scan_utf8(std::string_view text) noexcept {
  Utf8Scan scan;
  while (scan.valid_bytes < text.size()) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[scan.valid_bytes + i]); };
    const Lead lead = classify(byte(0));
    if (lead.length == 0 || text.size() - scan.valid_bytes < lead.length) return scan;
    if (lead.length > 1 && (byte(1) < lead.least || byte(1) > lead.most)) return scan;
    for (std::size_t i = 2; i < lead.length; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return scan;
    }
    scan.valid_bytes += lead.length;
    ++scan.characters;
  }
  return scan;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace starling
