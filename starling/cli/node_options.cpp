#include "starling/cli/node_options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <tuple>

#include "libp2p/swarm/transport_kind.hpp"
#include "libp2p/transport/interfaces.hpp"
#include "starling/api/http_server.hpp"
#include "starling/charter/charter_records.hpp"
#include "starling/cli/command.hpp"
#include "starling/dataplane/spec.hpp"

namespace starling {
namespace {

// The machine's own name, made into one that a node can have.
std::string machine_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "node";
  std::string name(host.data());
  for (char& c : name) {
    if (!check_name(std::string(1, c))) c = '-';
  }
  name.resize(std::min(name.size(), max_name_bytes));
  return name.empty() ? "node" : name;
}

}  // namespace

void NodeArguments::add_options(CLI::App& command) {
  state = default_state();
  command.add_option("--state", state, "folder for the node's keys, log and settings")->capture_default_str();
  command.add_option("--name", name, "the node's name in the fleet (default: the machine's)");
  command.add_option("--listen", listen,
                     "where to listen, as a multiaddr; may be repeated (default: port 7117 on all)");
  command.add_option("--api", api,
                     "where the API listens: unix:PATH or HOST:PORT, loopback only; may be repeated");
  command.add_option("--data-plane", data_plane, "unit:PATH, unit:HOST:PORT, nginx:DIR or none")
      ->capture_default_str();
  command.add_flag("--take-fleet", take_fleet,
                   "the fleet's configuration replaces what the data plane runs now");
}

Result<std::vector<Multiaddr>> NodeArguments::listen_addresses(bool private_network) const {
  std::vector<std::string> texts = listen;
  if (texts.empty()) {
    texts = {"/ip4/0.0.0.0/tcp/7117", "/ip6/::/tcp/7117"};
    if (!private_network) {
      texts.insert(texts.end(), {"/ip4/0.0.0.0/udp/7117/quic-v1", "/ip6/::/udp/7117/quic-v1"});
    }
  }
  std::vector<Multiaddr> addresses;
  for (const std::string& text : texts) {
    auto address = Multiaddr::parse(text);
    if (!address)
      return fail(Errc::invalid_argument,
                  "--listen " + libp2p::printable(text) + ": " + address.error().message);
    if (private_network && address->has(libp2p::AddrProtocol::quic_v1)) {
      return fail(Errc::invalid_argument,
                  "--listen " + libp2p::printable(text) +
                      ": there is no QUIC in a private network, since its key can't protect it; TCP and "
                      "WebSocket can be listened for");
    }
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

Result<NodeConfig> NodeArguments::config(bool private_network) const {
  NodeConfig config;
  config.private_network = private_network;
  config.name = name.empty() ? machine_name() : name;
  LIBP2P_CHECK(check_name(config.name));
  LIBP2P_TRY(config.listen, listen_addresses(private_network));
  const std::filesystem::path folder = std::filesystem::absolute(state);
  config.api = api;
  if (config.api.empty()) config.api = {"unix:" + (folder / "api.sock").string()};
  for (const std::string& text : config.api) LIBP2P_CHECK(HttpAddress::parse(text));
  LIBP2P_TRY(const DataPlaneSpec spec, DataPlaneSpec::parse(data_plane));
  config.data_plane = spec.absolute(std::filesystem::current_path().string()).to_string();
  config.take_fleet = take_fleet;
  return config;
}

Result<NewNode> create_node(const StateDir& state, const NodeConfig& config, libp2p::Random& random) {
  LIBP2P_CHECK(state.create());
  NewNode node;
  LIBP2P_TRY(node.identity, PrivateKey::generate(libp2p::KeyType::ed25519, random));
  node.encryption = X25519KeyPair::generate(random);
  LIBP2P_CHECK(state.save_identity(node.identity));
  LIBP2P_CHECK(state.save_encryption_key(node.encryption));
  LIBP2P_CHECK(state.save_config(config));
  return node;
}

std::vector<Multiaddr> reachable_addresses(const std::vector<Multiaddr>& listen) {
  const libp2p::SystemInterfaces interfaces;
  std::vector<Multiaddr> addresses = libp2p::expand_unspecified(listen, interfaces);
  std::erase_if(addresses, [](const Multiaddr& address) { return address.port().value_or(0) == 0; });
  const auto rank = [](const Multiaddr& address) {
    const libp2p::AddrComponent& host = address.components().front();
    return std::tuple(address.is_loopback(), host.protocol, libp2p::to_bytes(host.value),
                      libp2p::transport_kind(address) != libp2p::TransportKind::tcp, address);
  };
  std::ranges::sort(addresses, {}, rank);
  if (addresses.size() > JoinToken::max_addresses) addresses.resize(JoinToken::max_addresses);
  return addresses;
}

}  // namespace starling
