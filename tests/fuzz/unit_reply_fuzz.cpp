// What a control API may answer: however it is cut into pieces it is read alike, and a cut body only tells
// what it holds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "starling/dataplane/http_reply.hpp"
#include "starling/dataplane/unit/pretty_prefix.hpp"

namespace {

using namespace starling;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Read {
  bool refused = false;
  bool head_done = false;
  bool done = false;
  HttpReply reply;
};

Read read_in_steps(std::string_view bytes, std::size_t step) {
  HttpReplyParser parser(64 * 1024);
  Read read;
  for (std::size_t at = 0; at < bytes.size() && !read.refused; at += step) {
    read.refused = !parser.feed(bytes.substr(at, step));
  }
  read.head_done = parser.head_done();
  read.done = parser.done();
  read.reply = parser.take();
  return read;
}

void scan(std::string_view body) {
  constexpr JsonLimits limits{.max_depth = 30};
  const auto prefix = scan_prefix(body);
  if (!prefix) return;
  PieceBuilder whole(prefix->object);
  for (const PrettyPrefix::Member& member : prefix->members) {
    require(member.value.size() <= body.size());
    if (auto piece = parse_member(member.value, limits)) whole.add(member.key, std::move(*piece));
  }
  (void)whole.adds_up_to(body.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Read whole = read_in_steps(bytes, bytes.size() + 1);
  const Read stepped = read_in_steps(bytes, 1 + data[0]);
  require(whole.refused == stepped.refused);
  if (!whole.refused) {
    require(whole.head_done == stepped.head_done && whole.done == stepped.done);
    require(whole.reply.status == stepped.reply.status && whole.reply.body == stepped.reply.body);
    require(whole.reply.body.size() <= whole.reply.content_length);
  }
  scan(whole.head_done ? std::string_view(whole.reply.body) : bytes);
  return 0;
}
