#include <array>
#include <cstdint>
#include <limits>

#include "starling/merge/address.hpp"
#include "starling/merge/member_rules.hpp"
#include "starling/merge/sections.hpp"
#include "starling/merge/wording.hpp"

namespace starling {
namespace {

void weight(Findings& findings, std::string_view, const json::value& value) {
  if (number_of(value) < 0) findings.add("The \"weight\" number must be positive.");
  if (number_of(value) > 1'000'000) findings.add("The \"weight\" number must not exceed 1,000,000");
}

constexpr std::array server_members{MemberRule{"weight", number, weight}};

void servers(Findings& findings, std::string_view, const json::value& value) {
  for (const auto& server : value.get_object()) {
    findings.below(server.key(), [&] { check_server(findings, server.key(), server.value()); });
  }
}

constexpr std::array upstream_members{MemberRule{"servers", Types::object, servers}};

void listen_threads(Findings& findings, std::string_view, const json::value& value) {
  if (number_of(value) < 1) {
    findings.add("The \"listen_threads\" number must be equal to or greater than 1.");
  }
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  if (number_of(value) > most) {
    findings.add("The \"listen_threads\" number must not exceed " + std::to_string(most) + ".");
  }
}

constexpr std::array websocket_members{
    MemberRule{"read_timeout", Types::integer},
    MemberRule{"keepalive_interval", Types::integer},
    MemberRule{"max_frame_size", Types::integer},
};

void websocket(Findings& findings, std::string_view, const json::value& value) {
  check_members(findings, value.get_object(), websocket_members);
}

void extension(Findings& findings, std::string_view type, const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) {
    return findings.add("The " + in_quotes(type) + " MIME type array must contain only strings.");
  }
  if (text->empty()) findings.add("An empty file extension for the " + in_quotes(type) + " MIME type.");
}

void extensions(Findings& findings, std::string_view type, const json::value& value) {
  if (expect(findings, type, string_or_array, value)) check_one_or_each(findings, type, value, extension);
}

void mime_types(Findings& findings, std::string_view, const json::value& value) {
  check_each(findings, value.get_object(), extensions);
}

constexpr std::array static_members{MemberRule{"mime_types", Types::object, mime_types}};

void static_files(Findings& findings, std::string_view, const json::value& value) {
  check_members(findings, value.get_object(), static_members);
}

constexpr std::array http_members{
    MemberRule{"header_read_timeout", Types::integer},
    MemberRule{"body_read_timeout", Types::integer},
    MemberRule{"send_timeout", Types::integer},
    MemberRule{"idle_timeout", Types::integer},
    MemberRule{"large_header_buffer_size", Types::integer},
    MemberRule{"large_header_buffers", Types::integer},
    MemberRule{"body_buffer_size", Types::integer},
    MemberRule{"max_body_size", Types::integer},
    MemberRule{"body_temp_path", Types::string},
    MemberRule{"discard_unsafe_fields", Types::boolean},
    MemberRule{"websocket", Types::object, websocket},
    MemberRule{"static", Types::object, static_files},
    MemberRule{"log_route", Types::boolean},
    MemberRule{"server_version", Types::boolean},
    MemberRule{"chunked_transform", Types::boolean},
    MemberRule{"compression", Types::object},
};

void http(Findings& findings, std::string_view, const json::value& value) {
  check_members(findings, value.get_object(), http_members);
}

constexpr std::array settings_members{
    MemberRule{"listen_threads", Types::integer, listen_threads},
    MemberRule{"http", Types::object, http},
};

void log_field(Findings& findings, std::string_view name, const json::value& value) {
  if (name.empty()) return findings.add("In the access log format, the name must not be empty.");
  if (!value.is_string()) return findings.add("In the access log format, the value must be a string.");
  text_with_variables(findings, name, value);
}

void log_format(Findings& findings, std::string_view name, const json::value& value) {
  if (const json::object* fields = value.if_object()) return check_each(findings, *fields, log_field);
  text_with_variables(findings, name, value);
}

void log_path(Findings& findings, std::string_view, const json::value& value) {
  if (value.get_string().empty()) findings.add("The \"path\" string must not be empty.");
}

constexpr std::array access_log_members{
    MemberRule{"path", Types::string, log_path},
    MemberRule{"format", Types::string | Types::object, log_format},
    MemberRule{"if", Types::string, condition},
};

}  // namespace

void check_server(Findings& findings, std::string_view address, const json::value& server) {
  if (!expect(findings, address, Types::object, server)) return;
  if (!is_rendered(address) && !is_listener_address(address)) {
    return findings.add("The " + in_quotes(address) + " is not valid server address.");
  }
  check_members(findings, server.get_object(), server_members);
}

void check_upstream(Findings& findings, std::string_view name, const json::value& upstream) {
  if (!expect(findings, name, Types::object, upstream)) return;
  const json::object& object = upstream.get_object();
  if (!object.contains("servers") && !findings.may_lack()) {
    findings.add_below("servers",
                       "The " + in_quotes(name) + " upstream must contain \"servers\" object value.");
  }
  check_members(findings, object, upstream_members);
}

void check_settings(Findings& findings, const json::object& settings) {
  check_members(findings, settings, settings_members);
}

void check_access_log(Findings& findings, const json::value& access_log) {
  if (const json::string* path = access_log.if_string()) {
    if (path->empty()) findings.add("The \"access_log\" value must not be empty.");
    return;
  }
  const json::object& object = access_log.get_object();
  if (!object.contains("path") && !findings.may_lack()) {
    findings.add_below("path", "The \"path\" string must not be empty.");
  }
  check_members(findings, object, access_log_members);
}

}  // namespace starling
