#include "libp2p/identity/signed_envelope.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/base/varint.hpp"

namespace libp2p {
namespace {

void append_prefixed(Bytes& out, BytesView part) {
  append_varint(out, part.size());
  append(out, part);
}

Bytes signed_bytes(std::string_view domain, BytesView payload_type, BytesView payload) {
  Bytes out;
  out.reserve(domain.size() + payload_type.size() + payload.size() + 16);
  append_prefixed(out, as_bytes(domain));
  append_prefixed(out, payload_type);
  append_prefixed(out, payload);
  return out;
}

}  // namespace

Result<SignedEnvelope> SignedEnvelope::seal(const PrivateKey& key, std::string_view domain,
                                            BytesView payload_type, Bytes payload) {
  SignedEnvelope envelope;
  LIBP2P_TRY(envelope.signature_, key.sign(signed_bytes(domain, payload_type, payload)));
  envelope.key_ = key.public_key();
  envelope.payload_type_ = libp2p::to_bytes(payload_type);
  envelope.payload_ = std::move(payload);
  return envelope;
}

Result<SignedEnvelope> SignedEnvelope::parse(BytesView bytes, std::size_t max_bytes) {
  if (bytes.size() > max_bytes) {
    return fail(Errc::limit, "a signed envelope of " + std::to_string(bytes.size()) + " bytes, at most " +
                                 std::to_string(max_bytes) + " allowed");
  }
  BytesView key;
  BytesView payload_type;
  BytesView payload;
  BytesView signature;
  ProtobufReader in(bytes, 0);
  while (const auto field = in.next()) {
    switch (field->number) {
      case 1:
        key = in.bytes(*field);
        break;
      case 2:
        payload_type = in.bytes(*field);
        break;
      case 3:
        payload = in.bytes(*field);
        break;
      case 5:
        signature = in.bytes(*field);
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("Envelope"));
  if (key.empty() || signature.empty())
    return fail(Errc::parse, "Envelope: the key or the signature is missing");
  SignedEnvelope envelope;
  LIBP2P_TRY(envelope.key_, PublicKey::from_protobuf(key));
  envelope.payload_type_ = libp2p::to_bytes(payload_type);
  envelope.payload_ = libp2p::to_bytes(payload);
  envelope.signature_ = libp2p::to_bytes(signature);
  // Fields out of order or given twice are not signed: whoever passes an envelope on could change its bytes.
  if (!equal(envelope.to_bytes(), bytes)) return fail(Errc::parse, "Envelope: not in its canonical encoding");
  return envelope;
}

Result<> SignedEnvelope::verify(std::string_view domain) const {
  if (!key_.verify(signed_bytes(domain, payload_type_, payload_), signature_)) {
    return fail(Errc::crypto, "Envelope: the signature is not its key's for this domain");
  }
  return {};
}

Result<SignedEnvelope> SignedEnvelope::open(BytesView bytes, std::string_view domain, std::size_t max_bytes) {
  LIBP2P_TRY(SignedEnvelope envelope, parse(bytes, max_bytes));
  LIBP2P_CHECK(envelope.verify(domain));
  return envelope;
}

Result<SignedEnvelope> SignedEnvelope::open(BytesView bytes, std::span<const EnvelopeKind> kinds,
                                            std::size_t max_bytes) {
  LIBP2P_TRY(SignedEnvelope envelope, parse(bytes, max_bytes));
  const auto kind = std::ranges::find_if(
      kinds, [&](const EnvelopeKind& k) { return equal(k.payload_type, envelope.payload_type_); });
  if (kind == kinds.end()) return fail(Errc::parse, "Envelope: a payload of another type");
  LIBP2P_CHECK(envelope.verify(kind->domain));
  return envelope;
}

Result<Bytes> SignedEnvelope::peek_payload(BytesView bytes, std::size_t max_bytes) {
  LIBP2P_TRY(SignedEnvelope envelope, parse(bytes, max_bytes));
  return std::move(envelope.payload_);
}

Bytes SignedEnvelope::to_bytes() const {
  ProtobufWriter out;
  out.bytes(1, key_.to_protobuf());
  if (!payload_type_.empty()) out.bytes(2, payload_type_);
  if (!payload_.empty()) out.bytes(3, payload_);
  out.bytes(5, signature_);
  return out.take();
}

}  // namespace libp2p
