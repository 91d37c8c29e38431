// Signed peer records: addresses that a peer vouches for (RFC/0003-routing-records.md, in its deployed form).
#pragma once

#include <cstdint>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/identity/signed_envelope.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

struct PeerRecord {
  static constexpr std::size_t max_addresses = 64;
  // Implementations count seq in seconds, milliseconds or nanoseconds since 1970: what is beyond this is none
  // of them, and would be the last record that its peer can ever issue.
  static constexpr std::uint64_t max_seq = UINT64_MAX / 2;

  PeerId peer;
  std::uint64_t seq{};
  std::vector<Multiaddr> addresses;

  enum class Form { standard, legacy };  // go, js and nim send the first; rust the second, too

  // Signed by `key`, whose peer id must be `peer`. Errors: invalid_argument, crypto.
  [[nodiscard]] Result<Bytes> seal(const PrivateKey& key, Form form = Form::standard) const;
  // Accepts both forms. The signer must be the peer that the record names (RUSTSEC-2022-0009). Addresses that
  // can't be parsed are left out, the first 64 kept. Errors: parse, crypto, limit, and those of
  // PublicKey::from_protobuf.
  [[nodiscard]] static Result<PeerRecord> open(BytesView envelope);
  // The seq for our own next record: above `last`, the highest ever used with this key, and in milliseconds,
  // so that a node that lost its state still issues newer records. Never above max_seq.
  [[nodiscard]] static std::uint64_t next_seq(std::uint64_t last, WallTime now) noexcept;
};

}  // namespace libp2p
