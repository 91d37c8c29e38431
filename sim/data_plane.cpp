#include "sim/data_plane.hpp"

namespace starling::sim {
namespace {

constexpr Duration answer_time = std::chrono::milliseconds(1);

}  // namespace

DriverResult<> DataPlane::answer() const {
  if (reachable_) return {};
  return std::unexpected(DataPlaneFault{DataPlaneFault::Kind::unreachable, 0, nullptr, "nobody answers"});
}

Task<DriverResult<json::value>> DataPlane::read() {
  co_await libp2p::sleep_for(env_, answer_time);
  if (auto up = answer(); !up) co_return std::unexpected(std::move(up.error()));
  co_return running_;
}

Task<DriverResult<>> DataPlane::apply(json::value configuration, GenerationId) {
  co_await libp2p::sleep_for(env_, answer_time);
  if (auto up = answer(); !up) co_return std::unexpected(std::move(up.error()));
  if (!refused_member_.empty() && configuration.get_object().contains(refused_member_)) {
    co_return std::unexpected(DataPlaneFault{DataPlaneFault::Kind::refused, 400,
                                             json::object{{"error", "Invalid configuration."}}, "refused"});
  }
  running_ = std::move(configuration);
  ++applies_;
  co_return DriverResult<>{};
}

Task<DriverResult<>> DataPlane::probe() {
  co_await libp2p::sleep_for(env_, answer_time);
  co_return answer();
}

Task<DriverResult<json::value>> DataPlane::status() {
  co_await libp2p::sleep_for(env_, answer_time);
  if (auto up = answer(); !up) co_return std::unexpected(std::move(up.error()));
  co_return json::object();
}

}  // namespace starling::sim
