// Where blocking work goes (disk, RSA, password hashing): a small pool in a real run, inline in a simulated
// one.
#pragma once

#include <functional>

namespace libp2p {

class Workers {
 public:
  using Work = std::move_only_function<void()>;

  virtual ~Workers() = default;
  // Runs `work` off the loop, then `done` on it. `work` must not touch what the loop owns.
  virtual void submit(Work work, Work done) = 0;
};

}  // namespace libp2p
