// Any bytes from the other side of a session: it keeps its bounds, answers or ends, and stops in time. The
// first byte picks what the session's own users do with the streams they get.
#include <cstdint>
#include <cstdlib>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/memory_stream.hpp"
#include "libp2p/yamux/multiplexer.hpp"
#include "libp2p/yamux/session.hpp"

namespace libp2p {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// However the bytes are cut, they mean the same.
void compare_cuts(BytesView input) {
  yamux::Multiplexer whole(YamuxRole::listener, {});
  yamux::Multiplexer cut(YamuxRole::listener, {});
  Bytes answers_to_whole;
  Bytes answers_to_cut;
  const std::size_t taken = whole.receive(input, Instant{});
  std::size_t taken_cut = 0;
  for (std::size_t i = 0; i < input.size(); i += 5) {
    const BytesView part = input.subspan(i, std::min<std::size_t>(5, input.size() - i));
    const std::size_t size = cut.receive(part, Instant{});
    taken_cut += size;
    if (size < part.size()) break;
  }
  require(taken == taken_cut);
  require(whole.ended().has_value() == cut.ended().has_value());
  require(!whole.ended() || whole.ended()->message == cut.ended()->message);
  require(whole.stream_count() == cut.stream_count() && whole.unread_bytes() == cut.unread_bytes());
  require(whole.queued_control() <= whole.config().max_queued_control + 1);
  whole.take_output(answers_to_whole, Instant{});
  cut.take_output(answers_to_cut, Instant{});
  require(answers_to_whole == answers_to_cut);
}

Task<> use(StreamPtr stream, std::uint8_t habit) {
  Bytes buffer(1 + habit * 50U);
  for (int i = 0; i < 20; ++i) {
    const auto got = co_await stream->read_some(buffer);
    if (!got || *got == 0) break;
    if ((habit & 1U) != 0 && !co_await stream->write(BytesView(buffer).first(*got))) break;
  }
  if ((habit & 2U) != 0) (void)co_await stream->close_write();
  if ((habit & 4U) != 0) stream->reset();
}

Task<> use_all(YamuxSession& session, TaskGroup& tasks, std::uint8_t habit) {
  if ((habit & 8U) != 0) {
    if (auto stream = co_await session.open_stream()) {
      (void)co_await (*stream)->write(as_bytes("hello"));
      tasks.spawn("own", use(std::move(*stream), habit));
    }
  }
  for (;;) {
    auto stream = co_await session.accept_stream();
    if (!stream) co_return;
    tasks.spawn("stream", use(std::move(*stream), habit));
  }
}

Task<> read_all(Stream& stream) {
  Bytes buffer(4096);
  for (;;) {
    const auto got = co_await stream.read_some(buffer);
    if (!got || *got == 0) co_return;
  }
}

Task<> write_all(Stream& stream, BytesView bytes) { (void)co_await stream.write(bytes); }

void attack_session(std::uint8_t habit, BytesView input) {
  VirtualRuntime runtime;
  const Env env = runtime.env();
  TaskGroup tasks(env);
  auto [attacker, victim] = make_memory_stream_pair(env, (habit & 16U) != 0 ? 100 : 1 << 20);
  YamuxSession session(env, std::move(victim), YamuxRole::listener);
  session.start();
  tasks.spawn("use", use_all(session, tasks, habit));
  tasks.spawn("write", write_all(*attacker, input));
  if ((habit & 32U) != 0) tasks.spawn("read", read_all(*attacker));
  runtime.run_for(std::chrono::seconds(1));
  const Instant began = env.now();
  runtime.run(session.stop());
  require(env.now() - began <= std::chrono::milliseconds(500));
  require(session.stream_count() == 0);
  attacker->reset();
  runtime.run(tasks.stop());
  require(tasks.escaped() == 0);
}

}  // namespace
}  // namespace libp2p

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const libp2p::BytesView input(data + 1, size - 1);
  libp2p::compare_cuts(input);
  libp2p::attack_session(data[0], input);
  return 0;
}
