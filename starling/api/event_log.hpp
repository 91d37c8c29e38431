// What has happened, in order, for whoever watches: kept for a while so that a watcher can resume.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "libp2p/base/env.hpp"
#include "libp2p/base/notifier.hpp"
#include "starling/model/document.hpp"

namespace starling {

struct Event {
  std::uint64_t number = 0;  // rises by one; starts anew with the process
  std::string type;          // "change", "revision", "node", "dataplane", "charter", "fork", "alarm"…
  libp2p::WallTime time;
  json::value data;
};

class EventLog {
 public:
  static constexpr std::size_t capacity = 4096;

  explicit EventLog(libp2p::Env env) : env_(env), epoch_(env.random.u64()), added_(env.executor) {}

  void add(std::string type, json::value data);
  // The events after that number that are still kept.
  [[nodiscard]] std::vector<Event> after(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t newest() const noexcept { return next_ - 1; }
  // Returns, true, once there is something after that number, or, false, at `deadline`.
  [[nodiscard]] libp2p::Task<bool> wait_after(std::uint64_t number, libp2p::Instant deadline);

  // By what a watcher remembers an event: "EPOCH-NUMBER". Numbers begin anew with each process, so that
  // without its epoch a cursor would be taken for one of this.
  [[nodiscard]] std::string cursor(std::uint64_t number) const;
  // Where a watcher goes on, and whether something is not kept any more that it has not seen.
  struct Place {
    std::uint64_t after = 0;
    bool gap = false;
  };
  [[nodiscard]] Place go_on(std::uint64_t seen) const;
  // "0" is the beginning of what this process has told. Nothing: that is no cursor.
  [[nodiscard]] std::optional<Place> find(std::string_view cursor) const;

 private:
  libp2p::Env env_;
  std::uint64_t epoch_;
  std::deque<Event> events_;
  std::uint64_t next_ = 1;
  libp2p::Notifier added_;
};

}  // namespace starling
