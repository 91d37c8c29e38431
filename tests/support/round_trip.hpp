// What fuzz targets of canonical forms have in common.
#pragma once

#include <cstdlib>

#include "starling/model/ids.hpp"

namespace starling::test {

// L1: what is accepted encodes to the same bytes again.
template <class Body>
void round_trip(BytesView bytes) {
  const auto body = Body::from_body(bytes);
  if (body && !libp2p::equal(body->to_body(), bytes)) std::abort();
}

}  // namespace starling::test
