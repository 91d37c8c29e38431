#include "tests/interop/cpp/harness_settings.hpp"

#include <charconv>
#include <chrono>

namespace interop {

using namespace libp2p;

namespace {

// What each dialect calls the same thing.
struct Names {
  std::string dialer, redis, transport, security, muxer, ip, timeout;
};
const Names& names_of(Dialect dialect) {
  static const Names test_plans{"is_dialer", "redis_addr", "transport",           "security",
                                "muxer",     "ip",         "test_timeout_seconds"};
  static const Names unified{"IS_DIALER", "REDIS_ADDR",  "TRANSPORT",           "SECURE_CHANNEL",
                             "MUXER",     "LISTENER_IP", "TEST_TIMEOUT_SECONDS"};
  return dialect == Dialect::unified ? unified : test_plans;
}

constexpr std::uint64_t default_timeout_s = 180;
constexpr std::uint64_t most_timeout_s = 3600;

Result<bool> parse_bool(const std::string& name, const std::string& value) {
  if (value != "true" && value != "false") {
    return fail(Errc::invalid_argument, name + "=" + printable(value) + ": true or false");
  }
  return value == "true";
}

Result<Duration> parse_timeout(const std::string& name, const std::optional<std::string>& value) {
  if (!value || value->empty()) return std::chrono::seconds(default_timeout_s);
  std::uint64_t seconds = 0;
  const char* end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, seconds);
  if (error != std::errc() || stop != end || seconds == 0 || seconds > most_timeout_s) {
    return fail(Errc::invalid_argument, name + "=" + printable(*value) + ": seconds, an hour at most");
  }
  return std::chrono::seconds(seconds);
}

Result<Multiaddr> listen_address(const std::string& ip, TransportKind transport) {
  const std::string host = (ip.find(':') == std::string::npos ? "/ip4/" : "/ip6/") + ip;
  switch (transport) {
    case TransportKind::tcp:
      return Multiaddr::parse(host + "/tcp/0");
    case TransportKind::ws:
      return Multiaddr::parse(host + "/tcp/0/ws");
    case TransportKind::wss:
      return Multiaddr::parse(host + "/tcp/0/tls/ws");
    case TransportKind::quic_v1:
      return Multiaddr::parse(host + "/udp/0/quic-v1");
  }
  return fail(Errc::invalid_argument, "no such transport");
}

// QUIC brings both itself, so the harnesses leave them out.
Result<> read_upgrade(const Environment& environment, const Names& names, Options& options) {
  if (options.transport == TransportKind::quic_v1) return {};
  const std::string muxer = environment(names.muxer).value_or("");
  if (muxer != "yamux")
    return fail(Errc::not_supported, names.muxer + "=" + printable(muxer) + ": only yamux");
  const auto security = parse_security(environment(names.security).value_or(""));
  if (!security) return fail_in(names.security, security.error());
  options.security = *security;
  return {};
}

}  // namespace

Result<HarnessSettings> read_harness_settings(const Environment& environment) {
  HarnessSettings settings;
  if (environment("IS_DIALER")) settings.dialect = Dialect::unified;
  const Names& names = names_of(settings.dialect);
  LIBP2P_TRY(settings.dialer, parse_bool(names.dialer, environment(names.dialer).value_or("")));
  const auto transport = parse_transport(environment(names.transport).value_or(""));
  if (!transport) return fail_in(names.transport, transport.error());
  settings.options.transport = *transport;
  LIBP2P_CHECK(read_upgrade(environment, names, settings.options));
  LIBP2P_TRY(settings.timeout, parse_timeout(names.timeout, environment(names.timeout)));

  settings.redis_address = environment(names.redis).value_or("redis:6379");
  settings.key = "listenerAddr";
  if (settings.dialect == Dialect::unified) {
    const std::string test = environment("TEST_KEY").value_or("");
    if (test.empty()) return fail(Errc::invalid_argument, "TEST_KEY: missing");
    settings.key = test + "_listener_multiaddr";
  }
  if (!settings.dialer) {
    const std::string ip = environment(names.ip).value_or("0.0.0.0");
    const auto address = listen_address(ip, *transport);
    if (!address) return fail_in(names.ip, address.error());
    settings.options.listen.push_back(*address);
  }
  return settings;
}

}  // namespace interop
