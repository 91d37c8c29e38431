#include "starling/changelog/version_vector.hpp"

#include "libp2p/base/protobuf.hpp"
#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

enum Field : std::uint32_t {
  field_author = 1,
  field_incarnation = 2,
  field_seq = 3,
  field_head = 4,
  field_fork_seq = 5,
  field_fork_first = 6,
  field_fork_second = 7,
};

Result<std::pair<ChainId, ChainHead>> entry_from_bytes(BytesView bytes) {
  ChainId chain;
  ChainHead head;
  ForkPoint fork;
  ProtobufReader in(bytes);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_author:
        chain.author = read_peer_id(in, *field);
        break;
      case field_incarnation:
        chain.incarnation = in.fixed64(*field);
        break;
      case field_seq:
        head.seq = in.varint(*field);
        break;
      case field_head:
        head.id = read_record_id(in, *field);
        break;
      case field_fork_seq:
        fork.seq = in.varint(*field);
        break;
      case field_fork_first:
        fork.first = read_record_id(in, *field);
        break;
      case field_fork_second:
        fork.second = read_record_id(in, *field);
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("version vector entry"));
  if (fork.seq != 0) head.fork = fork;
  if (chain.author.empty() || (head.seq == 0 && !head.fork)) {
    return fail(Errc::parse, "version vector entry without author or seq");
  }
  if (head.fork && head.fork->seq != head.seq + 1) {
    return fail(Errc::parse, "version vector entry whose chain does not end before its fork");
  }
  return std::pair(std::move(chain), head);
}

}  // namespace

Bytes to_bytes(const VersionVector& vector) {
  ProtobufWriter out;
  for (const auto& [chain, head] : vector) {
    ProtobufWriter entry;
    entry.bytes(field_author, chain.author.bytes());
    entry.fixed64(field_incarnation, chain.incarnation);
    entry.varint(field_seq, head.seq);
    entry.bytes(field_head, head.id.view());
    if (head.fork) {
      entry.varint(field_fork_seq, head.fork->seq);
      entry.bytes(field_fork_first, head.fork->first.view());
      entry.bytes(field_fork_second, head.fork->second.view());
    }
    out.message(1, entry);
  }
  return out.take();
}

Result<VersionVector> version_vector_from_bytes(BytesView bytes) {
  VersionVector vector;
  ProtobufReader in(bytes);
  while (auto field = in.next()) {
    if (field->number != 1) {
      in.skip(*field);
      continue;
    }
    if (vector.size() == max_chains) return fail(Errc::limit, "a version vector of more than 65,536 chains");
    LIBP2P_TRY(auto entry, entry_from_bytes(in.bytes(*field)));
    vector.insert_or_assign(std::move(entry.first), entry.second);
  }
  LIBP2P_CHECK(in.finish("version vector"));
  return vector;
}

libp2p::Sha256Digest digest(const VersionVector& vector) { return libp2p::sha256(to_bytes(vector)); }

}  // namespace starling
