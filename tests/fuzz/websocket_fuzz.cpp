// Any bytes from the other side of a WebSocket connection. The first byte picks the role and the habits of
// ours, the second how what arrives is cut; the rest is what the peer sends: to a server its request too.
#include <cstdint>
#include <cstdlib>

#include "libp2p/transport/websocket/http_upgrade.hpp"
#include "libp2p/transport/websocket/stream.hpp"
#include "tests/support/streams.hpp"

namespace libp2p::websocket {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

struct Decoded {
  Bytes data;
  bool closed = false;
  std::optional<CloseCode> failure;
  std::optional<FrameDecoder::Reply> reply;
};

Decoded decode(Role role, BytesView input, std::size_t step) {
  FrameDecoder decoder(role, {.max_message_bytes = 4096, .max_empty_frames = 50});
  Decoded result;
  while (!input.empty()) {
    Bytes piece = to_bytes(input.first(std::min(step, input.size())));
    input = input.subspan(piece.size());
    const std::size_t size = decoder.decode(piece, Instant{});
    require(size <= piece.size());
    append(result.data, BytesView(piece).first(size));
  }
  result.closed = decoder.closed();
  if (decoder.failure()) result.failure = decoder.failure()->code;
  result.reply = decoder.take_reply();
  require(!(result.closed && result.failure));
  // A close frame and a failure are always answered.
  require(!(result.closed || result.failure) || (result.reply && result.reply->opcode == Opcode::close));
  return result;
}

// However the bytes are cut, they mean the same.
void compare_cuts(Role role, BytesView input, std::size_t step) {
  const Decoded whole = decode(role, input, std::max<std::size_t>(1, input.size()));
  const Decoded cut = decode(role, input, step);
  require(whole.data == cut.data && whole.closed == cut.closed && whole.failure == cut.failure);
  require(whole.reply.has_value() == cut.reply.has_value());
  require(!whole.reply ||
          (whole.reply->opcode == cut.reply->opcode && whole.reply->payload == cut.reply->payload));
}

// What is written as frames is read as what it was.
void compare_round_trip(Role writer, BytesView data) {
  std::optional<MaskKey> key;
  if (writer == Role::client) key = MaskKey{1, 2, 3, 4};
  Bytes frame(frame_size(data.size(), key.has_value()));
  write_frame(Opcode::binary, data, key, frame.data());
  FrameDecoder decoder(writer == Role::client ? Role::server : Role::client);
  const std::size_t size = decoder.decode(frame, Instant{});
  require(!decoder.failure() && equal(BytesView(frame).first(size), data));
}

Task<> feed(Env env, Stream& stream, BytesView bytes, std::size_t step, bool close) {
  while (!bytes.empty()) {
    const BytesView piece = bytes.first(std::min(step, bytes.size()));
    if (!co_await stream.write(piece)) co_return;
    bytes = bytes.subspan(piece.size());
    co_await yield_now(env);
  }
  if (close) (void)co_await stream.close_write();
}

Task<> drain(Stream& stream) {
  Bytes buffer(1000);
  for (;;) {
    const auto got = co_await stream.read_some(buffer);
    if (!got || *got == 0) co_return;
  }
}

Task<> use(Env env, StreamPtr below, Role role, std::uint8_t habit, bool& ended) {
  Bytes early;
  if (role == Role::server) {
    auto accepted = co_await accept_upgrade(env, *below);
    if (accepted) early = std::move(*accepted);
    ended = !accepted;
  }
  if (!ended) {
    const StreamPtr stream = make_stream(env, std::move(below), role, std::move(early));
    if ((habit & 4U) != 0) (void)co_await stream->write(as_bytes("hello"));
    if ((habit & 8U) != 0) (void)co_await stream->close_write();
    Bytes buffer((habit & 16U) != 0 ? 5000 : 3);
    for (;;) {
      const auto got = co_await stream->read_some(buffer);
      if (!got || *got == 0) break;
      if ((habit & 32U) != 0) (void)co_await stream->write(BytesView(buffer).first(*got));
    }
  }
  ended = true;
}

void attack(Role role, std::uint8_t habit, std::size_t step, BytesView input) {
  VirtualRuntime runtime;
  const bool close = (habit & 2U) != 0;
  auto [peer, own] = make_memory_stream_pair(runtime.env(), 1U << 20);
  TaskGroup tasks(runtime.env());
  bool ended = false;
  tasks.spawn("peer", feed(runtime.env(), *peer, input, step, close));
  tasks.spawn("answers", drain(*peer));
  tasks.spawn("own", use(runtime.env(), std::move(own), role, habit, ended));
  runtime.run_for(std::chrono::seconds(30));
  require(ended || !close);
  runtime.run(tasks.stop());
  require(tasks.escaped() == 0);
}

}  // namespace
}  // namespace libp2p::websocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace libp2p::websocket;
  if (size < 2 || size > 64 * 1024) return 0;
  const Role role = (data[0] & 1U) != 0 ? Role::client : Role::server;
  const std::size_t step = data[1] == 0 ? size : data[1];
  const libp2p::BytesView input{data + 2, size - 2};
  compare_cuts(role, input, step);
  compare_round_trip(role, input);
  attack(role, data[0], step, input);
  return 0;
}
