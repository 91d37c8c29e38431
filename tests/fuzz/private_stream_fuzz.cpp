// Whatever comes over a connection of a private network, in pieces of any size: nothing is read before the
// other side has shown the key, and then exactly what it wrote.
#include <cstdlib>

#include "libp2p/multistream/line.hpp"
#include "libp2p/security/pnet/private_stream.hpp"
#include "libp2p/security/pnet/xsalsa20.hpp"
#include "tests/support/streams.hpp"

namespace libp2p {
namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

// Gives `wire` out at most `step` bytes at a time, then ends.
class Wire final : public Stream {
 public:
  Wire(BytesView wire, std::size_t step) : wire_(wire), step_(step) {}
  Task<Result<std::size_t>> read_some(MutableBytes out) override {
    if (reset_) co_return fail(Errc::reset, "stream reset");
    const BytesView piece = wire_.first(std::min({out.size(), step_, wire_.size()}));
    std::ranges::copy(piece, out.begin());
    wire_ = wire_.subspan(piece.size());
    co_return piece.size();
  }
  Task<Result<>> write(BytesView) override { co_return Result<>{}; }
  Task<Result<>> close_write() override { co_return Result<>{}; }
  void reset() override { reset_ = true; }

 private:
  BytesView wire_;
  std::size_t step_;
  bool reset_ = false;
};

// The failure, where it didn't end in order.
Task<> read_all(Stream& stream, std::size_t at_once, Bytes& all, std::optional<Error>& failure) {
  Bytes out(at_once);
  for (;;) {
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
  if (size < 3 || size > 16 * 1024) return 0;
  const PreSharedKey key = PreSharedKey::from_bytes(Bytes(PreSharedKey::key_bytes, 5)).value();
  const std::string greeting = multistream_line(multistream_id);
  Bytes wire = to_bytes({data + 3, size - 3});
  Bytes plain;
  // Half of the runs speak under the key, and some of those break what they said.
  if (data[0] & 1 && wire.size() >= pnet::XSalsa20::nonce_bytes) {
    const MutableBytes spoken = MutableBytes(wire).subspan(pnet::XSalsa20::nonce_bytes);
    plain = to_bytes(spoken);
    if (data[0] & 2) std::copy_n(greeting.begin(), std::min(greeting.size(), plain.size()), plain.begin());
    std::ranges::copy(plain, spoken.begin());
    pnet::XSalsa20(key, BytesView(wire).first<pnet::XSalsa20::nonce_bytes>()).apply(spoken);
  }
  VirtualRuntime runtime;
  const StreamPtr stream = pnet::make_private_stream(
      runtime.env(), std::make_unique<Wire>(wire, 1 + data[1] * std::size_t{13}), key, greeting);
  Bytes all;
  std::optional<Error> failure;
  runtime.run(read_all(*stream, 1 + data[2] * std::size_t{17}, all, failure));
  const std::size_t shown = std::min(all.size(), greeting.size());
  require(equal(BytesView(all).first(shown), as_bytes(greeting).first(shown)));
  if (failure) {
    require(!failure->message.empty() && all.size() < greeting.size());
  } else if (!plain.empty()) {
    require(all == plain);
  }
  return 0;
}
