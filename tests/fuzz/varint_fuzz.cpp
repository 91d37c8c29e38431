// Any bytes: what is read as a varint is written back as the bytes it was read from.
#include "libp2p/base/varint.hpp"

#include <cstdlib>

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  BytesView rest(data, size);
  while (!rest.empty()) {
    const auto decoded = decode_varint(rest);
    if (!decoded) {
      require(decoded.error().code == Errc::parse);
      rest = rest.subspan(1);
      continue;
    }
    require(decoded->size >= 1 && decoded->size <= 10 && decoded->size <= rest.size());
    require(decoded->size == varint_size(decoded->value));
    Bytes again;
    append_varint(again, decoded->value);
    require(equal(again, rest.first(decoded->size)));
    rest = rest.subspan(decoded->size);
  }
  return 0;
}
