// Networks that swallow UDP, or IPv6, without a word: noticed by how seldom anything answers. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

struct BlackHoleConfig {
  std::size_t window = 100;       // the trials that count
  std::size_t min_trials = 20;    // before anything is concluded
  std::size_t least_percent = 5;  // answered, of the window; fewer are a black hole
  std::size_t probe_every = 20;   // requests in a black hole: one of them is let through
};

// The last trials of one kind.
class BlackHoleCounter {
 public:
  explicit BlackHoleCounter(BlackHoleConfig config = {}) : config_(config) {}

  // An answer in a black hole ends it: what was counted before is forgotten.
  void record(bool answered);
  [[nodiscard]] bool blocked() const noexcept;
  // Whether to try as if nothing were wrong. In a black hole each probe_every-th request is.
  [[nodiscard]] bool allow() noexcept;
  void reset();
  [[nodiscard]] std::size_t trials() const noexcept { return trials_.size(); }

 private:
  BlackHoleConfig config_;
  std::deque<bool> trials_;
  std::size_t answered_ = 0;
  std::size_t held_back_ = 0;
};

enum class PathKind : std::uint8_t { near_udp, far_udp, near_ipv6, far_ipv6 };
inline constexpr std::array path_kinds{PathKind::near_udp, PathKind::far_udp, PathKind::near_ipv6,
                                       PathKind::far_ipv6};
[[nodiscard]] std::string_view to_string(PathKind kind) noexcept;

// One counter a kind of path, near networks (private, link-local) and far ones apart: a site may be without
// UDP to the outside only. Loopback, memory and relayed addresses are of no kind.
class BlackHoles {
 public:
  explicit BlackHoles(BlackHoleConfig config = {});

  // A trial is one that was answered, be it by a refusal, or one that met silence. What failed at once, here,
  // is none: it costs no wait.
  void record(const Multiaddr& address, bool answered);
  [[nodiscard]] bool blocked(PathKind kind) const noexcept { return counter(kind).blocked(); }
  // The machine is on another network.
  void reset();

  // What one dial goes by: each counter is asked at most once, however many addresses it has.
  class View {
   public:
    explicit View(BlackHoles& holes) : holes_(&holes) {}
    [[nodiscard]] bool swallows(const Multiaddr& address);

   private:
    BlackHoles* holes_;
    std::array<std::optional<bool>, path_kinds.size()> allowed_;
  };

 private:
  [[nodiscard]] BlackHoleCounter& counter(PathKind kind) noexcept {
    return counters_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] const BlackHoleCounter& counter(PathKind kind) const noexcept {
    return counters_[static_cast<std::size_t>(kind)];
  }
  std::array<BlackHoleCounter, path_kinds.size()> counters_;
};

}  // namespace libp2p
