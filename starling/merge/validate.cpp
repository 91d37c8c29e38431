#include "starling/merge/validate.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "starling/merge/tree.hpp"
#include "starling/merge/wording.hpp"

namespace starling {
namespace {

struct TopLevelMember {
  std::string_view name;
  bool may_be_object;
  bool may_be_array;
  bool may_be_string;
  std::string_view expected;
};
constexpr std::array top_level{
    TopLevelMember{"settings", true, false, false, "an object"},
    TopLevelMember{"listeners", true, false, false, "an object"},
    TopLevelMember{"routes", true, true, false, "either an array or an object"},
    TopLevelMember{"applications", true, false, false, "an object"},
    TopLevelMember{"upstreams", true, false, false, "an object"},
    TopLevelMember{"access_log", true, false, true, "either a string or an object"},
};

std::string wrong_type(std::string_view name, std::string_view expected, const json::value& value) {
  return "The " + in_quotes(name) + " value must be " + std::string(expected) + ", but not " +
         std::string(unit_type(value)) + ".";
}

class Check {
 public:
  Check(const json::value& document, const Surroundings& surroundings)
      : document_(document), surroundings_(surroundings) {}

  void whole() {
    if (!document_.is_object()) {
      const std::string detail =
          "The configuration must be an object, but not " + std::string(unit_type(document_)) + ".";
      found_.push_back({{}, {{}, detail}, {}});
      return;
    }
    for (const auto& member : document_.get_object()) section(member.key(), member.value());
  }

  // `place` was replaced.
  void around(const Path& place) {
    if (place.empty() || !document_.is_object()) return whole();
    const json::value* top = document_.get_object().if_contains(place[0]);
    if (top == nullptr) return;
    if (place.size() == 1) return section(place[0], *top);
    if (!type_fits(place[0], *top)) return;
    if (const json::array* route = top->if_array()) return appended({place[0]}, *route, place[1]);
    const json::object* members = top->if_object();
    const json::value* member = members != nullptr ? members->if_contains(place[1]) : nullptr;
    if (member == nullptr) return;
    const json::array* route = member->if_array();
    if (place.size() == 3 && route != nullptr) return appended({place[0], place[1]}, *route, place[2]);
    named(place[0], place[1], *member);
  }

  void reference(const Reference& reference) {
    if (!surroundings_.resolves(reference)) found_.push_back(dangling(reference));
  }

  // In order of place, without repetitions.
  [[nodiscard]] std::vector<Violation> take() {
    const auto key = [](const Violation& violation) {
      return std::tie(violation.place, violation.invalid.detail);
    };
    std::ranges::sort(found_, {}, key);
    const auto repeated = std::ranges::unique(found_, {}, key);
    found_.erase(repeated.begin(), repeated.end());
    return std::move(found_);
  }

 private:
  void fault(Path place, std::string detail) {
    Path path = place;
    found_.push_back({std::move(place), {std::move(path), std::move(detail)}, {}});
  }

  [[nodiscard]] bool type_fits(std::string_view name, const json::value& value) {
    const auto* known = std::ranges::find(top_level, name, &TopLevelMember::name);
    if (known == top_level.end()) {
      found_.push_back({{std::string(name)}, {{}, "Unknown parameter " + in_quotes(name) + "."}, {}});
      return false;
    }
    const bool fits = (known->may_be_object && value.is_object()) ||
                      (known->may_be_array && value.is_array()) ||
                      (known->may_be_string && value.is_string());
    if (!fits) fault({std::string(name)}, wrong_type(name, known->expected, value));
    return fits;
  }

  void section(std::string_view name, const json::value& value) {
    if (!type_fits(name, value)) return;
    if (const json::array* route = value.if_array()) return steps({std::string(name)}, *route);
    const json::object* members = value.if_object();
    if (members == nullptr) return;
    for (const auto& member : *members) named(name, member.key(), member.value());
  }

  void named(std::string_view section, std::string_view name, const json::value& value) {
    Path path{std::string(section), std::string(name)};
    if (section == "listeners") return listener(std::move(path), value);
    if (section == "routes") {
      if (const json::array* route = value.if_array()) return steps(std::move(path), *route);
      return fault(std::move(path), wrong_type(name, "an array", value));
    }
    const bool must_be_object = section == "applications" || section == "upstreams";
    if (must_be_object && !value.is_object()) fault(std::move(path), wrong_type(name, "an object", value));
  }

  void listener(Path path, const json::value& value) {
    const std::string address = path.back();
    if (!is_listener_address(address)) {
      return fault(std::move(path), "The listener address " + in_quotes(address) + " is invalid.");
    }
    const json::object* listener = value.if_object();
    if (listener == nullptr) return fault(std::move(path), wrong_type(address, "an object", value));
    if (surroundings_.partial || listener->contains("pass") || listener->contains("application")) return;
    // Here Unit says no more than that it failed.
    fault(std::move(path), "The listener " + in_quotes(address) + " has no \"pass\".");
  }

  void step(const Path& route, std::size_t index, const json::value& value) {
    if (value.is_object()) return;
    Path place = route;
    place.push_back(std::to_string(index));
    fault(std::move(place), "The \"routes\" array must contain only object values.");
  }

  void steps(const Path& route, const json::array& all) {
    for (std::size_t i = 0; i < all.size(); ++i) step(route, i, all[i]);
  }

  // Arrays are set whole or appended to: what is touched within one is a step that is new.
  void appended(const Path& route, const json::array& all, std::string_view segment) {
    const auto index = parse_index(segment);
    if (index && *index < all.size() && route[0] == "routes") step(route, *index, all[*index]);
  }

  const json::value& document_;
  const Surroundings& surroundings_;
  std::vector<Violation> found_;
};

Surroundings alone(const json::value& document) {
  return {.resolves = [&](const Reference& reference) { return resolves(document, reference); },
          .partial = false};
}

}  // namespace

std::optional<Invalid> validate(const json::value& document) {
  std::vector<Violation> violations = violations_of(document, alone(document));
  if (violations.empty()) return std::nullopt;
  return std::move(violations.front().invalid);
}

Violation dangling(const Reference& reference) {
  return {reference.from, {reference.from, complaint(reference)}, reference.target};
}

std::vector<Violation> violations_of(const json::value& document, const Surroundings& surroundings) {
  Check check(document, surroundings);
  check.whole();
  for (const Reference& reference : references(document, {})) check.reference(reference);
  return check.take();
}

std::vector<Violation> violations_by(const std::vector<Path>& touched, const json::value& document,
                                     const ReferenceIndex& index, const Surroundings& surroundings) {
  Check check(document, surroundings);
  for (const Path& place : touched) {
    check.around(place);
    for (const Reference* reference : index.standing_at_or_below(place)) check.reference(*reference);
    for (const Reference* reference : index.pointing_to(place)) check.reference(*reference);
  }
  return check.take();
}

std::vector<Violation> violations_by(const std::vector<Path>& touched, const json::value& document,
                                     const ReferenceIndex& index) {
  return violations_by(touched, document, index, alone(document));
}

}  // namespace starling
