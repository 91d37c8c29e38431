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

ProtobufWriter range_to_message(const ChainRange& range) {
  ProtobufWriter out;
  out.bytes(1, range.chain.author.bytes()).fixed64(2, range.chain.incarnation);
  out.varint(3, range.first).varint(4, range.last);
  return out;
}

ChainRange read_range(ProtobufReader& outer, const ProtobufField& field) {
  ChainRange range;
  ProtobufReader in(outer.bytes(field));
  while (auto part = in.next()) {
    switch (part->number) {
      case 1:
        range.chain.author = read_peer_id(in, *part);
        break;
      case 2:
        range.chain.incarnation = in.fixed64(*part);
        break;
      case 3:
        range.first = in.varint(*part);
        break;
      case 4:
        range.last = in.varint(*part);
        break;
      default:
        in.skip(*part);
    }
  }
  if (range.chain.author.empty() || range.first == 0 || range.last < range.first)
    in.refuse("no range of a chain");
  if (const auto done = in.finish("range"); !done) outer.refuse(done.error().message);
  return range;
}

constexpr std::size_t mark_bytes = 3 * sizeof(std::uint64_t);

Bytes marks_to_bytes(std::span<const StatusMark> marks) {
  Bytes out(marks.size() * mark_bytes);
  std::uint8_t* at = out.data();
  for (const StatusMark& mark : marks) {
    for (const std::uint64_t number : {mark.node, mark.incarnation, mark.counter}) {
      libp2p::store_be(number, at);
      at += sizeof number;
    }
  }
  return out;
}

std::vector<StatusMark> read_marks(ProtobufReader& in, const ProtobufField& field) {
  const BytesView bytes = in.bytes(field);
  std::vector<StatusMark> marks;
  if (bytes.size() % mark_bytes != 0 || bytes.size() / mark_bytes > max_status_marks) {
    in.refuse("not the marks of at most 4096 statuses");
    return marks;
  }
  const auto number = [&bytes](std::size_t at) { return libp2p::load_be<std::uint64_t>(bytes.data() + at); };
  for (std::size_t at = 0; at < bytes.size(); at += mark_bytes)
    marks.push_back({number(at), number(at + 8), number(at + 16)});
  return marks;
}

}  // namespace

Bytes PullRequest::to_bytes() const {
  ProtobufWriter out;
  if (!digest && ranges.empty()) out.bytes(1, starling::to_bytes(vector));
  for (const RecordId& id : wanted) out.bytes(2, id.view());
  if (digest) out.bytes(3, *digest);
  for (const ChainRange& range : ranges) out.message(4, range_to_message(range));
  if (stripe.count > 1) out.varint(5, stripe.index).varint(6, stripe.count);
  if (limit > 0) out.varint(7, limit);
  if (!statuses.empty()) out.bytes(8, marks_to_bytes(statuses));
  if (in_return) out.boolean(9, true);
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
      case 3:
        request.digest = read_record_id(in, *field).bytes;
        break;
      case 4:
        if (request.ranges.size() == max_ranges) in.refuse("more than 1024 ranges");
        request.ranges.push_back(read_range(in, *field));
        break;
      case 5:
        request.stripe.index = in.uint32(*field);
        break;
      case 6:
        request.stripe.count = in.uint32(*field);
        break;
      case 7:
        request.limit = in.varint(*field);
        break;
      case 8:
        request.statuses = read_marks(in, *field);
        break;
      case 9:
        request.in_return = in.boolean(*field);
        break;
      default:
        in.skip(*field);
    }
  }
  if (request.stripe.count > max_stripes || request.stripe.index >= request.stripe.count)
    in.refuse("a stripe that is none of at most 16");
  LIBP2P_CHECK(in.finish("pull request"));
  return request;
}

Bytes PullFrame::to_bytes() const {
  ProtobufWriter out;
  for (const Bytes& record : records) out.bytes(1, record);
  if (!fragment.empty()) out.bytes(2, fragment).boolean(3, fragment_ends);
  for (const Bytes& status : statuses) out.bytes(4, status);
  if (end) out.boolean(5, true);
  if (!vector.empty()) out.bytes(6, starling::to_bytes(vector));
  if (same) out.boolean(7, true);
  if (!horizon.is_zero()) out.bytes(8, horizon.view());
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
      case 7:
        frame.same = in.boolean(*field);
        break;
      case 8:
        frame.horizon = read_record_id(in, *field);
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
        hello.invite_key = read_peer_id(in, *field);
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
