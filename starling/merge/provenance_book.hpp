// Keeps up with who said what stands, and who took away what stood.
#pragma once

#include <map>

#include "starling/merge/node.hpp"
#include "starling/merge/state.hpp"

namespace starling {

// Follows the changes of the fold, in their order, once they have had their turns.
class ProvenanceBook {
 public:
  // What was there before the first of them: `tree`, with what is known of it.
  void begin(const json::value& tree, const Provenances& known);
  void follow(const Node& node);
  [[nodiscard]] Provenances provenances() const;

 private:
  struct Leaf {
    Provenance provenance;
    std::size_t array_size = 0;  // without what was appended since
  };

  void set(const Path& path, const json::value& value, const Provenance& provenance);
  void append(const Path& path, const Provenance& provenance);
  void clear(const Path& path);
  void put_leaves(Path& path, const json::value& value, const Provenance& provenance);
  [[nodiscard]] std::size_t appended(const Path& array) const;

  std::map<Path, Leaf> leaves_;
};

}  // namespace starling
