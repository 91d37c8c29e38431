#include "starling/api/change_request.hpp"

#include <algorithm>
#include <set>

#include "starling/layers/layer.hpp"
#include "starling/merge/diff.hpp"

namespace starling {
namespace {

constexpr std::string_view nothing_changed = " Nothing has changed.";

// ---- the form ----

using Fault = std::string;  // empty: none

constexpr std::string_view nothing_there = "nothing is there";

Fault unknown_member(const json::object& object, std::initializer_list<std::string_view> known) {
  for (const auto& member : object) {
    if (std::ranges::find(known, std::string_view(member.key())) == known.end())
      return "there is no member " + libp2p::printable(std::string_view(member.key()).substr(0, 100));
  }
  return {};
}

// A text that may be left out.
std::expected<std::string, Fault> text_of(const json::object& object, std::string_view name,
                                          std::size_t max_bytes, std::string_view otherwise = {}) {
  const json::value* value = object.if_contains(name);
  if (!value) return std::string(otherwise);
  if (!value->is_string()) return std::unexpected(std::string(name) + " is a string");
  if (value->get_string().size() > max_bytes)
    return std::unexpected(std::string(name) + " has " + std::to_string(max_bytes) + " bytes at most");
  return std::string(value->get_string());
}

std::expected<EditOp, Fault> op_of(const json::object& object) {
  const json::value* op = object.if_contains("op");
  if (op && op->is_string()) {
    if (op->get_string() == "set") return EditOp::set;
    if (op->get_string() == "remove") return EditOp::remove;
    if (op->get_string() == "append") return EditOp::append;
  }
  return std::unexpected(Fault("op is set, remove or append"));
}

std::expected<Edit, Fault> edit_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (!object) return std::unexpected(Fault("an edit is an object"));
  if (Fault fault = unknown_member(*object, {"scope", "path", "op", "value"}); !fault.empty())
    return std::unexpected(std::move(fault));
  auto scope = text_of(*object, "scope", 64, base_scope);
  if (!scope) return std::unexpected(std::move(scope.error()));
  if (!is_scope(*scope))
    return std::unexpected("there can be no scope " + libp2p::printable(*scope) +
                           ": base, @fleet, or a layer's name");
  const auto op = op_of(*object);
  if (!op) return std::unexpected(op.error());
  const json::value* path = object->if_contains("path");
  if (!path || !path->is_string())
    return std::unexpected(Fault("path is a JSON pointer, as /listeners/*:80"));
  auto parsed = parse_pointer(path->get_string());
  if (!parsed) return std::unexpected(parsed.error().message);
  if (parsed->size() >= max_path_segments) return std::unexpected(Fault("that path is too deep"));
  const json::value* given = object->if_contains("value");
  if (*op == EditOp::remove && given) return std::unexpected(Fault("a removal has no value"));
  if (*op != EditOp::remove && !given) return std::unexpected(Fault("value is missing"));
  if (parsed->empty() && *op != EditOp::remove && !(*op == EditOp::set && given->is_object()))
    return std::unexpected(Fault("the whole of a scope is an object"));
  Edit edit{std::move(*scope), std::move(*parsed), *op, given ? std::optional(*given) : std::nullopt};
  if (given && edit.scope == fleet_scope) edit.value = with_canonical_selectors(edit.path, *given);
  return edit;
}

// As much of its place as there is.
std::string place_text(const json::value& edit) {
  const json::object* object = edit.if_object();
  const json::value* path = object ? object->if_contains("path") : nullptr;
  return path && path->is_string() ? libp2p::printable(std::string_view(path->get_string()).substr(0, 256))
                                   : std::string();
}

std::unexpected<RequestFault> refused(std::string detail) {
  return std::unexpected(RequestFault{std::move(detail) + "." + std::string(nothing_changed), {}});
}

std::unexpected<RequestFault> refused(std::vector<RequestFault::OfEdit> edits) {
  std::string detail = std::to_string(edits.size()) + (edits.size() == 1 ? " edit" : " edits") +
                       " can't be made: edit " + std::to_string(edits.front().index) + ", " +
                       edits.front().place + ": " + edits.front().detail + "." + std::string(nothing_changed);
  const bool is_absence = std::ranges::all_of(
      edits, [](const RequestFault::OfEdit& edit) { return edit.detail == nothing_there; });
  edits.resize(std::min(edits.size(), RequestFault::most_told));
  return std::unexpected(RequestFault{std::move(detail), std::move(edits), is_absence});
}

// ---- the edits ----

// What holds, or is to hold, the last segment of the path: objects on the way are made.
std::expected<json::value*, Fault> make_holder(json::value& tree, const Path& path) {
  json::value* at = &tree;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (json::object* object = at->if_object()) {
      at = &object->emplace(path[i], json::object()).first->value();
      continue;
    }
    json::array* array = at->if_array();
    const auto index = parse_index(path[i]);
    if (!array || !index || *index >= array->size())
      return std::unexpected(Fault("what stands above it has no " + libp2p::printable(path[i])));
    at = &(*array)[*index];
  }
  return at;
}

