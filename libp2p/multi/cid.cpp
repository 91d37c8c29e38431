#include "libp2p/multi/cid.hpp"

#include "libp2p/base/varint.hpp"

namespace libp2p {
namespace {

constexpr std::size_t v0_bytes = 34;
constexpr std::size_t v0_text = 46;

}  // namespace

Cid Cid::v1(Multicodec codec, Multihash hash) {
  return {Version::v1, static_cast<std::uint64_t>(codec), std::move(hash)};
}

Result<Cid> Cid::from_bytes(BytesView bytes) {
  // The first byte of a version 0 is that of its hash function, which no version number will ever have.
  if (bytes.size() == v0_bytes && bytes[0] == static_cast<std::uint8_t>(Multicodec::sha2_256)) {
    LIBP2P_TRY(Multihash hash, Multihash::from_bytes(bytes));
    return Cid(Version::v0, static_cast<std::uint64_t>(Multicodec::dag_pb), std::move(hash));
  }
  LIBP2P_TRY(const DecodedVarint version, decode_varint(bytes));
  if (version.value != static_cast<std::uint64_t>(Version::v1)) {
    return fail(Errc::parse, "a CID of version " + std::to_string(version.value));
  }
  bytes = bytes.subspan(version.size);
  LIBP2P_TRY(const DecodedVarint codec, decode_varint(bytes));
  LIBP2P_TRY(Multihash hash, Multihash::from_bytes(bytes.subspan(codec.size)));
  return Cid(Version::v1, codec.value, std::move(hash));
}

Result<Cid> Cid::parse(std::string_view text) {
  if (text.size() == v0_text && text.starts_with("Qm")) {
    LIBP2P_TRY(const Bytes bytes, base58btc_decode(text));
    return from_bytes(bytes);
  }
  LIBP2P_TRY(const MultibaseText decoded, multibase_decode(text));
  LIBP2P_TRY(Cid cid, from_bytes(decoded.bytes));
  if (cid.version_ == Version::v0) return fail(Errc::parse, "a CID of version 0 behind a multibase prefix");
  return cid;
}

Bytes Cid::to_bytes() const {
  Bytes out;
  if (version_ == Version::v1) {
    append_varint(out, static_cast<std::uint64_t>(version_));
    append_varint(out, codec_);
  }
  append(out, hash_.to_bytes());
  return out;
}

std::string Cid::to_string(Multibase base) const {
  return version_ == Version::v0 ? base58btc_encode(to_bytes()) : multibase_encode(base, to_bytes());
}

}  // namespace libp2p
