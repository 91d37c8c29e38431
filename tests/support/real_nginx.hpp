// A directory for an nginx of a test's own, where nginx is installed; the nginx in it is ended with it.
#pragma once

#include <optional>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace starling::test {

class RealNginx {
 public:
  explicit RealNginx(std::string program) : program_(std::move(program)) {}
  ~RealNginx() { kill(); }

  [[nodiscard]] const std::string& program() const { return program_; }
  [[nodiscard]] std::string directory() const { return dir_ / "nginx"; }
  // Of the master, 0 while there is none.
  [[nodiscard]] pid_t pid() const;
  // SIGKILL to master and workers; its files stay as they are.
  void kill();

 private:
  std::string program_;
  TempDir dir_;
};

}  // namespace starling::test

// In a test: `test::RealNginx nginx(SKIP_WITHOUT_NGINX());`
#define SKIP_WITHOUT_NGINX()                                                   \
  ({                                                                           \
    const auto nginx_found = ::starling::test::find_program("nginx");          \
    if (!nginx_found) GTEST_SKIP() << "SKIP nginx: there is none on the PATH"; \
    *nginx_found;                                                              \
  })
