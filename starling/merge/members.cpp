#include "starling/merge/members.hpp"

#include <array>
#include <bit>

#include "starling/merge/wording.hpp"

namespace starling {
namespace {

constexpr std::array type_names{"a null",   "a boolean", "an integer number", "a fractional number",
                                "a string", "an array",  "an object"};

}  // namespace

Types type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return Types::null;
    case json::kind::bool_:
      return Types::boolean;
    case json::kind::int64:
    case json::kind::uint64:
      return Types::integer;
    case json::kind::double_:
      return is_integral(value.get_double()) ? Types::integer : Types::fraction;
    case json::kind::string:
      return Types::string;
    case json::kind::array:
      return Types::array;
    case json::kind::object:
      break;
  }
  return Types::object;
}

std::string expected(Types types) {
  int left = std::popcount(static_cast<unsigned>(types));
  const bool list = left > 2;
  std::string text = left > 1 ? "either " : "";
  for (std::size_t i = 0; i < type_names.size(); ++i) {
    if (!includes(types, static_cast<Types>(1U << i))) continue;
    text += type_names[i];
    if (--left == 0) break;
    if (list) text += ",";
    text += left == 1 ? " or " : " ";
  }
  return text;
}

std::string wrong_type(std::string_view name, Types types, const json::value& value) {
  return "The " + in_quotes(name) + " value must be " + expected(types) + ", but not " +
         std::string(unit_type(value)) + ".";
}

bool expect(Findings& findings, std::string_view name, Types types, const json::value& value) {
  if (includes(types, type_of(value))) return true;
  findings.add(wrong_type(name, types, value));
  return false;
}

void check_members(Findings& findings, const json::object& object, std::span<const MemberRule> members) {
  for (const MemberRule& member : members) {
    const json::value* value = object.if_contains(member.name);
    if (value == nullptr) {
      if (member.required && !findings.may_lack()) {
        findings.add_below(member.name, "Required parameter " + in_quotes(member.name) + " is missing.");
      }
      continue;
    }
    findings.below(member.name, [&] {
      if (expect(findings, member.name, member.types, *value) && member.rule != nullptr) {
        member.rule(findings, member.name, *value);
      }
    });
  }
}

void check_each(Findings& findings, const json::object& object, Rule rule) {
  for (const auto& member : object) {
    findings.below(member.key(), [&] { rule(findings, member.key(), member.value()); });
  }
}

void check_one_or_each(Findings& findings, std::string_view name, const json::value& value, Rule rule) {
  const json::array* array = value.if_array();
  if (array == nullptr) return rule(findings, name, value);
  for (std::size_t i = 0; i < array->size(); ++i) {
    findings.below(std::to_string(i), [&] { rule(findings, name, (*array)[i]); });
  }
}

double number_of(const json::value& value) {
  if (const auto* integer = value.if_int64()) return static_cast<double>(*integer);
  if (const auto* integer = value.if_uint64()) return static_cast<double>(*integer);
  return value.get_double();
}

}  // namespace starling
