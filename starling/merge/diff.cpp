#include "starling/merge/diff.hpp"

#include <algorithm>

namespace starling {
namespace {

std::size_t depth(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return 0;
  std::size_t deepest = 0;
  for (const auto& member : *object) deepest = std::max(deepest, depth(member.value()));
  return deepest + 1;
}

std::vector<std::string_view> sorted_keys(const json::object& object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.size());
  for (const auto& member : object) keys.push_back(member.key());
  std::ranges::sort(keys);
  return keys;
}

// Objects are descended into above `max_depth` only.
class Differ {
 public:
  explicit Differ(std::size_t max_depth) : max_depth_(max_depth) {}

  std::vector<Edit> edits;

  void compare(const json::value& before, const json::value& after) {
    if (!before.is_object() || !after.is_object()) {
      if (!same_json(before, after)) replace(after);
    } else if (path_.size() < max_depth_) {
      compare_members(before.get_object(), after.get_object());
    } else if (!same_json(before, after)) {
      put(after);
    }
  }

 private:
  void compare_members(const json::object& before, const json::object& after) {
    std::vector<std::string_view> keys = sorted_keys(before);
    for (const std::string_view key : sorted_keys(after)) {
      if (!before.contains(key)) keys.push_back(key);
    }
    std::ranges::sort(keys);
    for (const std::string_view key : keys) {
      path_.emplace_back(key);
      const json::value* old_value = before.if_contains(key);
      const json::value* new_value = after.if_contains(key);
      if (new_value == nullptr) {
        edits.push_back({std::string(base_scope), path_, EditOp::remove, std::nullopt});
      } else if (old_value == nullptr) {
        put_leaves(*new_value);
      } else {
        compare(*old_value, *new_value);
      }
      path_.pop_back();
    }
  }

  // What stood here was no object, or is to be none: an empty one takes its place before members are set in
  // it.
  void replace(const json::value& after) {
    const json::object* object = after.if_object();
    if (object != nullptr && !object->empty() && path_.size() < max_depth_) put(json::object());
    put_leaves(after);
  }

  void put_leaves(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr || object->empty() || path_.size() >= max_depth_) return put(value);
    for (const std::string_view key : sorted_keys(*object)) {
      path_.emplace_back(key);
      put_leaves(object->at(key));
      path_.pop_back();
    }
  }

  void put(json::value value) {
    edits.push_back({std::string(base_scope), path_, EditOp::set, std::move(value)});
  }

  std::size_t max_depth_;
  Path path_;
};

bool fits(const std::vector<Edit>& edits, const DiffLimits& limits) {
  constexpr std::size_t framing = 4;  // of an edit, and of each of its fields
  if (edits.size() > limits.max_edits) return false;
  std::size_t bytes = 0;
  for (const Edit& edit : edits) {
    bytes += framing * 4 + edit.scope.size();
    for (const std::string& segment : edit.path) bytes += framing + segment.size();
    if (edit.value) bytes += canonical_json(*edit.value).size();
    if (bytes > limits.max_bytes) return false;
  }
  return true;
}

// Objects are set whole from below `min_depth` on at most.
std::vector<Edit> smallest_that_fits(const json::value& before, const json::value& after, DiffLimits limits,
                                     std::size_t min_depth) {
  std::size_t max_depth = std::max(depth(after), min_depth);
  while (true) {
    Differ differ(max_depth);
    differ.compare(before, after);
    // A single edit can't be made any smaller: then it is for the record to say that it is too large.
    if (max_depth == min_depth || fits(differ.edits, limits)) return std::move(differ.edits);
    --max_depth;
  }
}

}  // namespace

std::vector<Edit> diff(const json::value& before, const json::value& after, DiffLimits limits) {
  return smallest_that_fits(before, after, limits, 0);
}

std::vector<Edit> diff_trees(const json::value& before, const json::value& after, DiffLimits limits) {
  // An edit is of one scope at most.
  std::vector<Edit> edits = smallest_that_fits(before, after, limits, 1);
  for (Edit& edit : edits) {
    Place place = place_of(edit.path);
    edit.scope = std::move(place.scope);
    edit.path = std::move(place.path);
  }
  return edits;
}

}  // namespace starling
