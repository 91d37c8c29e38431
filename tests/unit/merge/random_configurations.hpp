// Random configurations that a machine without language modules can run, and ones with a fault or two.
#pragma once

#include <string>
#include <vector>

#include "libp2p/base/random.hpp"
#include "starling/model/document.hpp"

namespace starling::test {

// Whole ones, of every form that references, routes, upstreams and listeners may have. Listeners are unix
// sockets in `directory`.
class RandomConfigurations {
 public:
  RandomConfigurations(libp2p::Random& random, std::string directory)
      : random_(random), directory_(std::move(directory)) {}

  // With `faults` places that were given another value, which may be a valid one.
  json::value configuration(std::uint64_t faults) {
    ++made_;
    named_routes_ = chance(0.7);
    json::object document{{"listeners", listeners()},
                          {"routes", named_routes_ ? json::value(routes()) : json::value(steps())},
                          {"upstreams", upstreams()},
                          {"applications", applications()}};
    if (chance(0.3)) document["settings"] = settings();
    json::value whole = std::move(document);
    for (; faults > 0; --faults) spoil(whole);
    return whole;
  }

  bool chance(double probability) { return random_.unit() < probability; }
  template <class T>
  T pick(std::vector<T> choices) {
    return choices[random_.below(choices.size())];
  }
  std::string pick_text(std::vector<std::string> choices) { return pick(std::move(choices)); }

 private:
  json::object listeners() {
    json::object all;
    for (const char* name : {"a", "b"}) {
      if (chance(0.3)) continue;
      json::object listener{{"pass", pass()}};
      if (chance(0.2)) listener["backlog"] = 511;
      if (chance(0.2)) listener = {{"application", "app"}};
      if (chance(0.2))
        listener["forwarded"] = json::object{{"client_ip", "X-Client"}, {"source", "10.0.0.0/8"}};
      all["unix:" + directory_ + "/" + std::to_string(made_) + name] = std::move(listener);
    }
    return all;
  }
  std::string pass() {
    std::vector<std::string> targets{"upstreams/u",   "upstreams/a%2Fb", "applications/app", "routes/$host",
                                     "routes/${uri}", "$host",           "%75pstreams/u"};
    if (named_routes_) {
      targets.insert(targets.end(), {"routes/main", "routes/a%2fb", "routes/é", "routes/%C3%A9"});
    } else {
      targets.insert(targets.end(), {"routes", "%72outes"});
    }
    return pick(std::move(targets));
  }
  json::object routes() { return {{"main", steps()}, {"a/b", steps()}, {"é", steps()}, {"", json::array()}}; }
  json::array steps() {
    json::array all;
    for (std::uint64_t i = 1 + random_.below(3); i-- > 0;) {
      json::object step{{"action", action(0)}};
      if (chance(0.5)) step["match"] = match();
      all.push_back(std::move(step));
    }
    return all;
  }
  json::object action(int depth) {
    json::object action;
    switch (random_.below(4)) {
      case 0:
        action = {{"return", pick<int>({0, 200, 404, 999})},
                  {"location", pick_text({"/x", "https://$host$uri"})}};
        break;
      case 1:
        action = {{"pass", pass()}};
        break;
      case 2:
        action = {
            {"proxy", pick_text({"http://127.0.0.1:8080", "http://[::1]:80", "http://unix:/run/x.sock"})}};
        break;
      default:
        action = {
            {"share", chance(0.5) ? json::value("/srv$uri") : json::value(json::array{"/a", "/b$uri"})}};
        if (depth < 4 && chance(0.7)) action["fallback"] = action_below(depth);
    }
    if (chance(0.2)) action["rewrite"] = "/new$uri";
    if (chance(0.2)) action["response_headers"] = json::object{{"X-A", "$host"}, {"X-B", nullptr}};
    return action;
  }
  json::object action_below(int depth) { return action(depth + 1); }
  json::object match() {
    json::object match;
    if (chance(0.5)) match["uri"] = pick<json::value>({"/a*", "!/b", "~^/c", json::array{"/d", "/%41"}});
    if (chance(0.3)) match["host"] = pick<json::value>({"*.example.com", json::array{"a", "!b"}});
    if (chance(0.3)) match["source"] = pick<json::value>({"10.0.0.0/8", "::1", "!1.2.3.4:80-90", "unix"});
    if (chance(0.3))
      match["headers"] =
          pick<json::value>({json::object{{"a", "b*"}}, json::array{json::object{{"a", json::array{"b"}}}}});
    if (chance(0.3)) match["arguments"] = json::object{{"a%20b", "c"}};
    if (chance(0.2)) match["scheme"] = pick_text({"http", "HTTPS"});
    if (chance(0.2)) match["if"] = pick_text({"$host", "!${uri}"});
    return match;
  }
  json::object upstreams() {
    json::object servers{{"127.0.0.1:8081", json::object()}, {"[::1]:8082", json::object{{"weight", 0.5}}}};
    if (chance(0.3)) servers["unix:/run/s.sock"] = json::object{{"weight", 1000000}};
    return {{"u", json::object{{"servers", std::move(servers)}}},
            {"a/b", json::object{{"servers", json::object()}}}};
  }
  json::object applications() {
    return {{"app", json::object{{"type", "external"},
                                 {"executable", "/bin/true"},
                                 {"processes", json::object{{"spare", 0}, {"max", 2}}},
                                 {"environment", json::object{{"pass", "routes/none"}}}}}};
  }
  json::object settings() {
    return {{"http", json::object{{"max_body_size", 1000},
                                  {"static", json::object{{"mime_types", json::object{{"a/b", ".x"}}}}}}}};
  }

  // One value, or one name, becomes another. Never an application's type or its executable: those are not
  // looked at, but run.
  void spoil(json::value& whole) {
    std::vector<json::value*> places;
    collect(whole, places);
    json::value& place = *places[random_.below(places.size())];
    json::object* object = place.if_object();
    if (object != nullptr && !object->empty() && chance(0.5)) {
      const std::string name(
          std::next(object->begin(), static_cast<std::ptrdiff_t>(random_.below(object->size())))->key());
      if (name == "executable" || name == "spare") return;
      json::value value = object->at(name);
      object->erase(name);
      if (chance(0.7)) return;
      (*object)[pick_text({"127.0.0.1:99999", "unix:", "main", "b", "é", "routes", "localhost:80", "[::1]",
                           "pass", "share"})] = value;
      return;
    }
    place = pick<json::value>({nullptr,
                               true,
                               -1,
                               5,
                               1.5,
                               1000001,
                               "",
                               "x",
                               "routes",
                               "routes/main",
                               "routes/nowhere",
                               "routes/",
                               "routes/%zz",
                               "upstreams/x",
                               "upstreams/u/x",
                               "applications/app/t",
                               "a/b/c/d",
                               "$",
                               "${host",
                               "http://x",
                               "**",
                               "%",
                               "1.2.3.4/33",
                               json::array{},
                               json::array{5},
                               json::array{""},
                               json::object{},
                               json::object{{"pass", "routes/none"}}});
  }
  static void collect(json::value& value, std::vector<json::value*>& places) {
    if (json::object* object = value.if_object()) {
      for (auto& member : *object) {
        if (member.key() == "type" || member.key() == "executable" || member.key() == "spare") continue;
        places.push_back(&member.value());
        collect(member.value(), places);
      }
    } else if (json::array* array = value.if_array()) {
      for (json::value& element : *array) {
        places.push_back(&element);
        collect(element, places);
      }
    }
  }

  libp2p::Random& random_;
  std::string directory_;
  int made_ = 0;
  bool named_routes_ = false;
};

}  // namespace starling::test
