// Random histories of a fleet: nodes that write, now and then hear of one another, and now and then write
// what no honest node would.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "libp2p/base/random.hpp"
#include "starling/merge/diff.hpp"
#include "starling/merge/merge.hpp"
#include "starling/merge/tree_check.hpp"
#include "tests/unit/merge/build.hpp"

namespace starling::test {

struct HistoryShape {
  std::size_t nodes = 3;
  std::size_t changes = 30;
  double hears = 0.4;    // how likely a node is, before it writes, to hear all that another one knows
  double hostile = 0.1;  // how likely a change is one that no API would have let in
  double layered = 0;    // how likely one is of another scope than the base
  std::size_t meeting = SIZE_MAX;  // after as many changes everybody hears of all of them
};

// A byte of input for each draw; zeros when there are no more. So who has a shorter input, or smaller bytes,
// has a simpler history.
class InputRandom final : public libp2p::Random {
 public:
  explicit InputRandom(BytesView input) : input_(input) {}
  void fill(libp2p::MutableBytes out) override {
    std::ranges::fill(out, std::uint8_t{0});
    if (input_.empty() || out.empty()) return;
    // At both ends: what is drawn looks at the high bits or at the low ones.
    out.front() = out.back() = input_.front();
    input_ = input_.subspan(1);
  }

 private:
  BytesView input_;
};

// Of small configurations, so that changes meet.
class RandomDocuments {
 public:
  explicit RandomDocuments(libp2p::Random& random) : random_(random) {}

  json::value whole() {
    json::object document;
    if (chance(0.9)) document["listeners"] = listeners();
    if (chance(0.8)) document["routes"] = routes();
    if (chance(0.6))
      document["upstreams"] = json::object{{pick({"u", "v"}), json::object{{"servers", servers()}}}};
    if (chance(0.6)) document["applications"] = json::object{{pick({"app", "shop"}), application()}};
    if (chance(0.4))
      document["settings"] = json::object{{"http", json::object{{pick({"a", "b"}), number()}}}};
    return document;
  }

  // Of the base.
  Path path(bool hostile) { return path(std::string(base_scope), hostile); }
  json::value value_for(const Path& path, bool hostile) {
    return value_for(std::string(base_scope), path, hostile);
  }

  // Something that could stand at `path`, or for `hostile` anything.
  json::value value_for(const std::string& scope, const Path& path, bool hostile) {
    if (scope == fleet_scope && !hostile) return value_for_fleet(path);
    if (hostile) return pick_value({5, nullptr, json::object(), json::array(), "routes/main", whole()});
    if (path.size() == 1 && path[0] == "listeners") return listeners();
    if (path.size() == 1 && path[0] == "routes") return routes();
    if (path.size() == 2 && path[0] == "listeners") return listener();
    if (path.size() == 2 && path[0] == "routes") return steps();
    if (path.size() == 2 && path[0] == "applications") return application();
    if (path.size() == 2 && path[0] == "upstreams") return json::object{{"servers", servers()}};
    if (!path.empty() && path.back() == "pass") return json::value(pass());
    return number();
  }

  std::string scope(double layered) {
    return chance(layered) ? pick({"edge", "edge", "lab", std::string(fleet_scope)})
                           : std::string(base_scope);
  }

  Path path(const std::string& scope, bool hostile) {
    if (scope == fleet_scope && !hostile) return path_in_fleet();
    if (scope != base_scope && chance(0.05)) return {};
    const std::vector<Path> usual{{"listeners"},
                                  {"listeners", address()},
                                  {"listeners", address(), "pass"},
                                  {"listeners", address(), "backlog"},
                                  {"routes"},
                                  {"routes", route()},
                                  {"applications"},
                                  {"applications", pick({"app", "shop"})},
                                  {"applications", "app", pick({"x", "y"})},
                                  {"applications", "app", "targets", "t"},
                                  {"upstreams"},
                                  {"upstreams", pick({"u", "v"})},
                                  {"upstreams", "u", "servers"},
                                  {"settings"},
                                  {"settings", "http"},
                                  {"settings", "http", pick({"a", "b"})}};
    if (hostile && chance(0.3)) {
      const std::vector<Path> odd{
          {}, {"routes", "0"}, {"routes", "main", "0", "action"}, {"junk"}, {"listeners", "nowhere"}};
      return odd[random_.below(odd.size())];
    }
    return usual[random_.below(usual.size())];
  }

