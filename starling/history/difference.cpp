#include "starling/history/difference.hpp"

#include <set>

namespace starling {
namespace {

void compare(const json::value& before, const json::value& after, Path& path,
             std::vector<Difference>& found) {
  const json::object* old_object = before.if_object();
  const json::object* new_object = after.if_object();
  if (!old_object || !new_object) {
    if (!same_json(before, after)) found.push_back({path, before, after});
    return;
  }
  std::set<std::string_view> keys;
  for (const auto& member : *old_object) keys.insert(member.key());
  for (const auto& member : *new_object) keys.insert(member.key());
  for (const std::string_view key : keys) {
    const json::value* old_value = old_object->if_contains(key);
    const json::value* new_value = new_object->if_contains(key);
    path.emplace_back(key);
    if (old_value && new_value) {
      compare(*old_value, *new_value, path, found);
    } else {
      found.push_back({path, old_value ? std::optional(*old_value) : std::nullopt,
                       new_value ? std::optional(*new_value) : std::nullopt});
    }
    path.pop_back();
  }
}

}  // namespace

std::vector<Difference> differences(const json::value& before, const json::value& after) {
  std::vector<Difference> found;
  Path path;
  compare(before, after, path, found);
  return found;
}

}  // namespace starling
