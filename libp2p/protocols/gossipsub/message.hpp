// The messages that travel on topics: their wire form and their identity (pubsub/README.md, The Message).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/result.hpp"
#include "libp2p/identity/peer_id.hpp"

namespace libp2p {

// What an application gets. Its author signed it; whoever passed it on could not change it.
struct GossipMessage {
  PeerId from;  // the author
  Bytes data;
  std::string topic;
  std::uint64_t seqno{};
  Bytes id;  // from ++ seqno, the default of the specification
};

namespace gossipsub {

using MessageId = Bytes;

// One encoded Message, exactly as it came or as we signed it. Shared, since the cache and the outboxes of
// many peers hold the same bytes, and immutable: what is passed on is what was verified, unknown fields
// included.
using WireMessage = std::shared_ptr<const Bytes>;

// A Message whose fields are those that StrictSign asks for, still unverified. The views point into the
// encoding.
struct ParsedMessage {
  PeerId from;
  BytesView from_bytes;
  std::optional<BytesView> data;
  BytesView seqno;  // 8 bytes
  std::string_view topic;
  BytesView signature;
  std::optional<BytesView> key;
  Bytes unknown_fields;  // in their order; they are signed, too

  [[nodiscard]] MessageId id() const;
  [[nodiscard]] GossipMessage to_message() const;
};

// Refuses what StrictSign refuses before any signature is looked at: a missing from, seqno, topic or
// signature, a seqno of another length than 8 bytes, an author that is no peer id. Also any field given
// twice: others might read the other one. Errors: parse (the form), protocol (the policy).
[[nodiscard]] Result<ParsedMessage> parse_message(BytesView encoded);

}  // namespace gossipsub
}  // namespace libp2p
