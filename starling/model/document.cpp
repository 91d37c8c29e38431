#include "starling/model/document.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

namespace starling {

std::optional<std::size_t> parse_index(std::string_view segment) {
  const bool digits = std::ranges::all_of(segment, [](char c) { return c >= '0' && c <= '9'; });
  if (segment.empty() || !digits) return std::nullopt;
  std::uint64_t index = 0;
  if (std::from_chars(segment.data(), segment.data() + segment.size(), index).ec != std::errc())
    return std::nullopt;
  if (index > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) return std::nullopt;
  return static_cast<std::size_t>(index);
}

const json::value* find(const json::value& document, const Path& path) {
  const json::value* value = &document;
  for (const std::string& segment : path) {
    if (const json::object* object = value->if_object()) {
      value = object->if_contains(segment);
    } else if (const json::array* array = value->if_array()) {
      const auto index = parse_index(segment);
      value = index && *index < array->size() ? &(*array)[*index] : nullptr;
    } else {
      return nullptr;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

json::value* find(json::value& document, const Path& path) {
  return const_cast<json::value*>(find(std::as_const(document), path));
}

bool remove_at(json::value& document, const Path& path) {
  json::value* holder = find(document, Path(path.begin(), std::prev(path.end())));
  if (!holder || !find(document, path)) return false;
  if (json::object* object = holder->if_object()) {
    object->erase(path.back());
  } else {
    json::array& array = holder->get_array();
    array.erase(array.begin() + static_cast<std::ptrdiff_t>(*parse_index(path.back())));
  }
  return true;
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

json::value empty_document() {
  return json::object{
      {"listeners", json::object()}, {"routes", json::array()}, {"applications", json::object()}};
}

bool has_listeners(const json::value& document) {
  const json::value* listeners = find(document, {"listeners"});
  return listeners != nullptr && listeners->is_object() && !listeners->get_object().empty();
}

}  // namespace starling
