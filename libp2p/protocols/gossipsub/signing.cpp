#include "libp2p/protocols/gossipsub/signing.hpp"

#include "libp2p/base/protobuf.hpp"

namespace libp2p::gossipsub {
namespace {

constexpr std::string_view sign_prefix = "libp2p-pubsub:";

Result<PublicKey> author_key(const ParsedMessage& message) {
  if (!message.key) {
    auto inlined = message.from.public_key();
    if (!inlined) return fail(Errc::crypto, "pubsub message: no key, and the author's id doesn't hold it");
    return inlined;
  }
  auto key = PublicKey::from_protobuf(*message.key);
  if (!key) return fail(Errc::crypto, "pubsub message: " + key.error().message);
  if (!message.from.matches(*key)) return fail(Errc::crypto, "pubsub message: the key is not the author's");
  return key;
}

}  // namespace

Bytes signed_bytes(const ParsedMessage& message) {
  ProtobufWriter out;
  out.bytes(1, message.from_bytes);
  if (message.data) out.bytes(2, *message.data);
  out.bytes(3, message.seqno).string(4, message.topic);
  Bytes all;
  all.reserve(sign_prefix.size() + out.view().size() + message.unknown_fields.size());
  append(all, as_bytes(sign_prefix));
  append(all, out.view());
  append(all, message.unknown_fields);
  return all;
}

Result<> verify_message(const ParsedMessage& message) {
  LIBP2P_TRY(const PublicKey key, author_key(message));
  if (!key.verify(signed_bytes(message), message.signature)) {
    return fail(Errc::crypto, "pubsub message: the signature is not the author's");
  }
  return {};
}

MessageSigner::MessageSigner(PrivateKey key, std::uint64_t first_seqno)
    : key_(std::move(key)), self_(PeerId::from_public_key(key_.public_key())), next_seqno_(first_seqno) {
  if (!self_.public_key()) key_field_ = key_.public_key().to_protobuf();
}

Result<SignedMessage> MessageSigner::sign(std::string topic, BytesView data) {
  Bytes seqno(8);
  store_be(next_seqno_, seqno.data());
  ParsedMessage parts{.from = self_,
                      .from_bytes = self_.bytes(),
                      .data = data,
                      .seqno = seqno,
                      .topic = topic,
                      .signature = {},
                      .key = {},
                      .unknown_fields = {}};
  LIBP2P_TRY(const Bytes signature, key_.sign(signed_bytes(parts)));
  ProtobufWriter out;
  out.bytes(1, parts.from_bytes).bytes(2, data).bytes(3, seqno).string(4, topic).bytes(5, signature);
  if (!key_field_.empty()) out.bytes(6, key_field_);
  ++next_seqno_;
  return SignedMessage{parts.to_message(), std::make_shared<const Bytes>(out.take())};
}

std::uint64_t first_seqno(WallTime now, Random& random) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(now.time_since_epoch().count(), 0));
  return (ms << 20) | random.below(1U << 20);
}

}  // namespace libp2p::gossipsub
