// What this node is given, and what its data plane runs, as changes of the scopes that it comes from: the
// part of Writer that knows layers and templates.
#include "starling/layers/origin.hpp"
#include "starling/merge/diff.hpp"
#include "starling/merge/fold.hpp"
#include "starling/rollout/writer.hpp"

namespace starling {
namespace {

// The composed document as somebody wants it who has made `given` of what the node is given.
std::expected<json::value, WriteFault> wanted_of(const json::value& given, const Composed& composed,
                                                 const json::value& present, const NodeFacts& self,
                                                 const Path& removed) {
  if (const auto written = written_at(removed, composed, present, self); written && !written->empty()) {
    json::value without = composed.document;
    remove_at(without, *written);
    return without;
  }
  auto source = unfilled(given, composed, present, self);
  if (!source) return std::unexpected(cant_follow(source.error()));
  return std::move(*source);
}

// What is proposed of the configuration that a node is given, as a change of the scopes that it is made of.
std::expected<Proposal, WriteFault> of_scopes(Proposal of_given, const Composed& composed,
                                              const json::value& present, const NodeFacts& self,
                                              const Path& removed) {
  const auto is_array = [](const json::value* value) { return value && value->is_array(); };
  // Nothing that is there already can be lost by an append.
  const bool appends = of_given.edits.size() == 1 && of_given.edits.front().op == EditOp::append &&
                       is_array(find(composed.document, of_given.edits.front().path));
  json::value wanted = composed.document;
  if (appends) {
    apply_edit(wanted, of_given.edits.front());
  } else {
    auto source = wanted_of(of_given.document, composed, present, self, removed);
    if (!source) return std::unexpected(std::move(source.error()));
    wanted = std::move(*source);
    of_given.edits = diff(composed.document, wanted);
  }
  std::vector<Edit> edits = into_scopes(of_given.edits, composed, present);
  Proposal proposal{present, {}};
  json::object& scopes = proposal.document.get_object();
  for (const Edit& edit : edits) apply_edit(scopes.emplace(edit.scope, json::object()).first->value(), edit);
  const std::vector<std::string> layers(std::next(composed.scopes.begin()), composed.scopes.end());
  const std::vector<Edit> amiss = diff(compose(proposal.document, layers).document, wanted);
  if (!amiss.empty()) {
    return std::unexpected(cant_follow({std::string(base_scope), amiss.front().path,
                                        "several layers lie here over one another: change each of them"}));
  }
  proposal.edits = appends ? std::move(edits) : diff_trees(present, proposal.document);
  return proposal;
}

}  // namespace

// Each edit of what this node runs, in the scope where what it edits comes from.
std::expected<Proposal, WriteFault> Writer::adopt(const json::value& present,
                                                  const std::vector<Edit>& edits) const {
  std::vector<Edit> scoped = edits;
  const auto self = own_facts(fleet_, applier_.address());
  if (fleet_.level() >= layers_level && self) {
    const auto layers = read_layers(present);
    auto found =
        layers ? edits_of_scopes(edits, compose(present, matching(*layers, self->labels)), present, *self)
               : std::unexpected(layers.error());
    if (!found) return std::unexpected(fault_of(RenderFault{self->name, std::move(found.error())}));
    scoped = std::move(*found);
  }
  Proposal proposal{present, {}};
  json::object& scopes = proposal.document.get_object();
  for (const Edit& edit : scoped) apply_edit(scopes[edit.scope], edit);
  proposal.edits = diff_trees(present, proposal.document);
  return proposal;
}

Propose Writer::as_given(Propose about_document, Path removed) const {
  return [this, about_document, removed = std::move(removed),
          about_base = in_scope(std::string(base_scope), about_document)](
             const json::value& present) -> std::expected<Proposal, WriteFault> {
    const auto self = own_facts(fleet_, applier_.address());
    const auto layers = read_layers(present);
    if (fleet_.level() < layers_level || !self || !layers) return about_base(present);
    const std::vector<std::string> names = matching(*layers, self->labels);
    if (names.empty() && !has_templates(scope_document(present, base_scope))) return about_base(present);
    const Composed composed = compose(present, names);
    // Where it can't be filled in, templates are what there is to work upon.
    auto proposal = about_document(fill_in(composed, present, *self).value_or(composed.document));
    if (!proposal) return proposal;
    return of_scopes(std::move(*proposal), composed, present, *self, removed);
  };
}

}  // namespace starling