  json::value step() {
    switch (random_.below(3)) {
      case 0:
        return json::object{{"action", json::object{{"return", 200 + random_.below(4)}}}};
      case 1:
        return json::object{{"action", json::object{{"pass", pass()}}}};
      default:
        return json::object{
            {"action", json::object{{"share", "/www"}, {"fallback", json::object{{"pass", pass()}}}}}};
    }
  }

  bool chance(double probability) { return random_.unit() < probability; }
  std::string pick(std::vector<std::string> choices) { return choices[random_.below(choices.size())]; }

 private:
  Path path_in_fleet() {
    const std::vector<Path> usual{{"layers"},
                                  {"layers", pick({"edge", "lab"})},
                                  {"layers", "edge", "selector"},
                                  {"layers", "edge", "priority"},
                                  {"variables", pick({"x", "y"})}};
    return usual[random_.below(usual.size())];
  }
  json::value value_for_fleet(const Path& path) {
    const std::string selector = pick({"site=syd", "tier!=db,site"});
    if (path.size() < 2) return json::object{{"lab", json::object{{"selector", selector}}}};
    if (path.size() == 2 && path[0] == "layers")
      return json::object{{"selector", selector}, {"priority", number()}};
    return path.back() == "priority" ? number() : json::value(selector);
  }
  json::value pick_value(std::vector<json::value> choices) { return choices[random_.below(choices.size())]; }
  std::string address() { return pick({"*:80", "*:81", "127.0.0.1:82"}); }
  std::string route() { return pick({"main", "blue", "green"}); }
  std::string pass() {
    return pick({"routes", "routes/main", "routes/main", "routes/blue", "routes/green", "upstreams/u",
                 "upstreams/v", "applications/app", "applications/app/t", "applications/shop",
                 "routes/$host"});
  }
  json::value number() { return random_.below(3); }
  json::object listener() {
    json::object listener{{"pass", pass()}};
    if (chance(0.3)) listener["backlog"] = number();
    return listener;
  }
  json::object listeners() {
    json::object all;
    for (std::uint64_t i = random_.below(3); i-- > 0;) all[address()] = listener();
    return all;
  }
  json::array steps() {
    json::array all;
    for (std::uint64_t i = random_.below(3); i-- > 0;) all.push_back(step());
    return all;
  }
  json::value routes() {
    if (chance(0.3)) return steps();
    json::object all;
    for (std::uint64_t i = random_.below(4); i-- > 0;) all[route()] = steps();
    return all;
  }
  json::object servers() { return json::object{{pick({"127.0.0.1:1", "127.0.0.1:2"}), json::object()}}; }
  json::object application() {
    json::object app{{"type", "external"}};
    if (chance(0.5)) app["targets"] = json::object{{"t", json::object()}};
    if (chance(0.3)) app[pick({"x", "y"})] = number();
    return app;
  }

  libp2p::Random& random_;
};

class History {
 public:
  // All it does is drawn from `random`.
  History(libp2p::Random& random, HistoryShape shape) : random_(random), documents_(random_), shape_(shape) {
    if (shape_.layered > 0) draw_levels();
    for (std::size_t i = 0; i < shape_.nodes; ++i) {
      nodes_.push_back(std::make_unique<Merge>(happened_before(), MergeLimits{4, 1 << 16, 5, 1 << 20, 2}));
      nodes_.back()->set_levels(levels);
      knows_.emplace_back();
      clocks_.push_back(0);
    }
    // Not every turn ends in a change: what no API would let in is not written.
    for (std::size_t turn = 0; turn < 20 * shape_.changes && changes.size() < shape_.changes; ++turn) {
      step();
      if (changes.size() >= shape_.meeting && !std::exchange(met_, true)) meet();
    }
  }

