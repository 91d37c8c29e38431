#include "starling/layers/origin.hpp"

#include "starling/layers/template.hpp"

namespace starling {
namespace {

bool is_template(std::string_view text) { return text.find("{{") != std::string_view::npos; }

bool holds_template(const json::value& value) {
  if (const json::string* text = value.if_string()) return is_template(*text);
  if (const json::array* array = value.if_array()) return std::ranges::any_of(*array, holds_template);
  const json::object* object = value.if_object();
  return object && std::ranges::any_of(*object, [](const auto& member) {
           return is_template(member.key()) || holds_template(member.value());
         });
}

// The member of `object` that is called `name` once it is rendered, by its own name; nullptr if there is
// none.
const json::key_value_pair* rendered_member(const json::object& object, std::string_view name,
                                            const Resolve& resolve) {
  if (const auto literal = object.find(name); literal != object.end() && !is_template(name)) return &*literal;
  for (const auto& member : object) {
    if (is_template(member.key()) && fill_in(member.key(), resolve, max_rendered_bytes) == name)
      return &member;
  }
  return nullptr;
}

std::vector<std::string> scopes_with(const Composed& composed, const json::value& tree, const Path& path) {
  std::vector<std::string> scopes;
  for (const std::string& scope : composed.scopes) {
    if (find(scope_document(tree, scope), path)) scopes.push_back(scope);
  }
  return scopes;
}

// Is what stands at `path` of the rendered document, or a name on the way there, filled in?
bool is_filled_in(const Composed& composed, const Path& path, const Resolve& resolve) {
  const json::value* value = &composed.document;
  for (const std::string& segment : path) {
    const json::object* object = value->if_object();
    // Edits of documents cross no array, and what is new has nothing of a template.
    const json::key_value_pair* member = object ? rendered_member(*object, segment, resolve) : nullptr;
    if (!member) return false;
    if (is_template(member->key())) return true;
    value = &member->value();
  }
  return holds_template(*value);
}

// The lowest scope that has what is nearest above `path`.
std::string scope_for_new(const Composed& composed, const json::value& tree, Path path) {
  while (!path.empty()) {
    path.pop_back();
    if (const auto scopes = scopes_with(composed, tree, path); !scopes.empty()) return scopes.front();
  }
  return std::string(base_scope);
}

}  // namespace

std::expected<std::vector<Edit>, ScopeFault> edits_of_scopes(const std::vector<Edit>& edits,
                                                             const Composed& composed,
                                                             const json::value& tree,
                                                             const NodeFacts& facts) {
  const Resolve resolve_name = [&](std::string_view name) { return resolve(name, tree, facts); };
  std::vector<Edit> result;
  for (const Edit& edit : edits) {
    const std::vector<std::string> scopes = scopes_with(composed, tree, edit.path);
    if (is_filled_in(composed, edit.path, resolve_name)) {
      return std::unexpected(
          ScopeFault{scopes.empty() ? std::string(base_scope) : scopes.back(), edit.path,
                     "what stands here was filled in from a template: change it where it is written"});
    }
    Edit scoped = edit;
    if (edit.op == EditOp::remove) {
      for (const std::string& scope : scopes) {
        scoped.scope = scope;
        result.push_back(scoped);
      }
      continue;
    }
    scoped.scope = scopes.empty() ? scope_for_new(composed, tree, edit.path) : scopes.back();
    result.push_back(std::move(scoped));
  }
  return result;
}

}  // namespace starling
