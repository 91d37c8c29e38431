#include "libp2p/crypto/der.hpp"

#include <cassert>

namespace libp2p::der {
namespace {

constexpr std::size_t long_form = 0x80;

}  // namespace

std::optional<Element> take_element(BytesView& in, std::uint8_t tag) {
  if (in.size() < 2 || in[0] != tag) return std::nullopt;
  std::size_t header = 2;
  std::size_t size = in[1];
  if (size >= long_form) {
    const std::size_t digits = size - long_form;
    if (digits < 1 || digits > 2 || in.size() < header + digits) return std::nullopt;
    size = digits == 1 ? in[2] : load_be<std::uint16_t>(in.data() + 2);
    if (size < (digits == 1 ? long_form : 0x100U)) return std::nullopt;
    header += digits;
  }
  if (size > in.size() - header) return std::nullopt;
  const Element element{in.first(header + size), in.subspan(header, size)};
  in = in.subspan(header + size);
  return element;
}

std::optional<BytesView> take(BytesView& in, std::uint8_t tag) {
  const auto element = take_element(in, tag);
  if (!element) return std::nullopt;
  return element->content;
}

std::optional<BytesView> take_positive(BytesView& in) {
  auto number = take(in, integer);
  if (!number || number->empty() || (*number)[0] >= 0x80) return std::nullopt;
  if ((*number)[0] != 0) return number;
  if (number->size() < 2 || (*number)[1] < 0x80) return std::nullopt;
  return number->subspan(1);
}

std::optional<BytesView> take_bits(BytesView& in) {
  const auto bits = take(in, bit_string);
  // The first byte counts the bits of the last one that don't belong to it.
  if (!bits || bits->empty() || (*bits)[0] != 0) return std::nullopt;
  return bits->subspan(1);
}

Bytes element(std::uint8_t tag, std::initializer_list<BytesView> parts) {
  std::size_t size = 0;
  for (const BytesView part : parts) size += part.size();
  assert(size <= 0xffff);
  Bytes out{tag};
  if (size >= 0x100) {
    append(out, Bytes{long_form + 2, static_cast<std::uint8_t>(size >> 8)});
  } else if (size >= long_form) {
    out.push_back(long_form + 1);
  }
  out.push_back(static_cast<std::uint8_t>(size));
  for (const BytesView part : parts) append(out, part);
  return out;
}

}  // namespace libp2p::der
