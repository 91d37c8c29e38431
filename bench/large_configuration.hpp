// A configuration of 500 KB, and small edits of it.
#pragma once

#include <string>

#include "starling/model/change.hpp"
#include "starling/model/document.hpp"

namespace starling {

inline constexpr std::size_t routes = 1500;

// Routes, upstreams, applications and listeners as a large installation has them.
inline json::value large_document() {
  json::object listeners;
  json::object named;
  json::object upstreams;
  json::object applications;
  for (std::size_t i = 0; i < routes; ++i) {
    const std::string n = std::to_string(i);
    json::object guard{
        {"match", json::object{{"uri", "/private-" + n + "/*"}, {"source", json::array{"10.0.0.0/8"}}}},
        {"action", json::object{{"return", 403}}}};
    json::object files{
        {"match", json::object{{"host", "site" + n + ".example.com"}, {"uri", json::array{"*.css", "*.js"}}}},
        {"action", json::object{{"share", "/srv/site" + n + "$uri"},
                                {"fallback", json::object{{"pass", "upstreams/u" + n}}}}}};
    named["site" + n] = json::array{std::move(guard), std::move(files)};
    upstreams["u" + n] = json::object{{"servers", json::object{{"10.0.0." + std::to_string(i % 250) + ":8080",
                                                                json::object{{"weight", 2}}}}}};
    if (i % 4 == 0) {
      applications["app" + n] = json::object{{"type", "external"},
                                             {"executable", "/usr/bin/app" + n},
                                             {"user", "www"},
                                             {"processes", json::object{{"max", 8}, {"spare", 2}}}};
    }
    if (i % 2 == 0)
      listeners["10.1.0.1:" + std::to_string(1000 + i)] = json::object{{"pass", "routes/site" + n}};
  }
  return json::object{{"listeners", std::move(listeners)},
                      {"routes", std::move(named)},
                      {"upstreams", std::move(upstreams)},
                      {"applications", std::move(applications)}};
}

// The `n`th of a history.
inline Edit small_edit(std::size_t n) {
  const std::string route = std::to_string(n * 7 % routes);
  switch (n % 4) {
    case 0:
      return {"base",
              {"upstreams", "u" + route, "servers", "10.9.9." + std::to_string(n % 250) + ":80"},
              EditOp::set,
              json::object{}};
    case 1:
      return {"base",
              {"routes", "site" + route},
              EditOp::append,
              json::object{{"action", json::object{{"return", 404}}}}};
    case 2:
      return {"base",
              {"listeners", "10.1.0.1:" + std::to_string(1000 + n * 2 % routes), "pass"},
              EditOp::set,
              json::value("routes/site" + route)};
    default:
      return {"base",
              {"applications", "app" + route, "user"},
              EditOp::set,
              json::value("user" + std::to_string(n))};
  }
}

}  // namespace starling
