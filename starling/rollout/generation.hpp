// A revision rendered for one node.
#pragma once

#include "starling/fleet/fleet.hpp"
#include "starling/layers/render.hpp"
#include "starling/model/document.hpp"
#include "starling/model/ids.hpp"

namespace starling {

struct Generation {
  GenerationId id;
  RevisionId revision;
  std::vector<RecordId> heads;  // the tips of the changes in it
  json::value document;
};

[[nodiscard]] GenerationId generation_id(const json::value& document);

// Why a node can't be given what the fleet wants of it.
struct RenderFault {
  std::string node;
  ScopeFault fault;  // without a scope where only the whole is at fault, as rendered
};
[[nodiscard]] std::string to_string(const RenderFault& fault);

// What the charter says of a member, and its address where that is known.
[[nodiscard]] NodeFacts facts_of(const Member& member, std::optional<std::string> addr);

// The configuration that `tree` means for one node. At level 1 that is the base as it stands: there are
// neither layers nor templates (M9). Faults: those of render().
[[nodiscard]] std::expected<json::value, RenderFault> document_for(const json::value& tree, unsigned level,
                                                                   const NodeFacts& facts);
// What is wrong with a configuration once it is whole, if anything is.
[[nodiscard]] std::optional<RenderFault> structural_fault(const json::value& document,
                                                          const std::string& node);

// What the fleet wants of this node now.
struct Desired {
  RevisionId revision;
  std::vector<RecordId> heads;
  std::expected<Generation, RenderFault> generation;
};
// `self` is what own_facts() says. Nothing before the first change (M10), and, where it matters, before this
// node is a member.
[[nodiscard]] std::optional<Desired> desired_generation(const Fleet& fleet,
                                                        const std::optional<NodeFacts>& self);
// Nothing while this node is no member.
[[nodiscard]] std::optional<NodeFacts> own_facts(const Fleet& fleet, const std::optional<std::string>& addr);

// The form in which the last good generation is remembered over restarts.
[[nodiscard]] std::string to_text(const Generation& generation);
[[nodiscard]] Result<Generation> generation_from_text(std::string_view text);

}  // namespace starling
