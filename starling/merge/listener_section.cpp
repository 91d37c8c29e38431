#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "starling/merge/address.hpp"
#include "starling/merge/member_rules.hpp"
#include "starling/merge/sections.hpp"
#include "starling/merge/wording.hpp"

namespace starling {
namespace {

constexpr std::int32_t largest = std::numeric_limits<std::int32_t>::max();

void certificate(Findings& findings, std::string_view, const json::value& value) {
  if (!value.is_string()) findings.add("The \"certificate\" array must contain only string values.");
}

void certificates(Findings& findings, std::string_view name, const json::value& value) {
  if (const json::array* names = value.if_array(); names != nullptr && names->empty()) {
    return findings.add("The \"certificate\" array must contain at least one element.");
  }
  check_one_or_each(findings, name, value, certificate);
}

void strings(Findings& findings, std::string_view, const json::value& value) {
  check_each(findings, value.get_object(), string_value);
}

void cache_size(Findings& findings, std::string_view, const json::value& value) {
  if (number_of(value) < 0) findings.add("The \"cache_size\" number must not be negative.");
}

void session_timeout(Findings& findings, std::string_view, const json::value& value) {
  if (number_of(value) <= 0) findings.add("The \"timeout\" number must be greater than zero.");
}

void ticket_key(Findings& findings, std::string_view, const json::value& value) {
  if (!value.is_string()) findings.add("The \"key\" array must contain only string values.");
}

void ticket_keys(Findings& findings, std::string_view name, const json::value& value) {
  if (!value.is_bool()) check_one_or_each(findings, name, value, ticket_key);
}

constexpr std::array session_members{
    MemberRule{"cache_size", Types::integer, cache_size},
    MemberRule{"timeout", Types::integer, session_timeout},
    MemberRule{"tickets", Types::boolean | string_or_array, ticket_keys},
};

void session(Findings& findings, std::string_view, const json::value& value) {
  check_members(findings, value.get_object(), session_members);
}

constexpr std::array tls_members{
    MemberRule{"certificate", string_or_array, certificates, true},
    MemberRule{"conf_commands", Types::object, strings},
    MemberRule{"session", Types::object, session},
};

void tls(Findings& findings, std::string_view, const json::value& value) {
  check_members(findings, value.get_object(), tls_members);
}

constexpr std::array forwarded_members{
    MemberRule{"client_ip", Types::string},
    MemberRule{"protocol", Types::string},
    MemberRule{"source", string_or_array, address_patterns, true},
    MemberRule{"recursive", Types::boolean},
};

void forwarded(Findings& findings, std::string_view, const json::value& value) {
  const json::object& object = value.get_object();
  if (!object.contains("client_ip") && !object.contains("protocol") && !findings.may_lack()) {
    findings.add("The \"forwarded\" object must have either \"client_ip\" or \"protocol\" option set.");
  }
  check_members(findings, object, forwarded_members);
}

constexpr std::array client_ip_members{
    MemberRule{"source", string_or_array, address_patterns, true},
    MemberRule{"header", Types::string, nullptr, true},
    MemberRule{"recursive", Types::boolean},
};

void client_ip(Findings& findings, std::string_view, const json::value& value) {
  check_members(findings, value.get_object(), client_ip_members);
}

void backlog(Findings& findings, std::string_view, const json::value& value) {
  // Its fraction is cut off.
  const double length = std::trunc(number_of(value));
  if (length < -1) findings.add("The \"backlog\" number must be equal to or greater than -1.");
  if (length > largest)
    findings.add("The \"backlog\" number must not exceed " + std::to_string(largest) + ".");
}

constexpr std::array listener_members{
    MemberRule{"pass", Types::string, text_with_variables},
    MemberRule{"forwarded", Types::object, forwarded},
    MemberRule{"client_ip", Types::object, client_ip},
    MemberRule{"backlog", number, backlog},
    MemberRule{"tls", Types::object, tls},
};

}  // namespace

void check_listener(Findings& findings, std::string_view address, const json::value& listener) {
  if (!is_rendered(address) && !is_listener_address(address)) {
    return findings.add("The listener address " + in_quotes(address) + " is invalid.");
  }
  if (!expect(findings, address, Types::object, listener)) return;
  const json::object& object = listener.get_object();
  if (!object.contains("pass") && !object.contains("application") && !findings.may_lack()) {
    // Here Unit says no more than that it failed.
    findings.add("The listener " + in_quotes(address) + " has no \"pass\".");
  }
  check_members(findings, object, listener_members);
}

}  // namespace starling
