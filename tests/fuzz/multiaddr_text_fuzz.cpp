// Any text as an address: what is accepted has one binary and one text form, which lead to each other.
#include <cstdlib>

#include "libp2p/multi/address_policy.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto address = Multiaddr::parse(as_text({data, size}));
  if (!address) {
    require(!address.error().message.empty());
    return 0;
  }
  require(!address->empty() && address->bytes().size() <= Multiaddr::max_bytes);
  require(address->components().size() <= Multiaddr::max_components);
  const std::string text = address->to_string();
  require(printable(text, text.size()) == text);
  const auto from_text = Multiaddr::parse(text);
  require(from_text && *from_text == *address && from_text->to_string() == text);
  const auto from_bytes = Multiaddr::from_bytes(address->bytes());
  require(from_bytes && *from_bytes == *address && from_bytes->components() == address->components());
  if (is_dialable_from_remote(*address)) {
    require(!address->has(AddrProtocol::unix_path) && !address->is_loopback() && !address->is_unspecified());
  }
  return 0;
}
