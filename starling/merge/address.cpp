#include "starling/merge/address.hpp"

#include <algorithm>
#include <string_view>

namespace starling {
namespace {

constexpr std::size_t max_unix_path = 107;  // sun_path without its zero
constexpr int ipv6_groups = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// A whole number from `least` to `most`. More digits than fit are none.
std::optional<std::uint32_t> whole_number(std::string_view text, std::uint32_t least, std::uint32_t most) {
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
    if (number > most) return std::nullopt;
  }
  if (number < least) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

bool is_port(std::string_view text) { return whole_number(text, 1, 65535).has_value(); }

std::optional<std::uint32_t> ipv4(std::string_view text) {
  if (text.empty() || text.back() == '.') return std::nullopt;
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
      if (octet > 255) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  address = address << 8 | octet;
  // The broadcast address is what the daemons' own parser returns for an error.
  if (dots != 3 || address == 0xffffffff) return std::nullopt;
  return address;
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
           ipv4(text_.substr(*group_start_)).has_value() && fills(groups_ + 2);
  }
  [[nodiscard]] bool fills(int groups) const { return gap_ ? groups < ipv6_groups : groups == ipv6_groups; }

  std::string_view text_;
  std::optional<std::size_t> group_start_;  // after the last colon
  int groups_ = 0;
  int digits_ = 0;
  bool gap_ = false;
};

bool is_ipv6(std::string_view text) { return Ipv6Form(text).holds(); }

bool is_unix_address(std::string_view path) { return path.size() >= 2 && path.size() <= max_unix_path; }

struct Halves {
  std::string_view first;
  std::string_view second;
};

std::optional<Halves> parted(std::string_view text, char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  return Halves{text.substr(0, at), text.substr(at + 1)};
}

using Fault = std::optional<std::string_view>;
constexpr std::string_view bad_form = "The \"address\" format is invalid.";
constexpr std::string_view bad_prefix = "The \"address\" has an invalid CIDR prefix.";
constexpr std::string_view bad_range = "The \"address\" range is overlapping.";
constexpr std::string_view bad_port = "The \"address\" port an invalid port.";
constexpr std::string_view too_short = "The \"address\" is too short.";

// "80", "80-90".
Fault fault_of_ports(std::string_view text) {
  constexpr std::uint32_t highest = 65535;
  if (text.empty()) return bad_form;
  if (const auto range = parted(text, '-')) {
    const auto first = whole_number(range->first, 0, highest);
    return first && whole_number(range->second, *first, highest) ? Fault() : bad_port;
  }
  return whole_number(text, 0, highest) ? Fault() : bad_port;
}

// Unlike elsewhere, no group is longer than four characters: so none is an IPv4 address.
bool is_ipv6_in_pattern(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) {
    length = c == ':' ? 0 : length + 1;
    if (length > 4) return false;
  }
  return is_ipv6(text);
}

Fault fault_of_ipv6_pattern(std::string_view text) {
  if (const auto range = parted(text, '-')) {
    return is_ipv6_in_pattern(range->first) && is_ipv6_in_pattern(range->second) ? Fault() : bad_form;
  }
  if (const auto block = parted(text, '/')) {
    if (!whole_number(block->second, 0, 128)) return bad_prefix;
    return is_ipv6_in_pattern(block->first) ? Fault() : bad_form;
  }
  return is_ipv6_in_pattern(text) ? Fault() : bad_form;
}

Fault fault_of_ipv4_pattern(std::string_view text) {
  if (const auto range = parted(text, '-')) {
    const auto first = ipv4(range->first);
    const auto last = ipv4(range->second);
    if (!first || !last) return bad_form;
    return *first <= *last ? Fault() : bad_range;
  }
  if (const auto block = parted(text, '/')) {
    const auto prefix = whole_number(block->second, 0, 32);
    if (!prefix) return bad_prefix;
    // The daemons look at the address of a wider block only through its mask, and see no fault.
    return *prefix < 32 || ipv4(block->first) ? Fault() : bad_form;
  }
  return ipv4(text) ? Fault() : bad_form;
}

}  // namespace

bool is_listener_address(std::string_view text) {
  if (text.starts_with("unix:")) return is_unix_address(text.substr(5));
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
    const std::string_view rest = text.substr(end + 1);
    return rest.starts_with(':') && is_port(rest.substr(1));
  }
  const auto parts = parted(text, ':');
  return parts && is_port(parts->second) && (parts->first == "*" || ipv4(parts->first));
}

bool is_listener_address_of_level_1(std::string_view text) {
  // The path would end at a zero and name another file; only abstract names may hold one.
  const bool cut = text.starts_with("unix:") && text.find('\0') != std::string_view::npos;
  return is_listener_address(text) && (!cut || text.starts_with("unix:@"));
}

std::optional<std::string_view> fault_of_address_pattern(std::string_view text) {
  if (text.starts_with('!')) text.remove_prefix(1);
  if (text == "unix") return std::nullopt;
  if (text.size() < 2) return too_short;
  if (text.starts_with("*:")) return fault_of_ports(text.substr(2));
  if (std::ranges::count(text, ':') < 2) {
    const auto parts = parted(text, ':');
    if (const auto fault = fault_of_ipv4_pattern(parts ? parts->first : text)) return fault;
    return parts ? fault_of_ports(parts->second) : std::nullopt;
  }
  if (!text.starts_with('[')) return fault_of_ipv6_pattern(text);
  const std::size_t end = text.rfind("]:");
  if (end == std::string_view::npos) return bad_form;
  if (const auto fault = fault_of_ipv6_pattern(text.substr(1, end - 1))) return fault;
  return fault_of_ports(text.substr(end + 2));
}

}  // namespace starling
