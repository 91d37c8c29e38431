// A connection inside a private network: what goes over it can't be told from noise without the key.
#pragma once

#include <string>

#include "libp2p/base/env.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/security/pnet/psk.hpp"

namespace libp2p::pnet {

// Each side sends 24 random bytes and, under the key and these, all that it writes. They go out together with
// the first write, or alone when a read comes before it: some implementations say nothing before they have
// them. So no round trip is spent.
//
// The cipher notices nothing by itself: under another key all is noise. `expected_first` is what every honest
// side begins with. Where the first bytes are something else, reads fail with crypto and a message that says
// so, and the stream is reset; so they do where those bytes come in the clear, from a side that is in no
// private network. A side that is cut off before its first byte most likely thought the same of us: that
// message says so as well. Writing takes a buffer of at most 64 KiB, for as long as it lasts.
[[nodiscard]] StreamPtr make_private_stream(Env env, StreamPtr stream, const PreSharedKey& key,
                                            std::string expected_first);

}  // namespace libp2p::pnet
