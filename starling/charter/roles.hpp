// Who may do what, from the most senior down (DESIGN: strata).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace starling {

// The number is the stratum: smaller is more senior, and a senior role includes the junior ones.
enum class Role : std::uint8_t { root = 0, admin = 1, operator_ = 2, node = 3 };

[[nodiscard]] constexpr std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::root:
      return "root";
    case Role::admin:
      return "admin";
    case Role::operator_:
      return "operator";
    case Role::node:
      return "node";
  }
  return "unknown";
}

[[nodiscard]] constexpr std::optional<Role> parse_role(std::string_view text) noexcept {
  for (const Role role : {Role::root, Role::admin, Role::operator_, Role::node}) {
    if (text == to_string(role)) return role;
  }
  return std::nullopt;
}

[[nodiscard]] constexpr bool senior(Role a, Role b) noexcept { return a < b; }  // strictly
[[nodiscard]] constexpr bool at_least(Role a, Role b) noexcept { return a <= b; }

// May the holder of `issuer` invite for `conferred`? Root and admin for what is junior to them, an operator
// only nodes.
[[nodiscard]] constexpr bool may_invite(Role issuer, Role conferred) noexcept {
  return senior(issuer, conferred) && (at_least(issuer, Role::admin) || conferred == Role::node);
}

}  // namespace starling
