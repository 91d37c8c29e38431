// What the peer says: one JSON object a line on standard output.
#pragma once

#include <boost/json.hpp>
#include <string_view>
#include <utility>

#include "libp2p/base/result.hpp"

namespace interop {

namespace json = boost::json;

[[nodiscard]] inline json::string text(std::string_view value) {
  return json::string(value.data(), value.size());
}

// The texts of a list of peer ids or addresses.
template <class List>
[[nodiscard]] json::array texts(const List& list) {
  json::array all;
  for (const auto& item : list) all.emplace_back(text(item.to_string()));
  return all;
}

// Writes and flushes a line.
void say(const json::object& line);
void say_event(std::string_view name, json::object fields);
// The answer to the command `id`.
void say_answer(const json::value& id, libp2p::Result<json::object> answer);

}  // namespace interop
