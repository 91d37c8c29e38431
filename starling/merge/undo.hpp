// What it takes to take back the turn of one change.
#pragma once

#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "starling/merge/conflict_book.hpp"
#include "starling/merge/tree.hpp"

namespace starling {

// An edit that nothing later has superseded: what its author wished at its path.
struct Wish {
  Node* node = nullptr;
  std::size_t edit = 0;
  // What was there before; nothing for an append, whose base is the beginning of the array.
  std::shared_ptr<const json::value> before;
};
// By path. Several stand at one path where they agree, and where appends followed one another.
using Wishes = std::map<Path, std::vector<Wish>>;

// Wishes in the order in which they were made, whether superseded since or not.
struct MadeWish {
  Node* node = nullptr;
  std::size_t edit = 0;
};

// Removals that were dropped, and who needs what they would have removed.
using Kept = std::map<Path, std::vector<Node*>>;

// M10, by scope. Without a node, one of the state that the fold began with, which counts as known to all.
struct Emptied {
  RecordId by;
  Node* node = nullptr;
  bool allowed = false;
  friend bool operator==(const Emptied&, const Emptied&) = default;
};
using EmptiedScopes = std::map<std::string, Emptied>;

namespace undo {

struct Edited {
  Replaced replaced;
};
struct Appended {
  Path path;
};
struct WishesAt {
  Path path;
  std::optional<std::vector<Wish>> old;
};
struct KeptAt {
  Path path;
  std::optional<std::vector<Node*>> old;
};
struct Lost {
  Node* node;
};
struct ConflictMade {};
struct ConflictSettled {
  ConflictBook::Id id;
};
struct EmptiedWas {
  EmptiedScopes old;
};
struct WishMade {};
struct WishForgotten {
  MadeWish wish;
};
struct SinceWas {
  std::size_t old;
};

using Step = std::variant<Edited, Appended, WishesAt, WishMade, WishForgotten, SinceWas, KeptAt, Lost,
                          ConflictMade, ConflictSettled, EmptiedWas>;

}  // namespace undo

// In the order in which they were made.
using UndoSteps = std::vector<undo::Step>;

// About how many bytes they hold.
[[nodiscard]] std::size_t weight(const json::value& value);
[[nodiscard]] std::size_t weight(const Wishes& wishes);
[[nodiscard]] std::size_t weight(const UndoSteps& steps);

}  // namespace starling
