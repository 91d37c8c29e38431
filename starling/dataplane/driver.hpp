// What a node's data plane must be able to do, whatever serves the traffic.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libp2p/base/env.hpp"
#include "starling/model/document.hpp"
#include "starling/model/ids.hpp"

namespace starling {

using libp2p::Duration;
using libp2p::Env;
using libp2p::Task;

// Why a configuration does not run. In every case but `unknown` what ran before still runs.
struct DataPlaneFault {
  enum class Kind {
    refused,      // the data plane's verdict on the configuration: its own status and body are below
    failed,       // accepted in form, but it could not be brought up (Unit's 500): port busy, application can't start
    unreachable,  // nobody answers
    unknown,      // the reply was lost and reading back did not settle what runs
  };
  Kind kind{};
  int status = 0;            // HTTP status of the data plane's own answer (400, 404, 500), 0 without one
  json::value body;          // the data plane's own answer: {"error":…, "detail":…, "location":…}
  std::string message;       // one sentence for people, naming likely causes where the data plane gives none
};

template <class T = void>
using DriverResult = std::expected<T, DataPlaneFault>;

struct DataPlaneInfo {
  std::string kind;     // "unit", "nginx", "none"
  std::string version;  // "1.35.0"; empty when unknown
  std::string where;    // the socket, address or directory, for people
};

// One writer at a time: a driver serialises its own writes, since Unit's controller crashes under concurrent ones.
class Driver {
 public:
  virtual ~Driver() = default;

  [[nodiscard]] virtual DataPlaneInfo info() const = 0;
  // Does this node serve anything? False for `none`.
  [[nodiscard]] virtual bool serves() const { return true; }
  // Refusals that are known without asking the data plane, with the path ("applications are not possible with nginx").
  [[nodiscard]] virtual DriverResult<> check(const json::value& configuration) const = 0;
  // What runs now, complete (short replies are read again by sub-path).
  [[nodiscard]] virtual Task<DriverResult<json::value>> read() = 0;
  // Brings up the whole configuration atomically and reads it back. When it fails, what ran before still runs.
  [[nodiscard]] virtual Task<DriverResult<>> apply(json::value configuration, GenerationId generation) = 0;
  // Is the data plane up and answering?
  [[nodiscard]] virtual Task<DriverResult<>> probe() = 0;
  // Passed through to the REST API: GET /status and what else the data plane answers by itself. Errors: fault.
  [[nodiscard]] virtual Task<DriverResult<json::value>> status() = 0;
};

}  // namespace starling
