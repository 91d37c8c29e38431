#include "starling/dataplane/unit/unit_control.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "libp2p/base/notifier.hpp"

namespace starling {

using Reply = std::expected<HttpReply, HttpFault>;

namespace {

// What Unit holds may be larger than what Starling would accept; it is read all the same.
constexpr JsonLimits echo_limits{
    .max_bytes = max_reply_body_bytes, .max_depth = 200, .max_members = 10'000'000, .max_number_chars = 64};

// Members that /config may have in Unit 1.35 and FreeUnit 1.36.
constexpr std::array known_members{"listeners", "routes",   "applications",
                                   "upstreams", "settings", "access_log"};

std::string config_path(const Path& path) { return path.empty() ? "/config" : "/config" + to_url_path(path); }

std::unexpected<DataPlaneFault> unusable(std::string message) {
  return std::unexpected(
      DataPlaneFault{.kind = DataPlaneFault::Kind::unknown, .message = std::move(message)});
}

std::unexpected<DataPlaneFault> not_json(const std::string& path, const JsonError& error) {
  return unusable("what Unit answers at " + path + " can't be read (offset " + std::to_string(error.offset) +
                  "): " + error.message);
}

std::unexpected<DataPlaneFault> cut_short(const std::string& path, const HttpReply& reply) {
  return unusable(
      "Unit cut its answer at " + path + " after " + std::to_string(reply.body.size()) + " of " +
      std::to_string(reply.content_length) +
      " bytes, as it does beyond its socket's send buffer, and the parts read one by one don't make up "
      "the whole. Raising net.core.wmem_default before Unit starts helps");
}

}  // namespace

UnitControl::UnitControl(Env env, ControlAddress address, UnitTimeouts timeouts)
    : env_(env), address_(std::move(address)), timeouts_(timeouts) {}

Task<Reply> UnitControl::request(ControlRequest request, Duration limit) {
  auto reply = co_await exchange(env_, address_, std::move(request), limit);
  if (reply && reply->server.starts_with("Unit/")) version_ = reply->server.substr(5);
  peer_ = reply ? reply->peer : reply.error().peer;
  co_return reply;
}

Task<Reply> UnitControl::get(std::string path) {
  co_return co_await request({.method = "GET", .path = std::move(path), .body = ""}, timeouts_.read);
}

Task<Reply> UnitControl::put_config(std::string body) {
  co_return co_await request({.method = "PUT", .path = "/config", .body = std::move(body)}, timeouts_.write);
}

Task<DriverResult<json::value>> UnitControl::get_json(std::string path) {
  const Reply reply = co_await get(path);
  if (!reply) co_return std::unexpected(describe(reply.error()));
  if (!reply->complete()) co_return cut_short(path, *reply);
  auto value = parse_json(reply->body, echo_limits);
  if (!value) co_return not_json(path, value.error());
  if (reply->status == 200) co_return std::move(*value);
  DataPlaneFault fault{
      .kind = DataPlaneFault::Kind::refused, .status = reply->status, .body = std::move(*value)};
  fault.message = "Unit answered GET " + path + " with " + std::to_string(reply->status);
  co_return std::unexpected(std::move(fault));
}

Task<bool> UnitControl::settle() {
  const auto deadline = env_.now() + timeouts_.settle;
  for (;;) {
    const Reply reply = co_await request({.method = "GET", .path = "/status", .body = ""}, timeouts_.write);
    if (reply) co_return true;
    if (env_.now() >= deadline) co_return false;
    co_await libp2p::sleep_for(env_, std::chrono::milliseconds(20));
  }
}

DataPlaneFault UnitControl::describe(const HttpFault& fault) const {
  DataPlaneFault described{.kind = DataPlaneFault::Kind::unreachable};
  const std::string where = address_.to_string();
  const std::optional<PeerProcess>& peer = fault.peer;
  switch (fault.kind) {
    case HttpFault::Kind::unreachable:
      described.message = "no Unit answers at " + where + " (" + fault.message + ")";
      if (address_.is_unix())
        described.message += ": is it running, and may this user open its control socket?";
      break;
    case HttpFault::Kind::silent:
      described.message = "Unit at " + where + " closed the connection without an answer";
      if (peer && ::geteuid() != 0 && ::geteuid() != peer->uid) {
        described.message += ": FreeUnit's control socket admits only root and its own user (uid " +
                             std::to_string(peer->uid) + "), and this daemon runs as uid " +
                             std::to_string(::geteuid());
      }
      break;
    case HttpFault::Kind::timeout:
      described.message = "Unit at " + where + " did not answer in time";
      break;
    case HttpFault::Kind::unusable:
      described.kind = DataPlaneFault::Kind::unknown;
      described.message = "what answers at " + where + " is not Unit's control API: " + fault.message;
      break;
  }
  return described;
}

Task<DriverResult<json::value>> UnitControl::read_config(const json::value& hint) {
  constexpr int attempts = 3;  // somebody may write while the parts are read
  for (int attempt = 1;; ++attempt) {
    auto piece = co_await fetch({}, &hint);
    if (piece && *piece) co_return std::move((*piece)->value);
    if (piece) co_return unusable("Unit has no /config");
    if (piece.error().kind != DataPlaneFault::Kind::unknown || attempt == attempts) {
      co_return std::unexpected(std::move(piece.error()));
    }
  }
}

// Nothing when there is no such value.
Task<DriverResult<std::optional<Piece>>> UnitControl::fetch(Path path, const json::value* hint) {
  const std::string url = config_path(path);
  Reply reply = co_await get(url);
  if (!reply) co_return std::unexpected(describe(reply.error()));
  if (reply->status == 404) co_return std::nullopt;
  if (reply->status != 200) {
    co_return unusable("Unit answered GET " + url + " with " + std::to_string(reply->status));
  }
  if (!reply->complete()) co_return co_await fetch_parts(std::move(path), std::move(*reply), hint);
  auto piece = parse_piece(reply->body, echo_limits);
  if (!piece) co_return not_json(url, piece.error());
  co_return std::move(*piece);
}

Task<DriverResult<std::optional<Piece>>> UnitControl::fetch_parts(Path path, HttpReply reply,
                                                                  const json::value* hint) {
  const std::string url = config_path(path);
  const auto prefix = scan_prefix(reply.body);
  if (!prefix) co_return cut_short(url, reply);  // a single string of that size
  PieceBuilder whole(prefix->object);
  std::vector<std::string> missing;
  std::set<std::string, std::less<>> seen;
  for (const PrettyPrefix::Member& member : prefix->members) {
    seen.insert(member.key);
    if (member.value.empty()) {
      missing.push_back(member.key);
      continue;
    }
    auto piece = parse_member(member.value, echo_limits);
    if (!piece) co_return not_json(url, piece.error());
    whole.add(member.key, std::move(*piece));
  }
  if (prefix->object) {
    const auto also = [&](std::string_view key) {
      if (seen.emplace(key).second) missing.emplace_back(key);
    };
    if (path.empty()) std::ranges::for_each(known_members, also);
    if (hint != nullptr && hint->is_object()) {
      for (const auto& member : hint->get_object()) also(member.key());
    }
    auto rest = co_await fetch_rest(path, std::move(missing), hint, whole);
    if (!rest) co_return std::unexpected(std::move(rest.error()));
  } else {
    auto rest = co_await fetch_elements(path, whole);
    if (!rest) co_return std::unexpected(std::move(rest.error()));
  }
  const std::size_t bytes = reply.content_length - std::string_view("\r\n").size();
  if (reply.content_length < 2 || !whole.adds_up_to(bytes)) co_return cut_short(url, reply);
  co_return std::move(whole).finish(bytes);
}

Task<DriverResult<>> UnitControl::fetch_rest(Path path, std::vector<std::string> keys,
                                             const json::value* hint, PieceBuilder& into) {
  const json::object* hints = hint != nullptr ? hint->if_object() : nullptr;
  for (const std::string& key : keys) {
    Path below = path;
    below.push_back(key);
    auto piece = co_await fetch(std::move(below), hints != nullptr ? hints->if_contains(key) : nullptr);
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    if (*piece) into.add(key, std::move(**piece));
  }
  co_return DriverResult<>{};
}

Task<DriverResult<>> UnitControl::fetch_elements(Path path, PieceBuilder& into) {
  for (;;) {
    Path below = path;
    below.push_back(std::to_string(into.size()));
    auto piece = co_await fetch(std::move(below), nullptr);
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    if (!*piece) co_return DriverResult<>{};
    into.add({}, std::move(**piece));
  }
}

}  // namespace starling
