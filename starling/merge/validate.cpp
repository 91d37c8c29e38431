#include "starling/merge/validate.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "starling/merge/references.hpp"

namespace starling {
namespace {

struct TopLevelMember {
  std::string_view name;
  bool may_be_array;
};
constexpr std::array top_level{
    TopLevelMember{"settings", false},  TopLevelMember{"listeners", false},  TopLevelMember{"routes", true},
    TopLevelMember{"applications", false}, TopLevelMember{"upstreams", false}, TopLevelMember{"access_log", false},
};

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

bool is_ipv4(std::string_view text) {
  int octets = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (part.empty() || part.size() > 3 || error != std::errc() || end != part.data() + part.size() || value > 255) return false;
    ++octets;
    if (dot == std::string_view::npos) return octets == 4;
    text.remove_prefix(dot + 1);
  }
}

bool is_ipv6(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return c == ':' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
}

std::optional<Invalid> check_top_level(const json::object& document) {
  for (const auto& member : document) {
    const auto* known = std::ranges::find(top_level, std::string_view(member.key()), &TopLevelMember::name);
    if (known == top_level.end()) {
      return Invalid{{}, "Unknown parameter \"" + std::string(member.key()) + "\"."};
    }
    const bool access_log_path = known->name == "access_log" && member.value().is_string();
    const bool fits = member.value().is_object() || (known->may_be_array && member.value().is_array()) || access_log_path;
    if (!fits) {
      return Invalid{{std::string(member.key())},
                     "The \"" + std::string(member.key()) + "\" value must be an object" +
                         (known->may_be_array ? " or an array" : "") + ", but not " +
                         (member.value().is_array() ? "an array." : "a scalar.")};
    }
  }
  return std::nullopt;
}

std::optional<Invalid> check_listeners(const json::object& document) {
  const json::value* listeners = document.if_contains("listeners");
  if (!listeners) return std::nullopt;
  for (const auto& member : listeners->get_object()) {
    const std::string address(member.key());
    const Path path{"listeners", address};
    if (!is_listener_address(address)) {
      return Invalid{path, "The listener address \"" + libp2p::printable(address) + "\" is invalid."};
    }
    if (!member.value().is_object()) {
      return Invalid{path, "The \"" + libp2p::printable(address) + "\" value must be an object."};
    }
    const json::value* pass = member.value().get_object().if_contains("pass");
    if (!pass || !pass->is_string()) {
      return Invalid{path, "The listener \"" + libp2p::printable(address) + "\" has no \"pass\"."};
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_listener_address(std::string_view text) {
  if (text.starts_with("unix:")) return text.size() > 5 && text.size() < 5 + 108;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) return false;
  const std::string_view host = text.substr(0, colon);
  if (host == "*") return true;
  if (host.starts_with('[') && host.ends_with(']')) return is_ipv6(host.substr(1, host.size() - 2));
  return is_ipv4(host);
}

std::optional<Invalid> validate(const json::value& document) {
  const json::object* root = document.if_object();
  if (!root) return Invalid{{}, "The configuration must be an object."};
  if (auto invalid = check_top_level(*root)) return invalid;
  if (auto invalid = check_listeners(*root)) return invalid;
  for (const Reference& reference : references(document, {})) {
    if (find(document, reference.target)) continue;
    return Invalid{reference.from, "Request \"pass\" points to invalid location \"" + reference.text + "\"."};
  }
  return std::nullopt;
}

}  // namespace starling
