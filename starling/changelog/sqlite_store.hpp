// The store of a real node: SQLite with a write-ahead log, synchronous FULL.
#pragma once

#include <filesystem>
#include <memory>

#include "starling/changelog/store.hpp"

struct sqlite3;

namespace starling {

class SqliteStore final : public Store {
 public:
  // Opens or creates. Holds an exclusive lock on "FILE.lock" for as long as it lives, so that two daemons, or a daemon and
  // a command, never write one store: Errc::busy. `vfs` names another SQLite VFS (fault injection in tests).
  // Errors: io, busy, not_supported (written by a newer version).
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& file, const char* vfs = nullptr);
  ~SqliteStore() override;

  [[nodiscard]] Result<> append(std::span<const RecordPtr> records) override;
  [[nodiscard]] Result<std::vector<RecordPtr>> load() override;
  [[nodiscard]] Result<std::optional<std::string>> fact(std::string_view name) override;
  [[nodiscard]] Result<> set_fact(std::string_view name, std::string_view value) override;

 private:
  SqliteStore(sqlite3* db, int lock) noexcept : db_(db), lock_(lock) {}
  [[nodiscard]] Result<> prepare_schema();
  [[nodiscard]] Result<> execute(const char* sql);
  [[nodiscard]] Result<> insert_all(std::span<const RecordPtr> records);

  sqlite3* db_;
  int lock_;
};

}  // namespace starling
