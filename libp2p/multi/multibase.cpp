#include "libp2p/multi/multibase.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace libp2p {
namespace {

struct Alphabet {
  Multibase base;
  std::string_view digits;
  unsigned bits;  // a digit; 0 where the number of digits is no power of two
  bool either_case;
  bool padded;
};

constexpr std::string_view digits16 = "0123456789abcdef";
constexpr std::string_view digits16_upper = "0123456789ABCDEF";
constexpr std::string_view digits32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view digits32_upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view digits36 = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits36_upper = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view digits58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view digits64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view digits64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<Alphabet, 11> alphabets = {{
    {Multibase::base16, digits16, 4, true, false},
    {Multibase::base16_upper, digits16_upper, 4, true, false},
    {Multibase::base32, digits32, 5, true, false},
    {Multibase::base32_upper, digits32_upper, 5, true, false},
    {Multibase::base36, digits36, 0, true, false},
    {Multibase::base36_upper, digits36_upper, 0, true, false},
    {Multibase::base58btc, digits58, 0, false, false},
    {Multibase::base64, digits64, 6, false, false},
    {Multibase::base64_pad, digits64, 6, false, true},
    {Multibase::base64url, digits64url, 6, false, false},
    {Multibase::base64url_pad, digits64url, 6, false, true},
}};

const Alphabet* find_alphabet(char prefix) noexcept {
  const auto* found =
      std::ranges::find_if(alphabets, [&](const Alphabet& a) { return static_cast<char>(a.base) == prefix; });
  return found == alphabets.end() ? nullptr : found;
}

// The value of a digit, or nothing. Alphabets with either case hold each letter in one case only.
std::optional<unsigned> digit_value(const Alphabet& alphabet, char c) noexcept {
  auto at = alphabet.digits.find(c);
  if (at == std::string_view::npos && alphabet.either_case) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool upper = c >= 'A' && c <= 'Z';
    if (lower || upper) at = alphabet.digits.find(static_cast<char>(c ^ 0x20));
  }
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

std::unexpected<Error> bad_digit(std::size_t offset) {
  return fail(Errc::parse, "a character outside the alphabet at offset " + std::to_string(offset));
}

std::string encode_bits(const Alphabet& alphabet, BytesView bytes) {
  std::string text;
  text.reserve((bytes.size() * 8 + alphabet.bits - 1) / alphabet.bits);
  const unsigned mask = (1U << alphabet.bits) - 1;
  unsigned pending = 0;
  unsigned have = 0;
  for (const std::uint8_t byte : bytes) {
    pending = (pending << 8) | byte;
    have += 8;
    while (have >= alphabet.bits) {
      have -= alphabet.bits;
      text.push_back(alphabet.digits[(pending >> have) & mask]);
    }
    pending &= (1U << have) - 1;
  }
  if (have > 0) text.push_back(alphabet.digits[(pending << (alphabet.bits - have)) & mask]);
  while (alphabet.padded && text.size() % 4 != 0) text.push_back('=');
  return text;
}

Result<Bytes> decode_bits(const Alphabet& alphabet, std::string_view text) {
  if (alphabet.padded) {
    if (text.size() % 4 != 0) return fail(Errc::parse, "base64 text without its padding");
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  }
  Bytes bytes;
  bytes.reserve(text.size() * alphabet.bits / 8);
  unsigned pending = 0;
  unsigned have = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto value = digit_value(alphabet, text[i]);
    if (!value) return bad_digit(i);
    pending = (pending << alphabet.bits) | *value;
    have += alphabet.bits;
    if (have < 8) continue;
    have -= 8;
    bytes.push_back(static_cast<std::uint8_t>(pending >> have));
    pending &= (1U << have) - 1;
  }
  if (have >= alphabet.bits || pending != 0)
    return fail(Errc::parse, "text that ends in the middle of a byte");
  return bytes;
}

// Zero bytes in front have no weight in a number; each is written as one zero digit.
std::string encode_radix(const Alphabet& alphabet, BytesView bytes) {
  const auto radix = static_cast<unsigned>(alphabet.digits.size());
  const auto zeros =
      static_cast<std::size_t>(std::ranges::find_if(bytes, [](auto b) { return b != 0; }) - bytes.begin());
  Bytes number;  // digits, least first
  for (const std::uint8_t byte : bytes.subspan(zeros)) {
    unsigned carry = byte;
    for (std::uint8_t& digit : number) {
      carry += static_cast<unsigned>(digit) << 8;
      digit = static_cast<std::uint8_t>(carry % radix);
      carry /= radix;
    }
    for (; carry > 0; carry /= radix) number.push_back(static_cast<std::uint8_t>(carry % radix));
  }
  std::string text(zeros, alphabet.digits[0]);
  for (auto digit = number.rbegin(); digit != number.rend(); ++digit) text.push_back(alphabet.digits[*digit]);
  return text;
}

Result<Bytes> decode_radix(const Alphabet& alphabet, std::string_view text) {
  if (text.size() > max_radix_text) {
    return fail(Errc::limit, "text of " + std::to_string(text.size()) + " characters, at most 128 allowed");
  }
  const auto radix = static_cast<unsigned>(alphabet.digits.size());
  const std::size_t zeros = std::min(text.find_first_not_of(alphabet.digits[0]), text.size());
  Bytes number;  // bytes, least first
  for (std::size_t i = zeros; i < text.size(); ++i) {
    const auto value = digit_value(alphabet, text[i]);
    if (!value) return bad_digit(i);
    unsigned carry = *value;
    for (std::uint8_t& byte : number) {
      carry += byte * radix;
      byte = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    if (carry > 0) number.push_back(static_cast<std::uint8_t>(carry));
  }
  Bytes bytes(zeros);
  bytes.insert(bytes.end(), number.rbegin(), number.rend());
  return bytes;
}

std::string encode_digits(const Alphabet& alphabet, BytesView bytes) {
  return alphabet.bits == 0 ? encode_radix(alphabet, bytes) : encode_bits(alphabet, bytes);
}

Result<Bytes> decode_digits(const Alphabet& alphabet, std::string_view text) {
  return alphabet.bits == 0 ? decode_radix(alphabet, text) : decode_bits(alphabet, text);
}

}  // namespace

std::string multibase_encode(Multibase base, BytesView bytes) {
  const auto prefix = static_cast<char>(base);
  return prefix + encode_digits(*find_alphabet(prefix), bytes);
}

Result<MultibaseText> multibase_decode(std::string_view text) {
  const Alphabet* alphabet = text.empty() ? nullptr : find_alphabet(text.front());
  if (alphabet == nullptr) return fail(Errc::parse, "no multibase prefix that is known");
  LIBP2P_TRY(Bytes bytes, decode_digits(*alphabet, text.substr(1)));
  return MultibaseText{alphabet->base, std::move(bytes)};
}

std::string base58btc_encode(BytesView bytes) {
  return encode_digits(*find_alphabet(static_cast<char>(Multibase::base58btc)), bytes);
}

Result<Bytes> base58btc_decode(std::string_view text) {
  return decode_digits(*find_alphabet(static_cast<char>(Multibase::base58btc)), text);
}

}  // namespace libp2p
