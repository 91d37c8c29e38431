// NGINX Unit and FreeUnit by their control API.
#pragma once

#include "libp2p/base/turn_queue.hpp"
#include "starling/dataplane/unit/unit_control.hpp"
#include "starling/dataplane/unit/unit_log.hpp"

namespace starling {

// Calls may come from any number of coroutines: writes wait for one another in order, reads don't wait. The
// only write it ever sends is PUT /config. Outlives every call.
class UnitDriver final : public Driver {
 public:
  UnitDriver(Env env, ControlAddress address, UnitTimeouts timeouts = {});

  [[nodiscard]] DataPlaneInfo info() const override;
  // Unit itself is the judge: nothing is refused here.
  [[nodiscard]] DriverResult<> check(const json::value& configuration) const override;
  [[nodiscard]] Task<DriverResult<json::value>> read() override;
  [[nodiscard]] Task<DriverResult<>> apply(json::value configuration, GenerationId generation) override;
  [[nodiscard]] Task<DriverResult<>> probe() override;
  [[nodiscard]] Task<DriverResult<json::value>> status() override;

 private:
  [[nodiscard]] Task<DriverResult<>> put_once(std::string body);
  [[nodiscard]] Task<DriverResult<>> judge(HttpReply reply, std::optional<LogMark> log);
  [[nodiscard]] Task<DriverResult<bool>> runs(const json::value& configuration);

  Env env_;
  UnitControl control_;
  libp2p::TurnQueue writers_;
  std::shared_ptr<const json::value> last_applied_;  // names what a cut reply hides
  // A write went out and was not answered: it may be under way in Unit still, and must not get company.
  bool unsettled_ = false;
};

}  // namespace starling
