// Ids in protobuf messages, and the one form of a body that holds them.
#pragma once

#include "libp2p/base/protobuf.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "starling/model/ids.hpp"

namespace starling {

// The id that `field` holds; where it holds none the whole message is refused.
[[nodiscard]] inline RecordId read_record_id(libp2p::ProtobufReader& in, const libp2p::ProtobufField& field) {
  auto id = RecordId::from_bytes(in.bytes(field));
  if (!id) in.refuse("field " + std::to_string(field.number) + " is not a record id");
  return id ? *id : RecordId{};
}

// The same for a peer's.
[[nodiscard]] inline libp2p::PeerId read_peer_id(libp2p::ProtobufReader& in,
                                                 const libp2p::ProtobufField& field) {
  auto peer = libp2p::PeerId::from_bytes(in.bytes(field));
  if (!peer) in.refuse(peer.error().message);
  return peer ? std::move(*peer) : libp2p::PeerId{};
}

// L1: what was read from `bytes` must encode to them again. Errors: parse.
template <class Body>
[[nodiscard]] Result<Body> if_canonical(Body body, BytesView bytes, std::string_view what) {
  if (!libp2p::equal(body.to_body(), bytes))
    return fail(Errc::parse, std::string(what) + " is not in canonical form (L1)");
  return body;
}

}  // namespace starling
