#include "libp2p/io/framing.hpp"

#include <algorithm>
#include <array>

#include "libp2p/base/varint.hpp"

namespace libp2p {

Task<Result<>> read_exact(Stream& stream, MutableBytes out) {
  std::size_t have = 0;
  while (have < out.size()) {
    LIBP2P_CO_TRY(const std::size_t got, co_await stream.read_some(out.subspan(have)));
    if (got == 0) {
      if (have == 0) co_return fail(Errc::closed, "the other side closed the stream");
      co_return fail(Errc::protocol, "the other side closed the stream in the middle of a message");
    }
    have += got;
  }
  co_return Result<>{};
}

Task<Result<std::uint64_t>> read_varint(Stream& stream) {
  std::array<std::uint8_t, 10> bytes{};
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    auto got = co_await read_exact(stream, MutableBytes(bytes).subspan(size - 1, 1));
    if (!got && got.error().code == Errc::closed && size > 1) {
      co_return fail(Errc::protocol, "the other side closed the stream in the middle of a varint");
    }
    if (!got) co_return std::unexpected(std::move(got).error());
    if ((bytes[size - 1] & 0x80) != 0) continue;
    LIBP2P_CO_TRY(const DecodedVarint decoded, decode_varint(BytesView(bytes).first(size)));
    co_return decoded.value;
  }
  co_return fail(Errc::parse, "varint beyond 64 bits");
}

Task<Result<Bytes>> read_length_prefixed(Stream& stream, std::size_t max_bytes) {
  constexpr std::size_t step = 64UZ * 1024;
  LIBP2P_CO_TRY(const std::uint64_t size, co_await read_varint(stream));
  if (size > max_bytes) {
    co_return fail(Errc::limit, "a message of " + std::to_string(size) + " bytes, at most " +
                                    std::to_string(max_bytes) + " allowed");
  }
  Bytes message;
  while (message.size() < size) {
    const std::size_t have = message.size();
    message.resize(std::min<std::size_t>(static_cast<std::size_t>(size), have + step));
    auto got = co_await read_exact(stream, MutableBytes(message).subspan(have));
    if (!got && got.error().code == Errc::closed) {
      co_return fail(Errc::protocol, "the other side closed the stream in the middle of a message");
    }
    if (!got) co_return std::unexpected(std::move(got).error());
  }
  co_return message;
}

Task<Result<>> write_length_prefixed(Stream& stream, BytesView message) {
  Bytes framed;
  framed.reserve(message.size() + varint_size(message.size()));
  append_varint(framed, message.size());
  append(framed, message);
  co_return co_await stream.write(framed);
}

Task<Result<Bytes>> read_to_end(Stream& stream, std::size_t max_bytes) {
  Bytes all;
  std::array<std::uint8_t, 4096> chunk{};
  for (;;) {
    LIBP2P_CO_TRY(const std::size_t got, co_await stream.read_some(chunk));
    if (got == 0) co_return all;
    if (all.size() + got > max_bytes) {
      co_return fail(Errc::limit, "more than " + std::to_string(max_bytes) + " bytes on the stream");
    }
    append(all, BytesView(chunk).first(got));
  }
}

Task<Result<>> close_gracefully(Stream& stream, std::size_t max_bytes) {
  LIBP2P_CO_CHECK(co_await stream.close_write());
  std::array<std::uint8_t, 1024> ignored{};
  for (std::size_t seen = 0; seen <= max_bytes;) {
    LIBP2P_CO_TRY(const std::size_t got, co_await stream.read_some(ignored));
    if (got == 0) co_return Result<>{};
    seen += got;
  }
  stream.reset();
  co_return fail(Errc::limit, "the other side keeps sending on a stream that is being closed");
}

}  // namespace libp2p
