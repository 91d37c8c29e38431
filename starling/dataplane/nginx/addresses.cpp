#include "starling/dataplane/nginx/addresses.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdint>
#include <optional>

#include "starling/dataplane/control_address.hpp"
#include "starling/dataplane/nginx/conf_text.hpp"

namespace starling {

namespace {

using Text = std::expected<std::string, std::string>;

std::optional<std::string> unix_address(std::string_view text) {
  if (!text.starts_with("unix:/") || text.size() - 5 > max_unix_path_bytes || !fits_conf(text))
    return std::nullopt;
  // nginx ends the path at a colon, and would read a "$" as a variable.
  if (text.substr(5).find_first_of(":$") != std::string_view::npos) return std::nullopt;
  return quoted(text);
}

std::optional<std::string> ip_address(std::string_view text, bool any) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::uint16_t port = 0;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string suffix = ":" + std::to_string(port);
  if (any && host == "*") return "*" + suffix;
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  boost::system::error_code ip_error;
  const auto address = boost::asio::ip::make_address(std::string(host), ip_error);
  if (ip_error || address.is_v6() != brackets || host.find('%') != std::string_view::npos)
    return std::nullopt;
  return (brackets ? "[" + address.to_string() + "]" : address.to_string()) + suffix;
}

}  // namespace

Text listen_address(std::string_view text) {
  if (auto address = unix_address(text)) return std::move(*address);
  if (auto address = ip_address(text, true)) return std::move(*address);
  if (text.starts_with("unix:@")) return std::unexpected("nginx can't listen on an abstract socket");
  return std::unexpected("The listener address \"" + std::string(text) + "\" is invalid.");
}

Text server_address(std::string_view text) {
  if (auto address = unix_address(text)) return std::move(*address);
  if (auto address = ip_address(text, false)) return std::move(*address);
  if (text.starts_with("unix:@")) return std::unexpected("nginx can't connect to an abstract socket");
  return std::unexpected("The address \"" + std::string(text) + "\" is invalid.");
}

}  // namespace starling
