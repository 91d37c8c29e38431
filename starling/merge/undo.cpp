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
  std::size_t bytes = steps.size() * sizeof(undo::Step);
  for (const undo::Step& step : steps) {
    if (const auto* edited = std::get_if<undo::Edited>(&step); edited != nullptr && edited->replaced.old) {
      bytes += weight(*edited->replaced.old);
    } else if (const auto* opened = std::get_if<undo::WindowOpened>(&step)) {
      bytes += weight(opened->wishes);
    }
  }
  return bytes;
}

}  // namespace starling
