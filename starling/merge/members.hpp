// What both daemons demand of the members of an object, as tables. Members that a table doesn't name are the
// daemon's own matter: another version, or another build, knows others.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "starling/merge/findings.hpp"

namespace starling {

// A set of JSON's types, as Unit tells them apart.
enum class Types : unsigned {
  null = 1,
  boolean = 2,
  integer = 4,
  fraction = 8,
  string = 16,
  array = 32,
  object = 64,
};
constexpr Types operator|(Types a, Types b) {
  return static_cast<Types>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool includes(Types set, Types type) {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(type)) != 0;
}
inline constexpr Types number = Types::integer | Types::fraction;
inline constexpr Types string_or_array = Types::string | Types::array;

[[nodiscard]] Types type_of(const json::value& value);
// "a string"; "either a string or an array"; "either a boolean, a string, or an array".
[[nodiscard]] std::string expected(Types types);
[[nodiscard]] std::string wrong_type(std::string_view name, Types types, const json::value& value);

// `name` is the member's; the place of `findings` is that of `value`, whose type fits.
using Rule = void (*)(Findings& findings, std::string_view name, const json::value& value);

struct MemberRule {
  std::string_view name;
  Types types{};
  Rule rule = nullptr;
  bool required = false;
};

// Is `value`, which stands where `findings` is, of one of `types`? Else that is added.
bool expect(Findings& findings, std::string_view name, Types types, const json::value& value);
void check_members(Findings& findings, const json::object& object, std::span<const MemberRule> members);
// Each member, or each element, at its own place.
void check_each(Findings& findings, const json::object& object, Rule rule);
// One value or an array of such; the element's name is the array's.
void check_one_or_each(Findings& findings, std::string_view name, const json::value& value, Rule rule);

[[nodiscard]] double number_of(const json::value& value);

}  // namespace starling
