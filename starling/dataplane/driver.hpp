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
    failed,       // right in form, but it could not be brought up (Unit's 500): a busy port, an application
    unreachable,  // nobody answers
    unknown,      // the reply was lost, or is of no use, and what runs could not be settled
  };
  Kind kind{};
  int status = 0;         // HTTP status of the data plane's own answer (400, 404, 500), 0 without one
  json::value body{};     // the data plane's own answer: {"error":…, "detail":…, "location":…}
  std::string message{};  // one sentence for people, naming likely causes where the data plane gives none
};

template <class T = void>
using DriverResult = std::expected<T, DataPlaneFault>;

struct DataPlaneInfo {
  std::string kind;     // "unit", "nginx", "none"
  std::string version;  // "1.35.0"; empty when unknown
  std::string where;    // the socket, address or directory, for people
};

// A driver serialises its own writes: Unit's controller crashes under concurrent ones.
class Driver {
 public:
  virtual ~Driver() = default;

  [[nodiscard]] virtual DataPlaneInfo info() const = 0;
  // Does this node serve anything? False for `none`.
  [[nodiscard]] virtual bool serves() const { return true; }
  // Refusals that are known without asking the data plane, with the path ("nginx can't run applications").
  [[nodiscard]] virtual DriverResult<> check(const json::value& configuration) const = 0;
  // What runs now, complete (short replies are read again by sub-path); {} where nothing does. A fault
  // `unknown` says that something runs which can't be told as a configuration: that is drift, too.
  [[nodiscard]] virtual Task<DriverResult<json::value>> read() = 0;
  // Brings up the whole configuration atomically and reads it back. A failure leaves what ran before.
  [[nodiscard]] virtual Task<DriverResult<>> apply(json::value configuration, GenerationId generation) = 0;
  // Can a configuration be applied now? Unit answers, or nginx is there to be started.
  [[nodiscard]] virtual Task<DriverResult<>> probe() = 0;
  // What GET /status of the REST API passes through.
  [[nodiscard]] virtual Task<DriverResult<json::value>> status() = 0;
};

}  // namespace starling
