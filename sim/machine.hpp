// What a simulated machine has of its own: a clock that may be wrong and may jump, a disk that takes its time
// and can be set back, a random source that a copied machine repeats.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "libp2p/base/env.hpp"
#include "starling/changelog/store.hpp"

namespace starling::sim {

using libp2p::Duration;
using libp2p::Env;

class MachineClock final : public libp2p::Clock {
 public:
  explicit MachineClock(libp2p::Clock& truth) : truth_(truth) {}
  [[nodiscard]] libp2p::Instant now() const override { return truth_.now(); }
  [[nodiscard]] libp2p::WallTime wall() const override { return truth_.wall() + error_; }
  void set_error(std::chrono::milliseconds error) { error_ = error; }
  [[nodiscard]] std::chrono::milliseconds error() const { return error_; }

 private:
  libp2p::Clock& truth_;
  std::chrono::milliseconds error_{0};
};

// What a process draws first is its incarnation. A machine that is copied as it runs draws the same once
// more.
class MachineRandom final : public libp2p::Random {
 public:
  explicit MachineRandom(libp2p::Random& source) : source_(source) {}
  void fill(libp2p::MutableBytes out) override;
  void begin_process(std::optional<Bytes> repeated) {
    repeated_ = std::move(repeated);
    first_.reset();
  }
  [[nodiscard]] const std::optional<Bytes>& first() const { return first_; }

 private:
  libp2p::Random& source_;
  std::optional<Bytes> repeated_;
  std::optional<Bytes> first_;
};

// Work on the disk takes `latency`, one piece after another; it is done at the end of that, so what a crash
// finds under way is lost.
class SlowWorkers final : public libp2p::Workers {
 public:
  SlowWorkers(libp2p::Clock& clock, libp2p::Timers& timers) : clock_(clock), timers_(timers) {}
  void set_latency(Duration latency) { latency_ = latency; }
  void submit(Work work, Work done) override;

 private:
  libp2p::Clock& clock_;
  libp2p::Timers& timers_;
  Duration latency_{};
  libp2p::Instant busy_until_{};
};

class Disk final : public Store {
 public:
  [[nodiscard]] Result<> append(std::span<const RecordPtr> records, const Facts& facts = {}) override;
  [[nodiscard]] Result<> drop(std::span<const RecordId> ids, const Facts& facts) override;
  [[nodiscard]] Result<Contents> load() override { return image_; }

  // From now on appending fails, as on a machine without power.
  void fail(std::optional<Error> error) { failure_ = std::move(error); }

  using Image = Contents;
  [[nodiscard]] const Image& image() const { return image_; }
  void set_image(Image image);
  [[nodiscard]] bool holds(const RecordId& id) const { return index_.contains(id); }

 private:
  Image image_;
  std::map<RecordId, std::size_t> index_;
  std::optional<Error> failure_;
};

}  // namespace starling::sim
