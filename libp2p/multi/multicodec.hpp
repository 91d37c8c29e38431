// The entries of the multicodec table that are used here, by code and by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace libp2p {

enum class Multicodec : std::uint64_t {
  identity = 0x00,
  cidv1 = 0x01,
  sha1 = 0x11,
  sha2_256 = 0x12,
  sha2_512 = 0x13,
  sha3_512 = 0x14,
  sha3_384 = 0x15,
  sha3_256 = 0x16,
  sha2_384 = 0x20,
  raw = 0x55,
  dag_pb = 0x70,
  dag_cbor = 0x71,
  libp2p_key = 0x72,
  dag_json = 0x0129,
  json = 0x0200,
  libp2p_peer_record = 0x0301,
  libp2p_relay_rsvp = 0x0302,
  blake2b_256 = 0xb220,
};

// Nothing for a code or name that is not used here; the table itself has many more.
[[nodiscard]] std::optional<std::string_view> multicodec_name(std::uint64_t code) noexcept;
[[nodiscard]] std::optional<Multicodec> multicodec_of_name(std::string_view name) noexcept;

}  // namespace libp2p
