#include "starling/merge/tree_check.hpp"

#include <algorithm>
#include <set>

#include "starling/merge/fleet_form.hpp"

namespace starling {
namespace {

bool resolves_in_some_scope(const json::value& tree, const Reference& reference) {
  return std::ranges::any_of(tree.get_object(), [&](const auto& scope) {
    return holds_configuration(scope.key()) && resolves(scope.value(), reference);
  });
}

class TreeCheck {
 public:
  TreeCheck(const json::value& tree, std::uint32_t level) : tree_(tree), level_(level) {}

  void whole() {
    for (const auto& scope : tree_.get_object()) whole(scope.key(), scope.value());
  }

  void whole(std::string_view scope, const json::value& document) {
    if (scope == fleet_scope) return fleet();
    take(scope, violations_of(document, surroundings(scope)));
  }

  void around(const std::string& scope, const std::vector<Path>& places, const ScopeReferences& references) {
    if (!holds_configuration(scope)) return fleet();
    // A scope may be gone altogether: then only what others refer to in it is left to look at.
    const json::value* document = tree_.get_object().if_contains(scope);
    if (document != nullptr)
      take(scope, violations_by(places, *document, references.at(scope), surroundings(scope)));
    for (const auto& [other, index] : references) {
      if (other != scope) dangling_in(other, index, places);
    }
  }

  [[nodiscard]] std::vector<Violation> take() { return in_order(std::move(found_)); }

 private:
  [[nodiscard]] Surroundings surroundings(std::string_view scope) const {
    using Extent = ValidationRules::Extent;
    return {
        .resolves = [this](const Reference& reference) { return resolves_in_some_scope(tree_, reference); },
        .rules = {.level = level_, .extent = scope == base_scope ? Extent::whole : Extent::part}};
  }

  void take(std::string_view scope, std::vector<Violation> violations) {
    for (Violation& violation : violations) {
      found_.push_back({path_in_tree(scope, violation.place),
                        {path_in_tree(scope, violation.invalid.path), std::move(violation.invalid.detail)},
                        std::move(violation.target)});
    }
  }

  void dangling_in(std::string_view scope, const ReferenceIndex& index, const std::vector<Path>& places) {
    const Surroundings all = surroundings(scope);
    std::vector<Violation> violations;
    for (const Path& place : places) {
      for (const Reference* reference : index.pointing_to(place)) {
        if (dangles(*reference, all)) violations.push_back(dangling(*reference));
      }
    }
    take(scope, std::move(violations));
  }

  // It is small: it is looked at as a whole.
  void fleet() {
    if (const auto fault = fleet_scope_fault(scope_document(tree_, fleet_scope)))
      take(fleet_scope, {{fault->path, *fault, {}}});
  }

  const json::value& tree_;
  const std::uint32_t level_;
  std::vector<Violation> found_;
};

}  // namespace

std::optional<Invalid> validate_tree(const json::value& tree, std::uint32_t level) {
  TreeCheck check(tree, level);
  check.whole();
  std::vector<Violation> violations = check.take();
  if (violations.empty()) return std::nullopt;
  return std::move(violations.front().invalid);
}

std::vector<Violation> tree_violations_by(const std::vector<Path>& touched, const json::value& tree,
                                          const ScopeReferences& references, std::uint32_t level) {
  std::map<std::string, std::vector<Path>> by_scope;
  for (const Path& path : touched) by_scope[path.front()].emplace_back(std::next(path.begin()), path.end());
  TreeCheck check(tree, level);
  for (const auto& [scope, places] : by_scope) check.around(scope, places, references);
  return check.take();
}

}  // namespace starling
