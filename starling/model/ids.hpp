// The identifiers of the control plane. All are SHA-256 digests of canonical bytes.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace starling {

using libp2p::Bytes;
using libp2p::BytesView;
using libp2p::Errc;
using libp2p::Error;
using libp2p::fail;
using libp2p::Result;

// 32 bytes; ordered bytewise. `Tag` keeps a record's id from being passed where a revision's is meant.
template <class Tag>
struct Digest {
  static constexpr std::size_t size = 32;
  std::array<std::uint8_t, size> bytes{};

  [[nodiscard]] static Result<Digest> from_bytes(BytesView view) {
    if (view.size() != size)
      return fail(Errc::parse, "an id has 32 bytes, not " + std::to_string(view.size()));
    Digest digest;
    std::copy(view.begin(), view.end(), digest.bytes.begin());
    return digest;
  }
  [[nodiscard]] bool is_zero() const noexcept { return bytes == std::array<std::uint8_t, size>{}; }
  [[nodiscard]] BytesView view() const noexcept { return bytes; }
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

using RecordId = Digest<struct RecordTag>;      // of a record's payload; shown as a CID (bafkr…, raw codec)
using FleetId = RecordId;                       // that of the genesis record
using RevisionId = Digest<struct RevisionTag>;  // of (merge level, desired document, secret versions)
using GenerationId = Digest<struct GenerationTag>;  // of what one node is given to run

// CIDv1, raw codec, sha2-256, base32: "bafkrei…".
[[nodiscard]] std::string to_cid(const RecordId& id);
// The CID form or 64 hexadecimal digits. Errors: parse.
[[nodiscard]] Result<RecordId> parse_record_id(std::string_view text);

template <class Tag>
[[nodiscard]] std::string to_hex(const Digest<Tag>& id) {
  return libp2p::to_hex(id.view());
}

}  // namespace starling
