#include "starling/merge/tree.hpp"

#include <utility>

namespace starling {
namespace {

Path beginning(const Path& path, std::size_t size) {
  return {path.begin(), path.begin() + static_cast<std::ptrdiff_t>(size)};
}

// The object that holds the last segment of `path`, if all above it is there.
json::object* holder_of(json::value& document, const Path& path) {
  json::value* holder = member_at(document, beginning(path, path.size() - 1));
  return holder != nullptr ? holder->if_object() : nullptr;
}

// `value` inside of as many objects as there are segments from `first` on.
json::value wrapped(const Path& path, std::size_t first, json::value value) {
  for (std::size_t i = path.size(); i > first; --i) {
    json::object object;
    object.emplace(path[i - 1], std::move(value));
    value = std::move(object);
  }
  return value;
}

std::shared_ptr<json::value> taken(json::value& value) {
  return std::make_shared<json::value>(std::move(value));
}

}  // namespace

const json::value* member_at(const json::value& document, const Path& path) {
  const json::value* value = &document;
  for (const std::string& segment : path) {
    const json::object* object = value->if_object();
    value = object != nullptr ? object->if_contains(segment) : nullptr;
    if (value == nullptr) return nullptr;
  }
  return value;
}

json::value* member_at(json::value& document, const Path& path) {
  return const_cast<json::value*>(member_at(std::as_const(document), path));
}

std::optional<Path> array_above(const json::value& document, const Path& path) {
  const json::value* value = &document;
  for (std::size_t size = 0; size < path.size(); ++size) {
    if (value->is_array()) return beginning(path, size);
    const json::object* object = value->if_object();
    value = object != nullptr ? object->if_contains(path[size]) : nullptr;
    if (value == nullptr) return std::nullopt;
  }
  return std::nullopt;
}

Replaced set_member(json::value& document, const Path& path, json::value value) {
  json::value* at = &document;
  for (std::size_t size = 0; size < path.size(); ++size) {
    json::object* object = at->if_object();
    if (object == nullptr) {
      Replaced replaced{beginning(path, size), taken(*at)};
      *at = wrapped(path, size, std::move(value));
      return replaced;
    }
    json::value* member = object->if_contains(path[size]);
    if (member == nullptr) {
      object->emplace(path[size], wrapped(path, size + 1, std::move(value)));
      return {beginning(path, size + 1), nullptr};
    }
    at = member;
  }
  Replaced replaced{path, taken(*at)};
  *at = std::move(value);
  return replaced;
}

Replaced remove_member(json::value& document, const Path& path) {
  if (path.empty()) {
    Replaced replaced{path, taken(document)};
    document = empty_document();
    return replaced;
  }
  json::object& holder = *holder_of(document, path);
  const auto member = holder.find(path.back());
  Replaced replaced{path, taken(member->value())};
  holder.erase(member);
  return replaced;
}

void put_back(json::value& document, Replaced replaced) {
  if (!replaced.old) {
    holder_of(document, replaced.at)->erase(replaced.at.back());
    return;
  }
  // A conflict record or a snapshot may still hold it.
  json::value old = replaced.old.use_count() == 1 ? std::move(*replaced.old) : *replaced.old;
  if (replaced.at.empty()) {
    document = std::move(old);
  } else {
    (*holder_of(document, replaced.at))[replaced.at.back()] = std::move(old);
  }
}

}  // namespace starling
