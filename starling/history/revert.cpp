#include "starling/history/revert.hpp"

#include <algorithm>
#include <ranges>

#include "starling/history/difference.hpp"
#include "starling/merge/tree.hpp"

namespace starling {
namespace {

bool same(const json::value* a, const std::optional<json::value>& b) {
  return a && b ? same_json(*a, *b) : !a && !b;
}

void put(json::value& document, const Path& path, const std::optional<json::value>& value) {
  if (value) {
    set_member(document, path, *value);
  } else if (member_at(document, path)) {
    remove_member(document, path);
  }
}

// The array at present without what the change added at the end of it; nothing where that is no longer there,
// or several times.
std::optional<json::array> without_appended(const Difference& done, const json::value* present) {
  const json::array* old_array = done.before ? done.before->if_array() : nullptr;
  const json::array* new_array = done.after ? done.after->if_array() : nullptr;
  const json::array* now = present ? present->if_array() : nullptr;
  if (!old_array || !new_array || !now || new_array->size() <= old_array->size()) return std::nullopt;
  if (!std::ranges::equal(*old_array, *new_array | std::views::take(old_array->size()), same_json))
    return std::nullopt;
  json::array rest = *now;
  for (const json::value& appended : *new_array | std::views::drop(old_array->size())) {
    const auto is_it = [&](const json::value& element) { return same_json(element, appended); };
    if (std::ranges::count_if(rest, is_it) != 1) return std::nullopt;
    rest.erase(std::ranges::find_if(rest, is_it));
  }
  return rest;
}

}  // namespace

Reverted revert(const Aftermath& aftermath, bool force) {
  Reverted reverted{aftermath.present, {}};
  for (const Difference& done : differences(aftermath.before, aftermath.after)) {
    const json::value* now = member_at(aftermath.present, done.path);
    if (same(now, done.before)) continue;
    const std::optional<RecordId> last = aftermath.last_change_at(done.path);
    const bool stands = same(now, done.after) && last == aftermath.change;
    if (stands || force) {
      put(reverted.document, done.path, done.before);
    } else if (auto rest = without_appended(done, now)) {
      put(reverted.document, done.path, json::value(std::move(*rest)));
    } else {
      reverted.in_between.push_back({done.path, last});
    }
  }
  return reverted;
}

}  // namespace starling