Fault set_at(json::value& tree, const Path& path, const json::value& value) {
  const auto holder = make_holder(tree, path);
  if (!holder) return holder.error();
  if (json::object* object = (*holder)->if_object()) {
    (*object)[path.back()] = value;
    return {};
  }
  json::array* array = (*holder)->if_array();
  const auto index = parse_index(path.back());
  if (!array) return "a value stands above it";
  if (!index || *index > array->size()) return "the array above it has no such place";
  if (*index == array->size()) {
    array->push_back(value);
  } else {
    (*array)[*index] = value;
  }
  return {};
}

Fault append_at(json::value& tree, const Path& path, const json::value& value) {
  json::value* target = find(tree, path);
  if (!target) return Fault(nothing_there);
  json::array* array = target->if_array();
  if (!array) return "no array is there";
  array->push_back(value);
  return {};
}

Fault apply(json::value& tree, const Edit& edit) {
  const Path path = path_in_tree(edit.scope, edit.path);
  switch (edit.op) {
    case EditOp::set:
      return set_at(tree, path, *edit.value);
    case EditOp::remove:
      return remove_at(tree, path) ? Fault() : Fault(nothing_there);
    case EditOp::append:
      return append_at(tree, path, *edit.value);
  }
  return "no such op";
}

// What goes into a layer that nothing defines would be given to nobody. What is left of one can be removed.
bool goes_nowhere(const json::value& tree, const Edit& edit) {
  return edit.op != EditOp::remove && edit.scope != base_scope && edit.scope != fleet_scope &&
         !find(tree, {std::string(fleet_scope), "layers", edit.scope});
}

// Which appends can stay what they are, since nothing else touches their arrays.
class Alone {
 public:
  explicit Alone(const std::vector<Edit>& edits) {
    for (const Edit& edit : edits) {
      if (edit.op != EditOp::append) others_.insert(path_in_tree(edit.scope, edit.path));
    }
  }

  [[nodiscard]] bool operator()(const json::value& tree, const Edit& edit) const {
    if (edit.op != EditOp::append) return false;
    const Path path = path_in_tree(edit.scope, edit.path);
    const auto below = others_.lower_bound(path);
    if (below != others_.end() && is_prefix(path, *below)) return false;
    for (Path above; above.size() < path.size(); above.push_back(path[above.size()])) {
      if (others_.contains(above)) return false;
      const json::value* value = find(tree, above);
      if (value && value->is_array()) return false;  // no edit's path crosses one
    }
    return true;
  }

 private:
  std::set<Path> others_;
};

}  // namespace

std::expected<ChangeRequest, RequestFault> parse_change_request(std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed) return refused("the body is not JSON: " + parsed.error().message);
  const json::object* object = parsed->if_object();
  if (!object) return refused("the body is an object with message, actor and edits");
  if (const Fault fault = unknown_member(*object, {"message", "actor", "edits"}); !fault.empty())
    return refused(fault);
  auto actor = text_of(*object, "actor", max_actor_bytes);
  if (!actor) return refused(actor.error());
  auto message = text_of(*object, "message", max_message_bytes);
  if (!message) return refused(message.error());
  const json::value* list = object->if_contains("edits");
  const json::array* edits = list ? list->if_array() : nullptr;
  if (!edits || edits->empty() || edits->size() > max_edits)
    return refused("edits is an array of 1 to " + std::to_string(max_edits) + " edits");
  ChangeRequest request{std::move(*actor), std::move(*message), {}};
  std::vector<RequestFault::OfEdit> faults;
  for (std::size_t i = 0; i < edits->size(); ++i) {
    if (auto edit = edit_of((*edits)[i])) {
      request.edits.push_back(std::move(*edit));
    } else {
      faults.push_back({i, place_text((*edits)[i]), std::move(edit.error())});
    }
  }
  if (!faults.empty()) return refused(std::move(faults));
  return request;
}

std::expected<Proposal, RequestFault> propose_edits(const json::value& tree, const std::vector<Edit>& edits) {
  std::vector<RequestFault::OfEdit> faults;
  const Alone stays_an_append(edits);
  json::value document = tree;
  json::value without_appends = tree;
  std::vector<Edit> appends;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    const Edit& edit = edits[i];
    if (Fault fault = apply(document, edit); !fault.empty()) {
      faults.push_back({i, to_text(Place{edit.scope, edit.path}), std::move(fault)});
    } else if (stays_an_append(tree, edit)) {
      appends.push_back(edit);
    } else {
      (void)apply(without_appends, edit);
    }
  }
  if (!faults.empty()) return refused(std::move(faults));
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (goes_nowhere(document, edits[i])) {
      faults.push_back({i, to_text(Place{edits[i].scope, edits[i].path}),
                        "there is no layer \"" + edits[i].scope +
                            "\": `starling layer set NAME --selector SELECTOR` makes one"});
    }
  }
  if (!faults.empty()) return refused(std::move(faults));
  std::vector<Edit> leading = diff_trees(tree, without_appends);
  std::ranges::move(appends, std::back_inserter(leading));
  return Proposal{std::move(document), std::move(leading)};
}

}  // namespace starling
