#include "libp2p/yamux/frame.hpp"

#include <string>

namespace libp2p::yamux {

HeaderBytes encode(const Header& header) noexcept {
  HeaderBytes out{};
  out[1] = static_cast<std::uint8_t>(header.type);
  store_be<std::uint16_t>(header.flags.to_wire(), &out[2]);
  store_be<std::uint32_t>(header.stream, &out[4]);
  store_be<std::uint32_t>(header.length, &out[8]);
  return out;
}

Result<Header> decode_header(std::span<const std::uint8_t, header_size> in) {
  if (in[0] != 0) return fail(Errc::protocol, "a frame of Yamux version " + std::to_string(in[0]));
  if (in[1] > static_cast<std::uint8_t>(FrameType::go_away)) {
    return fail(Errc::protocol, "a frame of unknown type " + std::to_string(in[1]));
  }
  Header header{static_cast<FrameType>(in[1]), Flags::from_wire(load_be<std::uint16_t>(&in[2])),
                load_be<std::uint32_t>(&in[4]), load_be<std::uint32_t>(&in[8])};
  const bool of_stream = header.type == FrameType::data || header.type == FrameType::window_update;
  if (of_stream != (header.stream != 0)) {
    return fail(Errc::protocol, of_stream
                                    ? "a stream's frame without a stream id"
                                    : "a session's frame with stream id " + std::to_string(header.stream));
  }
  const bool opens = header.flags.syn() && header.type != FrameType::go_away;
  if (opens && (header.flags.ack() || (of_stream && header.flags.rst()))) {
    return fail(Errc::protocol, "a frame that opens and answers at once (flags " +
                                    std::to_string(header.flags.to_wire()) + ")");
  }
  return header;
}

}  // namespace libp2p::yamux
