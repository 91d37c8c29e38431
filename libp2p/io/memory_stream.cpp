#include "libp2p/io/memory_stream.hpp"

#include <algorithm>
#include <deque>

#include "libp2p/base/notifier.hpp"

namespace libp2p {
namespace {

// One direction.
struct Pipe {
  Pipe(Executor executor, std::size_t max) : capacity(max), readable(executor), writable(executor) {}
  std::size_t capacity;
  std::deque<std::uint8_t> bytes;
  bool closed = false;
  bool broken = false;
  Notifier readable;
  Notifier writable;

  void wake() {
    readable.notify_all();
    writable.notify_all();
  }
  void sever() {
    broken = true;
    bytes.clear();
    wake();
  }
};

class MemoryStream final : public Stream {
 public:
  MemoryStream(std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out) : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override { MemoryStream::reset(); }

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    const std::shared_ptr<Pipe> pipe = in_;
    while (pipe->bytes.empty() && !pipe->closed && !pipe->broken) co_await pipe->readable.wait();
    if (pipe->broken) co_return fail(Errc::reset, "stream reset");
    const std::size_t size = std::min(out.size(), pipe->bytes.size());
    std::copy_n(pipe->bytes.begin(), size, out.begin());
    pipe->bytes.erase(pipe->bytes.begin(), pipe->bytes.begin() + static_cast<std::ptrdiff_t>(size));
    pipe->writable.notify_all();
    co_return size;
  }

  Task<Result<>> write(BytesView data) override {
    const std::shared_ptr<Pipe> pipe = out_;
    while (!data.empty()) {
      while (!pipe->broken && !pipe->closed && pipe->bytes.size() >= pipe->capacity) co_await pipe->writable.wait();
      if (pipe->broken) co_return fail(Errc::reset, "stream reset");
      if (pipe->closed) co_return fail(Errc::closed, "write after close");
      const std::size_t size = std::min(data.size(), pipe->capacity - pipe->bytes.size());
      pipe->bytes.insert(pipe->bytes.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size));
      data = data.subspan(size);
      pipe->readable.notify_all();
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
