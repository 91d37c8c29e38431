// The byte and text forms of peer ids, as far as addresses need them (peer-ids/peer-ids.md). Whether an
// identity multihash holds a key is for PeerId to say, which knows keys.
#pragma once

#include <string>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"

namespace libp2p {

// Serialized keys of up to this many bytes stand in the id themselves; longer ones are hashed.
inline constexpr std::size_t max_inline_key = 42;

// Accepts an identity multihash of 1 to 42 bytes, and sha2-256. Errors: parse.
[[nodiscard]] Result<> check_peer_multihash(BytesView multihash);
// base58btc ("12D3…", "Qm…"), or a CIDv1 with the libp2p-key codec in any multibase. Errors: parse, limit.
[[nodiscard]] Result<Bytes> parse_peer_multihash(std::string_view text);

}  // namespace libp2p
