#include "starling/merge/diff.hpp"

#include <set>

namespace starling {
namespace {

class Differ {
 public:
  std::vector<Edit> edits;

  void compare(Path& path, const json::value& before, const json::value& after) {
    if (same_json(before, after)) return;
    if (before.is_object() && after.is_object()) {
      compare_members(path, before.get_object(), after.get_object());
      return;
    }
    // What stood here was no object: an empty one takes its place before members are set in it.
    if (after.is_object() && !after.get_object().empty()) put(path, json::object());
    put_leaves(path, after);
  }

 private:
  void compare_members(Path& path, const json::object& before, const json::object& after) {
    std::set<std::string_view> keys;
    for (const auto& member : before) keys.insert(member.key());
    for (const auto& member : after) keys.insert(member.key());
    for (const std::string_view key : keys) {
      path.emplace_back(key);
      const json::value* old_value = before.if_contains(key);
      const json::value* new_value = after.if_contains(key);
      if (!new_value) {
        edits.push_back({std::string(base_scope), path, EditOp::remove, std::nullopt});
      } else if (!old_value) {
        put_leaves(path, *new_value);
      } else {
        compare(path, *old_value, *new_value);
      }
      path.pop_back();
    }
  }

  void put_leaves(Path& path, const json::value& value) {
    const json::object* object = value.if_object();
    if (!object || object->empty()) {
      put(path, value);
      return;
    }
    std::set<std::string_view> keys;
    for (const auto& member : *object) keys.insert(member.key());
    for (const std::string_view key : keys) {
      path.emplace_back(key);
      put_leaves(path, object->at(key));
      path.pop_back();
    }
  }

  void put(const Path& path, json::value value) {
    edits.push_back({std::string(base_scope), path, EditOp::set, std::move(value)});
  }
};

}  // namespace

std::vector<Edit> diff(const json::value& before, const json::value& after) {
  Differ differ;
  Path path;
  differ.compare(path, before, after);
  return std::move(differ.edits);
}

}  // namespace starling
