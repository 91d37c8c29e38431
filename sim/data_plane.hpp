// A data plane that exists only in a simulation: does what a Unit does, and what a Unit does wrong.
#pragma once

#include "libp2p/base/notifier.hpp"
#include "starling/dataplane/driver.hpp"

namespace starling::sim {

class DataPlane final : public Driver {
 public:
  explicit DataPlane(Env env) : env_(env), running_(empty_document()) {}

  // What the machine does to it.
  void restart_empty() { running_ = empty_document(); }
  void set_reachable(bool reachable) { reachable_ = reachable; }
  void edit_by_hand(json::value document) { running_ = std::move(document); }
  // Every configuration with this member at its top is refused.
  void refuse_member(std::string name) { refused_member_ = std::move(name); }
  [[nodiscard]] const json::value& running() const noexcept { return running_; }
  [[nodiscard]] std::size_t applies() const noexcept { return applies_; }

  [[nodiscard]] DataPlaneInfo info() const override { return {"simulated", "", ""}; }
  [[nodiscard]] DriverResult<> check(const json::value&) const override { return {}; }
  [[nodiscard]] Task<DriverResult<json::value>> read() override;
  [[nodiscard]] Task<DriverResult<>> apply(json::value configuration, GenerationId generation) override;
  [[nodiscard]] Task<DriverResult<>> probe() override;
  [[nodiscard]] Task<DriverResult<json::value>> status() override;

 private:
  [[nodiscard]] DriverResult<> answer() const;

  Env env_;
  json::value running_;
  bool reachable_ = true;
  std::string refused_member_;
  std::size_t applies_ = 0;
};

}  // namespace starling::sim
