#include "tests/support/raw_http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace starling::test {

namespace {

int connect_to(const std::string& address) {
  const bool local = address.find('/') != std::string::npos;
  const int fd = ::socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  int connected = 0;
  if (local) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, address.c_str(), sizeof to.sun_path - 1);
    connected = ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address)));
    connected = ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  if (connected == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

RawReply ask(const std::string& address, const std::string& method, const std::string& target,
             const std::string& host, const std::string& version, const std::string& body) {
  const int fd = connect_to(address);
  if (fd < 0) return {};
  std::string request = method + " " + target + " HTTP/" + version + "\r\nConnection: close\r\n";
  if (!host.empty()) request += "Host: " + host + "\r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  request += "\r\n" + body;
  (void)::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  std::string text;
  char buffer[16384];
  for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  RawReply reply;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || !text.starts_with("HTTP/1.") || text.size() < 12) return reply;
  reply.status = std::atoi(text.c_str() + 9);
  reply.body = text.substr(end + 4);
  std::istringstream lines(text.substr(0, end));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(std::tolower(c)); });
    reply.headers[name] = colon == std::string::npos ? "" : line.substr(std::min(line.size(), colon + 2));
  }
  return reply;
}

}  // namespace starling::test
