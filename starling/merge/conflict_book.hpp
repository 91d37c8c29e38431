// The conflicts of a fold (rules M4, M5), in the order in which they came about, with what it takes to go
// back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "starling/merge/concurrency.hpp"
#include "starling/merge/node.hpp"

namespace starling {

class ConflictBook {
 public:
  using Id = std::uint64_t;
  struct Entry {
    Conflict conflict;  // `stood` is filled in when it is told
    Path path;          // of the lost edit, with its scope
    // Nothing: of the state that the fold began with, which counts as known to all.
    Node* winner = nullptr;
    Node* loser = nullptr;
    const Node* made_by =
        nullptr;  // the later of the two, at whose turn it came about; nothing: it was there
    const Node* settled_by = nullptr;  // who knew both and touched the place again
  };

  // Back to before the first change: what that state had left open is there, and nothing else.
  void begin(const std::vector<Conflict>& left_open);
  Id add(Entry entry);
  // Takes back the newest one.
  void drop_last();
  // What `node` settles by touching `path`. Ascending.
  [[nodiscard]] std::vector<Id> settled_by(Node& node, const Path& path,
                                           const Concurrency& concurrency) const;
  void settle(Id id, const Node& by);
  void reopen(Id id);
  // Back to before the change at `position` had its turn.
  void rewind(std::size_t position);

  // Forgets what was settled before the change at `position` had its turn: nobody will go back there.
  void forget_settled(std::size_t position);

  // Not settled; in order.
  [[nodiscard]] std::vector<Conflict> open() const;
  // Has any been made, dropped, settled or reopened since this was last asked?
  [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }

 private:
  void list(Id id);
  void unlist(Id id);

  std::map<Id, Entry> entries_;
  std::map<Path, std::vector<Id>> open_;
  bool changed_ = false;
};

}  // namespace starling
