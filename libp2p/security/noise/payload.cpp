#include "libp2p/security/noise/payload.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"

namespace libp2p::noise {
namespace {

constexpr std::string_view signature_prefix = "noise-libp2p-static-key:";

enum PayloadField : std::uint32_t {
  identity_key_field = 1,
  identity_signature_field = 2,
  extensions_field = 4
};
enum ExtensionField : std::uint32_t { stream_muxers_field = 2 };

Result<> decode_extensions(BytesView message, std::vector<std::string>& muxers) {
  ProtobufReader in(message);
  while (const auto field = in.next()) {
    if (field->number != stream_muxers_field) {
      in.skip(*field);
    } else if (muxers.size() == max_muxers) {
      return fail(Errc::limit, "more than " + std::to_string(max_muxers) + " stream muxers");
    } else {
      muxers.emplace_back(in.string(*field));
    }
  }
  return in.finish("NoiseExtensions");
}

}  // namespace

Bytes Payload::encode() const {
  ProtobufWriter out;
  out.bytes(identity_key_field, identity_key).bytes(identity_signature_field, identity_signature);
  if (!muxers.empty()) {
    ProtobufWriter extensions;
    for (const std::string& muxer : muxers) extensions.string(stream_muxers_field, muxer);
    out.message(extensions_field, extensions);
  }
  return out.take();
}

Result<Payload> Payload::decode(BytesView message) {
  if (message.size() > max_payload_size) {
    return fail(Errc::limit, "a handshake payload of " + std::to_string(message.size()) + " bytes");
  }
  Payload payload;
  ProtobufReader in(message);
  while (const auto field = in.next()) {
    switch (field->number) {
      case identity_key_field:
        payload.identity_key = to_bytes(in.bytes(*field));
        break;
      case identity_signature_field:
        payload.identity_signature = to_bytes(in.bytes(*field));
        break;
      case extensions_field:
        LIBP2P_CHECK(decode_extensions(in.bytes(*field), payload.muxers));
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("NoiseHandshakePayload"));
  return payload;
}

Bytes signed_text(const X25519Key& static_key) {
  Bytes text = to_bytes(signature_prefix);
  append(text, static_key);
  return text;
}

Result<PublicKey> verify_identity(const Payload& payload, const X25519Key& static_key) {
  if (payload.identity_key.empty()) return fail(Errc::protocol, "the other side sent no identity key");
  if (payload.identity_signature.empty()) return fail(Errc::protocol, "the other side sent no signature");
  LIBP2P_TRY(PublicKey key, PublicKey::from_protobuf(payload.identity_key));
  if (!key.verify(signed_text(static_key), payload.identity_signature)) {
    return fail(Errc::crypto, "the other side's identity does not vouch for its static key");
  }
  return key;
}

Result<std::string> choose_muxer(std::span<const std::string> initiators,
                                 std::span<const std::string> responders) {
  if (initiators.empty() || responders.empty()) return std::string();
  for (const std::string& muxer : initiators) {
    if (std::ranges::find(responders, muxer) != responders.end()) return muxer;
  }
  return fail(Errc::not_supported, "the two sides have no stream muxer in common");
}

}  // namespace libp2p::noise
