// A script of what comes over an encrypted connection, true frames and others, read in pieces of any size;
// all that is read must be what was written before the first thing that was wrong.
#include <cstdlib>
#include <optional>

#include "libp2p/security/noise/transport_stream.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

using noise::CipherState;

void require(bool ok) {
  if (!ok) std::abort();
}

class Script {
 public:
  explicit Script(BytesView bytes) : bytes_(bytes) {}
  [[nodiscard]] bool done() const { return bytes_.empty(); }
  std::size_t byte() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::size_t two_bytes() { return byte() << 8 | byte(); }
  BytesView take(std::size_t size) {
    const BytesView taken = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  BytesView bytes_;
};

noise::TransportCiphers ciphers(bool first) {
  const Bytes there(32, 1);
  const Bytes back(32, 2);
  const std::span<const std::uint8_t, 32> key(first ? there : back);
  const std::span<const std::uint8_t, 32> other(first ? back : there);
  return {CipherState(key), CipherState(other)};
}

// Keeps what is written; gives `wire` out at most `step` bytes at a time.
class Wire final : public Stream {
 public:
  explicit Wire(Bytes& wire, std::size_t step) : wire_(wire), step_(step) {}
  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    if (reset_) co_return fail(Errc::reset, "stream reset");
    const std::size_t size = std::min({out.size(), step_, wire_.size() - at_});
    std::copy_n(wire_.begin() + static_cast<std::ptrdiff_t>(at_), size, out.begin());
    at_ += size;
    co_return size;
  }
  Task<Result<>> write(BytesView data) override {
    append(wire_, data);
    co_return Result<>{};
  }
  Task<Result<>> close_write() override { co_return Result<>{}; }
  void reset() override { reset_ = true; }

 private:
  Bytes& wire_;
  std::size_t step_;
  std::size_t at_ = 0;
  bool reset_ = false;
};

// The wire as the script wants it, and what is to be read from it.
class Sender {
 public:
  void play(VirtualRuntime& runtime, Script& script) {
    const StreamPtr secured = noise::make_transport_stream(std::make_unique<Wire>(wire, 1), ciphers(true));
    for (int round = 0; round < 64 && !script.done() && wire.size() < 2'000'000; ++round) {
      const std::size_t before = wire.size();
      const std::size_t choice = script.byte();
      if (choice < 0xc0) {
        Bytes data(choice < 0x80 ? choice : script.two_bytes() * (choice & 7),
                   static_cast<std::uint8_t>(round));
        require(runtime.run(test::send(*secured, data)).has_value());
        if (!wrong) append(expected, data);
      } else if (choice < 0xd0) {
        append(wire, script.take(choice & 15));
      } else if (choice < 0xe0 && !wire.empty()) {
        // Anywhere in the last frames: what was read before them stays true, so this is only done to fresh
        // ones.
        const Bytes data(1 + (choice & 15), 0x77);
        require(runtime.run(test::send(*secured, data)).has_value());
        wire[before + script.byte() % (wire.size() - before)] ^=
            static_cast<std::uint8_t>(1 + script.byte() % 255);
      } else if (choice < 0xf0) {
        // A replay: the nonce it was sealed with is behind.
        append(wire, to_bytes(BytesView(wire).first(std::min<std::size_t>(wire.size(), 2 + script.byte()))));
      } else {
        // An end in the middle, or between two frames.
        const Bytes data(1 + (choice & 15), 0x78);
        require(runtime.run(test::send(*secured, data)).has_value());
        wire.resize(wire.size() - std::min(wire.size() - before, script.byte()));
        if (wire.size() != before && wire.size() - before != data.size() + 2 + CipherState::tag_size)
          wrong = true;
        if (wire.size() == before + data.size() + 2 + CipherState::tag_size && !wrong) append(expected, data);
        return;
      }
      if (choice >= 0xc0 && wire.size() != before) wrong = true;
    }
  }
  Bytes wire;
  Bytes expected;
  bool wrong = false;
};

Task<> read_all(Stream& stream, Script& script, Bytes& all, std::optional<Error>& failure) {
  Bytes out;
  for (;;) {
    const std::size_t choice = script.byte();
    out.assign(choice == 0 ? 300'000 : choice < 0xc0 ? choice : 1 + script.two_bytes(), 0);
    const auto got = co_await stream.read_some(out);
    if (!got) failure = got.error();
    if (!got || *got == 0) co_return;
    append(all, BytesView(out).first(*got));
  }
}

}  // namespace
}  // namespace libp2p

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace libp2p;
  if (size < 2 || size > 16 * 1024) return 0;
  VirtualRuntime runtime;
  const std::size_t step = data[0] == 0 ? 10'000'000 : data[0] * std::size_t{97};
  // The tail is how it is read.
  const std::size_t tail = (size - 1) / 4;
  Script writing({data + 1, size - 1 - tail});
  Script reading({data + size - tail, tail});
  Sender sender;
  sender.play(runtime, writing);
  const StreamPtr secured =
      noise::make_transport_stream(std::make_unique<Wire>(sender.wire, step), ciphers(false));
  Bytes all;
  std::optional<Error> failure;
  runtime.run(read_all(*secured, reading, all, failure));
  require(all == sender.expected);
  require(failure.has_value() == sender.wrong);
  return 0;
}
