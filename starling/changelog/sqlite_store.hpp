// The store of a real node: SQLite with a write-ahead log, synchronous FULL.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "libp2p/crypto/hash.hpp"
#include "starling/changelog/store.hpp"

struct sqlite3;

namespace starling {

// What a node seals the records of its store with.
[[nodiscard]] libp2p::Sha256Digest seal_key_of(const PrivateKey& identity);

// With a seal key each record that is stored is sealed, so that at the next start what carries a seal need
// not be verified by its signature again. What carries none (stored without the key, or by an older version)
// or that of another key is verified, and sealed then: a swapped or changed store gains nothing by it.
class SqliteStore final : public Store {
 public:
  // Opens or creates. Holds an exclusive lock on "FILE.lock" for as long as it lives, so that two daemons, or
  // a daemon and a command, never write one store: Errc::busy. `vfs` names another SQLite VFS (fault
  // injection in tests). Errors: io, busy, not_supported (written by a newer version).
  using SealKey = std::optional<libp2p::Sha256Digest>;
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& file,
                                                                 const char* vfs = nullptr,
                                                                 SealKey seal_key = std::nullopt);
  // What a store holds at this moment, whoever has it open: it is only read, and no lock is taken. Errors:
  // not_found, io, parse (names the record: the store is damaged), not_supported. `vfs` as in open().
  [[nodiscard]] static Result<Contents> snapshot(const std::filesystem::path& file,
                                                 SealKey seal_key = std::nullopt, const char* vfs = nullptr);
  ~SqliteStore() override;

  [[nodiscard]] Result<> append(std::span<const RecordPtr> records, const Facts& facts = {}) override;
  [[nodiscard]] Result<> drop(std::span<const RecordId> ids, const Facts& facts) override;
  [[nodiscard]] Result<Contents> load() override;
  // Writes a whole copy to `file`, which must not be there yet, and has it on disk. Errors: io.
  [[nodiscard]] Result<> backup(const std::filesystem::path& file);
  // How many records the last load() had to verify by their signatures.
  [[nodiscard]] std::size_t verified() const noexcept { return verified_; }

 private:
  SqliteStore(sqlite3* db, int lock, SealKey seal_key) noexcept : db_(db), lock_(lock), seal_key_(seal_key) {}
  [[nodiscard]] Result<int> schema_found();
  [[nodiscard]] Result<bool> has_seals();
  [[nodiscard]] Result<> prepare_schema();
  [[nodiscard]] Result<> add_seals();
  [[nodiscard]] Result<> execute(const char* sql);
  void roll_back();
  // In one transaction: what `change` does, and the facts.
  template <class Change>
  [[nodiscard]] Result<> transact(Change change, const Facts& facts);
  [[nodiscard]] Result<> delete_records(std::span<const RecordId> ids);
  [[nodiscard]] Result<> insert_records(std::span<const RecordPtr> records);
  [[nodiscard]] Result<> replace_facts(const Facts& facts);
  struct Unsealed {
    std::int64_t position = 0;
    RecordPtr record;
  };
  [[nodiscard]] Result<std::vector<RecordPtr>> read_records(std::vector<Unsealed>& unsealed);
  [[nodiscard]] Result<> seal(const std::vector<Unsealed>& records);
  [[nodiscard]] Bytes seal_of(BytesView envelope) const;
  [[nodiscard]] Result<Facts> read_facts();

  sqlite3* db_;
  int lock_;
  SealKey seal_key_;
  std::size_t verified_ = 0;
};

}  // namespace starling
