#include "libp2p/multi/multihash.hpp"

#include <optional>

#include "libp2p/base/varint.hpp"

namespace libp2p {
namespace {

// Bytes of a digest, for the functions that give a fixed number.
std::optional<std::size_t> digest_size(std::uint64_t code) noexcept {
  switch (static_cast<Multicodec>(code)) {
    case Multicodec::sha1:
      return 20;
    case Multicodec::sha2_256:
    case Multicodec::sha3_256:
    case Multicodec::blake2b_256:
      return 32;
    case Multicodec::sha2_384:
    case Multicodec::sha3_384:
      return 48;
    case Multicodec::sha2_512:
    case Multicodec::sha3_512:
      return 64;
    default:
      return std::nullopt;
  }
}

Bytes encode(std::uint64_t code, BytesView digest) {
  Bytes out;
  out.reserve(varint_size(code) + varint_size(digest.size()) + digest.size());
  append_varint(out, code);
  append_varint(out, digest.size());
  append(out, digest);
  return out;
}

}  // namespace

Result<Multihash> Multihash::from_bytes(BytesView bytes) {
  LIBP2P_TRY(const DecodedVarint code, decode_varint(bytes));
  bytes = bytes.subspan(code.size);
  LIBP2P_TRY(const DecodedVarint size, decode_varint(bytes));
  bytes = bytes.subspan(size.size);
  if (size.value > max_digest) return fail(Errc::limit, "a digest of more than 128 bytes");
  if (size.value != bytes.size()) {
    return fail(Errc::parse, "a multihash that claims " + std::to_string(size.value) +
                                 " bytes of digest and holds " + std::to_string(bytes.size()));
  }
  if (const auto expected = digest_size(code.value); expected && *expected != bytes.size()) {
    return fail(Errc::parse, "a multihash of " + std::string(multicodec_name(code.value).value_or("?")) +
                                 " with " + std::to_string(bytes.size()) + " bytes of digest");
  }
  return Multihash{code.value, libp2p::to_bytes(bytes)};
}

bool Multihash::is_known() const noexcept { return digest_size(code).has_value(); }

Bytes Multihash::to_bytes() const { return encode(code, digest); }

Bytes encode_multihash(Multicodec function, BytesView digest) {
  return encode(static_cast<std::uint64_t>(function), digest);
}

}  // namespace libp2p
