// The structural validator (rule M6): what makes a document invalid on every node alike, whatever serves it.
#pragma once

#include <optional>
#include <string>

#include "starling/model/document.hpp"

namespace starling {

struct Invalid {
  Path path;           // of the offending value
  std::string detail;  // in Unit's own words where Unit has some
};

// References resolve, listeners have the form that both daemons take, the top level has the members Unit knows. Nothing
// that depends on the machine (files, ports, installed modules): that is the data plane's own verdict.
[[nodiscard]] std::optional<Invalid> validate(const json::value& document);

// "*:8080", "127.0.0.1:80", "[::1]:443", "unix:/run/app.sock"
[[nodiscard]] bool is_listener_address(std::string_view text);

}  // namespace starling
