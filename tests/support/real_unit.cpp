#include "tests/support/real_unit.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/raw_http.hpp"
#include "tests/support/unit_recordings.hpp"

namespace starling::test {

std::optional<std::string> find_unitd() {
  const char* named = std::getenv("UNITD");
  return find_program(named != nullptr && *named != '\0' ? named : "unitd");
}

RealUnit::RealUnit(std::string program, int port) : program_(std::move(program)), port_(port) {
  std::filesystem::create_directory(dir_ / "state");
}

std::string RealUnit::control() const {
  return port_ == 0 ? dir_ / "control.sock" : "127.0.0.1:" + std::to_string(port_);
}

bool RealUnit::start() {
  process_ = ChildProcess(
      {program_, "--no-daemon", "--control", (port_ == 0 ? "unix:" : "") + control(), "--state",
       dir_ / "state", "--pid", dir_ / "unit.pid", "--log", dir_ / "unit.log", "--tmp", dir_.path()},
      dir_ / "out");
  for (int i = 0; i < 500; ++i) {
    const std::string address = port_ == 0 ? control() : std::to_string(port_);
    if (ask(address, "GET", "/status", "x").status == 200) {
      if (port_ == 0) (void)::chmod(control().c_str(), 0666);
      return true;
    }
    ::usleep(10'000);
  }
  return false;
}

std::string RealUnit::log() const { return read_file(dir_ / "unit.log"); }

pid_t RealUnit::controller() const {
  for (const pid_t child : children_of(process_.pid())) {
    if (title_of(child).starts_with("unit: controller")) return child;
  }
  return 0;
}

}  // namespace starling::test
