#include "libp2p/protocols/identify/message.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/base/varint.hpp"
#include "libp2p/io/framing.hpp"

namespace libp2p::identify {
namespace {

enum Field : std::uint32_t {
  public_key = 1,
  listen_address = 2,
  protocol = 3,
  observed_address = 4,
  protocol_version = 5,
  agent_version = 6,
  signed_peer_record = 8,
};

// Text of a stranger that will be shown on terminals.
std::string shown(std::string_view text) {
  constexpr std::size_t ellipsis = 3;  // what printable() adds to text that it cuts
  std::string whole = printable(text, max_text_characters);
  return whole.size() <= max_text_characters ? whole : printable(text, max_text_characters - ellipsis);
}

// Collects fields into pieces.
class Pieces {
 public:
  // False when there is no room for it any more.
  bool add(const Bytes& field) {
    if (field.size() > max_sent_message_bytes) return false;
    const bool fits_here = !done_.empty() && done_.back().size() + field.size() <= max_sent_message_bytes;
    if (total_ + field.size() > max_total_bytes || (!fits_here && done_.size() == max_messages)) return false;
    if (!fits_here) done_.emplace_back();
    append(done_.back(), field);
    total_ += field.size();
    return true;
  }
  [[nodiscard]] std::vector<Bytes> take() { return std::move(done_); }

 private:
  std::vector<Bytes> done_;
  std::size_t total_ = 0;
};

Bytes bytes_field(std::uint32_t number, BytesView value) {
  return ProtobufWriter().bytes(number, value).take();
}

}  // namespace

Result<> Assembler::add_protocol(std::string_view name) {
  if (name.size() > max_protocol_bytes)
    return fail(Errc::limit, "identify: a protocol of more than 128 bytes");
  if (name.empty() || std::ranges::find(message_.protocols, name) != message_.protocols.end()) return {};
  if (message_.protocols.size() == max_protocols)
    return fail(Errc::limit, "identify: more than 256 protocols");
  message_.protocols.emplace_back(name);
  return {};
}

Result<> Assembler::add(BytesView piece) {
  if (pieces_ == max_messages) return fail(Errc::limit, "identify: more than 10 messages");
  if (piece.size() > room()) return fail(Errc::limit, "identify: more than 8 KiB");
  ++pieces_;
  bytes_ += piece.size();
  ProtobufReader in(piece);
  while (const auto field = in.next()) {
    switch (field->number) {
      case Field::public_key: {
        const BytesView key = in.bytes(*field);
        if (key.size() > max_key_bytes)
          return fail(Errc::limit,
                      "identify: a key of more than " + std::to_string(max_key_bytes) + " bytes");
        message_.public_key = to_bytes(key);
        break;
      }
      case Field::listen_address: {
        const BytesView bytes = in.bytes(*field);
        if (message_.listen_addresses.size() == max_addresses) break;
        // One that we can't read may be of a transport that we don't know (MA04).
        if (auto address = Multiaddr::from_bytes(bytes))
          message_.listen_addresses.push_back(std::move(*address));
        break;
      }
      case Field::protocol:
        LIBP2P_CHECK(add_protocol(in.string(*field)));
        break;
      case Field::observed_address:
        if (auto address = Multiaddr::from_bytes(in.bytes(*field)))
          message_.observed_address = std::move(*address);
        break;
      case Field::protocol_version:
        message_.protocol_version = shown(in.string(*field));
        break;
      case Field::agent_version:
        message_.agent_version = shown(in.string(*field));
        break;
      case Field::signed_peer_record:
        message_.signed_peer_record = to_bytes(in.bytes(*field));
        break;
      default:
        in.skip(*field);
    }
  }
  return in.finish("Identify");
}

std::vector<Bytes> encode(const Message& message) {
  Pieces pieces;
  if (message.public_key) (void)pieces.add(bytes_field(Field::public_key, *message.public_key));
  if (message.protocol_version) {
    (void)pieces.add(bytes_field(Field::protocol_version, as_bytes(*message.protocol_version)));
  }
  if (message.agent_version)
    (void)pieces.add(bytes_field(Field::agent_version, as_bytes(*message.agent_version)));
  if (message.observed_address) {
    (void)pieces.add(bytes_field(Field::observed_address, message.observed_address->bytes()));
  }
  std::size_t protocols = 0;
  for (const std::string& name : message.protocols) {
    if (name.size() > max_protocol_bytes || protocols == max_protocols) continue;
    protocols += pieces.add(bytes_field(Field::protocol, as_bytes(name))) ? 1 : 0;
  }
  std::size_t addresses = 0;
  for (const Multiaddr& address : message.listen_addresses) {
    if (addresses == max_addresses) break;
    addresses += pieces.add(bytes_field(Field::listen_address, address.bytes())) ? 1 : 0;
  }
  if (message.signed_peer_record) {
    (void)pieces.add(bytes_field(Field::signed_peer_record, *message.signed_peer_record));
  }
  return pieces.take();
}

Task<Result<Message>> read_message(Stream& stream) {
  Assembler assembler;
  for (;;) {
    auto piece = co_await read_length_prefixed(stream, assembler.room());
    if (!piece && piece.error().code == Errc::closed) break;
    if (!piece) co_return fail_in("identify", std::move(piece).error());
    LIBP2P_CO_CHECK(assembler.add(*piece));
  }
  if (assembler.pieces() == 0) co_return fail(Errc::protocol, "identify: the stream ended without a message");
  co_return assembler.take();
}

Task<Result<>> write_message(Stream& stream, Message message) {
  Bytes framed;
  for (const Bytes& piece : encode(message)) {
    append_varint(framed, piece.size());
    append(framed, piece);
  }
  co_return co_await stream.write(framed);
}

}  // namespace libp2p::identify
