#include "starling/rollout/generation.hpp"

#include "libp2p/crypto/hash.hpp"
#include "starling/merge/validate.hpp"

namespace starling {
namespace {

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

std::string to_string(const RenderFault& fault) {
  const std::string where = fault.fault.scope.empty() ? to_pointer(fault.fault.path)
                                                      : to_text(Place{fault.fault.scope, fault.fault.path});
  return "node " + fault.node + " can't render " + (where.empty() ? "the document" : where) + ": " +
         fault.fault.detail;
}

NodeFacts facts_of(const Member& member, std::optional<std::string> addr) {
  return {member.name, member.labels, std::move(addr)};
}

std::expected<json::value, RenderFault> document_for(const json::value& tree, unsigned level,
                                                     const NodeFacts& facts) {
  if (level < layers_level) return scope_document(tree, base_scope);
  auto document = render(tree, facts);
  if (!document) return std::unexpected(RenderFault{facts.name, std::move(document.error())});
  return std::move(*document);
}

std::optional<RenderFault> structural_fault(const json::value& document, const std::string& node) {
  auto invalid = validate(document, {.level = newest_validation});
  if (!invalid) return std::nullopt;
  return RenderFault{node, {"", std::move(invalid->path), std::move(invalid->detail)}};
}

std::optional<NodeFacts> own_facts(const Fleet& fleet, const std::optional<std::string>& addr) {
  const Member* self = fleet.charter().member(fleet.node());
  return self ? std::optional(facts_of(*self, addr)) : std::nullopt;
}

std::optional<Desired> desired_generation(const Fleet& fleet, const std::optional<NodeFacts>& self) {
  const unsigned level = fleet.level();
  if (!fleet.revision() || (level >= layers_level && !self)) return std::nullopt;
  const NodeFacts facts = self.value_or(NodeFacts{});
  std::vector<RecordId> heads = fleet.tips();
  const auto render_it = [&]() -> std::expected<Generation, RenderFault> {
    auto document = document_for(fleet.merged().document, level, facts);
    if (!document) return std::unexpected(std::move(document.error()));
    // At the first level all was checked in the merge.
    if (level >= layers_level) {
      if (auto fault = structural_fault(*document, facts.name)) return std::unexpected(std::move(*fault));
    }
    const GenerationId id = generation_id(*document);
    return Generation{id, *fleet.revision(), heads, std::move(*document)};
  };
  auto generation = render_it();
  return Desired{*fleet.revision(), std::move(heads), std::move(generation)};
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
