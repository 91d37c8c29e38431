#include "starling/changelog/sqlite_store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace starling {
namespace {

constexpr int no_lock = -1;
constexpr int whole_schema = 1;   // all that a record names is there
constexpr int pruned_schema = 2;  // what a checkpoint covers need not be

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

// The schema says who can read a store, so that a node may go back to the version before as long as that one
// can: what it doesn't know of it doesn't miss.
constexpr const char* create_schema =
    "BEGIN;"
    "CREATE TABLE record(position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, envelope BLOB NOT NULL, seal "
    "BLOB);"
    "CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version=1;"
    "COMMIT";

Result<> sync_to_disk(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) return fail(Errc::io, file.string() + ": " + std::strerror(error));
  return {};
}

}  // namespace

libp2p::Sha256Digest seal_key_of(const PrivateKey& identity) {
  return libp2p::hmac_sha256(identity.to_protobuf(), libp2p::as_bytes("starling store seal"));
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& file, const char* vfs,
                                                       SealKey seal_key) {
  LIBP2P_TRY(const int lock, take_lock(file));
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int opened = sqlite3_open_v2(file.c_str(), &db, flags, vfs);
  std::unique_ptr<SqliteStore> store(new SqliteStore(db, lock, seal_key));
  if (opened != SQLITE_OK) return sqlite_error(db, file.string());
  LIBP2P_CHECK(store->prepare_schema());
  return store;
}

Result<Store::Contents> SqliteStore::snapshot(const std::filesystem::path& file, SealKey seal_key,
                                              const char* vfs) {
  std::error_code ignored;
  if (vfs == nullptr && !std::filesystem::exists(file, ignored))
    return fail(Errc::not_found, file.string() + " is not there");
  sqlite3* db = nullptr;
  const int opened = sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, vfs);
  SqliteStore store(db, no_lock, seal_key);
  if (opened != SQLITE_OK) return sqlite_error(db, file.string());
  // Beside a daemon that writes, the log behind the database may be busy for a moment.
  sqlite3_busy_timeout(db, 5000);
  // One transaction: whatever is written meanwhile is not in it.
  LIBP2P_CHECK(store.execute("BEGIN"));
  LIBP2P_TRY(const int found, store.schema_found());
  if (found < whole_schema) return Contents{};
  std::vector<Unsealed> unsealed;
  LIBP2P_TRY(std::vector<RecordPtr> records, store.read_records(unsealed));
  LIBP2P_TRY(Facts facts, store.read_facts());
  return Contents{std::move(records), std::move(facts)};
}

SqliteStore::~SqliteStore() {
  sqlite3_close_v2(db_);
  if (lock_ != no_lock) ::close(lock_);
}

Result<> SqliteStore::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return sqlite_error(db_, sql);
  return {};
}

Result<int> SqliteStore::schema_found() {
  LIBP2P_TRY(const Statement version, prepare(db_, "PRAGMA user_version"));
  if (sqlite3_step(version.get()) != SQLITE_ROW) return sqlite_error(db_, "PRAGMA user_version");
  const int found = sqlite3_column_int(version.get(), 0);
  if (found > pruned_schema) {
    return fail(Errc::not_supported, "the store has schema " + std::to_string(found) +
                                         ", this version knows " + std::to_string(pruned_schema) +
                                         ": run a newer starling");
  }
  return found;
}

// After a failure; that is the one to tell, whatever becomes of this.
void SqliteStore::roll_back() { sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr); }

