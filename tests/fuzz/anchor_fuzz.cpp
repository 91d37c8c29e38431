// The bodies of anchors, checkpoints and rulings: what is accepted encodes to the same bytes again (L1).
#include <cstdint>
#include <cstdlib>

#include "starling/changelog/anchor.hpp"
#include "tests/support/round_trip.hpp"

using starling::test::round_trip;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const starling::BytesView bytes(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      round_trip<starling::Anchor>(bytes);
      break;
    case 1:
      round_trip<starling::Checkpoint>(bytes);
      break;
    default:
      round_trip<starling::Ruling>(bytes);
  }
  return 0;
}