  // Refers to this history.
  [[nodiscard]] HappenedBefore happened_before() const {
    return [this](const RecordId& earlier, const RecordId& later) {
      const auto found = knew_.find(later);
      return found != knew_.end() && found->second.contains(earlier);
    };
  }

  // What the author of `change` knew.
  [[nodiscard]] const std::set<RecordId>& known_to(const RecordId& change) const {
    static const std::set<RecordId> nothing;
    const auto found = knew_.find(change);
    return found != knew_.end() ? found->second : nothing;
  }

  // The order in which a node could have received them: any that keeps parents first, or any at all.
  std::vector<MergeInput> shuffled(libp2p::Random& random) const {
    std::vector<MergeInput> all = changes;
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
    return all;
  }

  // Is every change folded by the same rules?
  [[nodiscard]] bool has_one_level() const {
    return levels.empty() || (levels.size() == 1 && levels[0].hlc == Hlc{0});
  }

  // What each node makes of what it knows.
  [[nodiscard]] Merge& node(std::size_t i) { return *nodes_[i]; }
  [[nodiscard]] std::size_t nodes() const { return nodes_.size(); }

  std::vector<MergeInput> changes;
  std::vector<LevelFrom> levels;

 private:
  // Raised once, as it is to be, at the beginning or somewhere; or back and forth.
  void draw_levels() {
    raise(random_.below(2) * random_.below(60), 2);
    if (!documents_.chance(0.2)) return;
    raise(random_.below(90), 1);
    raise(random_.below(90), 2);
  }
  void raise(std::uint64_t time, unsigned level) {
    RecordId id = id_of(random_.u64());
    id.bytes[29] = static_cast<std::uint8_t>(levels.size() + 1);  // no change has that
    levels.push_back({Hlc{time}, id, level});
  }

  void meet() {
    for (std::size_t listener = 0; listener < shape_.nodes; ++listener) {
      for (std::size_t speaker = 0; speaker < shape_.nodes; ++speaker) hear(listener, speaker);
    }
  }

  void step() {
    const std::size_t writer = random_.below(shape_.nodes);
    if (documents_.chance(shape_.hears)) hear(writer, random_.below(shape_.nodes));
    std::vector<Edit> edits = documents_.chance(shape_.hostile) ? hostile_edits() : honest_edits(writer);
    if (edits.empty()) return;
    // Clocks exceed those of all that is known; now and then two are equal.
    clocks_[writer] += 1 + random_.below(3);
    write(writer, {"", "", documents_.chance(0.2), std::move(edits)});
  }

  void hear(std::size_t listener, std::size_t speaker) {
    for (const std::size_t change : knows_[speaker]) {
      if (!knows_[listener].insert(change).second) continue;
      nodes_[listener]->add(changes[change]);
      clocks_[listener] = std::max(clocks_[listener], changes[change].hlc.value);
    }
  }

  void write(std::size_t writer, Change change) {
    RecordId id = id_of(random_.u64());
    // No two are the same, whatever is drawn.
    id.bytes[30] = static_cast<std::uint8_t>(changes.size() >> 8);
    id.bytes[31] = static_cast<std::uint8_t>(changes.size());
    for (const std::size_t known : knows_[writer]) knew_[id].insert(changes[known].id);
    knows_[writer].insert(changes.size());
    changes.push_back({id, Hlc{clocks_[writer]}, std::move(change)});
    nodes_[writer]->add(changes.back());
  }

