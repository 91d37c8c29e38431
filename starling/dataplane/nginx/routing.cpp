#include "starling/dataplane/nginx/routing.hpp"

#include <algorithm>
#include <array>

#include "starling/dataplane/nginx/conf_text.hpp"

namespace starling {

namespace {

constexpr std::size_t most_depth = 90;  // nginx gives up at 100 maps that ask maps
constexpr std::size_t most_bits = 256;

const json::value* member(const json::value& value, std::string_view key) {
  const json::object* object = value.if_object();
  return object != nullptr ? object->if_contains(key) : nullptr;
}

std::unexpected<Refusal> points_nowhere(const Path& path, std::string_view pass) {
  return refuse(path, "Request \"pass\" points to invalid location \"" + std::string(pass) + "\".");
}

}  // namespace

Rendered<> Routing::render() {
  if (auto done = collect_routes(); !done) return done;
  if (auto done = render_upstreams(); !done) return done;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (auto target = route(i, routes_[i].path); !target) return std::unexpected(std::move(target.error()));
  }
  return {};
}

Rendered<> Routing::collect_routes() {
  const json::value* routes = member(configuration_, "routes");
  if (routes == nullptr) return {};
  if (const json::array* steps = routes->if_array()) {
    route_names_.emplace("", routes_.size());
    routes_.push_back({.path = {"routes"}, .steps = steps, .entry = {}, .locations = {}});
    return {};
  }
  if (!routes->is_object()) return refuse({"routes"}, "The \"routes\" value must be an array or an object.");
  for (const auto& [name, steps] : routes->get_object()) {
    const Path path{"routes", name};
    if (!steps.is_array()) return refuse(path, "A route must be an array.");
    route_names_.emplace(name, routes_.size());
    routes_.push_back({.path = path, .steps = &steps.get_array(), .entry = {}, .locations = {}});
  }
  return {};
}

std::string Routing::locations(const std::set<std::size_t>& routes) const {
  std::string text = shared_locations_;
  for (const std::size_t route : routes) text += routes_[route].locations.text;
  return text;
}

Rendered<RouteTarget> Routing::pass(const json::value& value, const Path& path) {
  const json::string* text = value.if_string();
  if (text == nullptr) return refuse(path, "The \"pass\" value must be a string.");
  if (text->find('$') != json::string::npos)
    return refuse(path, "nginx can't pass to a location with variables.");
  const auto segments = parse_url_path("/" + std::string(*text));
  if (!segments || segments->empty() || segments->size() > 2) return points_nowhere(path, *text);
  const std::string& kind = segments->front();
  if (kind == "applications") return refuse(path, "nginx can't run applications.");
  const std::string name = segments->size() == 2 ? segments->back() : "";
  if (kind == "routes") {
    const auto found = route_names_.find(name);
    if (found == route_names_.end()) return points_nowhere(path, *text);
    return route(found->second, path);
  }
  const auto found = upstream_names_.find(name);
  if (kind != "upstreams" || found == upstream_names_.end()) return points_nowhere(path, *text);
  return RouteTarget{.word = "@s_up" + std::to_string(found->second), .routes = {}};
}

Rendered<RouteTarget> Routing::route(std::size_t index, const Path& from) {
  Route& route = routes_[index];
  if (route.state == State::rendering) return refuse(from, "Routes that pass to one another in a circle.");
  if (route.state == State::untouched) {
    route.state = State::rendering;
    auto entry = render_steps(route, index);
    if (!entry) return entry;
    route.entry = std::move(*entry);
    route.entry.routes.insert(index);
    route.state = State::done;
  }
  return route.entry;
}

Rendered<RouteTarget> Routing::render_steps(Route& route, std::size_t index) {
  const std::string name = "s_r" + std::to_string(index);
  RouteTarget entry{.word = "${" + name + "}", .hops = 0, .depth = 1, .routes = {}};
  std::vector<std::string> bits;
  std::string entries = "default \"@s_404\";\n";
  for (std::size_t i = 0; i < route.steps->size(); ++i) {
    const json::value& step = (*route.steps)[i];
    const Path path = below(route.path, i);
    auto expressions = step_expressions(step, path, bits);
    if (!expressions) return std::unexpected(std::move(expressions.error()));
    const json::value* what = member(step, "action");
    if (what == nullptr) return refuse(path, "A route step must have an \"action\".");
    auto target = action(*what, below(path, "action"), route.locations);
    if (!target) return target;
    for (const std::string& expression : *expressions) {
      entries += quoted("~" + expression) + " " + quoted(target->word) + ";\n";
    }
    entry.hops = std::max(entry.hops, target->hops);
    entry.depth = std::max(entry.depth, 1 + target->depth);
    entry.routes.merge(std::move(target->routes));
  }
  if (entry.depth > most_depth)
    return refuse(route.path, "nginx can't follow that many routes that pass to routes.");
  if (bits.size() > most_bits) {
    return refuse(route.path, "nginx can't do more than " + std::to_string(most_bits) +
                                  " conditions with regular expressions in a route.");
  }
  std::string source = "$request_method $host ";
  for (const std::string& variable : bits) source += "${" + variable + "}";
  http_ += "map " + quoted(source + " $uri") + " $" + name + " {\n" + entries + "}\n";
  return entry;
}

