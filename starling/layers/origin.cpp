#include "starling/layers/origin.hpp"

#include <algorithm>
#include <map>

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

std::unexpected<ScopeFault> fault_at(const Composed& composed, const json::value& tree, const Path& path,
                                     std::string detail) {
  const std::vector<std::string> scopes = scopes_with(composed, tree, path);
  return std::unexpected(
      ScopeFault{scopes.empty() ? std::string(base_scope) : scopes.back(), path, std::move(detail)});
}

constexpr const char* was_filled_in =
    "what stands here was filled in from a template: change it where it is written";

// Puts templates back where a document still holds what they were filled in with.
class Unfilling {
 public:
  Unfilling(const json::value& tree, const NodeFacts& facts) : tree_(tree), facts_(facts) {}

  // `wanted` in the place of `source`. Error: the first place whose template would be lost.
  std::expected<json::value, Path> value(const json::value& source, const json::value& wanted) {
    if (!holds_template(source) || same_json(source, wanted)) return wanted;
    if (const auto given = filled(source); given && same_json(*given, wanted)) return source;
    // Who writes a template in a template's place knows that one is there.
    if (source.is_string() && wanted.is_string() && is_template(wanted.get_string())) return wanted;
    if (source.is_object() && wanted.is_object()) return object(source.get_object(), wanted.get_object());
    if (source.is_array() && wanted.is_array()) return array(source.get_array(), wanted.get_array());
    return std::unexpected(place_);
  }

 private:
  // Nothing where it can't be filled in.
  [[nodiscard]] std::optional<json::value> filled(const json::value& source) const {
    auto given = fill_in(Composed{{}, source}, tree_, facts_);
    return given ? std::optional(std::move(*given)) : std::nullopt;
  }

  std::expected<json::value, Path> below(std::string_view segment, const json::value& source,
                                         const json::value& wanted) {
    place_.emplace_back(segment);
    auto found = value(source, wanted);
    place_.pop_back();
    return found;
  }
  std::unexpected<Path> lost(std::string_view segment) const {
    Path place = place_;
    place.emplace_back(segment);
    return std::unexpected(std::move(place));
  }

  std::expected<json::value, Path> object(const json::object& source, const json::object& wanted) {
    const Resolve names = [this](std::string_view name) { return resolve(name, tree_, facts_); };
    json::object result;
    for (const auto& member : wanted) {
      const auto written = source.find(member.key());
      const json::key_value_pair* there =
          written != source.end() ? &*written : rendered_member(source, member.key(), names);
      if (!there) {
        result.emplace(member.key(), member.value());
        continue;
      }
      auto found = below(there->key(), there->value(), member.value());
      if (!found) return found;
      // By its own name and by what that is filled in to: there can't be both.
      if (!result.emplace(there->key(), std::move(*found)).second) return lost(there->key());
    }
    for (const auto& member : source) {
      if (!result.contains(member.key()) && (is_template(member.key()) || holds_template(member.value())))
        return lost(member.key());
    }
    return result;
  }

  // Elements have no names: each is known by its place, or else by what it was filled in to.
  std::expected<json::value, Path> array(const json::array& source, const json::array& wanted) {
    std::map<std::string, std::size_t> by_text;  // those with templates that are not found yet
    for (std::size_t i = 0; i < source.size(); ++i) {
      if (!holds_template(source[i])) continue;
      if (const auto given = filled(source[i])) by_text.emplace(canonical_json(*given), i);
    }
    std::vector<bool> kept(source.size(), false);
    json::array result;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto known = by_text.find(canonical_json(wanted[i]));
      const bool in_place = wanted.size() == source.size() && holds_template(source[i]);
      if (known == by_text.end() && !in_place) {
        result.push_back(wanted[i]);
        continue;
      }
      const std::size_t from = in_place ? i : known->second;
      auto found = below(std::to_string(from), source[from], wanted[i]);
      if (!found) return found;
      result.push_back(std::move(*found));
      kept[from] = true;
    }
    for (std::size_t i = 0; i < source.size(); ++i) {
      const bool stands =
          kept[i] || !holds_template(source[i]) || std::ranges::find(wanted, source[i]) != wanted.end();
      if (!stands) return lost(std::to_string(i));
    }
    return result;
  }

  const json::value& tree_;
  const NodeFacts& facts_;
  Path place_;
};

}  // namespace

std::optional<Path> written_at(const Path& path, const Composed& composed, const json::value& tree,
                               const NodeFacts& facts) {
  const Resolve names = [&](std::string_view name) { return resolve(name, tree, facts); };
  Path written;
  const json::value* value = &composed.document;
  for (const std::string& segment : path) {
    const json::object* object = value->if_object();
    const json::key_value_pair* member = object ? rendered_member(*object, segment, names) : nullptr;
    written.push_back(member ? std::string(member->key()) : segment);
    value = find(*value, {written.back()});
    if (!value) return std::nullopt;
  }
  return written;
}

bool has_templates(const json::value& document) { return holds_template(document); }

std::expected<json::value, ScopeFault> unfilled(const json::value& document, const Composed& composed,
                                                const json::value& tree, const NodeFacts& facts) {
  auto source = Unfilling(tree, facts).value(composed.document, document);
  if (!source) return fault_at(composed, tree, source.error(), was_filled_in);
  return std::move(*source);
}

std::vector<Edit> into_scopes(const std::vector<Edit>& edits, const Composed& composed,
                              const json::value& tree) {
  std::vector<Edit> result;
  for (const Edit& edit : edits) {
    const std::vector<std::string> scopes = scopes_with(composed, tree, edit.path);
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

std::expected<std::vector<Edit>, ScopeFault> edits_of_scopes(const std::vector<Edit>& edits,
                                                             const Composed& composed,
                                                             const json::value& tree,
                                                             const NodeFacts& facts) {
  const Resolve resolve_name = [&](std::string_view name) { return resolve(name, tree, facts); };
  for (const Edit& edit : edits) {
    if (is_filled_in(composed, edit.path, resolve_name))
      return fault_at(composed, tree, edit.path, was_filled_in);
  }
  return into_scopes(edits, composed, tree);
}

}  // namespace starling
