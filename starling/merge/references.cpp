#include "starling/merge/references.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "starling/merge/percent.hpp"
#include "starling/merge/tree.hpp"
#include "starling/merge/wording.hpp"

namespace starling {
namespace {

constexpr std::size_t max_pass_segments = 3;

bool is_index(std::string_view segment) { return segment == "-" || parse_index(segment).has_value(); }

// Where the action of a step of routes stands in `path`, if it leads there: routes/0/action,
// routes/main/0/action.
std::optional<std::size_t> action_in(const Path& path) {
  if (path.size() > 2 && path[2] == "action") return 2;
  if (path.size() > 3 && path[3] == "action" && is_index(path[2])) return 3;
  return std::nullopt;
}

bool is_place(const Path& path) {
  if (path.size() == 3 && path[0] == "listeners") return path[2] == "pass" || path[2] == "application";
  if (path.empty() || path[0] != "routes" || path.back() != "pass") return false;
  const auto action = action_in(path);
  if (!action || *action + 1 >= path.size()) return false;
  return std::all_of(path.begin() + static_cast<std::ptrdiff_t>(*action) + 1, std::prev(path.end()),
                     [](const std::string& segment) { return segment == "fallback"; });
}

// Can there be references below `path`?
bool may_hold(const Path& path) {
  if (path.empty()) return true;
  if (path[0] == "listeners") return path.size() <= 2;
  if (path[0] != "routes") return false;
  if (path.size() <= 2) return true;
  if (const auto action = action_in(path)) {
    return std::all_of(path.begin() + static_cast<std::ptrdiff_t>(*action) + 1, path.end(),
                       [](const std::string& segment) { return segment == "fallback"; });
  }
  return path.size() == 3 && is_index(path[2]);
}

// Nothing when `pass` is malformed. Segments are decoded after they are parted, as in a URL.
std::optional<Path> pass_segments(std::string_view pass) {
  Path segments;
  while (true) {
    const std::size_t slash = pass.find('/');
    const std::string_view raw = pass.substr(0, slash);
    auto segment = percent_decoded(raw);
    if (raw.empty() || !segment || segments.size() == max_pass_segments) return std::nullopt;
    segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) return segments;
    pass.remove_prefix(slash + 1);
  }
}

void point(Reference& reference, Path segments) {
  const std::string& section = segments[0];
  const bool routes = section == "routes" && segments.size() <= 2;
  const bool upstream = section == "upstreams" && segments.size() == 2;
  const bool application = section == "applications" && segments.size() >= 2;
  if (!routes && !upstream && !application) {
    reference.form = Reference::Form::nowhere;
    return;
  }
  if (segments.size() == 3) segments.insert(segments.begin() + 2, "targets");
  reference.form = Reference::Form::target;
  reference.target = std::move(segments);
}

std::optional<Reference> reference_at(const Path& from, const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return Reference{from, std::string(unit_type(value)), Reference::Form::no_string, {}};
  Reference reference{from, std::string(*text), Reference::Form::malformed, {}};
  if (from.back() == "application") {
    point(reference, {"applications", reference.text});
    return reference;
  }
  if (text->find_first_of("$`") != json::string::npos) return std::nullopt;
  if (auto segments = pass_segments(*text)) point(reference, std::move(*segments));
  return reference;
}

// Depth is bounded: only routes and their chains of fallbacks are descended into.
void collect(const json::value& value, Path& at, std::vector<Reference>& found) {
  if (is_place(at)) {
    if (auto reference = reference_at(at, value)) found.push_back(std::move(*reference));
    return;
  }
  if (!may_hold(at)) return;
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      at.emplace_back(member.key());
      collect(member.value(), at, found);
      at.pop_back();
    }
  } else if (const json::array* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      at.push_back(std::to_string(i));
      collect((*array)[i], at, found);
      at.pop_back();
    }
  }
}

}  // namespace

std::vector<Reference> references(const json::value& value, const Path& at) {
  std::vector<Reference> found;
  Path path = at;
  collect(value, path, found);
  return found;
}

bool resolves(const json::value& document, const Reference& reference) {
  if (reference.form != Reference::Form::target) return false;
  const json::value* target = member_at(document, reference.target);
  if (target == nullptr) return false;
  // "routes" is the one unnamed route, which only an array is.
  return reference.target.size() > 1 || target->is_array();
}

std::string complaint(const Reference& reference) {
  if (reference.form == Reference::Form::no_string) {
    return "The \"" + reference.from.back() + "\" value must be a string, but not " + reference.text + ".";
  }
  const std::string text = in_quotes(reference.text);
  if (reference.from.back() == "application") {
    return "Listening socket is assigned for a non existing application " + text + ".";
  }
  if (reference.form == Reference::Form::malformed) return "Request \"pass\" value " + text + " is invalid.";
  return "Request \"pass\" points to invalid location " + text + ".";
}

void ReferenceIndex::replace(const Path& at, const json::value* value) {
  erase(at);
  if (value == nullptr) return;
  for (Reference& reference : references(*value, at)) {
    if (reference.form == Reference::Form::target) by_target_[reference.target].insert(reference.from);
    by_place_.emplace(reference.from, std::move(reference));
  }
}

void ReferenceIndex::clear() {
  by_place_.clear();
  by_target_.clear();
}

void ReferenceIndex::erase(const Path& at) {
  auto it = by_place_.lower_bound(at);
  while (it != by_place_.end() && is_prefix(at, it->first)) {
    if (const auto target = by_target_.find(it->second.target); target != by_target_.end()) {
      target->second.erase(it->first);
      if (target->second.empty()) by_target_.erase(target);
    }
    it = by_place_.erase(it);
  }
}

std::vector<const Reference*> ReferenceIndex::standing_at_or_below(const Path& place) const {
  std::vector<const Reference*> found;
  for (auto it = by_place_.lower_bound(place); it != by_place_.end() && is_prefix(place, it->first); ++it) {
    found.push_back(&it->second);
  }
  return found;
}

std::vector<const Reference*> ReferenceIndex::pointing_to(const Path& place) const {
  std::vector<const Reference*> found;
  const auto take = [&](const std::set<Path>& places) {
    for (const Path& from : places) found.push_back(&by_place_.at(from));
  };
  for (Path above; above.size() < place.size(); above.push_back(place[above.size()])) {
    if (const auto exact = by_target_.find(above); exact != by_target_.end()) take(exact->second);
  }
  for (auto it = by_target_.lower_bound(place); it != by_target_.end() && is_prefix(place, it->first); ++it) {
    take(it->second);
  }
  return found;
}

}  // namespace starling