// A map of the condition alone, for its 0 or 1 among the bits; gives what a step's expression says of it.
std::string Routing::bit(const MatchRule& rule, MatchSubject subject, std::vector<std::string>& bits) {
  const std::string name = "s_b" + std::to_string(next_bit_++);
  std::string entries = rule.positive.empty() ? "default 1;\n" : "default 0;\n";
  for (const std::string& expression : rule.negative) entries += quoted("~" + expression) + " 0;\n";
  for (const std::string& expression : rule.positive) entries += quoted("~" + expression) + " 1;\n";
  const char* source = subject == MatchSubject::uri    ? "$uri"
                       : subject == MatchSubject::host ? "$host"
                                                       : "$request_method";
  http_ += std::string("map ") + source + " $" + name + " {\n" + entries + "}\n";
  bits.push_back(name);
  return "(?=[01]{" + std::to_string(bits.size() - 1) + "}1)";
}

// One expression, or several that lead to the same where one would be too long.
Rendered<std::vector<std::string>> Routing::step_expressions(const json::value& step, const Path& path,
                                                             std::vector<std::string>& bits) {
  const json::object* object = step.if_object();
  if (object == nullptr) return refuse(path, "A route step must be an object.");
  for (const auto& entry : *object) {
    if (entry.key() == "match" || entry.key() == "action") continue;
    return refuse(below(path, entry.key()), "Unknown parameter \"" + std::string(entry.key()) + "\".");
  }
  const json::value* match = object->if_contains("match");
  const Path match_path = below(path, "match");
  if (match != nullptr && !match->is_object())
    return refuse(match_path, "The \"match\" value must be an object.");
  if (match == nullptr || match->get_object().empty()) return std::vector<std::string>{"^"};

  std::array<std::string, 3> parts = {"[^ ]*", "[^ ]*", ""};  // method, host, URI
  std::vector<std::string> uris = {".*"};
  std::string asked_bits;
  for (const auto& [key, patterns] : match->get_object()) {
    const Path rule_path = below(match_path, key);
    if (key != "host" && key != "uri" && key != "method") {
      return refuse(rule_path, "nginx can match host, uri and method, not \"" + std::string(key) + "\".");
    }
    const auto subject = key == "uri"    ? MatchSubject::uri
                         : key == "host" ? MatchSubject::host
                                         : MatchSubject::method;
    const auto rule = match_rule(patterns, subject);
    if (!rule) return refuse(rule_path, "nginx can't match this: " + rule.error() + ".");
    if (rule->regular) {
      asked_bits += bit(*rule, subject, bits);
      continue;
    }
    const bool uri = subject == MatchSubject::uri;
    const std::string end = uri ? "\\z" : " ";
    const std::string none = rule->negative.empty() ? "" : "(?!" + any_of(rule->negative) + end + ")";
    std::string& part = parts[static_cast<std::size_t>(subject)];
    part = none + (uri ? "" : rule->positive.empty() ? "[^ ]*" : any_of(rule->positive));
    if (uri && !rule->positive.empty()) uris = rule->positive;
  }
  const std::string start = "(?s)\\A" + parts[0] + " " + parts[1] + " " + asked_bits + "[01]* " + parts[2];
  std::vector<std::string> expressions = {start + any_of(uris) + "\\z"};
  if (!fits_conf(expressions.front())) {
    expressions.clear();
    for (const std::string& uri : uris) expressions.push_back(start + uri + "\\z");
  }
  if (!std::ranges::all_of(expressions, fits_conf)) {
    return refuse(match_path, "nginx can't match conditions of more than " +
                                  std::to_string(max_conf_word_bytes) + " bytes.");
  }
  return expressions;
}

}  // namespace starling
