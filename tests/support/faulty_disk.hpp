// A disk in memory that does to files what disks and machines do: refuses, fills up, and loses what was not
// synced.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/base/bytes.hpp"
#include "libp2p/base/random.hpp"

namespace starling::test {

enum class DiskFault {
  none,
  io_error,     // the operation fails, once
  disk_full,    // a write or truncation finds no room
  short_write,  // half of a write is done, then there is no room
  sync_lost,    // a sync fails, and what it was to write is never written although it can be read, as Linux
                // does
  // The process is killed; files stay as they are.
  killed_before,
  killed_after,    // done, and nobody is told
  killed_halfway,  // half of a write is done
  // The machine loses power.
  power_lost,         // with all that was not synced
  power_lost_partly,  // of what was not synced, sectors by chance are there
};
[[nodiscard]] std::string_view to_string(DiskFault fault) noexcept;
[[nodiscard]] constexpr bool is_crash(DiskFault fault) noexcept { return fault >= DiskFault::killed_before; }

class FaultyDisk {
 public:
  static constexpr std::size_t sector_bytes = 512;

  // Held on a file, or on one of the places that its users agree on. Gone with its holder.
  struct Lock {
    const void* holder;
    int place;
    int level;  // the file system's own; a higher one locks out more
  };
  struct File {
    libp2p::Bytes live;                                  // what is read
    libp2p::Bytes synced;                                // what is there after a loss of power
    std::set<std::size_t> never_written;                 // sectors that a failed sync has dropped
    std::vector<std::unique_ptr<libp2p::Bytes>> shared;  // memory between processes; gone when they are
    std::vector<Lock> locks;
  };
  enum class Kind { reading, writing, syncing, other };

  explicit FaultyDisk(std::uint64_t seed) : random_(seed) {}

  // The operation number `at` from now on, counted from 1, meets `fault`. A fault that doesn't fit the
  // operation (no room for a read) does nothing.
  void plan(std::size_t at, DiskFault fault);
  // Since plan().
  [[nodiscard]] std::size_t operations() const noexcept { return operations_; }
  [[nodiscard]] bool met() const noexcept { return met_; }
  [[nodiscard]] bool dead() const noexcept { return dead_; }
  // As a crash at the next operation: from now on the process has no part in anything.
  void kill() noexcept { dead_ = true; }
  // After a crash: what is left of the files is what is there.
  void crash_and_restart(DiskFault how);

  // ---- for the file system on it ----

  // Counts one operation. `none`: go on. Of a write `killed_halfway` and `short_write` mean that half of it
  // is to be done; of a `killed_after` all of it, though it fails.
  [[nodiscard]] DiskFault begin(Kind kind);
  [[nodiscard]] std::shared_ptr<File> find(const std::string& name) const;
  std::shared_ptr<File> create(const std::string& name);
  static void write(File& file, libp2p::BytesView data, std::size_t offset);
  static void truncate(File& file, std::size_t size);
  static void sync(File& file);
  // The names of all files.
  void sync_folder() { synced_ = live_; }
  static void lose_in_sync(File& file);
  void remove(const std::string& name, bool synced);
  [[nodiscard]] libp2p::SeededRandom& random() noexcept { return random_; }

 private:
  using Names = std::map<std::string, std::shared_ptr<File>>;
  void lose_power(bool partly);
  void settle(File& file, bool partly);

  libp2p::SeededRandom random_;
  Names live_;
  Names synced_;
  std::size_t operations_ = 0;
  std::size_t fault_at_ = 0;
  DiskFault fault_ = DiskFault::none;
  bool met_ = false;
  bool dead_ = false;
};

}  // namespace starling::test
