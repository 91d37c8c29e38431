#include "tests/support/faulty_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace starling::test {
namespace {

using Kind = FaultyDisk::Kind;

constexpr int path_bytes = 512;
// As SQLite's own file system for Unix says of every disk.
constexpr int sector_size = 4096;

// An open file; SQLite owns its memory, from xOpen to xClose.
struct Handle {
  sqlite3_file base;
  FaultyDisk* disk;
  std::shared_ptr<FaultyDisk::File> file;
  // With the first sync of a journal SQLite's own file system syncs its folder, too; with no other file's.
  bool sync_folder;
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
FaultyDisk& disk_of(sqlite3_vfs* vfs) { return *static_cast<FaultyDisk*>(vfs->pAppData); }

// For operations that change nothing, or may as well not have been done.
int simple(FaultyDisk& disk, int error) {
  return disk.begin(Kind::other) == DiskFault::none ? SQLITE_OK : error;
}

// ---- one file ----

int close_file(sqlite3_file* file) {
  Handle& handle = handle_of(file);
  std::erase_if(handle.file->locks, [&](const FaultyDisk::Lock& lock) { return lock.holder == &handle; });
  handle.~Handle();
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
  const Handle& handle = handle_of(file);
  if (handle.disk->begin(Kind::reading) != DiskFault::none) return SQLITE_IOERR_READ;
  const libp2p::Bytes& live = handle.file->live;
  const auto wanted = static_cast<std::size_t>(amount);
  const std::size_t at = std::min(static_cast<std::size_t>(offset), live.size());
  const std::size_t there = std::min(wanted, live.size() - at);
  std::memset(out, 0, wanted);
  if (there > 0) std::memcpy(out, live.data() + at, there);
  return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) {
  const Handle& handle = handle_of(file);
  const libp2p::BytesView bytes(static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(amount));
  const auto at = static_cast<std::size_t>(offset);
  switch (handle.disk->begin(Kind::writing)) {
    case DiskFault::none:
      FaultyDisk::write(*handle.file, bytes, at);
      return SQLITE_OK;
    case DiskFault::disk_full:
      return SQLITE_FULL;
    case DiskFault::short_write:
    case DiskFault::killed_halfway:
      FaultyDisk::write(*handle.file, bytes.first(bytes.size() / 2), at);
      return SQLITE_FULL;
    case DiskFault::killed_after:
    case DiskFault::power_lost_partly:
      FaultyDisk::write(*handle.file, bytes, at);
      return SQLITE_IOERR_WRITE;
    default:
      return SQLITE_IOERR_WRITE;
  }
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const Handle& handle = handle_of(file);
  const DiskFault fault = handle.disk->begin(Kind::other);
  if (fault == DiskFault::none || fault == DiskFault::killed_after || fault == DiskFault::power_lost_partly)
    FaultyDisk::truncate(*handle.file, static_cast<std::size_t>(size));
  return fault == DiskFault::none ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int sync(sqlite3_file* file, int) {
  Handle& handle = handle_of(file);
  const DiskFault fault = handle.disk->begin(Kind::syncing);
  if (fault == DiskFault::sync_lost) FaultyDisk::lose_in_sync(*handle.file);
  if (fault == DiskFault::none || fault == DiskFault::killed_after) {
    FaultyDisk::sync(*handle.file);
    if (std::exchange(handle.sync_folder, false)) handle.disk->sync_folder();
  }
  return fault == DiskFault::none ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const Handle& handle = handle_of(file);
  *size = static_cast<sqlite3_int64>(handle.file->live.size());
  return simple(*handle.disk, SQLITE_IOERR_FSTAT);
}

// ---- locks: of the file, in SQLite's levels, and of places in the write-ahead log's index ----

constexpr int whole_file = -1;
constexpr int shm_shared = 1;
constexpr int shm_exclusive = 2;

// The highest level that somebody else holds there.
int level_of_others(const Handle& handle, int place) {
  int highest = SQLITE_LOCK_NONE;
  for (const FaultyDisk::Lock& lock : handle.file->locks) {
    if (lock.holder != &handle && lock.place == place) highest = std::max(highest, lock.level);
  }
  return highest;
}

void hold(const Handle& handle, int place, int level) {
  std::vector<FaultyDisk::Lock>& locks = handle.file->locks;
  std::erase_if(locks, [&](const auto& lock) { return lock.holder == &handle && lock.place == place; });
  if (level > 0) locks.push_back({&handle, place, level});
}

int lock(sqlite3_file* file, int level) {
  const Handle& handle = handle_of(file);
  if (const int failed = simple(*handle.disk, SQLITE_IOERR_LOCK)) return failed;
  const int others = level_of_others(handle, whole_file);
  const int least_in_the_way = level == SQLITE_LOCK_SHARED      ? SQLITE_LOCK_PENDING
                               : level == SQLITE_LOCK_EXCLUSIVE ? SQLITE_LOCK_SHARED
                                                                : SQLITE_LOCK_RESERVED;
  if (others >= least_in_the_way) return SQLITE_BUSY;
  hold(handle, whole_file, level);
  return SQLITE_OK;
}

int unlock(sqlite3_file* file, int level) {
  hold(handle_of(file), whole_file, level);
  return SQLITE_OK;
}

int check_reserved_lock(sqlite3_file* file, int* reserved) {
  *reserved = level_of_others(handle_of(file), whole_file) >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int first, int count, int flags) {
  const Handle& handle = handle_of(file);
  const bool release = (flags & SQLITE_SHM_UNLOCK) != 0;
  const int level = release ? 0 : (flags & SQLITE_SHM_EXCLUSIVE) != 0 ? shm_exclusive : shm_shared;
  if (!release) {
    if (const int failed = simple(*handle.disk, SQLITE_IOERR_SHMLOCK)) return failed;
    const int least_in_the_way = level == shm_exclusive ? shm_shared : shm_exclusive;
    for (int place = first; place < first + count; ++place) {
      if (level_of_others(handle, place) >= least_in_the_way) return SQLITE_BUSY;
    }
  }
  for (int place = first; place < first + count; ++place) hold(handle, place, level);
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size_of(sqlite3_file*) { return sector_size; }
int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// ---- the write-ahead log's index: memory that the processes share ----

int shm_map(sqlite3_file* file, int region, int region_bytes, int extend, void volatile** out) {
  const Handle& handle = handle_of(file);
  *out = nullptr;
  if (const int failed = simple(*handle.disk, SQLITE_IOERR_SHMMAP)) return failed;
  auto& shared = handle.file->shared;
  const auto index = static_cast<std::size_t>(region);
  while (extend != 0 && shared.size() <= index)
    shared.push_back(std::make_unique<libp2p::Bytes>(static_cast<std::size_t>(region_bytes)));
  if (index < shared.size()) *out = shared[index]->data();
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}

int shm_unmap(sqlite3_file* file, int remove) {
  if (remove != 0) handle_of(file).file->shared.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods file_methods{.iVersion = 2,
                                          .xClose = close_file,
                                          .xRead = read,
                                          .xWrite = write,
                                          .xTruncate = truncate,
                                          .xSync = sync,
                                          .xFileSize = file_size,
                                          .xLock = lock,
                                          .xUnlock = unlock,
                                          .xCheckReservedLock = check_reserved_lock,
                                          .xFileControl = file_control,
                                          .xSectorSize = sector_size_of,
                                          .xDeviceCharacteristics = device_characteristics,
                                          .xShmMap = shm_map,
                                          .xShmLock = shm_lock,
                                          .xShmBarrier = shm_barrier,
                                          .xShmUnmap = shm_unmap,
                                          .xFetch = nullptr,
                                          .xUnfetch = nullptr};

// ---- the file system ----

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  FaultyDisk& disk = disk_of(vfs);
  file->pMethods = nullptr;
  const DiskFault fault = disk.begin(Kind::other);
  if (fault != DiskFault::none && fault != DiskFault::killed_after) return SQLITE_CANTOPEN;
  const std::string path = name == nullptr ? "" : name;
  std::shared_ptr<FaultyDisk::File> found =
      path.empty() ? std::make_shared<FaultyDisk::File>() : disk.find(path);
  if (!found && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  if (!found) found = disk.create(path);
  if (fault != DiskFault::none) return SQLITE_CANTOPEN;
  constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
  const bool sync_folder = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & journals) != 0;
  new (file) Handle{{&file_methods}, &disk, std::move(found), sync_folder};
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  FaultyDisk& disk = disk_of(vfs);
  const DiskFault fault = disk.begin(Kind::other);
  if (fault == DiskFault::none || fault == DiskFault::killed_after || fault == DiskFault::power_lost_partly) {
    if (!disk.find(name)) return SQLITE_IOERR_DELETE_NOENT;
    disk.remove(name, sync_folder != 0);
  }
  return fault == DiskFault::none ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

int access(sqlite3_vfs* vfs, const char* name, int, int* out) {
  const auto file = disk_of(vfs).find(name);
  // An empty one is as good as none, as SQLite's own says.
  *out = file && !file->live.empty() ? 1 : 0;
  return simple(disk_of(vfs), SQLITE_IOERR_ACCESS);
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int size, char* out) {
  disk_of(vfs).random().fill({reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size)});
  return size;
}

int pass_time(sqlite3_vfs*, int microseconds) { return microseconds; }

int current_time(sqlite3_vfs*, double* julian_day) {
  *julian_day = 2461041.0;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

FaultyVfs::FaultyVfs(FaultyDisk& disk) : name_("faulty-"), vfs_(std::make_unique<sqlite3_vfs>()) {
  // SQLite finds it by its name alone, and several may live at one time.
  name_ += std::to_string(reinterpret_cast<std::uintptr_t>(this));
  vfs_->iVersion = 1;
  vfs_->szOsFile = sizeof(Handle);
  vfs_->mxPathname = path_bytes;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = &disk;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  vfs_->xAccess = access;
  vfs_->xFullPathname = full_path;
  vfs_->xRandomness = randomness;
  vfs_->xSleep = pass_time;
  vfs_->xCurrentTime = current_time;
  vfs_->xGetLastError = last_error;
  if (sqlite3_vfs_register(vfs_.get(), 0) != SQLITE_OK) std::abort();
}

FaultyVfs::~FaultyVfs() { sqlite3_vfs_unregister(vfs_.get()); }

}  // namespace starling::test
