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

Result<> refuse(const std::string& flag, const std::string& value, const std::string& wanted) {
  return fail(Errc::invalid_argument, flag + " " + value + ": " + wanted);
}

Result<> set_switch(bool& to, const std::string& flag, const std::string& value) {
  if (value != "on" && value != "off") return refuse(flag, value, "on or off");
  to = value == "on";
  return {};
}

Result<> set_only(const std::string& flag, const std::string& value, const std::string& only) {
  return value == only ? Result<>{} : refuse(flag, value, "only " + only);
}

Result<> set(Options& options, const std::string& flag, const std::string& value) {
  if (flag == "--listen") {
    LIBP2P_TRY(Multiaddr address, Multiaddr::parse(value));
    options.listen.push_back(std::move(address));
    return {};
  }
  if (flag == "--security") return set_only(flag, value, "noise");
  if (flag == "--muxer") return set_only(flag, value, "yamux");
  if (flag == "--early-muxer") return set_switch(options.early_muxer, flag, value);
  if (flag == "--mdns") return set_switch(options.mdns, flag, value);
  if (flag == "--gossip") return set_switch(options.gossip, flag, value);
  if (flag == "--key") {
    for (const auto& [name, type] : key_types) {
      if (value != name) continue;
      options.key = type;
      return {};
    }
    return refuse(flag, value, "ed25519, secp256k1, ecdsa or rsa");
  }
  return fail(Errc::invalid_argument, "unknown argument " + flag);
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) {
      return fail(Errc::invalid_argument, arguments[i] + ": unknown, or its value is missing");
    }
    LIBP2P_CHECK(set(options, arguments[i], arguments[i + 1]));
  }
  return options;
}

}  // namespace interop
