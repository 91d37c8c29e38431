// The store of a real node: SQLite with a write-ahead log, synchronous FULL.
#pragma once

#include <filesystem>
#include <memory>

#include "starling/changelog/store.hpp"

struct sqlite3;

namespace starling {

class SqliteStore final : public Store {
 public:
  // Opens or creates. Holds an exclusive lock on "FILE.lock" for as long as it lives, so that two daemons, or
  // a daemon and a command, never write one store: Errc::busy. `vfs` names another SQLite VFS (fault
  // injection in tests). Errors: io, busy, not_supported (written by a newer version).
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& file,
                                                                 const char* vfs = nullptr);
  ~SqliteStore() override;

  [[nodiscard]] Result<> append(std::span<const RecordPtr> records, const Facts& facts = {}) override;
  [[nodiscard]] Result<> drop(std::span<const RecordId> ids, const Facts& facts) override;
  [[nodiscard]] Result<Contents> load() override;

 private:
  SqliteStore(sqlite3* db, int lock) noexcept : db_(db), lock_(lock) {}
  [[nodiscard]] Result<> prepare_schema();
  [[nodiscard]] Result<> execute(const char* sql);
  // In one transaction: what `change` does, and the facts.
  template <class Change>
  [[nodiscard]] Result<> transact(Change change, const Facts& facts);
  [[nodiscard]] Result<> delete_records(std::span<const RecordId> ids);
  [[nodiscard]] Result<> insert_records(std::span<const RecordPtr> records);
  [[nodiscard]] Result<> replace_facts(const Facts& facts);
  [[nodiscard]] Result<std::vector<RecordPtr>> read_records();
  [[nodiscard]] Result<Facts> read_facts();

  sqlite3* db_;
  int lock_;
};

}  // namespace starling
