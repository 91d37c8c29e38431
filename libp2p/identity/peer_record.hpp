// Signed peer records: addresses that a peer vouches for (RFC/0003-routing-records.md, in its deployed form).
#pragma once

#include <cstdint>
#include <vector>

#include "libp2p/identity/peer_id.hpp"
#include "libp2p/identity/signed_envelope.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

struct PeerRecord {
  PeerId peer;
  std::uint64_t seq{};
  std::vector<Multiaddr> addresses;

  enum class Form { standard, legacy };  // go, js and nim send the first; rust the second, too

  // Signed by `key`, whose peer id must be `peer`.
  [[nodiscard]] Result<Bytes> seal(const PrivateKey& key, Form form = Form::standard) const;
  // Accepts both forms. The signer must be the peer that the record names (RUSTSEC-2022-0009). Addresses that can't be
  // parsed are left out, the first 64 kept. Errors: parse, crypto, limit.
  [[nodiscard]] static Result<PeerRecord> open(BytesView envelope);
};

}  // namespace libp2p
