// The tree of all scopes as it is being folded, with what must be known of it at every step: who refers to
// what, and its hash.
#pragma once

#include "starling/merge/revision.hpp"
#include "starling/merge/tree.hpp"
#include "starling/merge/tree_check.hpp"

namespace starling {

class WorkingTree {
 public:
  // `tree` must outlive it, and is changed by nobody else.
  explicit WorkingTree(json::value& tree) : tree_(tree) { assign(unset_tree()); }
  WorkingTree(const WorkingTree&) = delete;
  WorkingTree& operator=(const WorkingTree&) = delete;

  void assign(json::value tree);
  [[nodiscard]] const json::value& value() const noexcept { return tree_; }
  // See member_at().
  [[nodiscard]] const json::value* at(const Path& path) const { return member_at(tree_, path); }

  // Edits, as of tree.hpp. The base itself can be unset, but not removed.
  Replaced set(const Path& path, json::value value);
  Replaced remove(const Path& path);
  void put_back(Replaced replaced);
  // An array stands at `path`. Returns the place of the new element.
  Path append(const Path& path, json::value element);
  // Takes back the last append there.
  void drop_last(const Path& path);

  // M6: what became invalid by edits that replaced what stood at `touched`, if the tree was valid before, by
  // the rules of `level`.
  [[nodiscard]] std::vector<Violation> violations_by(const std::vector<Path>& touched, unsigned level) const {
    return tree_violations_by(touched, tree_, references_, level);
  }
  [[nodiscard]] RevisionId revision(unsigned level) { return hash_.of(tree_, level); }

 private:
  void changed(const Path& path, const json::value* value);

  json::value& tree_;
  ScopeReferences references_;
  RevisionHash hash_;
};

}  // namespace starling
