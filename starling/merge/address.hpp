// Network addresses in the lenient form that both daemons take: octets with leading zeros or without a digit,
// and a colon too many before an IPv6 address. Whether one can be bound or reached is for the data plane to
// say.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace starling {

// "*:8080", "127.0.0.1:80", "[::1]:443", "unix:/run/app.sock": of a listener, of a server of an upstream, and
// of a proxy after its "http://".
[[nodiscard]] bool is_listener_address(std::string_view text);
// As level 1 of the merge has it: a zero in the path of a Unix socket is taken by one daemon only.
[[nodiscard]] bool is_listener_address_of_level_1(std::string_view text);

// What is wrong with a pattern of client addresses ("!10.0.0.0/8", "10.0.0.1-10.0.0.9:80-90", "unix"), in
// Unit's words. Ranges of IPv6 addresses may be upside down.
[[nodiscard]] std::optional<std::string_view> fault_of_address_pattern(std::string_view text);

}  // namespace starling
