#include "starling/merge/working_tree.hpp"

namespace starling {

void WorkingTree::assign(json::value tree) {
  tree_ = std::move(tree);
  hash_.clear();
  references_.clear();
  for (const auto& scope : tree_.get_object()) changed({std::string(scope.key())}, &scope.value());
}

void WorkingTree::changed(const Path& path, const json::value* value) {
  hash_.touch(path);
  if (holds_configuration(path.front()))
    references_[path.front()].replace({std::next(path.begin()), path.end()}, value);
}

Replaced WorkingTree::set(const Path& path, json::value value) {
  Replaced replaced = set_member(tree_, path, std::move(value));
  changed(replaced.at, at(replaced.at));
  return replaced;
}

Replaced WorkingTree::remove(const Path& path) {
  if (path.size() == 1 && path.front() == base_scope) return set(path, empty_document());
  Replaced replaced = remove_member(tree_, path);
  changed(path, nullptr);
  return replaced;
}

void WorkingTree::put_back(Replaced replaced) {
  const Path path = replaced.at;
  starling::put_back(tree_, std::move(replaced));
  changed(path, at(path));
}

Path WorkingTree::append(const Path& path, json::value element) {
  json::array& array = member_at(tree_, path)->get_array();
  Path place = path;
  place.push_back(std::to_string(array.size()));
  array.push_back(std::move(element));
  changed(place, &array.back());
  return place;
}

void WorkingTree::drop_last(const Path& path) {
  json::array& array = member_at(tree_, path)->get_array();
  array.pop_back();
  Path place = path;
  place.push_back(std::to_string(array.size()));
  changed(place, nullptr);
}

}  // namespace starling
