// Any bytes and any text as a peer id: all forms of what is accepted name the same peer, and an inline key is
// one.
#include "libp2p/identity/peer_id.hpp"

#include <cstdlib>

#include "libp2p/multi/multiaddr.hpp"

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const PeerId& id) {
  require(!id.empty());
  const auto from_text = PeerId::parse(id.to_string());
  require(from_text && *from_text == id);
  const auto from_cid = PeerId::parse(id.to_cid());
  require(from_cid && *from_cid == id);
  const auto from_bytes = PeerId::from_bytes(id.bytes());
  require(from_bytes && *from_bytes == id);
  require(id.short_string().size() == 8);
  const auto address = Multiaddr::from_bytes(Multiaddr().with_peer(id.bytes()).bytes());
  require(address && address->peer_id_bytes() == id.bytes());
  if (const auto key = id.public_key()) require(id.matches(*key));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  if (const auto id = PeerId::from_bytes(input)) {
    require(equal(id->bytes(), input));
    check(*id);
  }
  if (const auto id = PeerId::parse(as_text(input))) check(*id);
  return 0;
}
