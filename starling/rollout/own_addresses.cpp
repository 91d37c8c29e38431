#include "starling/rollout/own_addresses.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <filesystem>

namespace starling {
namespace {

constexpr std::string_view any_ipv4 = "0.0.0.0";
constexpr std::string_view any_ipv6 = "::";

bool is_ipv6(std::string_view host) { return host.find(':') != std::string_view::npos; }

}  // namespace

std::optional<OwnAddresses::Endpoint> OwnAddresses::parse(std::string_view text) {
  constexpr std::string_view unix_prefix = "unix:";
  const bool named_unix = text.starts_with(unix_prefix);
  if (named_unix) text.remove_prefix(unix_prefix.size());
  if (named_unix || text.starts_with('/'))
    return Endpoint{std::filesystem::path(text).lexically_normal().string(), {}, 0};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host == "*") host = any_ipv4;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(host, error);
  Endpoint endpoint;
  const auto [end, wrong] =
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), endpoint.port);
  if (error || wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  endpoint.host = ip.to_string();
  return endpoint;
}

bool OwnAddresses::clash(const Endpoint& a, const Endpoint& b) {
  if (!a.path.empty() || !b.path.empty()) return a.path == b.path;
  const auto is_any = [](const std::string& host) { return host == any_ipv4 || host == any_ipv6; };
  return a.port == b.port && is_ipv6(a.host) == is_ipv6(b.host) &&
         (a.host == b.host || is_any(a.host) || is_any(b.host));
}

void OwnAddresses::add(std::string_view address, std::string what) {
  if (auto endpoint = parse(address))
    own_.emplace_back(std::move(*endpoint), std::string(address), std::move(what));
}

std::optional<Invalid> OwnAddresses::taken_by(const json::value& document) const {
  const json::value* listeners = find(document, {"listeners"});
  if (!listeners || !listeners->is_object()) return std::nullopt;
  for (const auto& [name, listener] : listeners->get_object()) {
    const auto endpoint = parse(name);
    for (const Own& own : own_) {
      if (!endpoint || !clash(*endpoint, own.endpoint)) continue;
      return Invalid{{"listeners", std::string(name)},
                     "The listener would take " + own.text + ", which is " + own.what +
                         ": the node could no longer be reached there. Choose another address."};
    }
  }
  return std::nullopt;
}

}  // namespace starling
