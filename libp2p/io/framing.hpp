// Exact reads and length-prefixed messages over any Stream.
#pragma once

#include <cstdint>

#include "libp2p/io/stream.hpp"

namespace libp2p {

// Fills `out`. An end before that is Errc::closed when nothing of it had come, else Errc::protocol.
[[nodiscard]] Task<Result<>> read_exact(Stream& stream, MutableBytes out);

// Reads an unsigned varint byte by byte, so never beyond it. Errors: parse, as decode_varint.
[[nodiscard]] Task<Result<std::uint64_t>> read_varint(Stream& stream);

// Reads a uvarint length and that many bytes. A length above `max_bytes` is Errc::limit, before anything is
// read or allocated for it; the buffer grows with what arrives, not with what is claimed.
[[nodiscard]] Task<Result<Bytes>> read_length_prefixed(Stream& stream, std::size_t max_bytes);
[[nodiscard]] Task<Result<>> write_length_prefixed(Stream& stream, BytesView message);

// Reads to the end. More than `max_bytes` is Errc::limit.
[[nodiscard]] Task<Result<Bytes>> read_to_end(Stream& stream, std::size_t max_bytes);

// Half-closes and waits for the other side's end, throwing away at most `max_bytes` of what still comes.
[[nodiscard]] Task<Result<>> close_gracefully(Stream& stream, std::size_t max_bytes = 64UZ * 1024);

}  // namespace libp2p
