// Writing records: one key's present incarnation (rule L2).
#pragma once

#include "starling/changelog/changelog.hpp"
#include "starling/model/record.hpp"

namespace starling {

// What a new record is to be put after, as its author knows it.
struct AuthoringContext {
  FleetId fleet;
  const Changelog& log;
  libp2p::WallTime wall;
  Hlc ceiling;  // records above it are held: they are nobody's parent and don't push clocks (L7)
};

// Owned by whoever owns the key. Every process opens an incarnation of its own with its first record, so
// neither a restored backup nor a copied disk can continue a chain that went on elsewhere.
class Author {
 public:
  Author(PrivateKey key, std::uint64_t incarnation) : key_(std::move(key)), incarnation_(incarnation) {}

  // Signs the next record. It counts as written at once: a record that is then not stored leaves the
  // incarnation unusable, so its owner must stop.
  [[nodiscard]] Result<RecordPtr> write(const AuthoringContext& context, RecordKind kind, RecordId grant,
                                        Bytes body);

  [[nodiscard]] const PrivateKey& key() const noexcept { return key_; }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return incarnation_; }

 private:
  [[nodiscard]] std::vector<RecordId> choose_parents(const AuthoringContext& context) const;

  PrivateKey key_;
  std::uint64_t incarnation_;
  RecordPtr last_;
};

// A fleet's first record.
[[nodiscard]] Result<RecordPtr> write_genesis(const PrivateKey& root, std::uint64_t incarnation,
                                              BytesView nonce, libp2p::WallTime wall);

}  // namespace starling
