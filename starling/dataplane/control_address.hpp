// Where a control API listens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "starling/model/ids.hpp"

namespace starling {

// A unix socket when `path` is not empty, else TCP.
struct ControlAddress {
  std::string path{};
  std::string host{};  // an IPv4 or IPv6 address, without brackets
  std::uint16_t port = 0;

  [[nodiscard]] bool is_unix() const { return !path.empty(); }
  // "/run/control.unit.sock", "127.0.0.1:8443", "[::1]:8443".
  [[nodiscard]] std::string to_string() const;
  // The same forms, and localhost for 127.0.0.1. A text with a slash is a path. Errors: invalid_argument.
  [[nodiscard]] static Result<ControlAddress> parse(std::string_view text);
  friend bool operator==(const ControlAddress&, const ControlAddress&) = default;
};

// The longest path that a unix socket can have, in bytes (sockaddr_un, with its NUL).
inline constexpr std::size_t max_unix_path_bytes = 107;

}  // namespace starling
