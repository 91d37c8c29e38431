#include "starling/dataplane/nginx/instance.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace starling {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds most_test_time{10};
constexpr std::chrono::seconds most_start_time{15};  // nginx itself tries a busy port for two and a half

std::unexpected<Error> io_error(const std::string& what) {
  return fail(Errc::io, what + ": " + std::strerror(errno));
}

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Synced, and under its name only once it is whole. A configuration is nobody else's business.
Result<> write_text(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return io_error(temporary);
  bool written = true;
  while (written && !text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
    written = size > 0 || errno == EINTR;
  }
  written = written && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  errno = error;
  if (!written) return io_error(temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return io_error(path);
  return {};
}

std::string title_of(pid_t pid) {
  std::string title = read_text("/proc/" + std::to_string(pid) + "/cmdline").value_or("");
  std::ranges::replace(title, '\0', ' ');
  return title;
}

// A socket file that nobody listens on any more: left by a master that was killed, it would keep the next
// from starting.
bool is_dead_socket(const std::string& path) {
  std::error_code error;
  sockaddr_un address{};
  if (!fs::is_socket(path, error) || path.size() >= sizeof address.sun_path) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool refused =
      ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  return refused;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.find("[emerg]") != std::string::npos) lines.push_back(line);
  }
  return lines;
}

}  // namespace

std::vector<std::string> reasons(const std::vector<std::string>& log_lines) {
  std::vector<std::string> reasons;
  for (const std::string& line : log_lines) {
    // "2026/11/22 06:35:25 [emerg] 12#12: bind() to … failed" in the log, "nginx: [emerg] bind() to …" on the
    // terminal.
    const std::size_t level = line.find("] ");
    std::string_view reason =
        level == std::string::npos ? std::string_view(line) : std::string_view(line).substr(level + 2);
    const std::size_t process = reason.find(": ");
    if (process != std::string_view::npos &&
        reason.substr(0, process).find_first_not_of("0123456789#") == std::string_view::npos) {
      reason.remove_prefix(process + 2);
    }
    if (std::ranges::find(reasons, reason) == reasons.end()) reasons.emplace_back(reason);
  }
  return reasons;
}

Result<NginxBuild> NginxInstance::inspect() const {
  LIBP2P_TRY(const ProgramOutcome outcome, run_program({program_, "-V"}, most_test_time));
  const std::string_view words = "nginx version: nginx/";
  const std::size_t at = outcome.output.find(words);
  if (outcome.exit_code != 0 || at == std::string::npos)
    return fail(Errc::not_supported, program_ + " is not nginx");
  const std::size_t start = at + words.size();
  const std::size_t end = outcome.output.find_first_of(" \r\n", start);
  return NginxBuild{outcome.output.substr(start, end - start),
                    outcome.output.find("--with-http_stub_status_module") != std::string::npos};
}

std::optional<pid_t> NginxInstance::master() const {
  std::ifstream pid_file(layout_.pid_file());
  pid_t pid = 0;
  if (!(pid_file >> pid) || pid <= 1) return std::nullopt;
  const std::string title = title_of(pid);
  const bool ours = title.starts_with("nginx: master process ") &&
                    title.find(" -c " + file("nginx.conf") + " ") != std::string::npos;
  if (!ours) return std::nullopt;
  return pid;
}

std::optional<std::vector<pid_t>> NginxInstance::workers() const {
  const auto parent = master();
  if (!parent) return std::nullopt;
  const std::string id = std::to_string(*parent);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  if (!children) return std::nullopt;
  std::vector<pid_t> workers;
  for (pid_t child = 0; children >> child;) {
    const std::string title = title_of(child);
    if (title.starts_with("nginx: worker process") && title.find("shutting down") == std::string::npos) {
      workers.push_back(child);
    }
  }
  return workers;
}

Result<> NginxInstance::write_candidate(const std::string& text, const std::string& generation,
                                        const std::string& configuration) const {
  std::error_code error;
  fs::create_directories(file("tmp"), error);
  if (error) return fail(Errc::io, file("tmp") + ": " + error.message());
  LIBP2P_CHECK(write_text(file("configuration-" + generation + ".json"), configuration));
  return write_text(file("nginx.conf.new"), text);
}

std::vector<std::string> NginxInstance::command(const std::string& configuration_file) const {
  // The error log comes last: master() looks for what follows the configuration's name.
  return {program_, "-p", layout_.directory, "-c", file(configuration_file), "-e", layout_.error_log()};
}

Result<> NginxInstance::test_candidate() const {
  std::vector<std::string> arguments = command("nginx.conf.new");
  arguments.insert(arguments.begin() + 1, "-t");
  LIBP2P_TRY(const ProgramOutcome outcome, run_program(arguments, most_test_time));
  if (outcome.exit_code == 0) return {};
  const std::string why = joined(reasons(lines_of(outcome.output)));
  return fail(Errc::refused, libp2p::printable(why.empty() ? outcome.output : why, 1000));
}

Result<> NginxInstance::switch_to_candidate() const {
  const std::string current = file("nginx.conf");
  std::error_code error;
  fs::remove(file("nginx.conf.old"), error);
  if (::link(current.c_str(), file("nginx.conf.old").c_str()) != 0 && errno != ENOENT) {
    return io_error(file("nginx.conf.old"));
  }
  if (::rename(file("nginx.conf.new").c_str(), current.c_str()) != 0) return io_error(current);
  if (const auto pid = master()) {
    if (::kill(*pid, SIGHUP) == 0) return {};
    return io_error("signalling nginx");
  }
  remove_stale_sockets(running_text().value_or(""));
  LIBP2P_TRY(const ProgramOutcome outcome, run_program(command("nginx.conf"), most_start_time));
  if (outcome.exit_code == 0) return {};
  const std::string why = joined(reasons(lines_of(outcome.output)));
  return fail(Errc::refused, libp2p::printable(why.empty() ? outcome.output : why, 1000));
}

void NginxInstance::remove_stale_sockets(const std::string& text) const {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string_view start = "listen \"unix:";
    if (!line.starts_with(start) || !line.ends_with("\";")) continue;
    const std::string path = line.substr(start.size(), line.size() - start.size() - 2);
    if (is_dead_socket(path)) ::unlink(path.c_str());
  }
}

void NginxInstance::put_back() const {
  const std::string current = file("nginx.conf");
  if (::rename(file("nginx.conf.old").c_str(), current.c_str()) != 0) ::unlink(current.c_str());
  if (const auto pid = master()) ::kill(*pid, SIGHUP);
}

void NginxInstance::settle(const std::string& generation) const {
  std::error_code error;
  fs::remove(file("nginx.conf.old"), error);
  const std::string keep = "configuration-" + generation + ".json";
  for (const auto& entry : fs::directory_iterator(layout_.directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("configuration-") && name.ends_with(".json") && name != keep)
      fs::remove(entry.path(), error);
  }
}

std::optional<std::string> NginxInstance::running_text() const { return read_text(file("nginx.conf")); }

std::optional<std::string> NginxInstance::configuration_of(const std::string& generation) const {
  return read_text(file("configuration-" + generation + ".json"));
}

LogMark NginxInstance::mark() const {
  return mark_log(layout_.error_log(), true).value_or(LogMark{layout_.error_log(), 0});
}

}  // namespace starling