Result<> SqliteStore::prepare_schema() {
  LIBP2P_CHECK(execute("PRAGMA journal_mode=WAL"));
  LIBP2P_CHECK(execute("PRAGMA synchronous=FULL"));
  // What a killed process has written can be read and need not be on disk, nor get there by a sync of the log
  // if one has failed before. It must be, before anybody acts upon it.
  LIBP2P_CHECK(execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  // A log that a large transaction has made long is cut again.
  LIBP2P_CHECK(execute("PRAGMA journal_size_limit=16777216"));
  LIBP2P_TRY(const int found, schema_found());
  Result<> done = found < whole_schema ? execute(create_schema) : add_seals();
  if (!done) roll_back();
  return done;
}

// The first version had none.
Result<bool> SqliteStore::has_seals() {
  LIBP2P_TRY(const Statement columns,
             prepare(db_, "SELECT count(*) FROM pragma_table_info('record') WHERE name = 'seal'"));
  if (sqlite3_step(columns.get()) != SQLITE_ROW) return sqlite_error(db_, "looking for seals");
  return sqlite3_column_int(columns.get(), 0) > 0;
}

Result<> SqliteStore::add_seals() {
  LIBP2P_TRY(const bool has, has_seals());
  if (has) return {};
  return execute("ALTER TABLE record ADD COLUMN seal BLOB");
}

Bytes SqliteStore::seal_of(BytesView envelope) const {
  return seal_key_ ? libp2p::to_bytes(libp2p::hmac_sha256(*seal_key_, envelope)) : Bytes{};
}

Result<> SqliteStore::insert_records(std::span<const RecordPtr> records) {
  LIBP2P_TRY(const Statement insert,
             prepare(db_, "INSERT OR IGNORE INTO record(id, envelope, seal) VALUES(?, ?, ?)"));
  for (const RecordPtr& record : records) {
    bind(insert.get(), 1, record->id.view());
    bind(insert.get(), 2, record->envelope);
    const Bytes seal = seal_of(record->envelope);
    bind(insert.get(), 3, seal);
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
  if (!done) roll_back();
  return done;
}

Result<> SqliteStore::append(std::span<const RecordPtr> records, const Facts& facts) {
  return transact([&] { return insert_records(records); }, facts);
}

Result<> SqliteStore::drop(std::span<const RecordId> ids, const Facts& facts) {
  return transact(
      [&]() -> Result<> {
        LIBP2P_CHECK(delete_records(ids));
        static_assert(pruned_schema == 2);
        return execute("PRAGMA user_version=2");
      },
      facts);
}

Result<std::vector<RecordPtr>> SqliteStore::read_records(std::vector<Unsealed>& unsealed) {
  LIBP2P_TRY(const bool sealed_once, has_seals());
  LIBP2P_TRY(const Statement select,
             prepare(db_, sealed_once ? "SELECT position, envelope, seal FROM record ORDER BY position"
                                      : "SELECT position, envelope, NULL FROM record ORDER BY position"));
  std::vector<RecordPtr> records;
  int step = 0;
  while ((step = sqlite3_step(select.get())) == SQLITE_ROW) {
    const BytesView envelope = column(select.get(), 1);
    const bool sealed = seal_key_ && libp2p::equal(column(select.get(), 2), seal_of(envelope));
    auto record = sealed ? reopen_record(envelope) : open_record(envelope);
    const std::int64_t position = sqlite3_column_int64(select.get(), 0);
    if (!record)
      return libp2p::fail_in("the store is damaged at record " + std::to_string(position), record.error());
    if (!sealed) unsealed.push_back({position, *record});
    records.push_back(std::move(*record));
  }
  if (step != SQLITE_DONE) return sqlite_error(db_, "reading the records");
  return records;
}

Result<> SqliteStore::seal(const std::vector<Unsealed>& records) {
  const auto write = [&]() -> Result<> {
    LIBP2P_TRY(const Statement update, prepare(db_, "UPDATE record SET seal = ? WHERE position = ?"));
    for (const auto& [position, record] : records) {
      const Bytes seal = seal_of(record->envelope);
      bind(update.get(), 1, seal);
      sqlite3_bind_int64(update.get(), 2, position);
      if (sqlite3_step(update.get()) != SQLITE_DONE) return sqlite_error(db_, "sealing a record");
      sqlite3_reset(update.get());
    }
    return {};
  };
  return transact(write, {});
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
  std::vector<Unsealed> unsealed;
  LIBP2P_TRY(std::vector<RecordPtr> records, read_records(unsealed));
  verified_ = unsealed.size();
  // A disk that is full must not keep a node from starting: then it is as slow the next time.
  [[maybe_unused]] const Result<> sealed = unsealed.empty() || !seal_key_ ? Result<>() : seal(unsealed);
  LIBP2P_TRY(Facts facts, read_facts());
  return Contents{std::move(records), std::move(facts)};
}

Result<> SqliteStore::backup(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) return fail(Errc::io, file.string() + " is there already");
  LIBP2P_TRY(const Statement copy, prepare(db_, "VACUUM INTO ?"));
  const std::string path = file.string();
  bind(copy.get(), 1, std::string_view(path));
  if (sqlite3_step(copy.get()) != SQLITE_DONE) return sqlite_error(db_, "copying the store to " + path);
  LIBP2P_CHECK(sync_to_disk(file));
  return sync_to_disk(file.parent_path().empty() ? "." : file.parent_path());
}

}  // namespace starling
