#include "tests/interop/cpp/options.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace interop {

using namespace libp2p;

namespace {

constexpr std::array<std::pair<std::string_view, KeyType>, 4> key_types{{{"ed25519", KeyType::ed25519},
                                                                         {"secp256k1", KeyType::secp256k1},
                                                                         {"ecdsa", KeyType::ecdsa},
                                                                         {"rsa", KeyType::rsa}}};

constexpr std::array<std::pair<std::string_view, TransportKind>, 4> transports{
    {{"tcp", TransportKind::tcp},
     {"ws", TransportKind::ws},
     {"wss", TransportKind::wss},
     {"quic-v1", TransportKind::quic_v1}}};
constexpr std::array<std::pair<std::string_view, SecurityKind>, 2> securities{
    {{"noise", SecurityKind::noise}, {"tls", SecurityKind::tls}}};

// What `all` has under that name; `wanted` lists the names.
template <class List>
auto find(const List& all, std::string_view name, std::string_view wanted)
    -> Result<decltype(all.front().second)> {
  for (const auto& [known, value] : all) {
    if (known == name) return value;
  }
  return fail(Errc::invalid_argument, std::string(name) + ": " + std::string(wanted));
}

Result<> set_switch(bool& to, const std::string& value) {
  if (value != "on" && value != "off") return fail(Errc::invalid_argument, value + ": on or off");
  to = value == "on";
  return {};
}

Result<> set_text(std::string& to, const std::string& value) {
  to = value;
  return {};
}

Result<> set_only(const std::string& value, const std::string& only) {
  if (value != only) return fail(Errc::invalid_argument, value + ": only " + only);
  return {};
}

Result<> set(Options& options, const std::string& flag, const std::string& value) {
  if (flag == "--listen") {
    LIBP2P_TRY(Multiaddr address, Multiaddr::parse(value));
    options.listen.push_back(std::move(address));
    return {};
  }
  if (flag == "--transport") {
    LIBP2P_TRY(options.transport, parse_transport(value));
    return {};
  }
  if (flag == "--security") {
    LIBP2P_TRY(options.security, parse_security(value));
    return {};
  }
  if (flag == "--psk") return set_text(options.psk_file, value);
  if (flag == "--wss-cert") return set_text(options.wss_cert, value);
  if (flag == "--wss-key") return set_text(options.wss_key, value);
  if (flag == "--muxer") return set_only(value, "yamux");
  if (flag == "--early-muxer") return set_switch(options.early_muxer, value);
  if (flag == "--mdns") return set_switch(options.mdns, value);
  if (flag == "--gossip") return set_switch(options.gossip, value);
  if (flag == "--key") {
    LIBP2P_TRY(options.key, find(key_types, value, "ed25519, secp256k1, ecdsa or rsa"));
    return {};
  }
  return fail(Errc::invalid_argument, "unknown");
}

}  // namespace

Result<TransportKind> parse_transport(std::string_view name) {
  return find(transports, name, "tcp, ws, wss or quic-v1");
}

Result<SecurityKind> parse_security(std::string_view name) { return find(securities, name, "noise or tls"); }

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) {
      return fail(Errc::invalid_argument, arguments[i] + ": unknown, or its value is missing");
    }
    const Result<> done = set(options, arguments[i], arguments[i + 1]);
    if (!done) return fail_in(arguments[i], done.error());
  }
  return options;
}

}  // namespace interop