  // As the API does: against the document that the node has, and only if what comes of it is valid.
  std::vector<Edit> honest_edits(std::size_t writer) {
    const json::value& tree = nodes_[writer]->result().document;
    const std::string scope = documents_.scope(shape_.layered);
    const json::value& present = scope_document(tree, scope);
    json::value wanted = present;
    if (scope != fleet_scope && documents_.chance(0.15)) {
      wanted = documents_.whole();
    } else if (documents_.chance(0.2)) {
      const Path path{"routes", documents_.pick({"main", "blue", "green"})};
      const json::value* route = find(present, path);
      if (route == nullptr || !route->is_array()) return {};
      std::vector<Edit> edits{{scope, path, EditOp::append, documents_.step()}};
      apply_edit(wanted, edits[0]);
      if (validate_tree(with(tree, scope, std::move(wanted)), nodes_[writer]->level())) edits.clear();
      return edits;
    } else {
      const Path path = documents_.path(scope, false);
      if (path.size() > 1 && path[0] == "routes" && find(present, {"routes"}) != nullptr &&
          find(present, {"routes"})->is_array()) {
        return {};
      }
      const bool removes = documents_.chance(0.3);
      if (removes && path.empty()) return {{scope, path, EditOp::remove, std::nullopt}};
      apply_edit(wanted, {scope, path, removes ? EditOp::remove : EditOp::set,
                          removes ? std::nullopt : std::optional(documents_.value_for(scope, path, false))});
    }
    json::value wanted_tree = with(tree, scope, std::move(wanted));
    if (validate_tree(wanted_tree, nodes_[writer]->level())) return {};
    return diff_trees(tree, wanted_tree);
  }

  static json::value with(json::value tree, const std::string& scope, json::value document) {
    tree.as_object()[scope] = std::move(document);
    return tree;
  }

  std::vector<Edit> hostile_edits() {
    std::vector<Edit> edits;
    for (std::uint64_t i = 1 + random_.below(3); i-- > 0;) {
      const std::string scope =
          documents_.chance(0.05) ? documents_.pick({"layer", "*", "Odd"}) : documents_.scope(shape_.layered);
      const Path path = documents_.path(scope, true);
      const auto op = static_cast<EditOp>(1 + random_.below(3));
      Edit edit{scope, path, op, std::nullopt};
      if (op == EditOp::append) edit.value = documents_.step();
      if (op == EditOp::set) edit.value = documents_.value_for(scope, path, documents_.chance(0.5));
      edits.push_back(std::move(edit));
    }
    return edits;
  }

  libp2p::Random& random_;
  RandomDocuments documents_;
  HistoryShape shape_;
  std::vector<std::unique_ptr<Merge>> nodes_;
  std::vector<std::set<std::size_t>> knows_;
  std::vector<std::uint64_t> clocks_;
  bool met_ = false;
  std::map<RecordId, std::set<RecordId>> knew_;
};

// A history, or what of it is not in the state that is folded onto.
struct Drawn {
  std::vector<MergeInput> changes;
  Setting setting;
};

inline std::unique_ptr<Merge> merge_of(const History& history, const Setting& setting,
                                       MergeLimits limits = {}) {
  auto merge = std::make_unique<Merge>(history.happened_before(), limits);
  merge->set_levels(setting.levels);
  merge->set_base(setting.base);
  return merge;
}

// On top of what somebody knew at some time, whose changes lie anywhere among the others: of what it covers
// all that is before it is covered too.
inline Drawn onto_a_base(const History& history, libp2p::Random& random) {
  const RecordId last = history.changes[random.below(history.changes.size())].id;
  Drawn drawn{.changes = {}, .setting = {.levels = history.levels, .base = std::nullopt}};
  const std::unique_ptr<Merge> covered = merge_of(history, drawn.setting);
  for (const MergeInput& change : history.changes) {
    const bool is_covered = change.id == last || history.known_to(last).contains(change.id);
    is_covered ? covered->add(change) : drawn.changes.push_back(change);
  }
  drawn.setting.base = covered->state();
  return drawn;
}

inline Drawn draw(const History& history, libp2p::Random& random) {
  if (random.below(2) == 0) return onto_a_base(history, random);
  return {history.changes, {.levels = history.levels, .base = std::nullopt}};
}

inline std::vector<MergeInput> shuffled(std::vector<MergeInput> changes, libp2p::Random& random) {
  for (std::size_t i = changes.size(); i > 1; --i) std::swap(changes[i - 1], changes[random.below(i)]);
  return changes;
}

// All that a merge says is the same.
inline void expect_same_merges(Merge& got, Merge& wanted) {
  expect_same(got.result(), wanted.result());
  EXPECT_EQ(got.revision(), wanted.revision());
  EXPECT_EQ(got.revision(), revision_of(got.result().document, got.level()));
  EXPECT_EQ(got.provenance(), wanted.provenance());
}

}  // namespace starling::test
