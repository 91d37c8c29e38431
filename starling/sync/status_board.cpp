#include "starling/sync/status_board.hpp"

#include <algorithm>

namespace starling {
namespace {

// The end of a peer id is that of its key.
std::uint64_t end_of(const PeerId& node) {
  constexpr std::size_t size = sizeof(std::uint64_t);
  const Bytes& bytes = node.bytes();
  return bytes.size() < size ? 0 : libp2p::load_be<std::uint64_t>(&bytes[bytes.size() - size]);
}

}  // namespace

bool StatusBoard::is_news(const Status& status) const {
  const SeenStatus* seen = find(status.node);
  if (!seen) return true;
  // Incarnations have no order of their own: of two the one with the later clock is taken, so that a replayed
  // status of an earlier run doesn't push aside the present one.
  return seen->status.incarnation == status.incarnation ? status.counter > seen->status.counter
                                                        : status.clock >= seen->status.clock;
}

bool StatusBoard::put(Status status, Bytes envelope, Instant now) {
  if (!is_news(status)) return false;
  const auto found = statuses_.find(status.node);
  if (found == statuses_.end()) {
    // The first that is heard of a node may be old: only what follows shows that it lives.
    PeerId node = status.node;  // by itself: the argument beside it takes the status away
    statuses_.emplace(std::move(node), SeenStatus{std::move(status), std::move(envelope), now, false});
    return true;
  }
  SeenStatus& old = found->second;
  const bool fresh = old.status.incarnation == status.incarnation;
  old = SeenStatus{std::move(status), std::move(envelope), now, fresh};
  return true;
}

const SeenStatus* StatusBoard::find(const PeerId& node) const {
  const auto found = statuses_.find(node);
  return found == statuses_.end() ? nullptr : &found->second;
}

bool StatusBoard::is_fresh(const PeerId& node, Instant now, Duration within) const {
  const SeenStatus* seen = find(node);
  return seen && seen->fresh && now - seen->at <= within;
}

std::vector<StatusMark> StatusBoard::marks() const {
  std::vector<StatusMark> marks;
  for (const auto& [node, seen] : statuses_) {
    if (marks.size() < max_status_marks)
      marks.push_back({end_of(node), seen.status.incarnation, seen.status.counter});
  }
  return marks;
}

std::vector<Bytes> StatusBoard::news_to(const PeerId& asker, std::vector<StatusMark> known,
                                        std::size_t most) const {
  std::vector<Bytes> news;
  std::ranges::sort(known, {}, &StatusMark::node);
  for (const auto& [node, seen] : statuses_) {
    const Status& status = seen.status;
    const auto marks = std::ranges::equal_range(known, end_of(node), {}, &StatusMark::node);
    const bool is_known = std::ranges::any_of(marks, [&status](const StatusMark& mark) {
      return mark.incarnation == status.incarnation && mark.counter >= status.counter;
    });
    if (!is_known && node != asker && news.size() < most) news.push_back(seen.envelope);
  }
  return news;
}

std::chrono::milliseconds StatusBoard::clock_offset(libp2p::WallTime own, Instant now,
                                                    Duration within) const {
  std::vector<std::chrono::milliseconds> offsets{std::chrono::milliseconds(0)};
  for (const auto& [node, seen] : statuses_) {
    if (!is_fresh(node, now, within)) continue;
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - seen.at);
    offsets.push_back(seen.status.clock + age - own);
  }
  const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>((offsets.size() - 1) / 2);
  std::ranges::nth_element(offsets, middle);
  return *middle;
}

Duration status_pause(std::size_t members) {
  return std::max<Duration>(std::chrono::milliseconds(20),
                            std::chrono::milliseconds(10) * static_cast<std::int64_t>(members));
}

Duration heartbeat_interval(std::size_t members) {
  return std::max<Duration>(std::chrono::seconds(30),
                            std::chrono::milliseconds(50) * static_cast<std::int64_t>(members));
}

}  // namespace starling
