// Any bytes as the file of a private network's key: what is read can be written in each encoding, and read
// again.
#include <cstdlib>

#include "libp2p/security/pnet/psk.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using libp2p::PreSharedKey;
  const auto key = PreSharedKey::from_file({data, size});
  if (!key) {
    if (key.error().message.empty()) std::abort();
    return 0;
  }
  using enum PreSharedKey::Encoding;
  for (const auto encoding : {base16, base64, bin}) {
    const libp2p::Bytes file = key->to_file(encoding);
    const auto again = PreSharedKey::from_file(file);
    if (!again || !(*again == *key) || file.size() > PreSharedKey::max_file_bytes) std::abort();
  }
  return 0;
}
