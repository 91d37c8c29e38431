#include "starling/changelog/sqlite_store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace starling {
namespace {

constexpr int schema_version = 1;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

std::unexpected<Error> sqlite_error(sqlite3* db, std::string_view doing) {
  const int code = sqlite3_errcode(db) & 0xff;  // without its extension
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
    return fail(Errc::io, std::string(sqlite3_db_filename(db, "main")) + " is damaged (" +
                              std::string(doing) + ": " + sqlite3_errmsg(db) +
                              "): move the state folder aside, and restore a backup of it or join the fleet "
                              "again; what other nodes hold comes back by itself");
  }
  return fail(Errc::io, std::string(doing) + ": " + sqlite3_errmsg(db));
}

Result<Statement> prepare(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK) {
    return sqlite_error(db, sql);
  }
  return Statement(statement);
}

void bind(sqlite3_stmt* statement, int index, BytesView bytes) {
  sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
}

void bind(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

BytesView column(sqlite3_stmt* statement, int index) {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement, index))};
}

Result<int> take_lock(const std::filesystem::path& file) {
  const std::filesystem::path path = file.string() + ".lock";
  const int lock = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0) return fail(Errc::io, path.string() + ": " + std::strerror(errno));
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  const int error = errno;
  ::close(lock);
  if (error == EWOULDBLOCK) return fail(Errc::busy, file.string() + " is in use by another process");
  return fail(Errc::io, path.string() + ": " + std::strerror(error));
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& file, const char* vfs) {
  LIBP2P_TRY(const int lock, take_lock(file));
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int opened = sqlite3_open_v2(file.c_str(), &db, flags, vfs);
  std::unique_ptr<SqliteStore> store(new SqliteStore(db, lock));
  if (opened != SQLITE_OK) return sqlite_error(db, file.string());
  LIBP2P_CHECK(store->prepare_schema());
  return store;
}

SqliteStore::~SqliteStore() {
  sqlite3_close_v2(db_);
  ::close(lock_);
}

Result<> SqliteStore::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite_error(db_, sql);
  return {};
}

Result<> SqliteStore::prepare_schema() {
  LIBP2P_CHECK(execute("PRAGMA journal_mode=WAL"));
  LIBP2P_CHECK(execute("PRAGMA synchronous=FULL"));
  // What a killed process has written can be read and need not be on disk, nor get there by a sync of the log
  // if one has failed before. It must be, before anybody acts upon it.
  LIBP2P_CHECK(execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  LIBP2P_TRY(const Statement version, prepare(db_, "PRAGMA user_version"));
  if (sqlite3_step(version.get()) != SQLITE_ROW) return sqlite_error(db_, "PRAGMA user_version");
  const int found = sqlite3_column_int(version.get(), 0);
  if (found > schema_version) {
    return fail(Errc::not_supported, "the store has schema " + std::to_string(found) +
                                         ", this version knows " + std::to_string(schema_version) +
                                         ": run a newer starling");
  }
  if (found == schema_version) return {};
  return execute(
      "BEGIN;"
      "CREATE TABLE IF NOT EXISTS record(position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, envelope "
      "BLOB NOT NULL);"
      "CREATE TABLE IF NOT EXISTS fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
      "PRAGMA user_version=1;"
      "COMMIT");
}

Result<> SqliteStore::insert_records(std::span<const RecordPtr> records) {
  LIBP2P_TRY(const Statement insert, prepare(db_, "INSERT OR IGNORE INTO record(id, envelope) VALUES(?, ?)"));
  for (const RecordPtr& record : records) {
    bind(insert.get(), 1, record->id.view());
    bind(insert.get(), 2, record->envelope);
    if (sqlite3_step(insert.get()) != SQLITE_DONE) return sqlite_error(db_, "storing a record");
    sqlite3_reset(insert.get());
  }
  return {};
}

Result<> SqliteStore::replace_facts(const Facts& facts) {
  LIBP2P_TRY(const Statement upsert, prepare(db_, "INSERT OR REPLACE INTO fact(name, value) VALUES(?, ?)"));
  for (const auto& [name, value] : facts) {
    bind(upsert.get(), 1, name);
    bind(upsert.get(), 2, value);
    if (sqlite3_step(upsert.get()) != SQLITE_DONE) return sqlite_error(db_, "storing a fact");
    sqlite3_reset(upsert.get());
  }
  return {};
}

Result<> SqliteStore::delete_records(std::span<const RecordId> ids) {
  LIBP2P_TRY(const Statement erase, prepare(db_, "DELETE FROM record WHERE id = ?"));
  for (const RecordId& id : ids) {
    bind(erase.get(), 1, id.view());
    if (sqlite3_step(erase.get()) != SQLITE_DONE) return sqlite_error(db_, "dropping a record");
    sqlite3_reset(erase.get());
  }
  return {};
}

template <class Change>
Result<> SqliteStore::transact(Change change, const Facts& facts) {
  LIBP2P_CHECK(execute("BEGIN IMMEDIATE"));
  Result<> done = change();
  if (done) done = replace_facts(facts);
  if (done) done = execute("COMMIT");
  if (!done) (void)execute("ROLLBACK");  // the first error is the one to tell
  return done;
}

Result<> SqliteStore::append(std::span<const RecordPtr> records, const Facts& facts) {
  return transact([&] { return insert_records(records); }, facts);
}

Result<> SqliteStore::drop(std::span<const RecordId> ids, const Facts& facts) {
  return transact([&] { return delete_records(ids); }, facts);
}

Result<std::vector<RecordPtr>> SqliteStore::read_records() {
  LIBP2P_TRY(const Statement select, prepare(db_, "SELECT position, envelope FROM record ORDER BY position"));
  std::vector<RecordPtr> records;
  int step = 0;
  while ((step = sqlite3_step(select.get())) == SQLITE_ROW) {
    auto record = open_record(column(select.get(), 1));
    if (!record) {
      return libp2p::fail_in(
          "the store is damaged at record " + std::to_string(sqlite3_column_int64(select.get(), 0)),
          record.error());
    }
    records.push_back(std::move(*record));
  }
  if (step != SQLITE_DONE) return sqlite_error(db_, "reading the records");
  return records;
}

Result<Facts> SqliteStore::read_facts() {
  LIBP2P_TRY(const Statement select, prepare(db_, "SELECT name, value FROM fact"));
  Facts facts;
  int step = 0;
  while ((step = sqlite3_step(select.get())) == SQLITE_ROW) {
    facts.emplace(libp2p::as_text(column(select.get(), 0)), libp2p::as_text(column(select.get(), 1)));
  }
  if (step != SQLITE_DONE) return sqlite_error(db_, "reading the facts");
  return facts;
}

Result<Store::Contents> SqliteStore::load() {
  LIBP2P_TRY(std::vector<RecordPtr> records, read_records());
  LIBP2P_TRY(Facts facts, read_facts());
  return Contents{std::move(records), std::move(facts)};
}

}  // namespace starling
