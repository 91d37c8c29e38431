#include "starling/changelog/anchor.hpp"

#include "libp2p/base/protobuf.hpp"
#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

enum AnchorField : std::uint32_t {
  field_vector = 1,
  field_revision = 2,
  field_merge_level = 3,
  field_base = 4
};
enum CheckpointField : std::uint32_t { field_anchor = 1, field_state = 3, field_kept = 4 };
enum RulingField : std::uint32_t { field_author = 1, field_incarnation = 2, field_seq = 3, field_stands = 4 };

constexpr std::uint32_t max_merge_level = 0xffff;

Result<std::vector<RecordId>> ids_from_bytes(BytesView bytes) {
  std::vector<RecordId> ids;
  if (bytes.size() % RecordId::size != 0) return fail(Errc::parse, "a list of ids that ends within one");
  ids.reserve(bytes.size() / RecordId::size);
  for (; !bytes.empty(); bytes = bytes.subspan(RecordId::size)) {
    LIBP2P_TRY(const RecordId id, RecordId::from_bytes(bytes.first(RecordId::size)));
    if (!ids.empty() && id <= ids.back()) return fail(Errc::parse, "a list of ids that doesn't ascend");
    ids.push_back(id);
  }
  return ids;
}

}  // namespace

Bytes Anchor::to_body() const {
  ProtobufWriter out;
  out.bytes(field_vector, to_bytes(vector));
  out.bytes(field_revision, revision.view());
  if (merge_level != 0) out.varint(field_merge_level, merge_level);
  if (!base.is_zero()) out.bytes(field_base, base.view());
  return out.take();
}

Result<Anchor> Anchor::from_body(BytesView body) {
  Anchor anchor;
  BytesView vector;
  BytesView revision;
  ProtobufReader in(body, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_vector:
        vector = in.bytes(*field);
        break;
      case field_revision:
        revision = in.bytes(*field);
        break;
      case field_merge_level:
        if (in.varint(*field) > max_merge_level) in.refuse("merge level out of range");
        anchor.merge_level = static_cast<std::uint32_t>(field->integer);
        break;
      case field_base:
        anchor.base = read_record_id(in, *field);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("anchor"));
  LIBP2P_TRY(anchor.vector, version_vector_from_bytes(vector));
  LIBP2P_TRY(anchor.revision, RevisionId::from_bytes(revision));
  return if_canonical(std::move(anchor), body, "anchor");
}

Bytes Checkpoint::to_body() const {
  ProtobufWriter out;
  out.bytes(field_anchor, anchor.to_body());
  out.bytes(field_state, state);
  Bytes ids;
  ids.reserve(kept.size() * RecordId::size);
  for (const RecordId& id : kept) libp2p::append(ids, id.view());
  out.bytes(field_kept, ids);
  return out.take();
}

Result<Checkpoint> Checkpoint::from_body(BytesView body) {
  Checkpoint checkpoint;
  BytesView anchor;
  BytesView kept;
  ProtobufReader in(body, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_anchor:
        anchor = in.bytes(*field);
        break;
      case field_state:
        checkpoint.state = libp2p::to_bytes(in.bytes(*field));
        break;
      case field_kept:
        kept = in.bytes(*field);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("checkpoint"));
  LIBP2P_TRY(checkpoint.anchor, Anchor::from_body(anchor));
  LIBP2P_TRY(checkpoint.kept, ids_from_bytes(kept));
  return if_canonical(std::move(checkpoint), body, "checkpoint");
}

std::uint32_t level_raised_by(const Record& record) {
  if (record.kind == RecordKind::anchor) {
    const auto anchor = Anchor::from_body(record.body);
    return anchor ? anchor->merge_level : 0;
  }
  if (record.kind != RecordKind::checkpoint) return 0;
  const auto checkpoint = Checkpoint::from_body(record.body);
  return checkpoint ? checkpoint->anchor.merge_level : 0;
}

Bytes Ruling::to_body() const {
  ProtobufWriter out;
  out.bytes(field_author, chain.author.bytes());
  out.fixed64(field_incarnation, chain.incarnation);
  out.varint(field_seq, seq);
  if (!stands.is_zero()) out.bytes(field_stands, stands.view());
  return out.take();
}

Result<Ruling> Ruling::from_body(BytesView body) {
  Ruling ruling;
  ProtobufReader in(body, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_author:
        ruling.chain.author = read_peer_id(in, *field);
        break;
      case field_incarnation:
        ruling.chain.incarnation = in.fixed64(*field);
        break;
      case field_seq:
        ruling.seq = in.varint(*field);
        break;
      case field_stands:
        ruling.stands = read_record_id(in, *field);
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("ruling"));
  if (ruling.chain.author.empty() || ruling.seq == 0)
    return fail(Errc::parse, "a ruling that names no chain or no place in it");
  return if_canonical(std::move(ruling), body, "ruling");
}

}  // namespace starling
