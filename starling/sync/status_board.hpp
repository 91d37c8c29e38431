// The latest status of every member, and what follows from them together.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "starling/model/status.hpp"
#include "starling/sync/messages.hpp"

namespace starling {

using libp2p::Instant;

struct SeenStatus {
  Status status;
  Bytes envelope;
  Instant at;  // when it came
  bool fresh =
      false;  // its counter advanced while we listened: it is no replay of an old one (TRUST: freshness)
};

// Pure. Bounded by the members: statuses of others are not taken.
class StatusBoard {
 public:
  // False for what is older than what is known of the node, or equal.
  [[nodiscard]] bool is_news(const Status& status) const;
  // Keeps it if it is news, and says whether it was.
  bool put(Status status, Bytes envelope, Instant now);
  void forget(const PeerId& node) { statuses_.erase(node); }

  [[nodiscard]] const SeenStatus* find(const PeerId& node) const;
  [[nodiscard]] const std::map<PeerId, SeenStatus>& all() const noexcept { return statuses_; }
  [[nodiscard]] bool is_fresh(const PeerId& node, Instant now, Duration within) const;

  // What it has, for who is asked for more.
  [[nodiscard]] std::vector<StatusMark> marks() const;
  // The envelopes, `most` of them, that are news to `asker`, who has what `known` marks, and its own.
  [[nodiscard]] std::vector<Bytes> news_to(const PeerId& asker, std::vector<StatusMark> known,
                                           std::size_t most) const;

  // Fleet time minus our own clock: the median of our clock and those in fresh statuses (L7).
  [[nodiscard]] std::chrono::milliseconds clock_offset(libp2p::WallTime own, Instant now,
                                                       Duration within) const;

 private:
  std::map<PeerId, SeenStatus> statuses_;
};

// How long a heartbeat waits: 30 s, and longer in large fleets so that their sum stays bounded.
[[nodiscard]] Duration heartbeat_interval(std::size_t members);

// How long changes of a status wait for company: every status costs every member a signature to verify, so in
// large fleets one has to tell more at once.
[[nodiscard]] Duration status_pause(std::size_t members);

}  // namespace starling
