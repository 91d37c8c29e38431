// A stream that counts in the accounts for as long as it lives.
#pragma once

#include <memory>

#include "libp2p/io/stream.hpp"
#include "libp2p/swarm/resources.hpp"

namespace libp2p::swarm {

[[nodiscard]] StreamPtr account_stream(StreamPtr stream, std::shared_ptr<StreamAccount> account);

}  // namespace libp2p::swarm
