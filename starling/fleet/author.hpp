// Writing records: one key's present incarnation (rule L2).
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "starling/changelog/changelog.hpp"
#include "starling/model/record.hpp"

namespace starling {

// What a new record is to be put after, as its author knows it.
struct AuthoringContext {
  FleetId fleet;
  const Changelog& log;
  libp2p::WallTime wall;
  Hlc ceiling;  // records above it are held: they are nobody's parent and don't push clocks (L7)
  // A random number, for the next incarnation where the present one can't go on.
  std::uint64_t fresh_incarnation = 0;
  // What whoever asked for the record had seen, where that is less than its author knows (M3): it is put
  // after these alone, and after the author's own records, which it can't pretend not to know.
  std::optional<std::vector<RecordId>> parents = std::nullopt;
  // Is it nobody's parent, since it is in the log and not in the state that is built upon yet (M4), or void?
  // Nothing: none is.
  std::function<bool(const RecordId&)> avoids = nullptr;
  // Does its grant stand (L4)? Only such a record is anybody's parent. Nothing: every one does.
  std::function<bool(const Record&)> counts = nullptr;
};

[[nodiscard]] bool may_be_parent(const AuthoringContext& context, const SignedRecord& record);

// The last records of `author`'s incarnations that a new one is to name, newest first, at most 16: those that
// stand, are neither held nor to be avoided, and are not known to one another.
[[nodiscard]] std::vector<RecordPtr> own_heads(const AuthoringContext& context, const PeerId& author);

// Owned by whoever owns the key. Every process opens an incarnation of its own with its first record, so
// neither a restored backup nor a copied disk can continue a chain that went on elsewhere. It opens another
// one as soon as its present chain turns out to be forked (a machine copied while it ran), or ends in a
// record that is held or void.
class Author {
 public:
  Author(PrivateKey key, std::uint64_t incarnation) : key_(std::move(key)), incarnation_(incarnation) {}

  // Signs the next record. It counts as written at once: a record that is then not stored leaves the
  // incarnation unusable, so its owner must stop.
  // Errors: limit (more parents were asked for than a record can name; nothing was written).
  [[nodiscard]] Result<RecordPtr> write(const AuthoringContext& context, RecordKind kind, RecordId grant,
                                        Bytes body);

  // What it puts a record after that is written now, if nothing else is asked for: its own older
  // incarnations, and the newest tips.
  [[nodiscard]] std::vector<RecordId> choose_parents(const AuthoringContext& context) const;
  // Its own newest records: whatever it writes next builds on them.
  [[nodiscard]] std::vector<RecordId> newest(const AuthoringContext& context) const;

  [[nodiscard]] const PrivateKey& key() const noexcept { return key_; }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return incarnation_; }

 private:
  [[nodiscard]] bool can_go_on(const AuthoringContext& context) const;
  [[nodiscard]] Result<std::vector<RecordId>> asked_parents(const AuthoringContext& context) const;

  PrivateKey key_;
  std::uint64_t incarnation_;
  RecordPtr last_;
};

// A fleet's first record.
[[nodiscard]] Result<RecordPtr> write_genesis(const PrivateKey& root, std::uint64_t incarnation,
                                              BytesView nonce, libp2p::WallTime wall);

}  // namespace starling
