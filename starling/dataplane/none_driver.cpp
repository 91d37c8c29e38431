#include "starling/dataplane/none_driver.hpp"

namespace starling {

namespace {

std::unexpected<DataPlaneFault> nothing_here() {
  return std::unexpected(
      DataPlaneFault{.kind = DataPlaneFault::Kind::unreachable, .message = "this node has no data plane"});
}

}  // namespace

Task<DriverResult<json::value>> NoneDriver::read() { co_return nothing_here(); }

Task<DriverResult<>> NoneDriver::apply(json::value, GenerationId) { co_return nothing_here(); }

Task<DriverResult<>> NoneDriver::probe() { co_return nothing_here(); }

Task<DriverResult<json::value>> NoneDriver::status() { co_return nothing_here(); }

}  // namespace starling
