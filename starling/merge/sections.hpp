// What both daemons demand, on whatever machine, of each section of a configuration; references aside, which
// references.hpp knows. Files, ports, modules and certificates are the machine's matter: a certificate's name
// must be a string, and no more. The place of `findings` is that of `value`.
#pragma once

#include <string_view>

#include "starling/merge/findings.hpp"

namespace starling {

void check_listener(Findings& findings, std::string_view address, const json::value& listener);
void check_step(Findings& findings, const json::value& step);  // of a route
void check_application(Findings& findings, std::string_view name, const json::value& application);
void check_upstream(Findings& findings, std::string_view name, const json::value& upstream);
void check_server(Findings& findings, std::string_view address, const json::value& server);  // of an upstream
void check_settings(Findings& findings, const json::object& settings);
void check_access_log(Findings& findings, const json::value& access_log);  // a string or an object

}  // namespace starling
