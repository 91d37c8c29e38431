// Any sequence of calls on two multiplexers and any cut of what they say to each other, against the model.
#include "tests/support/yamux_model.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  libp2p::test::YamuxModel({data, size}).run();
  return 0;
}
