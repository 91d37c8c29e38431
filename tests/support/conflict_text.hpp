// All that a conflict says, for comparison.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "starling/merge/fold.hpp"

namespace starling {

inline std::string text_of(const Conflict& conflict) {
  const auto value = [](const std::optional<json::value>& value) {
    return value ? canonical_json(*value) : "nothing";
  };
  std::string out = conflict.kind == Conflict::Kind::overlap ? "overlap" : "removal_dropped";
  out += " at " + to_text(Place{conflict.scope, conflict.path}) + ": " +
         to_hex(conflict.winner).substr(0, 16) + " over " + to_hex(conflict.loser).substr(0, 16) + ", op " +
         std::to_string(static_cast<int>(conflict.op)) + ", base " + value(conflict.base) + ", mine " +
         value(conflict.mine) + ", theirs " + value(conflict.theirs) + ", stood";
  for (const Place& place : places_of(conflict.stood)) out += " " + to_text(place);
  return out;
}

// In whatever order they came about.
inline std::vector<std::string> texts_of(const std::vector<Conflict>& conflicts) {
  std::vector<std::string> texts;
  for (const Conflict& conflict : conflicts) texts.push_back(text_of(conflict));
  std::ranges::sort(texts);
  return texts;
}

}  // namespace starling
