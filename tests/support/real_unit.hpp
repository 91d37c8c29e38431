// A real Unit or FreeUnit in a directory of its own, where there is one: `UNITD`, else `unitd` on the PATH.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace starling::test {

[[nodiscard]] std::optional<std::string> find_unitd();

class RealUnit {
 public:
  // Its control API is a unix socket, or `port` of 127.0.0.1.
  explicit RealUnit(std::string program, int port = 0);
  // Starts it and waits until it answers. False when it does not: `log()` says why.
  [[nodiscard]] bool start();
  // SIGTERM, and waits for its end.
  void stop() { process_.end(); }

  // The path, or HOST:PORT.
  [[nodiscard]] std::string control() const;
  [[nodiscard]] std::string log() const;
  [[nodiscard]] const TempDir& dir() const { return dir_; }
  [[nodiscard]] std::string stored_configuration() const { return dir_ / "state/conf.json"; }
  [[nodiscard]] pid_t controller() const;

 private:
  std::string program_;
  int port_;
  TempDir dir_;
  ChildProcess process_;
};

}  // namespace starling::test

// In a test: `auto unit = SKIP_WITHOUT_UNIT();`
#define SKIP_WITHOUT_UNIT()                                                          \
  ({                                                                                 \
    const auto unitd_found = ::starling::test::find_unitd();                         \
    if (!unitd_found) GTEST_SKIP() << "SKIP unit: neither UNITD nor unitd is there"; \
    *unitd_found;                                                                    \
  })
