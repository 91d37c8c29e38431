// What has happened, in order, for whoever watches: kept for a while so that a watcher can resume.
#pragma once

#include <deque>
#include <string>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "starling/model/document.hpp"

namespace starling {

struct Event {
  std::uint64_t cursor = 0;  // rises by one; starts anew with the process
  std::string type;          // "change", "conflict", "node", "dataplane", "charter", "fork", "alarm"
  libp2p::WallTime time;
  json::value data;
};

class EventLog {
 public:
  static constexpr std::size_t capacity = 4096;

  explicit EventLog(libp2p::Env env) : env_(env), added_(env.executor) {}

  void add(std::string type, json::value data);
  // The events after `cursor` that are still kept.
  [[nodiscard]] std::vector<Event> after(std::uint64_t cursor) const;
  [[nodiscard]] std::uint64_t newest() const noexcept { return next_ - 1; }
  // The smallest cursor that after() can continue from without a gap.
  [[nodiscard]] std::uint64_t oldest() const noexcept {
    return events_.empty() ? newest() : events_.front().cursor - 1;
  }
  // Returns, true, once there is something after `cursor`, or, false, at `deadline`.
  [[nodiscard]] libp2p::Task<bool> wait_after(std::uint64_t cursor, libp2p::Instant deadline);

 private:
  libp2p::Env env_;
  std::deque<Event> events_;
  std::uint64_t next_ = 1;
  libp2p::Notifier added_;
};

}  // namespace starling
