// A member that says it has everything, and serves only part of it.
#pragma once

#include "libp2p/swarm/swarm.hpp"
#include "starling/daemon/node.hpp"

namespace starling::sim {

// Takes the place of the node's own answers to pulls until the node stops, and must outlive that.
class Withholder {
 public:
  explicit Withholder(FleetNode& node);
  Withholder(const Withholder&) = delete;
  Withholder& operator=(const Withholder&) = delete;
  ~Withholder() = default;

  // Every second change or so, always the same.
  [[nodiscard]] static bool withholds(const SignedRecord& record);
  [[nodiscard]] std::size_t withheld() const noexcept { return withheld_; }

 private:
  Task<> serve(libp2p::InboundStream inbound);

  FleetNode& node_;
  std::size_t withheld_ = 0;
};

}  // namespace starling::sim
