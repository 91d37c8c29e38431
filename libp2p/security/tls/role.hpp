#pragma once

#include <cstdint>

namespace libp2p::tls {

enum class Role : std::uint8_t { client, server };

}  // namespace libp2p::tls
