// The lines of multistream-select: a uvarint length, the text, a newline that the length counts.
#pragma once

#include <string>
#include <string_view>

#include "libp2p/io/stream.hpp"

namespace libp2p {

inline constexpr std::string_view multistream_id = "/multistream/1.0.0";
inline constexpr std::string_view multistream_refusal = "na";

// `text` as it goes over the wire.
[[nodiscard]] std::string multistream_line(std::string_view text);

// Reads one line and not a byte beyond it; returns its text without the newline. `max_bytes` bounds the
// length that is claimed, newline included. Errors: closed (at the border of a line), parse, limit, protocol,
// and the stream's own.
[[nodiscard]] Task<Result<std::string>> read_multistream_line(Stream& stream, std::size_t max_bytes);

// Whether `text` can be a protocol id at all: some UTF-8 without control characters.
[[nodiscard]] bool is_protocol_id(std::string_view text) noexcept;

}  // namespace libp2p
