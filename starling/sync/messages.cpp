#include "starling/sync/messages.hpp"

#include "libp2p/base/protobuf.hpp"
#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufField;
using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

constexpr std::size_t max_records_in_message = 4096;

VersionVector read_vector(ProtobufReader& in, const ProtobufField& field) {
  auto vector = version_vector_from_bytes(in.bytes(field));
  if (!vector) in.refuse(vector.error().message);
  return vector ? std::move(*vector) : VersionVector{};
}

void read_blob(ProtobufReader& in, const ProtobufField& field, std::vector<Bytes>& blobs) {
  if (blobs.size() == max_records_in_message) {
    in.refuse("more than 4096 records in a message");
    return;
  }
  blobs.push_back(libp2p::to_bytes(in.bytes(field)));
}

}  // namespace

Bytes PullRequest::to_bytes() const {
  ProtobufWriter out;
  out.bytes(1, starling::to_bytes(vector));
  for (const RecordId& id : wanted) out.bytes(2, id.view());
  return out.take();
}

Result<PullRequest> PullRequest::from_bytes(BytesView bytes) {
  PullRequest request;
  ProtobufReader in(bytes);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        request.vector = read_vector(in, *field);
        break;
      case 2:
        if (request.wanted.size() == max_wanted) in.refuse("more than 256 records wanted by name");
        request.wanted.push_back(read_record_id(in, *field));
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("pull request"));
  return request;
}

Bytes PullFrame::to_bytes() const {
  ProtobufWriter out;
  for (const Bytes& record : records) out.bytes(1, record);
  if (!fragment.empty()) out.bytes(2, fragment).boolean(3, fragment_ends);
  for (const Bytes& status : statuses) out.bytes(4, status);
  if (end) out.boolean(5, true).bytes(6, starling::to_bytes(vector));
  return out.take();
}

Result<PullFrame> PullFrame::from_bytes(BytesView bytes) {
  PullFrame frame;
  ProtobufReader in(bytes);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        read_blob(in, *field, frame.records);
        break;
      case 2:
        frame.fragment = libp2p::to_bytes(in.bytes(*field));
        break;
      case 3:
        frame.fragment_ends = in.boolean(*field);
        break;
      case 4:
        read_blob(in, *field, frame.statuses);
        break;
      case 5:
        frame.end = in.boolean(*field);
        break;
      case 6:
        frame.vector = read_vector(in, *field);
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("pull frame"));
  return frame;
}

Bytes JoinHello::to_bytes() const {
  ProtobufWriter out;
  out.bytes(1, fleet.view());
  if (invite_key) out.bytes(2, invite_key->bytes());
  for (const Bytes& record : proof) out.bytes(3, record);
  return out.take();
}

Result<JoinHello> JoinHello::from_bytes(BytesView bytes) {
  JoinHello hello;
  ProtobufReader in(bytes);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        hello.fleet = read_record_id(in, *field);
        break;
      case 2:
        if (auto key = PeerId::from_bytes(in.bytes(*field))) {
          hello.invite_key = std::move(*key);
        } else {
          in.refuse(key.error().message);
        }
        break;
      case 3:
        read_blob(in, *field, hello.proof);
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("join hello"));
  return hello;
}

Bytes JoinReply::to_bytes() const {
  ProtobufWriter out;
  out.varint(1, static_cast<std::uint64_t>(kind));
  if (!nonce.empty()) out.bytes(2, nonce);
  if (!reason.empty()) out.string(3, reason);
  if (final) out.boolean(4, true);
  for (const Bytes& record : records) out.bytes(5, record);
  return out.take();
}

Result<JoinReply> JoinReply::from_bytes(BytesView bytes) {
  JoinReply reply;
  ProtobufReader in(bytes);
  while (auto field = in.next()) {
    switch (field->number) {
      case 1:
        reply.kind = static_cast<Kind>(in.varint(*field) & 0xff);
        break;
      case 2:
        reply.nonce = libp2p::to_bytes(in.bytes(*field));
        break;
      case 3:
        reply.reason = in.string(*field);
        break;
      case 4:
        reply.final = in.boolean(*field);
        break;
      case 5:
        read_blob(in, *field, reply.records);
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("join reply"));
  if (reply.kind < Kind::challenge || reply.kind > Kind::refused)
    return fail(Errc::parse, "join reply of an unknown kind");
  return reply;
}

}  // namespace starling
