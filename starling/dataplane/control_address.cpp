#include "starling/dataplane/control_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace starling {

namespace {

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return fail(Errc::invalid_argument, "'" + std::string(text) + "' is not a port (1 to 65535)");
  }
  return port;
}

}  // namespace

std::string ControlAddress::to_string() const {
  if (is_unix()) return path;
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ControlAddress> ControlAddress::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return fail(Errc::invalid_argument, "an address with a NUL");
  if (text.find('/') != std::string_view::npos) {
    if (text.size() > max_unix_path_bytes) {
      return fail(Errc::invalid_argument, "the path of a unix socket has at most " +
                                              std::to_string(max_unix_path_bytes) + " bytes, not " +
                                              std::to_string(text.size()));
    }
    return ControlAddress{.path = std::string(text)};
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(Errc::invalid_argument,
                "'" + std::string(text) + "' is neither a path (with a slash) nor HOST:PORT");
  }
  std::string_view host = text.substr(0, colon);
  LIBP2P_TRY(const std::uint16_t port, parse_port(text.substr(colon + 1)));
  if (host == "localhost") host = "127.0.0.1";
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error || address.is_v6() != brackets) {
    return fail(
        Errc::invalid_argument,
        "'" + std::string(text) + "': HOST is an IPv4 address, an IPv6 address in brackets, or localhost");
  }
  return ControlAddress{.host = address.to_string(), .port = port};
}

}  // namespace starling
