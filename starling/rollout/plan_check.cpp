#include "starling/rollout/plan_check.hpp"

#include <algorithm>

namespace starling {
namespace {

// Of documents rendered for one write; about what one thread does in a tenth of a second.
constexpr std::size_t max_checked_bytes = std::size_t{16} * 1024 * 1024;
// For members whose address is not known here: one of those that are for documentation.
constexpr std::string_view some_addr = "192.0.2.1";

// What members have in common whom the same layers select.
struct Group {
  Composed composed;
  std::size_t bytes = 0;        // of the document, about
  std::set<std::string> names;  // that its templates hold
  // What the names stood for where it was checked: for others it would come out the same.
  std::set<std::vector<std::string>> checked;
};

Group make_group(const json::value& tree, const std::vector<std::string>& layers) {
  Group group;
  group.composed = compose(tree, layers);
  group.bytes = canonical_json(group.composed.document).size();
  group.names = names_in(group.composed.document);
  return group;
}

class Check {
 public:
  explicit Check(const json::value& tree) : tree_(tree) {}

  std::optional<RenderFault> run(const std::vector<Layer>& layers, const NodeFacts& facts) {
    const std::vector<std::string> names = matching(layers, facts.labels);
    auto found = groups_.find(names);
    if (found == groups_.end()) found = groups_.emplace(names, make_group(tree_, names)).first;
    Group& group = found->second;
    std::vector<std::string> values;
    bool resolved = true;
    for (const std::string& name : group.names) {
      const auto value = resolve(name, tree_, facts);
      resolved = resolved && value.has_value();
      values.emplace_back(value.value_or(""));
    }
    if (!resolved) return fill_in_and_validate(group, facts);
    const bool one_is_checked = !group.checked.empty();
    if (!group.checked.insert(std::move(values)).second) return std::nullopt;
    if (one_is_checked && group.bytes > left_) return std::nullopt;
    left_ -= std::min(group.bytes, left_);
    return fill_in_and_validate(group, facts);
  }

 private:
  [[nodiscard]] std::optional<RenderFault> fill_in_and_validate(const Group& group,
                                                                const NodeFacts& facts) const {
    auto document = fill_in(group.composed, tree_, facts);
    if (!document) return RenderFault{facts.name, std::move(document.error())};
    return structural_fault(*document, facts.name);
  }

  const json::value& tree_;
  std::map<std::vector<std::string>, Group> groups_;
  std::size_t left_ = max_checked_bytes;
};

bool can_render(const json::value& tree, const NodeFacts& facts) {
  const auto document = render(tree, facts);
  return document && !structural_fault(*document, facts.name);
}

}  // namespace

std::optional<RenderFault> check_renders(const Fleet& fleet, const json::value& present,
                                         const json::value& candidate, unsigned level,
                                         const std::optional<std::string>& own_addr) {
  // The base is whole by itself, and was checked as such.
  if (level < layers_level) return std::nullopt;
  const auto layers = read_layers(candidate);
  if (!layers) return RenderFault{"", layers.error()};
  Check check(candidate);
  for (const auto& [peer, member] : fleet.charter().members()) {
    const NodeFacts facts =
        facts_of(member, peer == fleet.node() ? own_addr : std::optional<std::string>(some_addr));
    auto fault = check.run(*layers, facts);
    // One that can't render what is there already (it has lost a label, say) must not hold up everybody else.
    if (fault && can_render(present, facts)) return fault;
  }
  return std::nullopt;
}

std::optional<std::string> emptied_member(const Fleet& fleet, const json::value& present,
                                          const json::value& candidate) {
  const auto loses_listeners = [&](const auto& scope) {
    return holds_configuration(scope.key()) && has_listeners(scope.value()) &&
           !has_listeners(scope_document(candidate, scope.key()));
  };
  const auto old_layers = read_layers(present);
  const auto new_layers = read_layers(candidate);
  if (!old_layers || !new_layers) return std::nullopt;
  const bool same_layers = scope_document(present, fleet_scope) == scope_document(candidate, fleet_scope);
  if (same_layers && std::ranges::none_of(present.get_object(), loses_listeners)) return std::nullopt;
  for (const auto& [peer, member] : fleet.charter().members()) {
    if (has_listeners(compose(present, matching(*old_layers, member.labels)).document) &&
        !has_listeners(compose(candidate, matching(*new_layers, member.labels)).document))
      return member.name;
  }
  return std::nullopt;
}

}  // namespace starling
