#include "libp2p/protocols/gossipsub/message.hpp"

#include "libp2p/base/protobuf.hpp"
#include "libp2p/base/varint.hpp"

namespace libp2p::gossipsub {
namespace {

// The same bytes as on the wire: the reader refuses varints that are longer than they need to be.
void append_field(Bytes& out, const ProtobufField& field) {
  append_varint(out,
                (static_cast<std::uint64_t>(field.number) << 3) | static_cast<std::uint64_t>(field.type));
  std::size_t fixed = 0;
  switch (field.type) {
    case WireType::varint:
      append_varint(out, field.integer);
      return;
    case WireType::length_delimited:
      append_varint(out, field.bytes.size());
      append(out, field.bytes);
      return;
    case WireType::fixed64:
      fixed = 8;
      break;
    case WireType::fixed32:
      fixed = 4;
      break;
  }
  for (std::size_t i = 0; i < fixed; ++i) out.push_back(static_cast<std::uint8_t>(field.integer >> (8 * i)));
}

struct Fields {
  std::optional<BytesView> from, data, seqno, signature, key;
  std::optional<std::string_view> topic;
  Bytes unknown;
};

Result<Fields> read_fields(BytesView encoded) {
  Fields fields;
  ProtobufReader in(encoded);
  const auto once = [&in](auto& slot, auto value) {
    if (slot) in.refuse("a field is given twice");
    slot = value;
  };
  while (const auto field = in.next()) {
    switch (field->number) {
      case 1:
        once(fields.from, in.bytes(*field));
        break;
      case 2:
        once(fields.data, in.bytes(*field));
        break;
      case 3:
        once(fields.seqno, in.bytes(*field));
        break;
      case 4:
        once(fields.topic, in.string(*field));
        break;
      case 5:
        once(fields.signature, in.bytes(*field));
        break;
      case 6:
        once(fields.key, in.bytes(*field));
        break;
      default:
        in.skip(*field);
        append_field(fields.unknown, *field);
    }
  }
  LIBP2P_CHECK(in.finish("pubsub message"));
  return fields;
}

}  // namespace

MessageId ParsedMessage::id() const {
  MessageId id(from_bytes.begin(), from_bytes.end());
  append(id, seqno);
  return id;
}

GossipMessage ParsedMessage::to_message() const {
  return {.from = from,
          .data = to_bytes(data.value_or(BytesView{})),
          .topic = std::string(topic),
          .seqno = load_be<std::uint64_t>(seqno.data()),
          .id = id()};
}

Result<ParsedMessage> parse_message(BytesView encoded) {
  LIBP2P_TRY(Fields fields, read_fields(encoded));
  if (!fields.from) return fail(Errc::protocol, "pubsub message: no author");
  if (!fields.seqno || fields.seqno->size() != 8)
    return fail(Errc::protocol, "pubsub message: no seqno of 8 bytes");
  if (!fields.topic) return fail(Errc::protocol, "pubsub message: no topic");
  if (!fields.signature || fields.signature->empty())
    return fail(Errc::protocol, "pubsub message: not signed");
  LIBP2P_TRY(PeerId from, PeerId::from_bytes(*fields.from));
  return ParsedMessage{.from = std::move(from),
                       .from_bytes = *fields.from,
                       .data = fields.data,
                       .seqno = *fields.seqno,
                       .topic = *fields.topic,
                       .signature = *fields.signature,
                       .key = fields.key,
                       .unknown_fields = std::move(fields.unknown)};
}

}  // namespace libp2p::gossipsub
