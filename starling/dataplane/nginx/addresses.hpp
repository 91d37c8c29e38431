// Addresses in Unit's spelling, taken apart and written in nginx's.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace starling {

// "*:8080", "1.2.3.4:80", "[::1]:80", "unix:/run/l.sock" as the parameter of `listen`. Errors: in words.
[[nodiscard]] std::expected<std::string, std::string> listen_address(std::string_view text);
// An address to connect to, the same but for "*", as the parameter of an upstream's `server`. Errors: in
// words.
[[nodiscard]] std::expected<std::string, std::string> server_address(std::string_view text);

}  // namespace starling
