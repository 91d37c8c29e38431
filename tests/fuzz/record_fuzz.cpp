// Any bytes as a record's payload and as its envelope: what is accepted is written back as it was (L1).
#include "starling/model/record.hpp"

#include <cstdlib>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace starling;
  const BytesView input(data, size);
  if (const auto record = Record::from_payload(input)) require(libp2p::equal(record->to_payload(), input));
  if (const auto record = open_record(input)) {
    require(libp2p::equal((*record)->envelope, input));
    require(Record::from_payload((*record)->record.to_payload()).has_value());
  }
  return 0;
}
