#include "libp2p/multistream/line.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/base/varint.hpp"
#include "libp2p/io/framing.hpp"

namespace libp2p {

std::string multistream_line(std::string_view text) {
  Bytes line;
  append_varint(line, text.size() + 1);
  append(line, as_bytes(text));
  line.push_back('\n');
  return std::string(as_text(line));
}

Task<Result<std::string>> read_multistream_line(Stream& stream, std::size_t max_bytes) {
  LIBP2P_CO_TRY(const Bytes line, co_await read_length_prefixed(stream, max_bytes));
  if (line.empty()) co_return fail(Errc::protocol, "a line of length 0");
  if (line.back() != '\n') {
    co_return fail(Errc::protocol, "a line without a newline: \"" + printable(as_text(line)) + "\"");
  }
  co_return std::string(as_text(line).substr(0, line.size() - 1));
}

bool is_protocol_id(std::string_view text) noexcept {
  const auto is_control = [](char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f; };
  return !text.empty() && std::ranges::none_of(text, is_control) && is_utf8(as_bytes(text));
}

}  // namespace libp2p
