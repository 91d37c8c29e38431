// What a fleet's state is called: the hash of its merge level and its tree (rule M9).
#pragma once

#include <array>

#include "starling/merge/tree_memo.hpp"
#include "starling/model/ids.hpp"

namespace starling {

// At level 1, sha256("starling-revision", 1, canonical JSON of the base). At level 2,
// sha256("starling-revision", 2, H(tree)), where H is a Merkle hash over members:
//   H(key, object) = sha256(1, size of key, key, H of each member, ascending by key)
//   H(key, other)  = sha256(0, size of key, key, canonical JSON)
// with sizes as 32 bits, big-endian, and an empty key for the tree itself.
[[nodiscard]] RevisionId revision_of(const json::value& tree, unsigned level);

// The same of a tree that changes, at little cost for little changes.
class RevisionHash {
 public:
  // What stands at or below `path`, which begins with its scope, is another one, or gone.
  void touch(const Path& path);
  void clear();
  [[nodiscard]] RevisionId of(const json::value& tree, unsigned level);

 private:
  struct Text {
    using Part = std::string;
    static constexpr std::size_t depth = 2;
    static Part leaf(Key key, const json::value& value);
    static Part object(Key key, const std::vector<const Part*>& members);
  };
  struct Merkle {
    using Part = std::array<std::uint8_t, 32>;
    static constexpr std::size_t depth = 1000;
    static Part leaf(Key key, const json::value& value);
    static Part object(Key key, const std::vector<const Part*>& members);
  };

  TreeMemo<Text> base_text_;  // level 1
  TreeMemo<Merkle> merkle_;   // level 2
};

}  // namespace starling
