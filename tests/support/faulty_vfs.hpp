// SQLite's file system on a FaultyDisk.
#pragma once

#include <memory>
#include <string>

#include "tests/support/faulty_disk.hpp"

struct sqlite3_vfs;

namespace starling::test {

// Registered while it lives, under a name of its own. From one thread, also for several connections: what one
// has locked the other finds busy. Locks are counted as operations.
class FaultyVfs {
 public:
  explicit FaultyVfs(FaultyDisk& disk);
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;
  ~FaultyVfs();

  [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }

 private:
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace starling::test
