#include "starling/merge/undo.hpp"

namespace starling {

std::size_t weight(const json::value& value) {
  std::size_t bytes = sizeof(json::value);
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object)
      bytes += sizeof(json::key_value_pair) + member.key().size() + weight(member.value());
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) bytes += weight(element);
  } else if (const json::string* string = value.if_string()) {
    bytes += string->size();
  }
  return bytes;
}

std::size_t weight(const Wishes& wishes) {
  // A path of a few segments, a list of one; what was there before is counted where it was replaced.
  constexpr std::size_t bytes_each = 256;
  return wishes.size() * bytes_each;
}

std::size_t weight(const UndoSteps& steps) {
  constexpr std::size_t path_bytes = 128;
  std::size_t bytes = steps.size() * (sizeof(undo::Step) + path_bytes);
  for (const undo::Step& step : steps) {
    const auto* edited = std::get_if<undo::Edited>(&step);
    if (edited != nullptr && edited->replaced.old) bytes += weight(*edited->replaced.old);
  }
  return bytes;
}

}  // namespace starling
