#include "starling/merge/validate.hpp"

#include <algorithm>
#include <array>

#include "starling/merge/address.hpp"
#include "starling/merge/member_rules.hpp"
#include "starling/merge/sections.hpp"
#include "starling/merge/tree.hpp"
#include "starling/merge/wording.hpp"

namespace starling {
namespace {

constexpr std::array top_level{
    MemberRule{"settings", Types::object},
    MemberRule{"listeners", Types::object},
    MemberRule{"routes", Types::array | Types::object},
    MemberRule{"applications", Types::object},
    MemberRule{"upstreams", Types::object},
    MemberRule{"access_log", Types::string | Types::object},
};

class Check {
 public:
  Check(const json::value& document, const Surroundings& surroundings)
      : document_(document),
        surroundings_(surroundings),
        rules_(surroundings.rules),
        findings_(rules_, found_) {}
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;

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
    if (place.size() == 1 || is_one_piece(place[0])) return section(place[0], *top);
    if (!type_fits(place[0], *top)) return;
    if (const json::array* route = top->if_array()) return appended({place[0]}, *route, place[1]);
    const json::object* members = top->if_object();
    const json::value* member = members != nullptr ? members->if_contains(place[1]) : nullptr;
    if (member == nullptr) return;
    const json::array* route = member->if_array();
    if (place.size() == 3 && route != nullptr) return appended({place[0], place[1]}, *route, place[2]);
    if (const json::value* server = server_at(place)) return one_server(place, *server);
    named(place[0], place[1], *member);
  }

  void reference(const Reference& reference) {
    if (dangles(reference, surroundings_)) found_.push_back(dangling(reference));
  }

  [[nodiscard]] std::vector<Violation> take() { return in_order(std::move(found_)); }

 private:
  [[nodiscard]] bool type_fits(std::string_view name, const json::value& value) {
    const auto* known = std::ranges::find(top_level, name, &MemberRule::name);
    if (known == top_level.end()) {
      found_.push_back({{std::string(name)}, {{}, "Unknown parameter " + in_quotes(name) + "."}, {}});
      return false;
    }
    if (includes(known->types, type_of(value))) return true;
    fault({std::string(name)}, wrong_type(name, known->types, value));
    return false;
  }

  void section(std::string_view name, const json::value& value) {
    if (!type_fits(name, value)) return;
    if (is_one_piece(name)) return one_piece(name, value);
    if (const json::array* route = value.if_array()) return steps({std::string(name)}, *route);
    const json::object* members = value.if_object();
    if (members == nullptr) return;
    for (const auto& member : *members) named(name, member.key(), member.value());
  }

  // Checked as a whole, wherever within it an edit was.
  [[nodiscard]] bool is_one_piece(std::string_view section) const {
    return rules_.level > 1 && (section == "settings" || section == "access_log");
  }
  void one_piece(std::string_view name, const json::value& value) {
    findings_.at({std::string(name)}, [&] {
      if (name == "settings") check_settings(findings_, value.get_object());
      if (name == "access_log") check_access_log(findings_, value);
    });
  }

  void named(std::string_view section, std::string_view name, const json::value& value) {
    Path path{std::string(section), std::string(name)};
    if (section == "routes") {
      if (const json::array* route = value.if_array()) return steps(path, *route);
      return fault(std::move(path), wrong_type(name, Types::array, value));
    }
    if (rules_.level == 1) return named_at_level_1(std::move(path), value);
    findings_.at(std::move(path), [&] {
      if (section == "listeners") check_listener(findings_, name, value);
      if (section == "applications") check_application(findings_, name, value);
      if (section == "upstreams") check_upstream(findings_, name, value);
    });
  }

  // An upstream may have many, and they are looked at one by one.
  [[nodiscard]] const json::value* server_at(const Path& place) const {
    if (rules_.level == 1 || place.size() < 4 || place[0] != "upstreams" || place[2] != "servers")
      return nullptr;
    return member_at(document_, {place[0], place[1], place[2], place[3]});
  }
  void one_server(const Path& place, const json::value& server) {
    findings_.at({place[0], place[1], place[2], place[3]},
                 [&] { check_server(findings_, place[3], server); });
  }

  void steps(const Path& route, const json::array& all) {
    for (std::size_t i = 0; i < all.size(); ++i) step(route, i, all[i]);
  }

  // Arrays are set whole or appended to: what is touched within one is a step that is new.
  void appended(const Path& route, const json::array& all, std::string_view segment) {
    const auto index = parse_index(segment);
    if (route[0] == "routes" && index && *index < all.size()) step(route, *index, all[*index]);
  }

  void step(const Path& route, std::size_t index, const json::value& value) {
    Path place = route;
    place.push_back(std::to_string(index));
    if (rules_.level > 1) return findings_.at(std::move(place), [&] { check_step(findings_, value); });
    if (!value.is_object()) fault(std::move(place), "The \"routes\" array must contain only object values.");
  }

  void named_at_level_1(Path path, const json::value& value) {
    const std::string name = path.back();
    const bool is_listener = path[0] == "listeners";
    if (is_listener && !is_listener_address_of_level_1(name)) {
      return fault(std::move(path), "The listener address " + in_quotes(name) + " is invalid.");
    }
    if (path[0] == "settings" || path[0] == "access_log") return;
    if (!value.is_object()) return fault(std::move(path), wrong_type(name, Types::object, value));
    if (!is_listener || value.get_object().contains("pass") || value.get_object().contains("application"))
      return;
    fault(std::move(path), "The listener " + in_quotes(name) + " has no \"pass\".");
  }

  void fault(Path place, std::string detail) {
    findings_.at(std::move(place), [&] { findings_.add(std::move(detail)); });
  }

  const json::value& document_;
  const Surroundings& surroundings_;
  const ValidationRules rules_;
  std::vector<Violation> found_;
  Findings findings_;
};

Surroundings alone(const json::value& document, ValidationRules rules) {
  return {.resolves = [&](const Reference& reference) { return resolves(document, reference); },
          .rules = rules};
}

}  // namespace

std::optional<Invalid> validate(const json::value& document, ValidationRules rules) {
  std::vector<Violation> violations = violations_of(document, alone(document, rules));
  if (violations.empty()) return std::nullopt;
  return std::move(violations.front().invalid);
}

bool dangles(const Reference& reference, const Surroundings& surroundings) {
  // Where it leads is seen once it has been rendered.
  if (surroundings.rules.level > 1 && is_rendered(reference.text)) return false;
  return !surroundings.resolves(reference);
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
                                     const ReferenceIndex& index, ValidationRules rules) {
  return violations_by(touched, document, index, alone(document, rules));
}

}  // namespace starling
