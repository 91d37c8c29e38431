// Record ids in protobuf messages.
#pragma once

#include "libp2p/base/protobuf.hpp"
#include "starling/model/ids.hpp"

namespace starling {

// The id that `field` holds; where it holds none the whole message is refused.
[[nodiscard]] inline RecordId read_record_id(libp2p::ProtobufReader& in, const libp2p::ProtobufField& field) {
  auto id = RecordId::from_bytes(in.bytes(field));
  if (!id) in.refuse("field " + std::to_string(field.number) + " is not a record id");
  return id ? *id : RecordId{};
}

}  // namespace starling
