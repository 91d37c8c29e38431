#include "tests/interop/cpp/redis_reply.hpp"

#include <charconv>

#include "libp2p/base/bytes.hpp"

namespace interop {

using namespace libp2p;

namespace {

constexpr std::string_view line_end = "\r\n";

// Takes lines and blocks off the front of the bytes there are.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t position() const { return position_; }

  std::optional<std::string_view> line() {
    const std::size_t end = bytes_.find(line_end, position_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = bytes_.substr(position_, end - position_);
    position_ = end + line_end.size();
    return text;
  }

  // A block of `size` bytes and the line end after it.
  Result<std::optional<std::string>> block(std::size_t size) {
    if (bytes_.size() - position_ < size + line_end.size()) return std::nullopt;
    if (bytes_.substr(position_ + size, line_end.size()) != line_end) {
      return fail(Errc::parse, "redis: a text that is longer than it says");
    }
    std::string text(bytes_.substr(position_, size));
    position_ += size + line_end.size();
    return text;
  }

 private:
  std::string_view bytes_;
  std::size_t position_ = 0;
};

// -1 stands for nothing.
Result<std::optional<std::size_t>> parse_size(std::string_view text, std::size_t most) {
  if (text == "-1") return std::nullopt;
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(Errc::parse, "redis: not a size: " + printable(text));
  }
  if (size > most) return fail(Errc::limit, "redis: a size of " + std::to_string(size));
  return size;
}

// One that is no list. False: more has to come.
Result<bool> parse_item(Reader& reader, RedisReply& reply) {
  const auto line = reader.line();
  if (!line) return false;
  const char kind = line->empty() ? '\0' : line->front();
  if (kind == '+' || kind == ':' || kind == '-') {
    reply.refused = reply.refused || kind == '-';
    reply.items.emplace_back(line->substr(1));
    return true;
  }
  if (kind == '*') return fail(Errc::limit, "redis: a list in a list");
  if (kind != '$') return fail(Errc::parse, "redis: not a reply: " + printable(*line));
  LIBP2P_TRY(const std::optional<std::size_t> size, parse_size(line->substr(1), max_redis_reply_bytes));
  if (!size) {
    reply.items.emplace_back();
    return true;
  }
  LIBP2P_TRY(std::optional<std::string> text, reader.block(*size));
  if (!text) return false;
  reply.items.push_back(std::move(text));
  return true;
}

Result<std::optional<ParsedRedisReply>> parse_whole(std::string_view bytes) {
  ParsedRedisReply parsed;
  Reader reader(bytes);
  std::size_t items = 1;
  if (bytes.starts_with('*')) {
    const auto line = reader.line();
    if (!line) return std::nullopt;
    LIBP2P_TRY(const std::optional<std::size_t> size, parse_size(line->substr(1), max_redis_items));
    items = size.value_or(0);
    if (!size) parsed.reply.items.emplace_back();
  }
  for (; items > 0; --items) {
    LIBP2P_TRY(const bool whole, parse_item(reader, parsed.reply));
    if (!whole) return std::nullopt;
  }
  parsed.size = reader.position();
  return parsed;
}

}  // namespace

Result<std::optional<ParsedRedisReply>> parse_redis_reply(std::string_view bytes) {
  const std::string_view bounded = bytes.substr(0, max_redis_reply_bytes);
  LIBP2P_TRY(std::optional<ParsedRedisReply> parsed, parse_whole(bounded));
  if (!parsed && bytes.size() >= max_redis_reply_bytes)
    return fail(Errc::limit, "redis: a reply of too many bytes");
  return parsed;
}

}  // namespace interop
