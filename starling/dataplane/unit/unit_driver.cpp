#include "starling/dataplane/unit/unit_driver.hpp"

#include "libp2p/base/blocking.hpp"

namespace starling {

namespace {

constexpr std::size_t most_alerts = 3;

std::string text_member(const json::value& body, std::string_view key) {
  const json::object* object = body.if_object();
  const json::value* value = object != nullptr ? object->if_contains(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

DataPlaneFault refusal(int status, json::value body) {
  DataPlaneFault fault{.kind = DataPlaneFault::Kind::refused, .status = status};
  fault.message = "Unit refuses the configuration: " + text_member(body, "error");
  if (const std::string detail = text_member(body, "detail"); !detail.empty()) fault.message += " " + detail;
  fault.body = std::move(body);
  return fault;
}

// A 500 has no reason in its body.
DataPlaneFault failure(int status, json::value body, const std::vector<std::string>& alerts) {
  DataPlaneFault fault{.kind = DataPlaneFault::Kind::failed, .status = status};
  fault.message = "Unit could not bring the configuration up: " + text_member(body, "error");
  if (alerts.empty()) {
    fault.message +=
        " Likely a port that is busy, an address that is not this host's, an application that can't start, "
        "or a "
        "file that can't be written; Unit's log has the reason";
  } else {
    fault.message += " Its log says:";
    for (const std::string& alert : alerts) fault.message += " " + alert;
  }
  fault.body = std::move(body);
  return fault;
}

}  // namespace

UnitDriver::UnitDriver(Env env, ControlAddress address, UnitTimeouts timeouts)
    : env_(env),
      control_(env, std::move(address), timeouts),
      writers_(env.executor),
      last_applied_(std::make_shared<json::value>(empty_document())) {}

DataPlaneInfo UnitDriver::info() const {
  return {.kind = "unit", .version = control_.version(), .where = control_.address().to_string()};
}

DriverResult<> UnitDriver::check(const json::value&) const { return {}; }

Task<DriverResult<json::value>> UnitDriver::read() {
  const auto hint = last_applied_;  // a write may replace it meanwhile
  co_return co_await control_.read_config(*hint);
}

Task<DriverResult<>> UnitDriver::probe() {
  // A small answer that never waits for a write: there is nothing at /control itself.
  const auto reply = co_await control_.get("/control");
  if (!reply) co_return std::unexpected(control_.describe(reply.error()));
  if (reply->server.starts_with("Unit/")) co_return DriverResult<>{};
  co_return std::unexpected(
      DataPlaneFault{.kind = DataPlaneFault::Kind::unreachable,
                     .message = "what answers at " + control_.address().to_string() + " is not Unit"});
}

Task<DriverResult<json::value>> UnitDriver::status() { co_return co_await control_.get_json("/status"); }

Task<DriverResult<bool>> UnitDriver::runs(const json::value& configuration) {
  auto now = co_await control_.read_config(configuration);
  if (!now) co_return std::unexpected(std::move(now.error()));
  co_return same_json(*now, configuration);
}

Task<DriverResult<>> UnitDriver::judge(HttpReply reply, std::optional<LogMark> log) {
  if (reply.status == 200) co_return DriverResult<>{};
  auto body = parse_json(reply.body);
  json::value answer = body ? std::move(*body) : json::value(json::object{});
  if (reply.status < 500) co_return std::unexpected(refusal(reply.status, std::move(answer)));
  std::vector<std::string> alerts;
  if (log) {
    alerts = co_await libp2p::run_blocking(
        env_, [mark = std::move(*log)] { return alerts_since(mark, most_alerts); });
  }
  co_return std::unexpected(failure(reply.status, std::move(answer), alerts));
}

// One PUT. A fault of kind unknown means that it may have been applied.
Task<DriverResult<>> UnitDriver::put_once(std::string body) {
  if (unsettled_ && !co_await control_.settle()) {
    co_return std::unexpected(
        DataPlaneFault{.kind = DataPlaneFault::Kind::unreachable,
                       .message = "Unit at " + control_.address().to_string() +
                                  " has not answered since a write that it did not confirm"});
  }
  // Nothing is sent where nobody answers; and whose log will have the reason of a failure is known.
  auto up = co_await probe();
  if (!up) co_return up;
  std::optional<LogMark> log;
  if (const auto peer = control_.peer()) {
    log = co_await libp2p::run_blocking(env_, [pid = peer->pid] { return mark_log_of(pid); });
  }
  unsettled_ = true;
  auto reply = co_await control_.put_config(std::move(body));
  if (reply) {
    unsettled_ = false;
    co_return co_await judge(std::move(*reply), std::move(log));
  }
  DataPlaneFault fault = control_.describe(reply.error());
  if (reply.error().kind == HttpFault::Kind::unreachable) {
    unsettled_ = false;
  } else {
    fault.kind = DataPlaneFault::Kind::unknown;
  }
  co_return std::unexpected(std::move(fault));
}

Task<DriverResult<>> UnitDriver::apply(json::value configuration, GenerationId) {
  constexpr int attempts = 3;
  const auto turn = co_await writers_.take();
  const std::string body = canonical_json(configuration);
  for (int attempt = 1;; ++attempt) {
    auto put = co_await put_once(body);
    const bool unknown = !put && put.error().kind == DataPlaneFault::Kind::unknown;
    if (!put && !unknown) co_return put;
    // Read back before anything else: an unanswered write may have been applied, and an answered one
    // overwritten.
    if (unknown && !co_await control_.settle()) co_return put;
    if (unknown) unsettled_ = false;
    auto same = co_await runs(configuration);
    if (!same) {
      same.error().kind = DataPlaneFault::Kind::unknown;
      co_return std::unexpected(std::move(same.error()));
    }
    if (*same) {
      last_applied_ = std::make_shared<json::value>(std::move(configuration));
      co_return DriverResult<>{};
    }
    if (attempt < attempts) continue;
    if (unknown) {
      put.error().kind = DataPlaneFault::Kind::failed;
      put.error().message += "; it does so each time, and what ran before still runs";
      co_return put;
    }
    co_return std::unexpected(DataPlaneFault{
        .kind = DataPlaneFault::Kind::unknown,
        .message = "Unit took the configuration and runs another one: something else writes to it, too"});
  }
}

}  // namespace starling
