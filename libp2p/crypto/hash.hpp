// Hash functions and what is built of them. All from OpenSSL.
#pragma once

#include <array>
#include <cstdint>

#include "libp2p/base/bytes.hpp"

namespace libp2p {

using Sha256Digest = std::array<std::uint8_t, 32>;
using Sha512Digest = std::array<std::uint8_t, 64>;

[[nodiscard]] Sha256Digest sha256(BytesView data);
[[nodiscard]] Sha512Digest sha512(BytesView data);
[[nodiscard]] Sha256Digest hmac_sha256(BytesView key, BytesView data);

}  // namespace libp2p
