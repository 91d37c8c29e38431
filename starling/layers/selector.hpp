// Which nodes a layer applies to, by their labels.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/fleet_scope.hpp"

namespace starling {

// "site=syd,tier!=db,edge": every term must hold. A node without a label has no value of it, so "tier!=db"
// holds there. No term at all holds everywhere.
class Selector {
 public:
  // Space around terms is passed over. Errors: invalid_argument (form, characters), limit.
  [[nodiscard]] static Result<Selector> parse(std::string_view text);

  [[nodiscard]] bool matches(const std::map<std::string, std::string>& labels) const;
  // One text for all spellings: terms in order, each once. Parses to the same selector.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const Selector&, const Selector&) = default;

 private:
  enum class Relation { present, equal, not_equal };
  struct Term {
    std::string key;
    Relation relation{};
    std::string value;
    friend auto operator<=>(const Term&, const Term&) = default;
  };
  [[nodiscard]] static Result<Term> parse_term(std::string_view text);
  [[nodiscard]] static bool holds(const Term& term, const std::map<std::string, std::string>& labels);

  std::vector<Term> terms_;  // ascending, no duplicates
};

}  // namespace starling
