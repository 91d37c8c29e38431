// The addresses that both daemons take for a listener, in the same lenient form: octets with leading zeros or
// without a digit, and a colon too many before an IPv6 address. Whether one can be bound is for the data
// plane to say.
#include <cstdint>
#include <optional>

#include "starling/merge/validate.hpp"

namespace starling {
namespace {

constexpr std::size_t max_unix_path = 107;  // sun_path without its zero
constexpr int ipv6_groups = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool is_port(std::string_view text) {
  std::uint32_t port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
    if (port > 65535) return false;
  }
  return port > 0;
}

bool is_ipv4(std::string_view text) {
  if (text.empty() || text.back() == '.') return false;
  std::uint32_t address = 0;
  std::uint32_t octet = 0;
  int dots = 0;
  for (const char c : text) {
    if (c == '.') {
      address = address << 8 | octet;
      octet = 0;
      ++dots;
    } else if (is_digit(c)) {
      octet = octet * 10 + static_cast<std::uint32_t>(c - '0');
      if (octet > 255) return false;
    } else {
      return false;
    }
  }
  // The broadcast address is what the daemons' own parser returns for an error.
  return dots == 3 && (address << 8 | octet) != 0xffffffff;
}

class Ipv6Form {
 public:
  explicit Ipv6Form(std::string_view text) : text_(text.starts_with(':') ? text.substr(1) : text) {}

  [[nodiscard]] bool holds() {
    if (text_.empty()) return false;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] == '.') return ends_in_ipv4();
      if (text_[i] == ':' ? !end_group(i + 1) : !(is_hex_digit(text_[i]) && ++digits_ <= 4)) return false;
    }
    if (digits_ == 0 && !gap_) return false;
    return fills(groups_ + 1);
  }

 private:
  [[nodiscard]] bool end_group(std::size_t next) {
    group_start_ = next;
    if (digits_ == 0) {
      if (gap_) return false;
      gap_ = true;
      return true;
    }
    digits_ = 0;
    return ++groups_ < ipv6_groups;
  }
  // Its last 32 bits in the form of IPv4.
  [[nodiscard]] bool ends_in_ipv4() const {
    return digits_ > 0 && group_start_ && groups_ <= ipv6_groups - 2 &&
           is_ipv4(text_.substr(*group_start_)) && fills(groups_ + 2);
  }
  [[nodiscard]] bool fills(int groups) const { return gap_ ? groups < ipv6_groups : groups == ipv6_groups; }

  std::string_view text_;
  std::optional<std::size_t> group_start_;  // after the last colon
  int groups_ = 0;
  int digits_ = 0;
  bool gap_ = false;
};

bool is_unix_address(std::string_view path) {
  if (path.size() < 2 || path.size() > max_unix_path) return false;
  // The path would end at a zero and name another file; only abstract names may hold one.
  return path[0] == '@' || path.find('\0') == std::string_view::npos;
}

}  // namespace

bool is_listener_address(std::string_view text) {
  if (text.starts_with("unix:")) return is_unix_address(text.substr(5));
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !Ipv6Form(text.substr(1, end - 1)).holds()) return false;
    const std::string_view rest = text.substr(end + 1);
    return rest.starts_with(':') && is_port(rest.substr(1));
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_port(text.substr(colon + 1))) return false;
  const std::string_view host = text.substr(0, colon);
  return host == "*" || is_ipv4(host);
}

}  // namespace starling
