#include "starling/layers/template.hpp"

#include <algorithm>

#include "libp2p/base/bytes.hpp"

namespace starling {
namespace {

constexpr std::string_view open = "{{";
constexpr std::string_view close = "}}";
constexpr std::size_t max_name_bytes = 256;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '/' || c == '-';
  };
  return !text.empty() && text.size() <= max_name_bytes && std::ranges::all_of(text, allowed);
}

// A part of a template: plain text, or a name.
struct Part {
  std::string_view text;
  bool name = false;
};

// Takes the first part off `rest`, which is not empty.
std::expected<Part, std::string> next_part(std::string_view& rest) {
  if (!rest.starts_with(open)) {
    const Part part{rest.substr(0, rest.find(open)), false};
    rest.remove_prefix(part.text.size());
    return part;
  }
  rest.remove_prefix(open.size());
  if (rest.starts_with(open)) {
    const Part part{rest.substr(0, open.size()), false};
    rest.remove_prefix(open.size());
    return part;
  }
  const std::size_t end = rest.find(close);
  if (end == std::string_view::npos)
    return std::unexpected(R"("{{" without "}}" after it; a literal "{{" is written "{{{{")");
  const Part part{trim(rest.substr(0, end)), true};
  rest.remove_prefix(end + close.size());
  if (!is_name(part.text)) {
    return std::unexpected("\"{{" + libp2p::printable(part.text.substr(0, max_name_bytes)) +
                           R"(}}" holds no name; a literal "{{" is written "{{{{")");
  }
  return part;
}

}  // namespace

std::expected<std::string, std::string> fill_in(std::string_view text, const Resolve& resolve,
                                                std::size_t max_bytes) {
  std::string filled;
  while (!text.empty()) {
    auto part = next_part(text);
    if (!part) return std::unexpected(std::move(part.error()));
    std::string_view piece = part->text;
    if (part->name) {
      const auto value = resolve(piece);
      if (!value) return std::unexpected("{{" + std::string(piece) + "}} " + value.error());
      piece = *value;
    }
    if (piece.size() > max_bytes - filled.size())
      return std::unexpected("with its templates filled in, the configuration is too large");
    filled += piece;
  }
  return filled;
}

void collect_names(std::string_view text, std::set<std::string>& names) {
  while (!text.empty()) {
    const auto part = next_part(text);
    if (!part) return;
    if (part->name) names.emplace(part->text);
  }
}

}  // namespace starling
