// Unit's routing in nginx's terms.
//
// Unit tries the steps of a route in order and takes the first whose conditions all hold. nginx picks
// locations by rules of its own, so they are not used for that: a route is one `map` on "METHOD HOST BITS
// URI" whose regular expressions, one a step, nginx tries in order; each step's says in one what all its
// conditions say. (BITS are for regular expressions that a condition itself holds: each is a map to 0 or 1.)
// The value is the name of a named location, which does what the step's action says, or another such map;
// every server has one location that jumps to the one named. Nothing rewrites the URI, so every part sees the
// client's.
#pragma once

#include <map>
#include <set>
#include <string>

#include "starling/dataplane/nginx/pattern.hpp"
#include "starling/dataplane/nginx/refusal.hpp"

namespace starling {

// Where a request goes next.
struct RouteTarget {
  std::string word;              // "@s_a1", or a variable that holds such a name
  std::size_t hops = 0;          // jumps from there on, at most; nginx ends a request after ten
  std::size_t depth = 0;         // of maps that ask maps; nginx gives up at a hundred
  std::set<std::size_t> routes;  // whose named locations it may lead to
};

class Routing {
 public:
  // `configuration` outlives it.
  explicit Routing(const json::value& configuration) : configuration_(configuration) {}

  // Everything that listeners can't reach included: what can't be done anywhere is refused.
  [[nodiscard]] Rendered<> render();
  // `pass` of a listener.
  [[nodiscard]] Rendered<RouteTarget> pass(const json::value& value, const Path& path);

  // Maps and upstreams, for the http block.
  [[nodiscard]] const std::string& http_text() const { return http_; }
  // Named locations of these routes, and those that all share, for a server block.
  [[nodiscard]] std::string locations(const std::set<std::size_t>& routes) const;

 private:
  enum class State { untouched, rendering, done };
  // Named locations; of those that do the same there is one.
  struct Locations {
    std::string text;
    std::map<std::string, std::string> names;  // by what they do
  };
  struct Route {
    Path path;
    const json::array* steps = nullptr;
    State state = State::untouched;
    RouteTarget entry;
    Locations locations;
  };

  [[nodiscard]] Rendered<> collect_routes();
  [[nodiscard]] Rendered<> render_upstreams();
  [[nodiscard]] Rendered<> render_servers(const json::value& servers, const Path& path, std::size_t index);
  [[nodiscard]] Rendered<RouteTarget> route(std::size_t index, const Path& from);
  [[nodiscard]] Rendered<RouteTarget> render_steps(Route& route, std::size_t index);
  [[nodiscard]] Rendered<std::vector<std::string>> step_expressions(const json::value& step, const Path& path,
                                                                    std::vector<std::string>& bits);
  [[nodiscard]] std::string bit(const MatchRule& rule, MatchSubject subject, std::vector<std::string>& bits);
  [[nodiscard]] Rendered<RouteTarget> action(const json::value& action, const Path& path,
                                             Locations& locations);
  [[nodiscard]] Rendered<RouteTarget> return_action(const json::object& action, const Path& path,
                                                    Locations& locations);
  [[nodiscard]] Rendered<RouteTarget> share_action(const json::object& action, const Path& path,
                                                   Locations& locations);
  [[nodiscard]] Rendered<RouteTarget> proxy_action(const json::object& action, const Path& path,
                                                   Locations& locations);
  [[nodiscard]] RouteTarget named_location(const std::string& text, Locations& locations);
  void render_share(const std::string& name, const std::string& file, const std::string& index,
                    const std::string& next, Locations& locations);

  const json::value& configuration_;
  std::map<std::string, std::size_t, std::less<>> route_names_;  // "" for routes that are one array
  std::map<std::string, std::size_t, std::less<>> upstream_names_;
  std::set<std::size_t> empty_upstreams_;
  std::vector<Route> routes_;
  std::string http_;
  std::string shared_locations_;
  std::size_t next_location_ = 0;
  std::size_t next_upstream_ = 0;
  std::size_t next_bit_ = 0;
};

}  // namespace starling
