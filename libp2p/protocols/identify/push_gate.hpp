// How often a peer's pushes are looked at.
#pragma once

#include <optional>

#include "libp2p/base/clock.hpp"

namespace libp2p::identify {

// One push is kept in each interval; those beyond it are refused unread. What a refused push would have told
// is not lost: once the interval is over, the peer is asked, once, however many were refused.
class PushGate {
 public:
  static constexpr Duration interval = std::chrono::seconds(5);

  struct Verdict {
    bool keep = false;
    std::optional<Instant> ask_at;  // the first refusal in an interval: ask the peer then
  };
  [[nodiscard]] Verdict arrived(Instant now) {
    if (!last_ || now - *last_ >= interval) {
      last_ = now;
      asking_ = false;
      return {true, std::nullopt};
    }
    if (asking_) return {};
    asking_ = true;
    return {false, *last_ + interval};
  }
  // The peer has been asked: that counts as a push kept.
  void asked(Instant now) {
    last_ = now;
    asking_ = false;
  }

 private:
  std::optional<Instant> last_;
  bool asking_ = false;
};

}  // namespace libp2p::identify
