// A stream of a connection that isn't admitted fully: what comes in on it is counted.
#pragma once

#include "libp2p/swarm/connection.hpp"

namespace libp2p::swarm {

// While the connection is restricted, what is read counts towards config.restricted_max_bytes of the
// connection; beyond it the read fails with Errc::limit and the connection is closed. After promotion nothing
// is counted.
[[nodiscard]] StreamPtr meter_stream(StreamPtr stream, ConnectionPtr connection, std::size_t max_bytes);

}  // namespace libp2p::swarm
