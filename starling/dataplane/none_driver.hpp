// A node without a data plane: it carries the log, relays and serves the API, and applies nothing.
#pragma once

#include "starling/dataplane/driver.hpp"

namespace starling {

// read, apply and status are faults that say so; who drives a rollout asks serves() first.
class NoneDriver final : public Driver {
 public:
  [[nodiscard]] DataPlaneInfo info() const override { return {.kind = "none", .version = "", .where = ""}; }
  [[nodiscard]] bool serves() const override { return false; }
  [[nodiscard]] DriverResult<> check(const json::value&) const override { return {}; }
  [[nodiscard]] Task<DriverResult<json::value>> read() override;
  [[nodiscard]] Task<DriverResult<>> apply(json::value configuration, GenerationId generation) override;
  [[nodiscard]] Task<DriverResult<>> probe() override;
  [[nodiscard]] Task<DriverResult<json::value>> status() override;
};

}  // namespace starling
