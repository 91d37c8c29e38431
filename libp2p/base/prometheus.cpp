#include "libp2p/base/prometheus.hpp"

#include <utility>

namespace libp2p {
namespace {

// Help texts have no quotes around them, label values do.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quoted && c == '"')) out += '\\';
    out += c;
  }
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view help, std::string_view type) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ");
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusText::sample(std::uint64_t value, Labels labels) {
  text_ += name_;
  char separator = '{';
  for (const auto& [name, label] : labels) {
    text_ += std::exchange(separator, ',');
    text_.append(name).append("=\"");
    append_escaped(text_, label, true);
    text_ += '"';
  }
  if (labels.size() > 0) text_ += '}';
  text_.append(" ").append(std::to_string(value)).append("\n");
}

void PrometheusText::counter(std::string_view name, std::string_view help, std::uint64_t value) {
  counter(name, help);
  sample(value);
}

void PrometheusText::gauge(std::string_view name, std::string_view help, std::uint64_t value) {
  gauge(name, help);
  sample(value);
}

}  // namespace libp2p
