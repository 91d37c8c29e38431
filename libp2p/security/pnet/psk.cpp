#include "libp2p/security/pnet/psk.hpp"

#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>
#include <optional>

#include "libp2p/crypto/openssl.hpp"
#include "libp2p/multi/multibase.hpp"

namespace libp2p {
namespace {

constexpr std::string_view format_line = "/key/swarm/psk/1.0.0/";
constexpr std::string_view base16_line = "/base16/";
constexpr std::string_view base64_line = "/base64/";
constexpr std::string_view bin_line = "/bin/";

constexpr std::size_t hex_digits = 2 * PreSharedKey::key_bytes;
constexpr std::size_t base64_characters = (PreSharedKey::key_bytes + 2) / 3 * 4;

std::unexpected<Error> bad_file(const std::string& what) { return fail(Errc::parse, "swarm key: " + what); }

// Takes a line off the front of `rest`; nothing, when no line ends there.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_trailing_space(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_base64_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/' ||
         c == '=';
}

// The third line, of `length` characters that all are `digit`s.
Result<> check_digits(std::string_view text, std::size_t length, bool (*digit)(char), const char* what) {
  const auto foreign = std::ranges::find_if_not(text, digit);
  if (foreign != text.end()) {
    return bad_file("line 3, character " + std::to_string(foreign - text.begin() + 1) + ", is no " + what +
                    " digit");
  }
  if (text.size() != length) {
    return bad_file("line 3 has " + std::to_string(text.size()) + " " + what + " digits, a key has " +
                    std::to_string(length));
  }
  return {};
}

Result<PreSharedKey> from_base16(std::string_view rest) {
  const std::string_view text = without_trailing_space(rest);
  LIBP2P_CHECK(check_digits(text, hex_digits, is_hex_digit, "hexadecimal"));
  LIBP2P_TRY(const Bytes bytes, from_hex(text));
  return PreSharedKey::from_bytes(bytes);
}

Result<PreSharedKey> from_base64(std::string_view rest) {
  const std::string_view text = without_trailing_space(rest);
  LIBP2P_CHECK(check_digits(text, base64_characters, is_base64_digit, "base 64"));
  const auto decoded = multibase_decode(static_cast<char>(Multibase::base64_pad) + std::string(text));
  if (!decoded) return bad_file("line 3 is not the base 64 of a key: its end is wrong");
  return PreSharedKey::from_bytes(decoded->bytes);
}

Result<PreSharedKey> from_bin(std::string_view rest) {
  std::string_view key = rest;
  // An editor's line end is no part of it.
  if (key.size() == PreSharedKey::key_bytes + 2 && key.ends_with("\r\n")) key.remove_suffix(2);
  if (key.size() == PreSharedKey::key_bytes + 1 && key.ends_with('\n')) key.remove_suffix(1);
  if (key.size() != PreSharedKey::key_bytes) {
    return bad_file(std::to_string(key.size()) + " bytes after line 2, a key has " +
                    std::to_string(PreSharedKey::key_bytes));
  }
  return PreSharedKey::from_bytes(as_bytes(key));
}

}  // namespace

PreSharedKey PreSharedKey::generate(Random& random) {
  PreSharedKey key;
  random.fill(key.bytes_);
  return key;
}

Result<PreSharedKey> PreSharedKey::from_bytes(BytesView bytes) {
  PreSharedKey key;
  if (bytes.size() != key.bytes_.size()) {
    return fail(Errc::parse, "the key of a private network has " + std::to_string(key_bytes) +
                                 " bytes, not " + std::to_string(bytes.size()));
  }
  std::ranges::copy(bytes, key.bytes_.begin());
  return key;
}

Result<PreSharedKey> PreSharedKey::from_file(BytesView contents) {
  if (contents.size() > max_file_bytes) {
    return fail(Errc::limit, "swarm key: " + std::to_string(contents.size()) + " bytes, at most " +
                                 std::to_string(max_file_bytes));
  }
  std::string_view rest = as_text(contents);
  if (take_line(rest) != format_line) return bad_file("line 1 is not " + std::string(format_line));
  const auto encoding = take_line(rest);
  if (encoding == base16_line) return from_base16(rest);
  if (encoding == base64_line) return from_base64(rest);
  if (encoding == bin_line) return from_bin(rest);
  return bad_file("line 2 is none of /base16/, /base64/ and /bin/");
}

Bytes PreSharedKey::to_file(Encoding encoding) const {
  Bytes file;
  const auto add_line = [&file](std::string_view line) {
    append(file, as_bytes(line));
    file.push_back('\n');
  };
  add_line(format_line);
  switch (encoding) {
    case Encoding::base16:
      add_line(base16_line);
      add_line(to_hex(bytes_));
      break;
    case Encoding::base64:
      add_line(base64_line);
      add_line(std::string_view(multibase_encode(Multibase::base64_pad, bytes_)).substr(1));
      break;
    case Encoding::bin:
      add_line(bin_line);
      append(file, bytes_);
      break;
  }
  return file;
}

// The key itself never goes into a hash whose output is shown: what is hashed is 64 bytes of a Salsa20 stream
// under a nonce that no connection can have, as those have 24 bytes.
std::string PreSharedKey::fingerprint() const {
  constexpr std::array<std::uint8_t, crypto_stream_salsa20_NONCEBYTES> nonce{'f', 'i', 'n', 'p',
                                                                             'r', 'i', 'n', 't'};
  std::array<std::uint8_t, 64> stream{};
  openssl::require(crypto_stream_salsa20(stream.data(), stream.size(), nonce.data(), bytes_.data()) == 0,
                   "crypto_stream_salsa20");
  std::array<std::uint8_t, 16> digest{};
  const openssl::DigestContext context(EVP_MD_CTX_new());
  openssl::require(context != nullptr && EVP_DigestInit_ex(context.get(), EVP_shake128(), nullptr) == 1 &&
                       EVP_DigestUpdate(context.get(), stream.data(), stream.size()) == 1 &&
                       EVP_DigestFinalXOF(context.get(), digest.data(), digest.size()) == 1,
                   "SHAKE128");
  return to_hex(digest);
}

}  // namespace libp2p
