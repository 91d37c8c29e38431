#include "starling/rollout/generation.hpp"

#include "libp2p/crypto/hash.hpp"

namespace starling {
namespace {

// Those of the folded changes that no other folded change names; a record of another kind between two of them
// does not hide the older one, and naming it besides does no harm.
std::vector<RecordId> tips(const Fleet& fleet) {
  std::set<RecordId> tips;
  for (const RecordPtr& change : fleet.changes()) tips.insert(change->id);
  for (const RecordPtr& change : fleet.changes()) {
    tips.erase(change->record.prev);
    for (const RecordId& parent : change->record.parents) tips.erase(parent);
  }
  return {tips.begin(), tips.end()};
}

template <class Id>
Result<Id> id_from_hex(const json::value* text) {
  if (!text || !text->is_string()) return fail(Errc::parse, "a remembered generation without its ids");
  LIBP2P_TRY(const Bytes bytes, libp2p::from_hex(text->get_string()));
  return Id::from_bytes(bytes);
}

}  // namespace

GenerationId generation_id(const json::value& document) {
  Bytes hashed = libp2p::to_bytes("starling-generation");
  libp2p::append(hashed, libp2p::as_bytes(canonical_json(document)));
  return GenerationId{libp2p::sha256(hashed)};
}

std::optional<Generation> desired_generation(const Fleet& fleet) {
  if (!fleet.revision()) return std::nullopt;
  const json::value& document = fleet.document();
  return Generation{generation_id(document), *fleet.revision(), tips(fleet), document};
}

std::string to_text(const Generation& generation) {
  json::array heads;
  for (const RecordId& head : generation.heads) heads.emplace_back(to_hex(head));
  return canonical_json(json::object{{"revision", to_hex(generation.revision)},
                                     {"heads", std::move(heads)},
                                     {"document", generation.document}});
}

Result<Generation> generation_from_text(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return fail(Errc::parse, "a remembered generation that is not JSON");
  const json::object& object = parsed->get_object();
  Generation generation;
  LIBP2P_TRY(generation.revision, id_from_hex<RevisionId>(object.if_contains("revision")));
  const json::value* heads = object.if_contains("heads");
  const json::value* document = object.if_contains("document");
  if (!heads || !heads->is_array() || !document)
    return fail(Errc::parse, "a remembered generation that is not whole");
  for (const json::value& head : heads->get_array()) {
    LIBP2P_TRY(RecordId id, id_from_hex<RecordId>(&head));
    generation.heads.push_back(id);
  }
  generation.document = *document;
  generation.id = generation_id(generation.document);
  return generation;
}

}  // namespace starling
