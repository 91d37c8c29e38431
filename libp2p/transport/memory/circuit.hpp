// One connection of a MemoryNetwork: two directions, each with what is under way and what has arrived.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "libp2p/base/notifier.hpp"
#include "libp2p/io/stream.hpp"
#include "libp2p/transport/memory/link_policy.hpp"

namespace libp2p::memory {

// One direction. Written at one end, read at the other; both ends and the network hold the Circuit it is part
// of.
class Pipe {
 public:
  Pipe(Env env, LinkPolicy* policy, MemoryNode from, MemoryNode to, std::size_t capacity);
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe();

  // The writer's end.
  [[nodiscard]] Task<Result<>> write(BytesView data);
  void send_end() { send({{}, Mark::end, {}, false}); }
  // Tells the other side, and lets a write that waits fail.
  void send_reset();

  // The reader's end.
  [[nodiscard]] Task<Result<std::size_t>> read_some(MutableBytes out);
  // Nobody reads any more: what arrives is dropped, a read that waits fails.
  void stop_reading();

  void offer_held_again();
  void silence();
  // A reset that arrives here ends what its reader writes, too: `opposite` is the pipe of that.
  void set_opposite(Pipe& opposite) { opposite_ = &opposite; }
  [[nodiscard]] MemoryNode from() const noexcept { return from_; }

 private:
  enum class Mark : std::uint8_t { data, end, reset };
  struct Segment {
    Bytes data;
    Mark mark{};
    Instant due;
    bool held = false;
  };

  void send(Segment segment);
  void route(Segment& segment);
  void arm();
  void deliver_due();
  void arrive(Segment segment);
  void end_writing();

  Env env_;
  LinkPolicy* policy_;
  MemoryNode from_;
  MemoryNode to_;
  std::size_t capacity_;
  Pipe* opposite_ = nullptr;
  std::deque<Segment> under_way_;
  std::deque<Bytes> arrived_;
  std::size_t read_offset_ = 0;  // into the first of arrived_
  std::size_t stored_ = 0;       // bytes under way and unread
  Instant last_due_{};
  Timers::Id alarm_ = 0;
  bool writer_gone_ = false;
  bool reader_gone_ = false;
  bool end_arrived_ = false;
  bool reset_arrived_ = false;
  bool silent_ = false;
  Notifier readable_;
  Notifier writable_;
};

struct Circuit {
  Circuit(Env env, LinkPolicy* policy, MemoryNode a, MemoryNode b, std::size_t capacity)
      : forth(env, policy, a, b, capacity), back(env, policy, b, a, capacity) {
    forth.set_opposite(back);
    back.set_opposite(forth);
  }
  Pipe forth;
  Pipe back;
};

// The end that writes into `out` and reads from `in`, both parts of the circuit.
[[nodiscard]] StreamPtr make_circuit_end(std::shared_ptr<Circuit> circuit, Pipe& out, Pipe& in);

}  // namespace libp2p::memory
