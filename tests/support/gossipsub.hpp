// What the tests of GossipSub share: identities, and RPCs made by hand.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/crypto/keys.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/protocols/gossipsub/rpc.hpp"
#include "libp2p/protocols/gossipsub/signing.hpp"

namespace libp2p::gossipsub::test {

// The same Ed25519 key for the same number.
inline PrivateKey test_key(std::uint32_t number) {
  std::array<std::uint8_t, 32> seed{};
  store_be(number, seed.data());
  return PrivateKey::ed25519_from_seed(seed);
}
inline PeerId test_peer(std::uint32_t number) {
  return PeerId::from_public_key(test_key(number).public_key());
}

inline ProtobufWriter subscription(std::string_view topic, bool subscribe = true) {
  return std::move(ProtobufWriter().boolean(1, subscribe).string(2, topic));
}
inline Bytes subscribe_rpc(std::string_view topic, bool subscribe = true) {
  return ProtobufWriter().message(1, subscription(topic, subscribe)).take();
}
inline Bytes publish_rpc(BytesView message) { return ProtobufWriter().bytes(2, message).take(); }
inline Bytes control_rpc(std::uint32_t field, const ProtobufWriter& entry) {
  return ProtobufWriter().message(3, ProtobufWriter().message(field, entry)).take();
}
inline Bytes ihave_rpc(std::string_view topic, const std::vector<MessageId>& ids) {
  ProtobufWriter entry;
  entry.string(1, topic);
  for (const MessageId& id : ids) entry.bytes(2, id);
  return control_rpc(1, entry);
}
inline Bytes iwant_rpc(const std::vector<MessageId>& ids) {
  ProtobufWriter entry;
  for (const MessageId& id : ids) entry.bytes(1, id);
  return control_rpc(2, entry);
}
inline Bytes graft_rpc(std::string_view topic) { return control_rpc(3, ProtobufWriter().string(1, topic)); }
inline Bytes prune_rpc(std::string_view topic, std::uint64_t backoff_s) {
  return control_rpc(4, ProtobufWriter().string(1, topic).varint(3, backoff_s));
}
inline MessageId fake_id(std::uint64_t number) {
  MessageId id(46, 0xaa);
  store_be(number, id.data());
  return id;
}

}  // namespace libp2p::gossipsub::test
