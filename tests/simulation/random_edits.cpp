#include "tests/simulation/random_edits.hpp"

#include <array>

#include "starling/merge/diff.hpp"
#include "starling/merge/fold.hpp"

namespace starling::sim {
namespace {

using libp2p::SeededRandom;

template <std::size_t Count>
std::string pick(SeededRandom& dice, const std::array<const char*, Count>& of) {
  return of[dice.below(Count)];
}

constexpr std::array routes{"main", "alt", "old"};
constexpr std::array upstreams{"u1", "u2"};
constexpr std::array applications{"a1", "a2"};

std::string listener_name(SeededRandom& dice) { return "*:" + std::to_string(8080 + dice.below(4)); }

// Somewhere that is there, most of the time.
std::string somewhere(SeededRandom& dice, const json::value& present) {
  for (int tries = 0; tries < 4; ++tries) {
    const Path target = dice.below(3) == 0   ? Path{"upstreams", pick(dice, upstreams)}
                        : dice.below(3) == 0 ? Path{"applications", pick(dice, applications)}
                                             : Path{"routes", pick(dice, routes)};
    if (find(present, target)) return target[0] + "/" + target[1];
  }
  const json::value* all = find(present, {"routes"});
  if (all && all->is_array()) return "routes";
  return dice.below(4) == 0 ? "routes/" + pick(dice, routes) : "routes/$host";
}

json::value step(SeededRandom& dice, const json::value& present) {
  json::object action;
  switch (dice.below(3)) {
    case 0:
      action["return"] = 200 + dice.below(3);
      break;
    case 1:
      action["share"] = "/srv/www";
      action["fallback"] = json::object{{"pass", somewhere(dice, present)}};
      break;
    default:
      action["pass"] = somewhere(dice, present);
  }
  return json::object{{"action", std::move(action)}};
}

json::value steps(SeededRandom& dice, const json::value& present) {
  json::array all;
  for (std::uint64_t count = dice.below(3); count > 0; --count) all.push_back(step(dice, present));
  return all;
}

Edit set(Path path, json::value value) {
  return {std::string(base_scope), std::move(path), EditOp::set, std::move(value)};
}
Edit removal(Path path) { return {std::string(base_scope), std::move(path), EditOp::remove, std::nullopt}; }

Edit one_addition(SeededRandom& dice, const json::value& present) {
  switch (dice.below(7)) {
    case 0:
      return set({"listeners", listener_name(dice)}, json::object{{"pass", somewhere(dice, present)}});
    case 1:
      return set({"listeners", listener_name(dice), "pass"}, json::value(somewhere(dice, present)));
    case 2:
      return set({"routes", pick(dice, routes)}, steps(dice, present));
    case 3:
      return set({"upstreams", pick(dice, upstreams)},
                 json::object{{"servers", json::object{{"127.0.0.1:90", json::object()}}}});
    case 4:
      return set({"applications", pick(dice, applications)},
                 json::object{{"type", "external"}, {"executable", "/bin/app"}});
    case 5:
      return set({"settings", "http", dice.below(2) == 0 ? "max_body_size" : "idle_timeout"},
                 json::value(1 + dice.below(4)));
    default:
      return set({"access_log"}, json::value("/tmp/" + std::to_string(dice.below(3)) + ".log"));
  }
}

Edit one_removal(SeededRandom& dice) {
  switch (dice.below(7)) {
    case 0:
      return removal({"upstreams", pick(dice, upstreams)});
    case 1:
      return removal({"applications", pick(dice, applications)});
    case 2:
      return removal({"routes", pick(dice, routes)});
    case 3:
      return removal({"settings"});
    case 4:
      return removal({"access_log"});
    case 5:
      return removal({"settings", "http", "max_body_size"});
    default:
      return removal({"listeners", listener_name(dice)});
  }
}

Edit one_edit(SeededRandom& dice, const json::value& present, bool may_append) {
  const std::uint64_t kind = dice.below(19);
  if (kind < 11) return one_addition(dice, present);
  if (kind < 17) return one_removal(dice);
  const Path route{"routes", pick(dice, routes)};
  const json::value* array = find(present, route);
  if (!may_append || !array || !array->is_array()) return set(route, steps(dice, present));
  return {std::string(base_scope), route, EditOp::append, step(dice, present)};
}

}  // namespace

std::vector<Edit> random_edits(SeededRandom& dice, const json::value& present) {
  json::value after = present;
  std::vector<Edit> edits;
  for (std::uint64_t count = 1 + dice.below(3); count > 0; --count) {
    edits.push_back(one_edit(dice, after, edits.empty()));
    // An append is not the array that comes of it: it goes alone, as a POST does.
    if (edits.back().op == EditOp::append) return edits;
    apply_edit(after, edits.back());
  }
  return edits.size() == 1 && dice.below(2) == 0 ? edits : diff(present, after);
}

}  // namespace starling::sim
