#include "starling/dataplane/http_reply.hpp"

#include <algorithm>
#include <charconv>

namespace starling {

namespace {

bool same_name(std::string_view a, std::string_view lower_case) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, lower_case, {}, lower);
}

bool is_token(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class Number>
std::optional<Number> decimal(std::string_view text) {
  Number number = 0;
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !digits) return std::nullopt;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

Result<> HttpReplyParser::feed(std::string_view bytes) {
  if (!head_done_) {
    const std::size_t searched = head_.size() < 3 ? 0 : head_.size() - 3;
    head_ += bytes.substr(0, max_reply_head_bytes + 1);
    const std::size_t end = head_.find("\r\n\r\n", searched);
    if (end == std::string::npos || end + 4 > max_reply_head_bytes) {
      if (head_.size() <= max_reply_head_bytes) return {};
      return fail(Errc::limit,
                  "a reply head of more than " + std::to_string(max_reply_head_bytes) + " bytes");
    }
    const std::size_t of_these = end + 4 - (head_.size() - std::min(bytes.size(), max_reply_head_bytes + 1));
    LIBP2P_CHECK(parse_head(std::string_view(head_).substr(0, end + 2)));
    head_done_ = true;
    head_.clear();
    bytes.remove_prefix(of_these);
  }
  if (bytes.size() > reply_.content_length - reply_.body.size()) {
    return fail(Errc::protocol, "a reply that is longer than its Content-Length");
  }
  reply_.body += bytes;
  return {};
}

Result<> HttpReplyParser::parse_head(std::string_view head) {
  const std::string_view status_line = head.substr(0, head.find("\r\n"));
  // "HTTP/1.1 200 OK"
  const auto status = decimal<int>(status_line.substr(std::min<std::size_t>(9, status_line.size()), 3));
  const bool form = status_line.size() >= 12 && status_line.starts_with("HTTP/1.") && status_line[8] == ' ' &&
                    (status_line.size() == 12 || status_line[12] == ' ');
  if (!form || !status || *status < 100) return fail(Errc::protocol, "an answer that is not HTTP/1.1");
  reply_.status = *status;
  head.remove_prefix(status_line.size() + 2);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    LIBP2P_CHECK(parse_header(line));
  }
  if (!has_length_) return fail(Errc::protocol, "a reply without Content-Length");
  return {};
}

Result<> HttpReplyParser::parse_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return fail(Errc::protocol, "a reply header that has no name");
  }
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (same_name(name, "transfer-encoding")) return fail(Errc::protocol, "a reply with a transfer encoding");
  if (same_name(name, "server")) reply_.server = value;
  if (!same_name(name, "content-length")) return {};
  const auto length = decimal<std::size_t>(value);
  if (has_length_ || !length) return fail(Errc::protocol, "a reply with no single, decimal Content-Length");
  if (*length > max_body_bytes_) {
    return fail(Errc::limit, "a reply of " + std::to_string(*length) + " bytes; at most " +
                                 std::to_string(max_body_bytes_) + " are read");
  }
  has_length_ = true;
  reply_.content_length = *length;
  return {};
}

}  // namespace starling
