// What was worked out of each part of a tree, kept while that part stays as it is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/document.hpp"

namespace starling {

// `Rules` say what a part is worth:
//   using Part = …;                       of a member, its key included; the tree itself has none
//   static constexpr std::size_t depth;   objects further down are leaves
//   static Part leaf(Key key, const json::value& value);
//   static Part object(Key key, const std::vector<const Part*>& members);   ascending by key
//
// A small change then costs what the objects that hold it are wide, not what the tree weighs.
using Key = std::optional<std::string_view>;

template <class Rules>
class TreeMemo {
 public:
  using Part = typename Rules::Part;

  // What stands at or below `path` is another one, or gone. A place within an array stands for the array.
  void touch(const Path& path) {
    Branch* branch = &root_;
    branch->part.reset();
    for (std::size_t i = 0; i < path.size() && branch->complete; ++i) {
      branch = &branch->members[path[i]];
      branch->part.reset();
    }
    // What is below is no longer what it was.
    branch->complete = false;
    branch->members.clear();
  }

  void clear() { root_ = {}; }

  // Of the whole tree. Refers to this memo.
  [[nodiscard]] const Part& of(const json::value& tree) { return part_of(root_, std::nullopt, tree, 0); }

 private:
  struct Branch {
    std::optional<Part> part;
    bool complete = false;  // has all members of the object that stands here, and perhaps some that are gone
    std::map<std::string, Branch, std::less<>> members;
  };

  const Part& part_of(Branch& branch, Key key, const json::value& value, std::size_t depth) {
    if (branch.part) return *branch.part;
    const json::object* object = depth < Rules::depth ? value.if_object() : nullptr;
    branch.part = object != nullptr ? of_members(branch, key, *object, depth) : Rules::leaf(key, value);
    return *branch.part;
  }

  Part of_members(Branch& branch, Key key, const json::object& object, std::size_t depth) {
    if (!branch.complete) {
      for (const auto& member : object) branch.members.try_emplace(member.key());
      branch.complete = true;
    }
    std::vector<const Part*> parts;
    parts.reserve(branch.members.size());
    for (auto it = branch.members.begin(); it != branch.members.end();) {
      auto& [name, member] = *it;
      if (!member.part) {
        const json::value* value = object.if_contains(name);
        if (value == nullptr) {
          it = branch.members.erase(it);
          continue;
        }
        (void)part_of(member, name, *value, depth + 1);
      }
      parts.push_back(&*member.part);
      ++it;
    }
    return Rules::object(key, parts);
  }

  Branch root_;
};

}  // namespace starling
