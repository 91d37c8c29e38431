// DER (ITU-T X.690), as far as keys and certificates need it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>

#include "libp2p/base/bytes.hpp"

namespace libp2p::der {

inline constexpr std::uint8_t boolean = 0x01;
inline constexpr std::uint8_t integer = 0x02;
inline constexpr std::uint8_t bit_string = 0x03;
inline constexpr std::uint8_t octet_string = 0x04;
inline constexpr std::uint8_t object_identifier = 0x06;
inline constexpr std::uint8_t utf8_string = 0x0c;
inline constexpr std::uint8_t utc_time = 0x17;
inline constexpr std::uint8_t generalized_time = 0x18;
inline constexpr std::uint8_t sequence = 0x30;
inline constexpr std::uint8_t set = 0x31;

// One element: the bytes it is written with, and what is inside of it.
struct Element {
  BytesView whole;
  BytesView content;
};

// Takes one element with that tag off the front, of at most 64 KiB. A length in another than the shortest
// form, an indefinite one, and one beyond what is there are refused, so that each value has one encoding.
[[nodiscard]] std::optional<Element> take_element(BytesView& in, std::uint8_t tag);
// The same, for its content alone.
[[nodiscard]] std::optional<BytesView> take(BytesView& in, std::uint8_t tag);
// An INTEGER above zero, without the zero that keeps it positive.
[[nodiscard]] std::optional<BytesView> take_positive(BytesView& in);
// A BIT STRING of whole bytes.
[[nodiscard]] std::optional<BytesView> take_bits(BytesView& in);

// `parts` one after the other are the content, together less than 64 KiB.
[[nodiscard]] Bytes element(std::uint8_t tag, std::initializer_list<BytesView> parts);

}  // namespace libp2p::der
