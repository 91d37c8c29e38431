// Reading the reply of a control API: HTTP/1.1 with a Content-Length, one reply a connection. Strict and
// bounded.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "starling/model/ids.hpp"

namespace starling {

// Who listens on a unix socket: the process that made it, and its user.
struct PeerProcess {
  pid_t pid = 0;
  uid_t uid = 0;
};

struct HttpReply {
  int status = 0;
  std::string server;  // of the Server header
  std::size_t content_length = 0;
  std::string body;  // shorter than content_length when the connection ended early: Unit cuts large replies

  std::optional<PeerProcess> peer;  // who answered, on a unix socket

  [[nodiscard]] bool complete() const { return body.size() == content_length; }
};

inline constexpr std::size_t max_reply_head_bytes = std::size_t{8} * 1024;
inline constexpr std::size_t max_reply_body_bytes = std::size_t{64} * 1024 * 1024;

// Fed with what arrives. The body grows with bytes received, never with bytes claimed.
class HttpReplyParser {
 public:
  explicit HttpReplyParser(std::size_t max_body_bytes = max_reply_body_bytes)
      : max_body_bytes_(max_body_bytes) {}

  // Errors: protocol (not such a reply, or bytes past its end), limit.
  [[nodiscard]] Result<> feed(std::string_view bytes);
  // The whole reply is here.
  [[nodiscard]] bool done() const { return head_done_ && reply_.complete(); }
  // The head is here: what came is a reply, if perhaps a short one.
  [[nodiscard]] bool head_done() const { return head_done_; }
  [[nodiscard]] bool empty() const { return !head_done_ && head_.empty(); }
  [[nodiscard]] HttpReply take() { return std::move(reply_); }

 private:
  [[nodiscard]] Result<> parse_head(std::string_view head);
  [[nodiscard]] Result<> parse_header(std::string_view line);

  std::size_t max_body_bytes_;
  std::string head_;
  bool head_done_ = false;
  bool has_length_ = false;
  HttpReply reply_;
};

}  // namespace starling
