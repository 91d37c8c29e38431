// A data plane in memory that does as a test says.
#pragma once

#include <functional>

#include "libp2p/base/notifier.hpp"
#include "starling/dataplane/driver.hpp"

namespace starling::testing {

class ScriptedDriver final : public Driver {
 public:
  explicit ScriptedDriver(Env env) : env_(env), running_(empty_document()) {}

  // Every configuration of which `bad` is true is refused.
  void refuse(std::function<bool(const json::value&)> bad) { refuses_ = std::move(bad); }
  // As on a node that has no data plane.
  void serve_nothing() { serves_ = false; }
  void set_reachable(bool reachable) { reachable_ = reachable; }
  void answer_after(Duration time) { answer_time_ = time; }
  void run_by_hand(json::value document) { running_ = std::move(document); }
  [[nodiscard]] const json::value& running() const noexcept { return running_; }
  // How often it was asked to bring something up.
  [[nodiscard]] std::size_t applies() const noexcept { return applies_; }

  [[nodiscard]] DataPlaneInfo info() const override { return {"scripted", "", ""}; }
  [[nodiscard]] bool serves() const override { return serves_; }
  [[nodiscard]] DriverResult<> check(const json::value&) const override { return {}; }
  [[nodiscard]] Task<DriverResult<json::value>> read() override {
    if (auto up = co_await answer(); !up) co_return std::unexpected(std::move(up.error()));
    co_return running_;
  }
  [[nodiscard]] Task<DriverResult<>> apply(json::value configuration, GenerationId) override {
    ++applies_;
    if (auto up = co_await answer(); !up) co_return up;
    if (refuses_ && refuses_(configuration)) {
      co_return std::unexpected(DataPlaneFault{DataPlaneFault::Kind::refused, 400,
                                               json::object{{"error", "Invalid configuration."}},
                                               "refused as the test says"});
    }
    running_ = std::move(configuration);
    co_return DriverResult<>{};
  }
  [[nodiscard]] Task<DriverResult<>> probe() override { co_return co_await answer(); }
  [[nodiscard]] Task<DriverResult<json::value>> status() override { co_return json::object(); }

 private:
  [[nodiscard]] Task<DriverResult<>> answer() {
    co_await libp2p::sleep_for(env_, answer_time_);
    if (reachable_) co_return DriverResult<>{};
    co_return std::unexpected(
        DataPlaneFault{DataPlaneFault::Kind::unreachable, 0, nullptr, "nobody answers"});
  }

  Env env_;
  json::value running_;
  std::function<bool(const json::value&)> refuses_;
  bool serves_ = true;
  bool reachable_ = true;
  Duration answer_time_ = std::chrono::milliseconds(1);
  std::size_t applies_ = 0;
};

}  // namespace starling::testing
