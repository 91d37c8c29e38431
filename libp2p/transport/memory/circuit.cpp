#include "libp2p/transport/memory/circuit.hpp"

#include <algorithm>

namespace libp2p::memory {

Pipe::Pipe(Env env, LinkPolicy* policy, MemoryNode from, MemoryNode to, std::size_t capacity)
    : env_(env),
      policy_(policy),
      from_(from),
      to_(to),
      capacity_(capacity),
      readable_(env.executor),
      writable_(env.executor) {}

Pipe::~Pipe() { env_.timers.cancel(alarm_); }

Task<Result<>> Pipe::write(BytesView data) {
  while (!data.empty()) {
    if (writer_gone_) co_return fail(Errc::reset, "the connection was reset");
    const std::size_t room = capacity_ - std::min(capacity_, stored_);
    if (room == 0) {
      co_await writable_.wait();
      continue;
    }
    const BytesView part = data.first(std::min(room, data.size()));
    send({to_bytes(part), Mark::data, {}, false});
    data = data.subspan(part.size());
  }
  if (writer_gone_) co_return fail(Errc::reset, "the connection was reset");
  co_return Result<>{};
}

void Pipe::send_reset() {
  if (writer_gone_) return;
  send({{}, Mark::reset, {}, false});
  end_writing();
}

void Pipe::end_writing() {
  writer_gone_ = true;
  writable_.notify_all();
}

Task<Result<std::size_t>> Pipe::read_some(MutableBytes out) {
  while (arrived_.empty() && !end_arrived_ && !reset_arrived_ && !reader_gone_) co_await readable_.wait();
  if (reader_gone_) co_return fail(Errc::reset, "the connection was reset on this side");
  if (arrived_.empty()) {
    // An end that came before the reset was an end in order.
    if (end_arrived_) co_return std::size_t{0};
    co_return fail(Errc::reset, "the other side reset the connection");
  }
  std::size_t taken = 0;
  while (taken < out.size() && !arrived_.empty()) {
    const BytesView front = BytesView(arrived_.front()).subspan(read_offset_);
    const std::size_t part = std::min(front.size(), out.size() - taken);
    std::copy_n(front.begin(), part, out.begin() + static_cast<std::ptrdiff_t>(taken));
    taken += part;
    read_offset_ += part;
    if (part == front.size()) {
      arrived_.pop_front();
      read_offset_ = 0;
    }
  }
  stored_ -= taken;
  writable_.notify_all();
  co_return taken;
}

void Pipe::stop_reading() {
  reader_gone_ = true;
  arrived_.clear();
  readable_.notify_all();
}

void Pipe::send(Segment segment) {
  if (writer_gone_ || silent_) return;
  stored_ += segment.data.size();
  route(segment);
  under_way_.push_back(std::move(segment));
  deliver_due();
}

// Segments stay in order: what follows a held one is held, what follows a slow one is no faster.
void Pipe::route(Segment& segment) {
  segment.held = !under_way_.empty() && under_way_.back().held;
  if (segment.held) return;
  const std::optional<Duration> delay =
      policy_ == nullptr ? Duration::zero() : policy_->delay(from_, to_, segment.data.size());
  segment.held = !delay;
  if (segment.held) return;
  segment.due = std::max(last_due_, env_.now() + *delay);
  last_due_ = segment.due;
}

void Pipe::offer_held_again() {
  std::deque<Segment> again = std::move(under_way_);
  under_way_.clear();
  for (Segment& segment : again) {
    if (segment.held) route(segment);
    under_way_.push_back(std::move(segment));
  }
  deliver_due();
}

void Pipe::silence() {
  silent_ = true;
  under_way_.clear();
  env_.timers.cancel(alarm_);
}

void Pipe::deliver_due() {
  while (!under_way_.empty() && !under_way_.front().held && under_way_.front().due <= env_.now()) {
    Segment segment = std::move(under_way_.front());
    under_way_.pop_front();
    arrive(std::move(segment));
  }
  arm();
}

void Pipe::arm() {
  env_.timers.cancel(alarm_);
  alarm_ = 0;
  if (under_way_.empty() || under_way_.front().held) return;
  alarm_ = env_.timers.schedule(under_way_.front().due, [this] {
    alarm_ = 0;
    deliver_due();
  });
}

void Pipe::arrive(Segment segment) {
  switch (segment.mark) {
    case Mark::data:
      if (reader_gone_) {
        stored_ -= segment.data.size();
        writable_.notify_all();
        return;
      }
      arrived_.push_back(std::move(segment.data));
      break;
    case Mark::end:
      end_arrived_ = true;
      break;
    case Mark::reset:
      reset_arrived_ = true;
      opposite_->end_writing();
      break;
  }
  readable_.notify_all();
}

namespace {

class CircuitEnd final : public Stream {
 public:
  CircuitEnd(std::shared_ptr<Circuit> circuit, Pipe& out, Pipe& in)
      : circuit_(std::move(circuit)), out_(out), in_(in) {}
  ~CircuitEnd() override { reset(); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    // What waits keeps the pipes alive; the end itself may be dropped meanwhile.
    const std::shared_ptr<Circuit> keep = circuit_;
    co_return co_await in_.read_some(out);
  }
  Task<Result<>> write(BytesView data) override {
    const std::shared_ptr<Circuit> keep = circuit_;
    if (write_closed_) co_return fail(Errc::closed, "written after close_write");
    co_return co_await out_.write(data);
  }
  Task<Result<>> close_write() override {
    if (!write_closed_) out_.send_end();
    write_closed_ = true;
    co_return Result<>{};
  }
  void reset() override {
    out_.send_reset();
    in_.stop_reading();
  }

 private:
  std::shared_ptr<Circuit> circuit_;
  Pipe& out_;
  Pipe& in_;
  bool write_closed_ = false;
};

}  // namespace

StreamPtr make_circuit_end(std::shared_ptr<Circuit> circuit, Pipe& out, Pipe& in) {
  return std::make_unique<CircuitEnd>(std::move(circuit), out, in);
}

}  // namespace libp2p::memory
