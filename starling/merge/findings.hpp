// What is wrong with a document, as it is found.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "starling/model/document.hpp"

namespace starling {

struct Invalid {
  Path path;           // of the offending value; of an unknown member, that of the object that holds it
  std::string detail;  // in Unit's own words where Unit has some
};

struct Violation {
  Path place;  // faults are told in the order of their places
  Invalid invalid;
  Path target;  // what a reference misses, where that is the fault
};

// In order of place, without repetitions.
[[nodiscard]] inline std::vector<Violation> in_order(std::vector<Violation> violations) {
  const auto key = [](const Violation& violation) {
    return std::tie(violation.place, violation.invalid.detail);
  };
  std::ranges::sort(violations, {}, key);
  const auto repeated = std::ranges::unique(violations, {}, key);
  violations.erase(repeated.begin(), repeated.end());
  return violations;
}

struct ValidationRules {
  // Of the merge (M9). 1 knows references, listeners and the types that they lead through; from 2 on, all
  // that both daemons demand of listeners, routes, applications, upstreams, settings and the access log.
  std::uint32_t level = 1;
  // A part is laid over another document, which may have what this one lacks: nothing is missing in it.
  enum class Extent : std::uint8_t { whole, part } extent = Extent::whole;
};
inline constexpr std::uint32_t newest_validation = 2;

// Where the walk through a document is, and what it found.
class Findings {
 public:
  Findings(ValidationRules rules, std::vector<Violation>& found) : rules_(rules), found_(found) {}

  [[nodiscard]] bool may_lack() const { return rules_.extent == ValidationRules::Extent::part; }

  void add(std::string detail) { found_.push_back({at_, {at_, std::move(detail)}, {}}); }
  void add_below(std::string_view segment, std::string detail) {
    below(segment, [&] { add(std::move(detail)); });
  }
  template <class Check>
  void below(std::string_view segment, Check&& check) {
    at_.emplace_back(segment);
    std::forward<Check>(check)();
    at_.pop_back();
  }
  template <class Check>
  void at(Path place, Check&& check) {
    at_ = std::move(place);
    std::forward<Check>(check)();
    at_.clear();
  }

 private:
  ValidationRules rules_;
  std::vector<Violation>& found_;
  Path at_;
};

}  // namespace starling
