#include "starling/model/record.hpp"

#include <algorithm>

#include "libp2p/base/protobuf.hpp"
#include "libp2p/crypto/hash.hpp"
#include "libp2p/identity/signed_envelope.hpp"
#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufField;
using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;
using libp2p::SignedEnvelope;

constexpr std::string_view envelope_domain = "starling-record";
constexpr std::string_view envelope_type = "/starling/record/1";

enum Field : std::uint32_t {
  field_fleet = 1,
  field_kind = 2,
  field_author = 3,
  field_incarnation = 4,
  field_seq = 5,
  field_prev = 6,
  field_parent = 7,
  field_hlc = 8,
  field_grant = 9,
  field_body = 10,
};

// What the fixed part of an envelope adds to the largest payload: key, type, signature, and their framing.
constexpr std::size_t envelope_overhead = 1024;

RecordId id_of(BytesView payload) { return RecordId{libp2p::sha256(payload)}; }

void read_field(ProtobufReader& in, const ProtobufField& field, Record& record) {
  switch (field.number) {
    case field_fleet:
      record.fleet = read_record_id(in, field);
      break;
    case field_kind:
      if (in.varint(field) > 0xff) in.refuse("kind out of range");
      record.kind = static_cast<RecordKind>(field.integer);
      break;
    case field_author:
      if (auto author = PeerId::from_bytes(in.bytes(field))) {
        record.author = std::move(*author);
      } else {
        in.refuse("author: " + author.error().message);
      }
      break;
    case field_incarnation:
      record.incarnation = in.fixed64(field);
      break;
    case field_seq:
      record.seq = in.varint(field);
      break;
    case field_prev:
      record.prev = read_record_id(in, field);
      break;
    case field_parent:
      if (record.parents.size() == max_parents) in.refuse("more than 16 parents");
      record.parents.push_back(read_record_id(in, field));
      break;
    case field_hlc:
      record.hlc = Hlc{in.fixed64(field)};
      break;
    case field_grant:
      record.grant = read_record_id(in, field);
      break;
    case field_body:
      record.body = libp2p::to_bytes(in.bytes(field));
      break;
    default:
      in.refuse("unknown field " + std::to_string(field.number));
  }
}

Result<> check_form(const Record& record) {
  const bool genesis = record.kind == RecordKind::genesis;
  if (record.author.empty()) return fail(Errc::parse, "record without an author");
  if (record.seq == 0) return fail(Errc::parse, "record numbers start at 1");
  if ((record.seq == 1) != record.prev.is_zero()) {
    return fail(Errc::parse, "exactly the first record of an incarnation has no predecessor");
  }
  if (genesis != record.fleet.is_zero()) return fail(Errc::parse, "exactly genesis names no fleet");
  if (genesis != record.grant.is_zero()) return fail(Errc::parse, "exactly genesis acts under no grant");
  if (record.hlc.value == UINT64_MAX) return fail(Errc::parse, "a clock that nothing could follow (L7)");
  if (record.parents.size() > max_parents) return fail(Errc::parse, "more than 16 parents");
  if (!std::ranges::is_sorted(record.parents) ||
      std::ranges::adjacent_find(record.parents) != record.parents.end()) {
    return fail(Errc::parse, "parents are not in ascending order without duplicates");
  }
  return {};
}

}  // namespace

Bytes Record::to_payload() const {
  ProtobufWriter out;
  if (!fleet.is_zero()) out.bytes(field_fleet, fleet.view());
  out.varint(field_kind, static_cast<std::uint64_t>(kind));
  out.bytes(field_author, author.bytes());
  out.fixed64(field_incarnation, incarnation);
  out.varint(field_seq, seq);
  if (!prev.is_zero()) out.bytes(field_prev, prev.view());
  for (const RecordId& parent : parents) out.bytes(field_parent, parent.view());
  out.fixed64(field_hlc, hlc.value);
  if (!grant.is_zero()) out.bytes(field_grant, grant.view());
  out.bytes(field_body, body);
  return out.take();
}

Result<Record> Record::from_payload(BytesView payload) {
  Record record;
  ProtobufReader in(payload, 0);
  while (auto field = in.next()) read_field(in, *field, record);
  LIBP2P_CHECK(in.finish("record"));
  LIBP2P_CHECK(check_form(record));
  if (!libp2p::equal(record.to_payload(), payload))
    return fail(Errc::parse, "record is not in canonical form (L1)");
  return record;
}

Result<RecordPtr> sign_record(const Record& record, const PrivateKey& key) {
  if (!record.author.matches(key.public_key())) {
    return fail(Errc::invalid_argument, "a record is signed by its author's key only");
  }
  LIBP2P_CHECK(check_form(record));
  Bytes payload = record.to_payload();
  if (payload.size() > max_record_bytes) {
    return fail(Errc::limit,
                "a record of " + std::to_string(payload.size()) + " bytes, at most 8 MiB are allowed");
  }
  auto result = std::make_shared<SignedRecord>();
  result->id = id_of(payload);
  result->record = record;
  LIBP2P_TRY(const SignedEnvelope envelope,
             SignedEnvelope::seal(key, envelope_domain, libp2p::as_bytes(envelope_type), std::move(payload)));
  result->envelope = envelope.to_bytes();
  return result;
}

Result<RecordPtr> open_record(BytesView bytes) {
  LIBP2P_TRY(const SignedEnvelope envelope,
             SignedEnvelope::open(bytes, envelope_domain, max_record_bytes + envelope_overhead));
  if (!libp2p::equal(envelope.payload_type(), libp2p::as_bytes(envelope_type))) {
    return fail(Errc::parse, "an envelope of another type: " +
                                 libp2p::printable(libp2p::as_text(envelope.payload_type())));
  }
  if (envelope.payload().size() > max_record_bytes) return fail(Errc::limit, "a record of more than 8 MiB");
  // The id names the payload; the envelope travels with it and must not vary either, or copies would differ.
  if (!libp2p::equal(envelope.to_bytes(), bytes))
    return fail(Errc::parse, "envelope is not in canonical form (L1)");
  auto result = std::make_shared<SignedRecord>();
  LIBP2P_TRY(result->record, Record::from_payload(envelope.payload()));
  if (!result->record.author.matches(envelope.public_key())) {
    return fail(Errc::crypto, "record signed by another key than its author's");
  }
  result->id = id_of(envelope.payload());
  result->envelope = libp2p::to_bytes(bytes);
  return result;
}

Result<RecordPtr> reopen_record(BytesView bytes) {
  LIBP2P_TRY(const Bytes payload, SignedEnvelope::peek_payload(bytes, max_record_bytes + envelope_overhead));
  auto result = std::make_shared<SignedRecord>();
  LIBP2P_TRY(result->record, Record::from_payload(payload));
  result->id = id_of(payload);
  result->envelope = libp2p::to_bytes(bytes);
  return result;
}

}  // namespace starling
