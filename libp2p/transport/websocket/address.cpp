#include "libp2p/transport/websocket/address.hpp"

#include <span>

namespace libp2p::websocket {
namespace {

constexpr std::uint16_t plain_port = 80;
constexpr std::uint16_t secure_port = 443;

using Parts = std::span<const AddrComponent>;

bool starts_with(Parts parts, AddrProtocol protocol) noexcept {
  return !parts.empty() && parts.front().protocol == protocol;
}

// Takes the first component, if it is of that protocol.
const AddrComponent* take(Parts& parts, AddrProtocol protocol) noexcept {
  if (!starts_with(parts, protocol)) return nullptr;
  const AddrComponent* first = &parts.front();
  parts = parts.subspan(1);
  return first;
}

struct Split {
  Parts host;
  const AddrComponent* port = nullptr;
  const AddrComponent* name = nullptr;
  const AddrComponent* path = nullptr;
  bool secure = false;
};

// /ws, /wss, /tls/ws or /tls/sni/…/ws.
bool take_scheme(Parts& parts, Split& split) noexcept {
  if (take(parts, AddrProtocol::wss) != nullptr) {
    split.secure = true;
    return true;
  }
  if (take(parts, AddrProtocol::tls) != nullptr) {
    split.secure = true;
    split.name = take(parts, AddrProtocol::sni);
  }
  return take(parts, AddrProtocol::ws) != nullptr;
}

std::optional<Split> split(const Multiaddr& address) noexcept {
  const Parts all(address.components());
  Parts parts = all;
  const bool zone = take(parts, AddrProtocol::ip6zone) != nullptr;
  const bool ip4 = !zone && take(parts, AddrProtocol::ip4) != nullptr;
  if (!ip4 && take(parts, AddrProtocol::ip6) == nullptr) return std::nullopt;
  Split split;
  split.host = all.first(all.size() - parts.size());
  split.port = take(parts, AddrProtocol::tcp);
  if (!take_scheme(parts, split)) return std::nullopt;
  split.path = take(parts, AddrProtocol::http_path);
  take(parts, AddrProtocol::p2p);
  return parts.empty() ? std::optional(split) : std::nullopt;
}

// The path of a URL: what could end it, or the request, comes out encoded.
std::string target_of(const AddrComponent& path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain = "-._~/";
  std::string target = "/";
  for (const std::uint8_t byte : path.value) {
    const char c = static_cast<char>(byte);
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || plain.contains(c)) {
      if (c != '/' || target.size() > 1) target.push_back(c);
    } else {
      target.push_back('%');
      target.push_back(digits[byte >> 4]);
      target.push_back(digits[byte & 15]);
    }
  }
  return target;
}

std::string text_of(Parts parts) {
  std::string text;
  for (const AddrComponent& part : parts) {
    switch (part.protocol) {
      case AddrProtocol::ip6zone:
        text += "/ip6zone/";
        break;
      case AddrProtocol::ip4:
        text += "/ip4/";
        break;
      default:
        text += "/ip6/";
    }
    text += part.value_text();
  }
  return text;
}

}  // namespace

std::string Address::host() const {
  if (!server_name.empty()) return server_name;
  const AddrComponent* v6 = tcp.find(AddrProtocol::ip6);
  return (v6 != nullptr ? v6 : tcp.find(AddrProtocol::ip4))->value_text();
}

std::string Address::authority() const {
  const bool v6 = server_name.empty() && tcp.has(AddrProtocol::ip6);
  const std::string name = v6 ? "[" + host() + "]" : host();
  const std::uint16_t port = *tcp.port();
  return port == (secure ? secure_port : plain_port) ? name : name + ":" + std::to_string(port);
}

bool is_address(const Multiaddr& address) { return split(address).has_value(); }

Result<Address> parse_address(const Multiaddr& address) {
  const auto parts = split(address);
  if (!parts) return fail(Errc::invalid_argument, "not a WebSocket address: " + address.to_string());
  Address parsed;
  parsed.secure = parts->secure;
  if (parts->name != nullptr) parsed.server_name = parts->name->value_text();
  if (parts->path != nullptr) parsed.target = target_of(*parts->path);
  const std::string port = parts->port != nullptr ? parts->port->value_text()
                                                  : std::to_string(parts->secure ? secure_port : plain_port);
  LIBP2P_TRY(parsed.tcp, Multiaddr::parse(text_of(parts->host) + "/tcp/" + port));
  const std::string name = parsed.server_name.empty() ? "" : "/sni/" + parsed.server_name;
  LIBP2P_TRY(parsed.suffix, Multiaddr::parse(parsed.secure ? "/tls" + name + "/ws" : "/ws"));
  LIBP2P_TRY(parsed.scheme, Multiaddr::parse(parsed.secure ? "/tls/ws" : "/ws"));
  return parsed;
}

Multiaddr join(const Multiaddr& base, const Multiaddr& suffix) {
  Bytes bytes = base.bytes();
  append(bytes, suffix.bytes());
  // Both are short and well formed, and neither has a relay in it.
  return Multiaddr::from_bytes(bytes).value_or(base);
}

}  // namespace libp2p::websocket
