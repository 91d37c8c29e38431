#include "libp2p/transport/quic/memory_share.hpp"

namespace libp2p::quic {
namespace {

constexpr std::size_t step_bytes = 64U << 10;
constexpr std::size_t spare_bytes = 128U << 10;

}  // namespace

MemoryShare::~MemoryShare() { settle(0); }

bool MemoryShare::cover(std::size_t bytes) noexcept {
  if (!budget_ || bytes <= drawn_) return true;
  const std::size_t exact = bytes - drawn_;
  const std::size_t rounded = (exact + step_bytes - 1) / step_bytes * step_bytes;
  for (const std::size_t asked : {rounded, exact}) {
    if (!budget_->try_take(asked)) continue;
    drawn_ += asked;
    return true;
  }
  return false;
}

void MemoryShare::settle(std::size_t bytes) noexcept {
  const std::size_t kept = bytes == 0 ? 0 : bytes + spare_bytes;
  if (drawn_ <= kept) return;
  budget_->give_back(drawn_ - bytes);
  drawn_ = bytes;
}

}  // namespace libp2p::quic
