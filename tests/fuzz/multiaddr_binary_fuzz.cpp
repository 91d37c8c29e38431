// Any bytes as an address: what is accepted is read back from its own text as the same bytes, and its parts
// add up.
#include <cstdlib>

#include "libp2p/multi/address_policy.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

// The same address, built component by component from the texts of its values.
void build_again(const Multiaddr& address) {
  Multiaddr built;
  for (const AddrComponent& component : address.components()) {
    auto longer = built.with(component.protocol, component.value_text());
    require(longer.has_value());
    built = std::move(*longer);
  }
  require(built == address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  const auto address = Multiaddr::from_bytes(input);
  if (!address) return 0;
  require(equal(address->bytes(), input));
  const std::string text = address->to_string();
  require(printable(text, text.size()) == text);
  const auto again = Multiaddr::parse(text);
  require(again && equal(again->bytes(), input) && again->to_string() == text);
  build_again(*address);
  (void)address->port();
  (void)address->is_private();
  (void)is_dialable_from_remote(*address);
  if (const auto peer = address->peer_id_bytes()) {
    const Multiaddr with = address->with_peer(*peer);
    require(with.peer_id_bytes() == peer);
    require(with.without_peer() == address->without_peer());
  }
  return 0;
}
