// A change in the order of the fold, and what has become of it there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "starling/merge/fold.hpp"

namespace starling {

// Owned by Merge, which keeps it where it is in memory for as long as anything of the fold names it.
struct Node {
  // `serial` is above 0 and no other node's, now or ever. From here on the paths of its edits are those in
  // the tree of all scopes: each begins with its scope.
  Node(MergeInput change, std::uint64_t serial);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // M1. Since clocks exceed those of all parents, this order contains causality.
  [[nodiscard]] bool before(const Node& other) const {
    return input.hlc != other.input.hlc ? input.hlc < other.input.hlc : input.id > other.input.id;
  }

  // Its turn is by the rules of this level (M9), which say what it needs and whether it can be used at all.
  void set_level(unsigned wanted);

  MergeInput input;
  std::uint64_t serial;
  unsigned level = 0;       // 0: not known yet
  std::vector<Path> needs;  // see needs_of()
  std::string unusable;     // why no state at all could take it; empty: some can

  // See Concurrency, which sets them.
  std::size_t position = 0;
  std::size_t first_unknown =
      0;  // its author knew all that stands before; its own position, if nothing was unknown
  std::size_t known_from = 0;  // all that stands from there on knew it

  struct Loss {
    std::size_t edit;
    const Node* by;
  };
  std::vector<Loss> losses;
  std::string skipped;            // why the state it met could not take it (M6); empty: it did
  std::vector<std::size_t> idle;  // its edits that left the tree as it was; of no meaning if it was skipped
  ChangeFate fate;                // as it was last told, if it was
  bool told = false;

  // The serial of the change whose author was last asked whether it knew this one, and the answer.
  std::uint64_t asked_by = 0;
  bool known_to_asker = false;
};

// "applied", or what it lost and why it was skipped, by the losses and the reason above.
[[nodiscard]] ChangeFate fate_of(const Node& node);
[[nodiscard]] Stood what_stood(const Node& node);

}  // namespace starling
