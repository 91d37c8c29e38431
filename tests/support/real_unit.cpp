#include "tests/support/real_unit.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/unit_recordings.hpp"

namespace starling::test {

namespace {

bool accepts(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const std::string ask = "GET /status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
  char byte = 0;
  const bool up = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                  ::write(fd, ask.data(), ask.size()) == static_cast<ssize_t>(ask.size()) &&
                  ::read(fd, &byte, 1) == 1;
  ::close(fd);
  return up;
}

}  // namespace

std::optional<std::string> find_unitd() {
  const char* named = std::getenv("UNITD");
  return find_program(named != nullptr && *named != '\0' ? named : "unitd");
}

RealUnit::RealUnit(std::string program) : program_(std::move(program)) {
  std::filesystem::create_directory(dir_ / "state");
}

bool RealUnit::start() {
  process_ =
      ChildProcess({program_, "--no-daemon", "--control", "unix:" + control(), "--state", dir_ / "state",
                    "--pid", dir_ / "unit.pid", "--log", dir_ / "unit.log", "--tmp", dir_.path()},
                   dir_ / "out");
  for (int i = 0; i < 500; ++i) {
    if (accepts(control())) {
      std::filesystem::permissions(control(), std::filesystem::perms(0666));
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
