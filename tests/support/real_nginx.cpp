#include "tests/support/real_nginx.hpp"

#include <signal.h>
#include <unistd.h>

#include <fstream>

namespace starling::test {

pid_t RealNginx::pid() const {
  pid_t pid = 0;
  std::ifstream(directory() + "/nginx.pid") >> pid;
  const bool ours = pid > 1 && title_of(pid).find(directory()) != std::string::npos;
  return ours ? pid : 0;
}

void RealNginx::kill() {
  const pid_t master = pid();
  if (master == 0) return;
  const std::vector<pid_t> workers = children_of(master);
  ::kill(master, SIGKILL);
  for (const pid_t worker : workers) ::kill(worker, SIGKILL);
  for (int i = 0; i < 200 && pid() != 0; ++i) ::usleep(10'000);
}

}  // namespace starling::test
