// Clients of Unit's API, or of Starling's, that set one value each, again and again, each once its last write
// is answered: write_load SOCKET CLIENTS WRITES. Prints one line of JSON: seconds, how many were answered by
// 200 and by anything else, and the 50th and 99th percentile of a write's milliseconds.
//
// A client keeps its connection as long as the server lets it. The values are those at
// /config/routes/cN/0/action/location, for N from 0.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "write_load: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

int connect_to(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) die(path + " is too long for a socket");
  path.copy(address.sun_path, path.size());
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die(path);
  return fd;
}

// What follows `name` in the head of a reply.
std::string_view field(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = head.substr(at + name.size());
  return rest.substr(0, rest.find("\r\n"));
}

struct Reply {
  int status = 0;
  bool closes = false;
};

class Client {
 public:
  Client(std::string path, int number) : path_(std::move(path)), number_(number) {}

  void send() {
    if (fd_ < 0) fd_ = connect_to(path_);
    const std::string body = "\"/" + std::to_string(++writes_) + "\"";
    const std::string request =
        "PUT /config/routes/c" + std::to_string(number_) +
        "/0/action/location HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    begun_ = Clock::now();
    received_.clear();
    // Far less than a socket's buffer.
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      die("send");
  }

  // To be called when there is something to read. Nothing while the reply is not whole.
  std::optional<Reply> receive() {
    char block[4096];
    const ssize_t size = ::recv(fd_, block, sizeof block, 0);
    if (size < 0) die("recv");
    received_.append(block, static_cast<std::size_t>(size));
    const std::size_t head_end = received_.find("\r\n\r\n");
    if (head_end == std::string::npos) return size == 0 ? lost() : std::nullopt;
    const std::string_view head(received_.data(), head_end + 2);
    const std::string_view length = field(head, "Content-Length: ");
    std::size_t body = 0;
    std::from_chars(length.data(), length.data() + length.size(), body);
    if (received_.size() < head_end + 4 + body) return size == 0 ? lost() : std::nullopt;
    Reply reply;
    std::from_chars(head.data() + 9, head.data() + 12, reply.status);
    reply.closes = size == 0 || field(head, "Connection: ") == "close";
    if (reply.closes) close();
    return reply;
  }

  [[nodiscard]] double milliseconds() const {
    return std::chrono::duration<double, std::milli>(Clock::now() - begun_).count();
  }
  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] int writes() const noexcept { return writes_; }

 private:
  std::optional<Reply> lost() {
    close();
    return Reply{0, true};
  }
  void close() {
    ::close(fd_);
    fd_ = -1;
  }

  std::string path_;
  int number_;
  int fd_ = -1;
  int writes_ = 0;
  Clock::time_point begun_;
  std::string received_;
};

struct Result {
  int accepted = 0;
  int others = 0;
  std::vector<double> milliseconds;
};

Result run(std::vector<Client>& clients, int writes) {
  Result result;
  for (Client& client : clients) client.send();
  std::vector<pollfd> waiting(clients.size());
  for (std::size_t open = clients.size(); open > 0;) {
    for (std::size_t i = 0; i < clients.size(); ++i) waiting[i] = {clients[i].fd(), POLLIN, 0};
    if (::poll(waiting.data(), waiting.size(), 60'000) <= 0) die("nobody has been answered for a minute");
    for (std::size_t i = 0; i < clients.size(); ++i) {
      Client& client = clients[i];
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      const auto reply = client.receive();
      if (!reply) continue;
      ++(reply->status == 200 ? result.accepted : result.others);
      result.milliseconds.push_back(client.milliseconds());
      if (client.writes() < writes) {
        client.send();
      } else {
        --open;
      }
    }
  }
  std::ranges::sort(result.milliseconds);
  return result;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "write_load SOCKET CLIENTS WRITES\n");
    return 2;
  }
  const int number = std::atoi(arguments[2]);
  const int writes = std::atoi(arguments[3]);
  std::vector<Client> clients;
  clients.reserve(static_cast<std::size_t>(std::max(number, 0)));
  for (int i = 0; i < number; ++i) clients.emplace_back(arguments[1], i);
  const auto begun = Clock::now();
  const Result result = run(clients, writes);
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const auto percentile = [&](std::size_t share) {
    return result.milliseconds[(result.milliseconds.size() - 1) * share / 100];
  };
  std::printf(R"({"seconds": %.6f, "accepted": %d, "others": %d, "p50_ms": %.3f, "p99_ms": %.3f})"
              "\n",
              seconds, result.accepted, result.others, percentile(50), percentile(99));
}
