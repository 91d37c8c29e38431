// Bytes as text that names its own alphabet (multiformats: multibase). The bases that libp2p meets.
#pragma once

#include <string>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

// Each value is the prefix that stands for the base.
enum class Multibase : char {
  base16 = 'f',
  base16_upper = 'F',
  base32 = 'b',
  base32_upper = 'B',
  base36 = 'k',
  base36_upper = 'K',
  base58btc = 'z',
  base64 = 'm',
  base64_pad = 'M',
  base64url = 'u',
  base64url_pad = 'U',
};

// Base 58 and base 36 take time that grows with the square of the length, so longer texts in them are
// refused.
inline constexpr std::size_t max_radix_text = 128;

struct MultibaseText {
  Multibase base{};
  Bytes bytes;
};

// With the prefix.
[[nodiscard]] std::string multibase_encode(Multibase base, BytesView bytes);
// Either case in bases 16, 32 and 36, as the specification asks. Errors: parse (an unknown prefix, another
// character, bits left over that are not zero, missing padding), limit.
[[nodiscard]] Result<MultibaseText> multibase_decode(std::string_view text);

// Without a prefix, as in peer ids. Errors: parse, limit.
[[nodiscard]] std::string base58btc_encode(BytesView bytes);
[[nodiscard]] Result<Bytes> base58btc_decode(std::string_view text);

}  // namespace libp2p
