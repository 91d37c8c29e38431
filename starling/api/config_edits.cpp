#include "starling/api/config_edits.hpp"

#include "starling/merge/diff.hpp"

namespace starling {
namespace {

std::unexpected<WriteFault> not_there() {
  return std::unexpected(WriteFault{404, json::object{{"error", "Value doesn't exist."}}});
}
std::unexpected<WriteFault> not_allowed() {
  return std::unexpected(WriteFault{405, json::object{{"error", "Method isn't allowed."}}});
}

Path parent_of(const Path& path) { return {path.begin(), std::prev(path.end())}; }

// By its difference, so that no edit's path crosses an array (M2).
Proposal proposal(const json::value& present, json::value document) {
  std::vector<Edit> edits = diff(present, document);
  return {std::move(document), std::move(edits)};
}

bool crosses_array(const json::value& document, const Path& path) {
  for (std::size_t size = 0; size < path.size(); ++size) {
    const json::value* value =
        find(document, Path(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(size)));
    if (value && value->is_array()) return true;
  }
  return false;
}

}  // namespace

Proposed propose_put(const json::value& present, const Path& path, json::value value) {
  if (path.empty()) return proposal(present, std::move(value));
  json::value document = present;
  json::value* parent = find(document, parent_of(path));
  if (!parent) return not_there();
  if (json::object* object = parent->if_object()) {
    (*object)[path.back()] = std::move(value);
    return proposal(present, std::move(document));
  }
  json::array* array = parent->if_array();
  const auto index = parse_index(path.back());
  // Below a scalar Unit's controller would crash: it is never asked.
  if (!array || !index || *index > array->size()) return not_there();
  if (*index == array->size()) {
    array->push_back(std::move(value));
  } else {
    (*array)[*index] = std::move(value);
  }
  return proposal(present, std::move(document));
}

Proposed propose_put_with_parents(const json::value& present, const Path& path, json::value value) {
  auto there = path.end();
  while (there != path.begin() && !find(present, Path(path.begin(), std::prev(there)))) {
    --there;
    value = json::object{{*there, std::move(value)}};
  }
  return propose_put(present, Path(path.begin(), there), std::move(value));
}

Proposed propose_post(const json::value& present, const Path& path, json::value value) {
  if (path.empty()) return not_allowed();
  json::value document = present;
  json::value* target = find(document, path);
  if (!target) return not_there();
  json::array* array = target->if_array();
  if (!array) return not_allowed();
  array->push_back(value);
  if (crosses_array(present, path)) return proposal(present, std::move(document));
  return Proposal{std::move(document),
                  {Edit{std::string(base_scope), path, EditOp::append, std::move(value)}}};
}

Proposed propose_delete(const json::value& present, const Path& path) {
  if (path.empty()) return proposal(present, json::object());
  json::value document = present;
  if (!remove_at(document, path)) return not_there();
  return proposal(present, std::move(document));
}

}  // namespace starling
