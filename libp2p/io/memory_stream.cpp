#include "libp2p/io/memory_stream.hpp"

#include <algorithm>

#include "libp2p/base/notifier.hpp"

namespace libp2p {
namespace {

// One direction. What is unread is contiguous, so that a large transfer costs two plain copies.
struct Pipe {
  Pipe(Executor executor, std::size_t max) : capacity(max), readable(executor), writable(executor) {}
  std::size_t capacity;
  Bytes bytes;
  std::size_t head = 0;  // what stands before it has been read
  bool closed = false;
  bool broken = false;
  Notifier readable;
  Notifier writable;

  [[nodiscard]] std::size_t unread() const noexcept { return bytes.size() - head; }
  void put(BytesView data) {
    // Moving no more than what has been read keeps the cost of a byte constant.
    if (head >= unread() && bytes.capacity() - bytes.size() < data.size()) {
      bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(head));
      head = 0;
    }
    append(bytes, data);
    readable.notify_all();
  }
  std::size_t take(MutableBytes out) {
    const std::size_t size = std::min(out.size(), unread());
    std::ranges::copy(BytesView(bytes).subspan(head, size), out.begin());
    head += size;
    if (unread() == 0) {
      bytes.clear();
      head = 0;
    }
    writable.notify_all();
    return size;
  }
  void wake() {
    readable.notify_all();
    writable.notify_all();
  }
  void sever() {
    broken = true;
    bytes = {};
    head = 0;
    wake();
  }
};

class MemoryStream final : public Stream {
 public:
  MemoryStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override { MemoryStream::reset(); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    const std::shared_ptr<Pipe> pipe = in_;
    while (pipe->unread() == 0 && !pipe->closed && !pipe->broken) co_await pipe->readable.wait();
    if (pipe->broken) co_return fail(Errc::reset, "stream reset");
    co_return pipe->take(out);
  }

  Task<Result<>> write(BytesView data) override {
    const std::shared_ptr<Pipe> pipe = out_;
    while (!data.empty()) {
      while (!pipe->broken && !pipe->closed && pipe->unread() >= pipe->capacity)
        co_await pipe->writable.wait();
      if (pipe->broken) co_return fail(Errc::reset, "stream reset");
      if (pipe->closed) co_return fail(Errc::closed, "write after close");
      const std::size_t size = std::min(data.size(), pipe->capacity - pipe->unread());
      pipe->put(data.first(size));
      data = data.subspan(size);
    }
    co_return Result<>{};
  }

  Task<Result<>> close_write() override {
    if (out_->broken) co_return fail(Errc::reset, "stream reset");
    out_->closed = true;
    out_->wake();
    co_return Result<>{};
  }

  void reset() override {
    // What was closed in order stays readable by the other side.
    if (!out_->closed) out_->sever();
    in_->sever();
  }

 private:
  std::shared_ptr<Pipe> in_;
  std::shared_ptr<Pipe> out_;
};

}  // namespace

std::pair<StreamPtr, StreamPtr> make_memory_stream_pair(Env env, std::size_t capacity_bytes) {
  auto there = std::make_shared<Pipe>(env.executor, capacity_bytes);
  auto back = std::make_shared<Pipe>(env.executor, capacity_bytes);
  return {std::make_unique<MemoryStream>(back, there), std::make_unique<MemoryStream>(there, back)};
}

}  // namespace libp2p
