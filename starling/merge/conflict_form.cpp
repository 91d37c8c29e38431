#include "starling/merge/conflict_form.hpp"

#include <algorithm>
#include <map>

#include "starling/model/id_field.hpp"

namespace starling {
namespace {

using libp2p::ProtobufField;
using libp2p::ProtobufReader;
using libp2p::ProtobufWriter;

enum LoserField : std::uint32_t { field_id = 1, field_stood = 2 };
enum PlaceField : std::uint32_t { field_scope = 1, field_path = 2 };
enum ConflictField : std::uint32_t {
  field_kind = 1,
  field_place = 2,
  field_loser = 3,
  field_winner = 4,
  field_op = 5,
  field_base = 6,
  field_mine = 7,
  field_theirs = 8
};

ProtobufWriter place_message(const Place& place) {
  ProtobufWriter out;
  out.string(field_scope, place.scope);
  for (const std::string& segment : place.path) out.string(field_path, segment);
  return out;
}

Result<Place> read_place(BytesView bytes) {
  Place place{{}, {}};
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_scope:
        place.scope = in.string(*field);
        break;
      case field_path:
        if (place.path.size() == max_path_segments) in.refuse("a path of too many segments");
        place.path.emplace_back(in.string(*field));
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("a place"));
  if (!is_scope(place.scope)) return fail(Errc::parse, "a place of no scope");
  return place;
}

void put_value(ProtobufWriter& out, std::uint32_t field, const std::optional<json::value>& value) {
  if (value) out.string(field, canonical_json(*value));
}

std::optional<json::value> value_in(ProtobufReader& in, const ProtobufField& field) {
  auto value = parse_json(in.string(field));
  if (value) return std::move(*value);
  in.refuse("a value: " + value.error().message);
  return std::nullopt;
}

struct Read {
  Conflict conflict;
  std::uint64_t kind = 0;
  std::uint64_t loser = 0;
  std::uint64_t op = 0;
  BytesView place;
};

void read_field(ProtobufReader& in, const ProtobufField& field, Read& read) {
  switch (field.number) {
    case field_kind:
      read.kind = in.varint(field);
      break;
    case field_place:
      read.place = in.bytes(field);
      break;
    case field_loser:
      read.loser = in.varint(field);
      break;
    case field_winner:
      read.conflict.winner = read_record_id(in, field);
      break;
    case field_op:
      read.op = in.varint(field);
      break;
    case field_base:
      read.conflict.base = value_in(in, field);
      break;
    case field_mine:
      read.conflict.mine = value_in(in, field);
      break;
    case field_theirs:
      read.conflict.theirs = value_in(in, field);
      break;
    default:
      in.refuse("unknown field " + std::to_string(field.number));
  }
}

}  // namespace

std::vector<Loser> losers_of(const std::vector<Conflict>& conflicts) {
  std::map<RecordId, Stood> found;
  for (const Conflict& conflict : conflicts) found.emplace(conflict.loser, conflict.stood);
  std::vector<Loser> losers;
  losers.reserve(found.size());
  for (const auto& [id, stood] : found) losers.push_back({id, stood});
  return losers;
}

ProtobufWriter loser_message(const Loser& loser) {
  ProtobufWriter out;
  out.bytes(field_id, loser.id.view());
  for (const Place& place : places_of(loser.stood)) out.message(field_stood, place_message(place));
  return out;
}

ProtobufWriter conflict_message(const Conflict& conflict, const std::vector<Loser>& losers) {
  const auto loser = std::ranges::lower_bound(losers, conflict.loser, {}, &Loser::id);
  ProtobufWriter out;
  out.varint(field_kind, static_cast<std::uint64_t>(conflict.kind))
      .message(field_place, place_message({conflict.scope, conflict.path}))
      .varint(field_loser, static_cast<std::uint64_t>(loser - losers.begin()))
      .bytes(field_winner, conflict.winner.view())
      .varint(field_op, static_cast<std::uint64_t>(conflict.op));
  put_value(out, field_base, conflict.base);
  put_value(out, field_mine, conflict.mine);
  put_value(out, field_theirs, conflict.theirs);
  return out;
}

Result<Loser> read_loser(BytesView bytes) {
  Loser loser;
  std::vector<BytesView> places;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) {
    switch (field->number) {
      case field_id:
        loser.id = read_record_id(in, *field);
        break;
      case field_stood:
        if (places.size() == max_edits) in.refuse("more places than a change has edits");
        places.push_back(in.bytes(*field));
        break;
      default:
        in.refuse("unknown field " + std::to_string(field->number));
    }
  }
  LIBP2P_CHECK(in.finish("a change that lost"));
  std::vector<Place> stood;
  for (const BytesView bytes_of_place : places) {
    LIBP2P_TRY(Place place, read_place(bytes_of_place));
    stood.push_back(std::move(place));
  }
  loser.stood = std::make_shared<const std::vector<Place>>(std::move(stood));
  return loser;
}

Result<Conflict> read_conflict(BytesView bytes, const std::vector<Loser>& losers) {
  Read read;
  ProtobufReader in(bytes, 0);
  while (auto field = in.next()) read_field(in, *field, read);
  LIBP2P_CHECK(in.finish("a conflict"));
  if (read.kind > static_cast<std::uint64_t>(Conflict::Kind::removal_dropped))
    return fail(Errc::parse, "a conflict of no kind");
  if (read.loser >= losers.size()) return fail(Errc::parse, "a conflict that no change lost");
  if (read.op < static_cast<std::uint64_t>(EditOp::set) ||
      read.op > static_cast<std::uint64_t>(EditOp::append))
    return fail(Errc::parse, "a conflict over no edit");
  LIBP2P_TRY(Place place, read_place(read.place));
  Conflict conflict = std::move(read.conflict);
  conflict.kind = static_cast<Conflict::Kind>(read.kind);
  conflict.op = static_cast<EditOp>(read.op);
  if (conflict.mine.has_value() == (conflict.op == EditOp::remove))
    return fail(Errc::parse, "a conflict over an edit without its value, or over a removal with one");
  conflict.scope = std::move(place.scope);
  conflict.path = std::move(place.path);
  conflict.loser = losers[read.loser].id;
  conflict.stood = losers[read.loser].stood;
  return conflict;
}

}  // namespace starling
