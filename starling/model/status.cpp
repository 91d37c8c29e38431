#include "starling/model/status.hpp"

#include "libp2p/base/protobuf.hpp"
#include "libp2p/identity/signed_envelope.hpp"
#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufField;
using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;
using libp2p::SignedEnvelope;

constexpr std::string_view envelope_domain = "starling-status";
constexpr std::string_view envelope_type = "/starling/status/1";

enum Field : std::uint32_t {
  field_fleet = 1,
  field_node = 2,
  field_incarnation = 3,
  field_counter = 4,
  field_clock = 5,
  field_head = 6,
  field_revision = 7,
  field_generation = 8,
  field_fact = 9,
  field_serves = 10,
  field_held = 11,
  field_error = 12,
  field_vector_digest = 13,
  field_revision_level = 14,
  field_merge_levels = 15,
};

template <class Id>
Id read_digest(ProtobufReader& in, const ProtobufField& field) {
  auto id = Id::from_bytes(in.bytes(field));
  if (!id) in.refuse(id.error().message);
  return id ? *id : Id{};
}

std::string read_text(ProtobufReader& in, const ProtobufField& field) {
  const std::string_view text = in.string(field);
  if (text.size() > max_status_error_bytes) in.refuse("a text of more than 2048 bytes");
  return std::string(text);
}

ProtobufWriter fact_to_message(FactKind kind, const Fact& fact) {
  ProtobufWriter out;
  out.varint(1, static_cast<std::uint64_t>(kind));
  out.bytes(2, fact.revision.view());
  out.varint(3, static_cast<std::uint64_t>(std::max<std::int64_t>(0, fact.age.count())));
  for (const RecordId& head : fact.heads) out.bytes(4, head.view());
  return out;
}

void read_fact(ProtobufReader& outer, const ProtobufField& field, Status& status) {
  std::uint64_t kind = fact_kinds.size();
  Fact fact;
  ProtobufReader in(outer.bytes(field));
  while (auto part = in.next()) {
    switch (part->number) {
      case 1:
        kind = in.varint(*part);
        break;
      case 2:
        fact.revision = read_digest<RevisionId>(in, *part);
        break;
      case 3:
        fact.age = std::chrono::milliseconds(in.uint32(*part));
        break;
      case 4:
        if (fact.heads.size() == max_status_heads) in.refuse("more than 64 heads");
        fact.heads.push_back(read_digest<RecordId>(in, *part));
        break;
      default:
        in.skip(*part);
    }
  }
  if (auto done = in.finish("fact"); !done) outer.refuse(done.error().message);
  // A fact that this version does not know is passed over.
  if (kind < fact_kinds.size()) status.facts[static_cast<std::size_t>(kind)] = std::move(fact);
}

Result<Status> read_status(BytesView payload) {
  Status status;
  status.serves = false;
  ProtobufReader in(payload);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_fleet:
        status.fleet = read_digest<FleetId>(in, *field);
        break;
      case field_node:
        status.node = read_peer_id(in, *field);
        break;
      case field_incarnation:
        status.incarnation = in.fixed64(*field);
        break;
      case field_counter:
        status.counter = in.varint(*field);
        break;
      case field_clock:
        status.clock = libp2p::WallTime(std::chrono::milliseconds(in.varint(*field) & 0x7fffffffffffffff));
        break;
      case field_head:
        if (status.heads.size() == max_status_heads) in.refuse("more than 64 heads");
        status.heads.push_back(read_digest<RecordId>(in, *field));
        break;
      case field_revision:
        status.revision = read_digest<RevisionId>(in, *field);
        break;
      case field_generation:
        status.generation = read_digest<GenerationId>(in, *field);
        break;
      case field_fact:
        read_fact(in, *field, status);
        break;
      case field_serves:
        status.serves = in.boolean(*field);
        break;
      case field_held:
        status.held = read_text(in, *field);
        break;
      case field_error:
        status.error = read_text(in, *field);
        break;
      case field_vector_digest:
        status.vector_digest = read_digest<RecordId>(in, *field).bytes;
        break;
      case field_revision_level:
        status.revision_level = in.uint32(*field);
        break;
      case field_merge_levels:
        status.merge_levels = in.uint32(*field);
        break;
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("status"));
  return status;
}

}  // namespace

std::string_view to_string(FactKind kind) noexcept {
  switch (kind) {
    case FactKind::received:
      return "received";
    case FactKind::validated:
      return "validated";
    case FactKind::applied:
      return "applied";
    case FactKind::healthy:
      return "healthy";
  }
  return "unknown";
}

Result<Bytes> Status::seal(const PrivateKey& key) const {
  ProtobufWriter out;
  out.bytes(field_fleet, fleet.view());
  out.bytes(field_node, node.bytes());
  out.fixed64(field_incarnation, incarnation);
  out.varint(field_counter, counter);
  out.varint(field_clock,
             static_cast<std::uint64_t>(std::max<std::int64_t>(0, clock.time_since_epoch().count())));
  for (const RecordId& head : heads) out.bytes(field_head, head.view());
  if (revision) out.bytes(field_revision, revision->view());
  if (generation) out.bytes(field_generation, generation->view());
  for (const FactKind kind : fact_kinds) {
    if (fact(kind)) out.message(field_fact, fact_to_message(kind, *fact(kind)));
  }
  out.boolean(field_serves, serves);
  if (!held.empty()) out.string(field_held, held);
  if (!error.empty()) out.string(field_error, error);
  if (vector_digest) out.bytes(field_vector_digest, *vector_digest);
  if (revision_level != 1) out.varint(field_revision_level, revision_level);
  if (merge_levels != 1) out.varint(field_merge_levels, merge_levels);
  LIBP2P_TRY(const SignedEnvelope envelope,
             SignedEnvelope::seal(key, envelope_domain, libp2p::as_bytes(envelope_type), out.take()));
  return envelope.to_bytes();
}

Result<Status> Status::peek(BytesView bytes) {
  LIBP2P_TRY(const Bytes payload, SignedEnvelope::peek_payload(bytes, max_status_bytes));
  return read_status(payload);
}

Result<Status> Status::open(BytesView bytes) {
  LIBP2P_TRY(const SignedEnvelope envelope, SignedEnvelope::open(bytes, envelope_domain, max_status_bytes));
  if (!libp2p::equal(envelope.payload_type(), libp2p::as_bytes(envelope_type))) {
    return fail(Errc::parse, "an envelope that holds no status");
  }
  LIBP2P_TRY(Status status, read_status(envelope.payload()));
  if (!status.node.matches(envelope.public_key()))
    return fail(Errc::crypto, "a status signed by another node (RV29)");
  return status;
}

}  // namespace starling
