#include "starling/cli/labels.hpp"

#include "starling/layers/selector.hpp"

namespace starling {

Result<> set_label(Labels& labels, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    if (!text.ends_with('-')) {
      return fail(Errc::invalid_argument,
                  "a label is key=value, or key- to take it away, not " + libp2p::printable(text));
    }
    text.remove_suffix(1);
    // Whatever is there can be taken away, be it well formed or not.
    labels.erase(std::string(text));
    return {};
  }
  const std::string_view key = text.substr(0, equals);
  const std::string_view value = text.substr(equals + 1);
  LIBP2P_CHECK(check_label(key, value));
  labels.insert_or_assign(std::string(key), std::string(value));
  if (labels.size() > max_labels) return fail(Errc::limit, "a node has at most 32 labels");
  return {};
}

std::string to_text(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    if (!text.empty()) text += ',';
    text.append(key).append("=").append(value);
  }
  return text;
}

}  // namespace starling
