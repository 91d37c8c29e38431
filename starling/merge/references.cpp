#include "starling/merge/references.hpp"

namespace starling {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t slash = text.find('/');
    parts.emplace_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

// Depth is bounded by the parser's limit of 100.
void collect(const json::value& value, Path& at, std::vector<Reference>& found) {
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      at.emplace_back(member.key());
      collect(member.value(), at, found);
      at.pop_back();
    }
  } else if (const json::array* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      at.push_back(std::to_string(i));
      collect((*array)[i], at, found);
      at.pop_back();
    }
  } else if (value.is_string() && !at.empty() && at.back() == "pass") {
    const std::string_view text = value.get_string();
    if (auto target = pass_target(text)) found.push_back({at, std::string(text), std::move(*target)});
  }
}

}  // namespace

std::optional<Path> pass_target(std::string_view pass) {
  if (pass.find('$') != std::string_view::npos) return std::nullopt;
  std::vector<std::string> parts = split(pass);
  if (parts[0] == "routes" && parts.size() <= 2) return parts;
  if (parts[0] == "upstreams" && parts.size() == 2) return parts;
  // applications/NAME, or applications/NAME/TARGET
  if (parts[0] == "applications" && (parts.size() == 2 || parts.size() == 3)) return Path{parts[0], parts[1]};
  return std::nullopt;
}

std::vector<Reference> references(const json::value& value, const Path& at) {
  std::vector<Reference> found;
  Path path = at;
  collect(value, path, found);
  return found;
}

}  // namespace starling
