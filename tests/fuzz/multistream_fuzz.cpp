// A peer that sends anything, against the listener, the dialer and the lazy dialer. The first byte picks the
// role and whether the peer closes afterwards, the second how its bytes are cut; the rest is what it sends.
#include <cstdlib>
#include <optional>
#include <string>

#include "libp2p/base/varint.hpp"
#include "libp2p/multistream/negotiate.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

const std::vector<std::string> protocols = {"/a", "/long/protocol/1.0.0", "no"};
const std::string header = "\x13/multistream/1.0.0\n";

void require(bool ok) {
  if (!ok) std::abort();
}

// What the roles are to make of it, worked out on the whole of what is sent: the protocol agreed on, and the
// rest.
struct Expected {
  std::optional<std::string> protocol;
  std::string_view rest;
};

// Takes one line off the front.
std::optional<std::string_view> take_line(std::string_view& in) {
  const auto length = decode_varint(as_bytes(in.substr(0, 10)));
  if (!length || length->value == 0 || length->value > 1024 || in.size() - length->size < length->value)
    return {};
  const std::string_view line = in.substr(length->size, static_cast<std::size_t>(length->value));
  in.remove_prefix(length->size + line.size());
  if (line.back() != '\n') return {};
  return line.substr(0, line.size() - 1);
}

Expected expect_of_listener(std::string_view in) {
  if (take_line(in) != "/multistream/1.0.0") return {};
  for (int round = 0; round < 16; ++round) {
    const auto line = take_line(in);
    if (!line) return {};
    for (const std::string& protocol : protocols) {
      if (*line == protocol) return {protocol, in};
    }
  }
  return {};
}

Expected expect_of_dialer(std::string_view in, std::span<const std::string> proposed) {
  if (!in.starts_with(header)) return {};
  in.remove_prefix(header.size());
  for (const std::string& protocol : proposed) {
    const auto line = take_line(in);
    if (!line) return {};
    if (*line == protocol) return {protocol, in};
    if (*line != "na") return {};
  }
  return {};
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

Task<> negotiate(Env env, Stream& stream, bool listener, std::optional<Result<std::string>>& outcome) {
  outcome = listener ? co_await negotiate_as_listener(env, stream, protocols)
                     : co_await select_one(env, stream, protocols);
}

// Everything that can be read, until the stream ends or falls silent.
Task<> drain(Stream& stream, std::string& all, std::optional<Error>& failure) {
  std::array<std::uint8_t, 64> buffer{};
  for (;;) {
    const auto got = co_await stream.read_some(buffer);
    if (!got) failure = got.error();
    if (!got || *got == 0) co_return;
    all.append(as_text(BytesView(buffer).first(*got)));
  }
}

void run_eager(VirtualRuntime& runtime, bool listener, BytesView bytes, std::size_t step, bool close) {
  auto [peer, own] = make_memory_stream_pair(runtime.env(), 1024 * 1024);
  std::optional<Result<std::string>> outcome;
  TaskGroup tasks(runtime.env());
  tasks.spawn("peer", feed(runtime.env(), *peer, bytes, step, close));
  tasks.spawn("own", negotiate(runtime.env(), *own, listener, outcome));
  runtime.run_for(std::chrono::seconds(11));
  require(outcome.has_value());
  const Expected expected =
      listener ? expect_of_listener(as_text(bytes)) : expect_of_dialer(as_text(bytes), protocols);
  require(outcome->has_value() == expected.protocol.has_value());
  if (*outcome) {
    require(**outcome == *expected.protocol);
    std::string rest;
    std::optional<Error> failure;
    tasks.spawn("handler", drain(*own, rest, failure));
    runtime.run_ready();
    require(rest == expected.rest);
  }
  runtime.run(tasks.stop());
  require(tasks.escaped() == 0);
}

void run_lazy(VirtualRuntime& runtime, BytesView bytes, std::size_t step, bool close) {
  auto [peer, own] = make_memory_stream_pair(runtime.env(), 1024 * 1024);
  const std::string protocol = protocols[1];
  const StreamPtr lazy = lazy_select(runtime.env(), std::move(own), protocol);
  std::string got;
  std::optional<Error> failure;
  TaskGroup tasks(runtime.env());
  tasks.spawn("peer", feed(runtime.env(), *peer, bytes, step, close));
  tasks.spawn("reader", drain(*lazy, got, failure));
  runtime.run_for(std::chrono::seconds(11));
  const Expected expected = expect_of_dialer(as_text(bytes), std::span(&protocol, 1));
  require(failure.has_value() == !expected.protocol.has_value());
  require(got == expected.rest);
  runtime.run(tasks.stop());
  require(tasks.escaped() == 0);
}

}  // namespace
}  // namespace libp2p

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace libp2p;
  if (size < 2 || size > 64 * 1024) return 0;
  VirtualRuntime runtime;
  const bool close = (data[0] & 0x80) != 0;
  const std::size_t step = data[1] == 0 ? size : data[1];
  const BytesView bytes{data + 2, size - 2};
  switch (data[0] % 3) {
    case 0:
      run_eager(runtime, true, bytes, step, close);
      break;
    case 1:
      run_eager(runtime, false, bytes, step, close);
      break;
    default:
      run_lazy(runtime, bytes, step, close);
  }
  return 0;
}
