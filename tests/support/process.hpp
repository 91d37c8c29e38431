// Programs that tests start.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace starling::test {

// Ended by force, with its children, when it goes.
class ChildProcess {
 public:
  ChildProcess() = default;
  // Output goes to `output_path`.
  ChildProcess(const std::vector<std::string>& arguments, const std::string& output_path);
  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  ChildProcess& operator=(ChildProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~ChildProcess() { end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  // SIGTERM and its end; SIGKILL for whoever is left of its process group.
  void end();

 private:
  pid_t pid_ = 0;
};

// Searches the PATH and the sbin directories.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name);
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid);
// The command line, with spaces between the arguments: "unit: controller".
[[nodiscard]] std::string title_of(pid_t pid);
// Ports of 127.0.0.1 that nobody listens on right now.
[[nodiscard]] std::vector<int> free_ports(std::size_t count);

}  // namespace starling::test
