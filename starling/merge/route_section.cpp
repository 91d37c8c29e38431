#include <algorithm>
#include <array>

#include "starling/merge/address.hpp"
#include "starling/merge/member_rules.hpp"
#include "starling/merge/percent.hpp"
#include "starling/merge/sections.hpp"
#include "starling/merge/wording.hpp"

namespace starling {
namespace {

std::string pattern_for(std::string_view name) { return "The \"match\" pattern for " + in_quotes(name); }

// A regular expression begins with '~', after the '!' that negates: what it may hold, its library says.
bool has_double_star(std::string_view pattern) {
  if (pattern.starts_with('!')) pattern.remove_prefix(1);
  return !pattern.starts_with('~') && pattern.find("**") != std::string_view::npos;
}

// Has it the form of a pattern?
bool check_pattern(Findings& findings, std::string_view text) {
  if (is_rendered(text)) return false;
  if (!has_double_star(text)) return true;
  findings.add("The \"match\" pattern must not contain double \"*\" markers.");
  return false;
}

void pattern(Findings& findings, std::string_view name, const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return findings.add(pattern_for(name) + " must be strings.");
  check_pattern(findings, *text);
}

void patterns(Findings& findings, std::string_view name, const json::value& value) {
  check_one_or_each(findings, name, value, pattern);
}

// One that is compared once it is decoded.
void encoded_pattern(Findings& findings, std::string_view name, const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return findings.add(pattern_for(name) + " must be a string.");
  if (check_pattern(findings, *text) && !percent_decoded(*text)) {
    findings.add(pattern_for(name) + " is encoded but is invalid.");
  }
}

void encoded_patterns(Findings& findings, std::string_view name, const json::value& value) {
  check_one_or_each(findings, name, value, encoded_pattern);
}

void check_pattern_names(Findings& findings, const json::object& set) {
  if (!set.contains("")) return;
  findings.add_below("", "The \"match\" pattern objects must not contain empty member names.");
}

void set_of_arguments(Findings& findings, std::string_view name, const json::value& value) {
  const json::object* set = value.if_object();
  if (set == nullptr) return findings.add(pattern_for(name) + " must be an object.");
  check_pattern_names(findings, *set);
  for (const auto& member : *set) {
    findings.below(member.key(), [&] {
      if (!is_rendered(member.key()) && !percent_decoded(member.key()))
        findings.add(pattern_for(name) + " is encoded but is invalid.");
      encoded_patterns(findings, name, member.value());
    });
  }
}

void arguments(Findings& findings, std::string_view name, const json::value& value) {
  check_one_or_each(findings, name, value, set_of_arguments);
}

void set_of_patterns(Findings& findings, std::string_view name, const json::value& value) {
  const json::object* set = value.if_object();
  if (set == nullptr) {
    return findings.add("The \"match\" patterns for " + in_quotes(name) + " must be objects.");
  }
  check_pattern_names(findings, *set);
  for (const auto& member : *set) {
    findings.below(member.key(), [&] { patterns(findings, name, member.value()); });
  }
}

void sets_of_patterns(Findings& findings, std::string_view name, const json::value& value) {
  check_one_or_each(findings, name, value, set_of_patterns);
}

void scheme(Findings& findings, std::string_view, const json::value& value) {
  std::string text(value.get_string());
  if (is_rendered(text)) return;
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (text == "http" || text == "https") return;
  findings.add("The \"scheme\" can either be \"http\" or \"https\".");
}

constexpr std::array match_members{
    MemberRule{"method", string_or_array, patterns},
    MemberRule{"scheme", Types::string, scheme},
    MemberRule{"host", string_or_array, patterns},
    MemberRule{"source", string_or_array, address_patterns},
    MemberRule{"destination", string_or_array, address_patterns},
    MemberRule{"uri", string_or_array, encoded_patterns},
    MemberRule{"query", string_or_array, encoded_patterns},
    MemberRule{"arguments", Types::array | Types::object, arguments},
    MemberRule{"headers", Types::array | Types::object, sets_of_patterns},
    MemberRule{"cookies", Types::array | Types::object, sets_of_patterns},
    MemberRule{"if", Types::string, condition},
};

void match(Findings& findings, std::string_view, const json::value& value) {
  check_members(findings, value.get_object(), match_members);
}

void status(Findings& findings, std::string_view, const json::value& value) {
  const double code = number_of(value);
  if (code >= 0 && code <= 999) return;
  findings.add("The \"return\" value is out of allowed HTTP status code range 0-999.");
}

void shared_path(Findings& findings, std::string_view name, const json::value& value) {
  if (!value.is_string()) return findings.add("The \"share\" array must contain only string values.");
  text_with_variables(findings, name, value);
}

void share(Findings& findings, std::string_view name, const json::value& value) {
  if (const json::array* paths = value.if_array(); paths != nullptr && paths->empty()) {
    return findings.add("The \"share\" array must contain at least one element.");
  }
  check_one_or_each(findings, name, value, shared_path);
}

void proxy(Findings& findings, std::string_view, const json::value& value) {
  std::string_view address = value.get_string();
  if (is_rendered(address)) return;
  const bool http = address.starts_with("http://");
  if (http) address.remove_prefix(7);
  if (!http || !is_listener_address(address)) {
    findings.add("The \"proxy\" address is invalid " + in_quotes(address));
  }
}

void response_header(Findings& findings, std::string_view name, const json::value& value) {
  if (name.empty()) return findings.add("The response header name must not be empty.");
  if (name == "Content-Length") {
    return findings.add("The \"Content-Length\" response header value is not supported");
  }
  if (value.is_string()) return text_with_variables(findings, name, value);
  if (!value.is_null()) {
    findings.add("The " + in_quotes(name) + " response header value must either be a string or a null");
  }
}

void response_headers(Findings& findings, std::string_view, const json::value& value) {
  check_each(findings, value.get_object(), response_header);
}

void action(Findings& findings, std::string_view name, const json::value& value);

// What an action does is its first four; the others say how.
constexpr std::size_t choices = 4;
constexpr std::array action_members{
    MemberRule{"pass", Types::string, text_with_variables},
    MemberRule{"return", Types::integer, status},
    MemberRule{"share", string_or_array, share},
    MemberRule{"proxy", Types::string, proxy},
    MemberRule{"location", Types::string, text_with_variables},
    MemberRule{"index", Types::string},
    MemberRule{"types", string_or_array},
    MemberRule{"fallback", Types::object, action},
    MemberRule{"chroot", Types::string, text_with_variables},
    MemberRule{"follow_symlinks", Types::boolean},
    MemberRule{"traverse_mounts", Types::boolean},
    MemberRule{"rewrite", Types::string, text_with_variables},
    MemberRule{"response_headers", Types::object, response_headers},
};

// A member that is in no table may be what another version of a daemon does.
bool all_known(const json::object& object, std::span<const MemberRule> members) {
  return std::ranges::all_of(object, [&](const auto& member) {
    return std::ranges::any_of(members, [&](const MemberRule& known) { return member.key() == known.name; });
  });
}

void action(Findings& findings, std::string_view, const json::value& value) {
  const json::object& object = value.get_object();
  const auto made =
      std::ranges::count_if(std::span(action_members).first(choices),
                            [&](const MemberRule& choice) { return object.contains(choice.name); });
  if (made > 1) {
    findings.add(
        "The \"action\" object must have just one of \"pass\", \"return\", \"share\", or \"proxy\" options "
        "set.");
  } else if (made == 0 && all_known(object, action_members)) {
    findings.add(
        "The \"action\" object must have either \"pass\", \"return\", \"share\", or \"proxy\" option set.");
  }
  check_members(findings, object, action_members);
}

constexpr std::array step_members{
    MemberRule{"match", Types::object, match},
    MemberRule{"action", Types::object, action},
};

}  // namespace

void check_step(Findings& findings, const json::value& step) {
  const json::object* object = step.if_object();
  if (object == nullptr) return findings.add("The \"routes\" array must contain only object values.");
  // Here Unit says no more than that it failed.
  if (!object->contains("action") && all_known(*object, step_members)) {
    findings.add("The step of the route has no \"action\".");
  }
  check_members(findings, *object, step_members);
}

}  // namespace starling
