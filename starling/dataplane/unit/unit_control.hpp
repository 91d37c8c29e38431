// Unit's control API as it behaves (docs/unit.md), one request at a time as the caller asks.
#pragma once

#include <optional>
#include <string>

#include "starling/dataplane/driver.hpp"
#include "starling/dataplane/http_client.hpp"
#include "starling/dataplane/unit/pretty_prefix.hpp"

namespace starling {

struct UnitTimeouts {
  Duration read = std::chrono::seconds(15);   // of one GET
  Duration write = std::chrono::seconds(60);  // of a PUT: Unit answers once applications are up
  // How long a controller that crashed may take to be back (main starts it again in milliseconds).
  Duration settle = std::chrono::seconds(5);
};

// Owned by the driver.
class UnitControl {
 public:
  UnitControl(Env env, ControlAddress address, UnitTimeouts timeouts);

  [[nodiscard]] const ControlAddress& address() const { return address_; }
  // Of the last reply: "1.35.0".
  [[nodiscard]] const std::string& version() const { return version_; }
  // Unit's main process as the unix socket told last.
  [[nodiscard]] const std::optional<PeerProcess>& peer() const { return peer_; }

  [[nodiscard]] Task<std::expected<HttpReply, HttpFault>> get(std::string path);
  [[nodiscard]] Task<std::expected<HttpReply, HttpFault>> put_config(std::string body);
  // The whole of what `path` answers, parsed. A short reply is an error here.
  [[nodiscard]] Task<DriverResult<json::value>> get_json(std::string path);
  // /config, complete. Where a reply is cut it is read again by sub-path; `hint` may name members that the
  // cut hides.
  [[nodiscard]] Task<DriverResult<json::value>> read_config(const json::value& hint);
  // Returns once no write is under way in Unit any more: GET /status waits for them there. False when there
  // is no answer until timeouts.settle.
  [[nodiscard]] Task<bool> settle();

  [[nodiscard]] DataPlaneFault describe(const HttpFault& fault) const;

 private:
  [[nodiscard]] Task<std::expected<HttpReply, HttpFault>> request(ControlRequest request, Duration limit);
  [[nodiscard]] Task<DriverResult<std::optional<Piece>>> fetch(Path path, const json::value* hint);
  [[nodiscard]] Task<DriverResult<std::optional<Piece>>> fetch_parts(Path path, HttpReply reply,
                                                                     const json::value* hint);
  [[nodiscard]] Task<DriverResult<>> fetch_rest(Path path, std::vector<std::string> keys,
                                                const json::value* hint, PieceBuilder& into);
  [[nodiscard]] Task<DriverResult<>> fetch_elements(Path path, PieceBuilder& into);

  Env env_;
  ControlAddress address_;
  UnitTimeouts timeouts_;
  std::string version_;
  std::optional<PeerProcess> peer_;
};

}  // namespace starling
