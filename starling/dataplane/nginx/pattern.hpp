// Unit's match patterns as regular expressions of PCRE.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/document.hpp"

namespace starling {

enum class MatchSubject { method, host, uri };

// What one condition of a step asks for. As in Unit it holds when none of the negated patterns fits and one
// of the others does, or there are only negated ones.
struct MatchRule {
  // Bodies without anchors: each fits the whole value. Those of method and host never fit a space, so that
  // they can be put together with others around spaces.
  std::vector<std::string> negative;
  std::vector<std::string> positive;
  // Is one of its patterns a regular expression of its author's? These are whole and find their own place, so
  // the rule can't be put together with others; negative and positive then hold whole expressions.
  bool regular = false;
};

// `patterns` is a string or an array of strings. Errors: in words, without the place.
[[nodiscard]] std::expected<MatchRule, std::string> match_rule(const json::value& patterns,
                                                               MatchSubject subject);

// "a|b|c" in a group.
[[nodiscard]] std::string any_of(const std::vector<std::string>& expressions);

}  // namespace starling
