// What tests of anything over a Stream share.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libp2p/base/task_group.hpp"
#include "libp2p/base/virtual_runtime.hpp"
#include "libp2p/io/memory_stream.hpp"

namespace libp2p::test {

// Runs `task` beside others and keeps what it gave.
template <class T>
Task<> keep(Task<T> task, std::optional<T>& outcome) {
  outcome.emplace(co_await std::move(task));
}

// The buffer is the coroutine's own, so the caller's may go.
inline Task<Result<>> send(Stream& stream, Bytes bytes) { co_return co_await stream.write(bytes); }

inline Task<Result<Bytes>> receive(Stream& stream, std::size_t at_most = 4096) {
  Bytes bytes(at_most);
  LIBP2P_CO_TRY(const std::size_t size, co_await stream.read_some(bytes));
  bytes.resize(size);
  co_return bytes;
}

// Passes everything on to the stream it owns, and counts.
class CountingStream final : public Stream {
 public:
  struct Counts {
    std::vector<std::size_t> writes;  // bytes of each
    std::size_t bytes_read = 0;
    bool write_closed = false;
    bool reset = false;
  };
  CountingStream(StreamPtr stream, Counts& counts) : stream_(std::move(stream)), counts_(counts) {}

  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    auto got = co_await stream_->read_some(out);
    if (got) counts_.bytes_read += *got;
    co_return got;
  }
  Task<Result<>> write(BytesView data) override {
    counts_.writes.push_back(data.size());
    return stream_->write(data);
  }
  Task<Result<>> close_write() override {
    counts_.write_closed = true;
    return stream_->close_write();
  }
  void reset() override {
    counts_.reset = true;
    stream_->reset();
  }

 private:
  StreamPtr stream_;
  Counts& counts_;
};

// Keeps the lines of a log.
class MemoryLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const noexcept override { return true; }
  void write(LogLevel, std::string_view event, std::span<const LogField> fields) override {
    lines.push_back(format_log_line(event, fields));
  }
  std::vector<std::string> lines;
};

}  // namespace libp2p::test
