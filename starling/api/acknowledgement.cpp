#include "starling/api/acknowledgement.hpp"

#include <algorithm>
#include <charconv>

namespace starling {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "30s", "500ms", "2m", or seconds alone; at most an hour.
std::optional<Duration> duration(std::string_view text) {
  const std::size_t unit_at = text.find_first_not_of("0123456789");
  const auto count = number(text.substr(0, unit_at));
  const std::string_view unit = unit_at == std::string_view::npos ? "s" : text.substr(unit_at);
  if (!count || *count > 3'600'000) return std::nullopt;
  const auto n = static_cast<std::int64_t>(*count);
  Duration result{};
  if (unit == "ms") {
    result = std::chrono::milliseconds(n);
  } else if (unit == "s") {
    result = std::chrono::seconds(n);
  } else if (unit == "m") {
    result = std::chrono::minutes(n);
  } else {
    return std::nullopt;
  }
  if (result > std::chrono::hours(1)) return std::nullopt;
  return result;
}

// Wakes a waiting request whenever a status has come or this node's own has changed.
class StatusWatch final : private StatusListener {
 public:
  explicit StatusWatch(ApiContext& context) : context_(context), changed_(context.env.executor) {
    context_.sync.add_listener(*this);
  }
  StatusWatch(const StatusWatch&) = delete;
  StatusWatch& operator=(const StatusWatch&) = delete;
  ~StatusWatch() override { context_.sync.remove_listener(*this); }

  Task<bool> wait_until(libp2p::Instant deadline) {
    co_return co_await changed_.wait_until(context_.env, deadline);
  }

 private:
  void on_status(const PeerId&) override { changed_.notify_all(); }
  ApiContext& context_;
  libp2p::Notifier changed_;
};

bool is_met(const ApiContext& context, const Acknowledgement& wanted, const RecordId& change,
            const std::set<PeerId>& members) {
  if (wanted.kind == Acknowledgement::Kind::applied_all) {
    return std::ranges::all_of(members,
                               [&](const PeerId& node) { return runs_change(context, node, change); });
  }
  const auto holders =
      std::ranges::count_if(members, [&](const PeerId& node) { return context.sync.holds(node, change); });
  return static_cast<std::size_t>(holders) >= wanted.copies;
}

}  // namespace

Result<Acknowledgement> Acknowledgement::parse(const HttpRequest& request) {
  Acknowledgement wanted;
  if (const auto ack = request.query.find("ack"); ack != request.query.end()) {
    const std::string_view text = ack->second;
    const auto copies = text.starts_with("replicated:") ? number(text.substr(11)) : std::nullopt;
    if (text == "applied:all") {
      wanted.kind = Kind::applied_all;
    } else if (copies && *copies >= 1 && *copies <= 10'000) {
      wanted.kind = Kind::replicated;
      wanted.copies = static_cast<std::size_t>(*copies);
    } else if (text != "local") {
      return fail(Errc::invalid_argument,
                  "ack is local, replicated:K or applied:all, not " + libp2p::printable(text));
    }
  }
  if (const auto timeout = request.query.find("timeout"); timeout != request.query.end()) {
    const auto parsed = duration(timeout->second);
    if (!parsed) {
      return fail(Errc::invalid_argument,
                  "timeout is a number of seconds, or 500ms, 30s, 2m; at most 1 h; not " +
                      libp2p::printable(timeout->second));
    }
    wanted.timeout = *parsed;
  }
  return wanted;
}

bool runs_change(const ApiContext& context, const PeerId& node, const RecordId& change) {
  const SeenStatus* seen = context.sync.board().find(node);
  const Status* status =
      node == context.fleet.node() ? &context.sync.local_status() : (seen ? &seen->status : nullptr);
  if (!status || !status->fact(FactKind::applied)) return false;
  return std::ranges::any_of(status->fact(FactKind::applied)->heads, [&](const RecordId& head) {
    return head == change || context.fleet.log().happened_before(change, head);
  });
}

Task<bool> wait_acknowledged(ApiContext& context, Acknowledgement wanted, RecordId change) {
  if (wanted.kind == Acknowledgement::Kind::local) co_return true;
  // Those who were members when it was accepted: who joins later starts with it.
  std::set<PeerId> members;
  for (const auto& [peer, member] : context.fleet.charter().members()) members.insert(peer);
  StatusWatch watch(context);
  const libp2p::Instant deadline = context.env.now() + wanted.timeout;
  while (!is_met(context, wanted, change, members)) {
    if (!co_await watch.wait_until(deadline) && context.env.now() >= deadline) {
      co_return is_met(context, wanted, change, members);
    }
  }
  co_return true;
}

}  // namespace starling
