#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "starling/merge/member_rules.hpp"
#include "starling/merge/sections.hpp"
#include "starling/merge/wording.hpp"

namespace starling {
namespace {

constexpr double largest = std::numeric_limits<std::int32_t>::max();

std::string below(std::string_view name, double least) {
  return "The " + in_quotes(name) + " number must be equal to or greater than " +
         std::to_string(static_cast<int>(least)) + ".";
}

std::string above(std::string_view name, double most) {
  return "The " + in_quotes(name) + " number must not exceed " + std::to_string(static_cast<int>(most)) + ".";
}

std::string negative(std::string_view name) {
  return "The " + in_quotes(name) + " number must not be negative.";
}

constexpr std::array process_members{
    MemberRule{"spare", Types::integer},
    MemberRule{"max", Types::integer},
    MemberRule{"idle_timeout", Types::integer},
};

void check_process_numbers(Findings& findings, const json::object& object) {
  const auto number_at = [&](std::string_view name, double otherwise) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && type_of(*value) == Types::integer ? number_of(*value) : otherwise;
  };
  const double spare = number_at("spare", 0);
  const double max = number_at("max", 1);
  const double idle_s = number_at("idle_timeout", 15);
  if (spare < 0) findings.add_below("spare", negative("spare"));
  if (spare > largest) findings.add_below("spare", above("spare", largest));
  if (max < 1) findings.add_below("max", below("max", 1));
  if (max > largest) findings.add_below("max", above("max", largest));
  const bool comparable = object.contains("max") || !findings.may_lack();
  if (comparable && max >= 1 && max < spare) {
    findings.add_below("spare", "The \"spare\" number must be less than or equal to \"max\".");
  }
  if (idle_s < 0) findings.add_below("idle_timeout", negative("idle_timeout"));
  constexpr std::int32_t longest_s = std::numeric_limits<std::int32_t>::max() / 1000;
  if (idle_s > longest_s) findings.add_below("idle_timeout", above("idle_timeout", longest_s));
}

void processes(Findings& findings, std::string_view name, const json::value& value) {
  if (const json::object* object = value.if_object()) {
    check_members(findings, *object, process_members);
    return check_process_numbers(findings, *object);
  }
  if (number_of(value) < 1) findings.add(below(name, 1));
  if (number_of(value) > largest) findings.add(above(name, largest));
}

constexpr std::array limit_members{
    MemberRule{"timeout", Types::integer},
    MemberRule{"requests", Types::integer},
    MemberRule{"shm", Types::integer},
};

void limits(Findings& findings, std::string_view, const json::value& value) {
  check_members(findings, value.get_object(), limit_members);
}

bool has_null_character(std::string_view text) { return text.find('\0') != std::string_view::npos; }

void environment_variable(Findings& findings, std::string_view name, const json::value& value) {
  if (name.empty()) return findings.add("The environment name must not be empty.");
  if (has_null_character(name)) {
    return findings.add("The environment name must not contain null character.");
  }
  if (name.find('=') != std::string_view::npos) {
    return findings.add("The environment name must not contain '=' character.");
  }
  const json::string* text = value.if_string();
  const std::string subject = "The " + in_quotes(name) + " environment value must ";
  if (text == nullptr) return findings.add(subject + "be a string.");
  if (has_null_character(*text)) findings.add(subject + "not contain null character.");
}

void environment(Findings& findings, std::string_view, const json::value& value) {
  check_each(findings, value.get_object(), environment_variable);
}

constexpr std::array application_members{
    MemberRule{"limits", Types::object, limits},
    MemberRule{"processes", Types::integer | Types::object, processes},
    MemberRule{"user", Types::string},
    MemberRule{"group", Types::string},
    MemberRule{"working_directory", Types::string},
    MemberRule{"environment", Types::object, environment},
    MemberRule{"isolation", Types::object},
    MemberRule{"stdout", Types::string},
    MemberRule{"stderr", Types::string},
};

void argument(Findings& findings, std::string_view, const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return findings.add("The \"arguments\" array must contain only string values.");
  if (has_null_character(*text)) {
    findings.add("The \"arguments\" array must not contain strings with null character.");
  }
}

void arguments(Findings& findings, std::string_view name, const json::value& value) {
  check_one_or_each(findings, name, value, argument);
}

// The one type that needs no module; what the others take, their modules' versions say.
constexpr std::array external_members{
    MemberRule{"executable", Types::string, nullptr, true},
    MemberRule{"arguments", Types::array, arguments},
};

}  // namespace

void check_application(Findings& findings, std::string_view name, const json::value& application) {
  if (!expect(findings, name, Types::object, application)) return;
  const json::object& object = application.get_object();
  const json::value* type = object.if_contains("type");
  if (type == nullptr) {
    if (!findings.may_lack()) {
      findings.add_below("type", "Application must have the \"type\" property set.");
    }
  } else {
    findings.below("type", [&] { expect(findings, "type", Types::string, *type); });
  }
  if (type != nullptr && *type == "external") check_members(findings, object, external_members);
  check_members(findings, object, application_members);
}

}  // namespace starling
