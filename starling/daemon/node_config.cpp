#include "starling/daemon/node_config.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "starling/daemon/own_address.hpp"

namespace starling {
namespace {

constexpr std::array known_keys{"fleet",         "name",
                                "listen",        "api",
                                "drift",         "security",
                                "data_plane",    "take_fleet",
                                "limits",        "websocket_certificate",
                                "websocket_key", "private_network",
                                "address"};

std::unexpected<Error> wrong(std::string_view key, std::string_view what) {
  return fail(Errc::parse, "config.toml: \"" + libp2p::printable(key) + "\" " + std::string(what));
}

// A key that is mistyped would otherwise be one that is silently without effect.
Result<> check_keys(const toml::table& table) {
  for (const auto& [key, value] : table) {
    if (std::ranges::find(known_keys, key.str()) == known_keys.end())
      return wrong(key.str(), "is no key of it");
  }
  return {};
}

Result<std::string> text_member(const toml::table& table, std::string_view key) {
  const auto value = table[key].value<std::string>();
  if (!value) return wrong(key, "is missing or no text");
  return *value;
}

Result<std::string> text_or(const toml::table& table, std::string_view key, std::string otherwise) {
  return table.contains(key) ? text_member(table, key) : otherwise;
}

Result<bool> flag_or_false(const toml::table& table, std::string_view key) {
  if (!table.contains(key)) return false;
  const auto value = table[key].value_exact<bool>();
  if (!value) return wrong(key, "is true or false");
  return *value;
}

Result<std::vector<std::string>> list_member(const toml::table& table, std::string_view key) {
  std::vector<std::string> list;
  const toml::array* array = table[key].as_array();
  if (!array) return wrong(key, "is missing or no list");
  for (const auto& item : *array) {
    const auto text = item.value<std::string>();
    if (!text) return wrong(key, "holds something that is no text");
    list.push_back(*text);
  }
  return list;
}

Result<std::vector<Multiaddr>> listen_member(const toml::table& table) {
  LIBP2P_TRY(const std::vector<std::string> texts, list_member(table, "listen"));
  std::vector<Multiaddr> addresses;
  for (const std::string& text : texts) {
    auto address = Multiaddr::parse(text);
    if (!address) return libp2p::fail_in("config.toml: listen", address.error());
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

Result<std::vector<std::string>> security_member(const toml::table& table) {
  if (!table.contains("security")) return std::vector<std::string>();
  LIBP2P_TRY(std::vector<std::string> order, list_member(table, "security"));
  for (const std::string& one : order) {
    const bool known = one == "noise" || one == "tls";
    if (!known || std::ranges::count(order, one) != 1) {
      return wrong("security",
                   R"(is a list of "noise" and "tls", each at most once, the preferred one first)");
    }
  }
  if (order.empty()) return wrong("security", "is empty: no connection could be made");
  return order;
}

Result<libp2p::ResourceLimits> limits_member(const toml::table& table) {
  libp2p::ResourceLimits limits;
  if (!table.contains("limits")) return limits;
  const toml::table* given = table["limits"].as_table();
  if (!given) return wrong("limits", "is no table: write [limits] on a line of its own, and its keys below");
  for (const auto& [key, value] : *given) {
    const std::string name = "limits." + std::string(key.str());
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < 0) return wrong(name, "is a number, at least 0");
    if (const auto set = libp2p::set_limit(limits, name, static_cast<std::size_t>(*number)); !set) {
      return fail(Errc::parse, "config.toml: " + set.error().message);
    }
  }
  return limits;
}

Result<NodeConfig> config_from(const toml::table& table) {
  LIBP2P_CHECK(check_keys(table));
  NodeConfig config;
  LIBP2P_TRY(const std::string fleet, text_member(table, "fleet"));
  LIBP2P_TRY(config.fleet, parse_record_id(fleet));
  LIBP2P_TRY(config.name, text_member(table, "name"));
  LIBP2P_TRY(config.api, list_member(table, "api"));
  LIBP2P_TRY(config.data_plane, text_member(table, "data_plane"));
  LIBP2P_TRY(config.listen, listen_member(table));
  LIBP2P_TRY(config.take_fleet, flag_or_false(table, "take_fleet"));
  LIBP2P_TRY(config.private_network, flag_or_false(table, "private_network"));
  LIBP2P_TRY(config.drift, text_or(table, "drift", "heal"));
  if (config.drift != "heal" && config.drift != "report") return wrong("drift", R"(is "heal" or "report")");
  LIBP2P_TRY(config.security, security_member(table));
  LIBP2P_TRY(config.websocket_certificate, text_or(table, "websocket_certificate", ""));
  LIBP2P_TRY(config.websocket_key, text_or(table, "websocket_key", ""));
  if (config.websocket_certificate.empty() != config.websocket_key.empty()) {
    return wrong("websocket_certificate", "and \"websocket_key\" go together: one of them is missing");
  }
  LIBP2P_TRY(config.address, text_or(table, "address", ""));
  if (!config.address.empty() && !address_text(config.address)) return wrong("address", "is no IP address");
  LIBP2P_TRY(config.limits, limits_member(table));
  return config;
}

}  // namespace

Result<NodeConfig> NodeConfig::from_toml(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return fail(Errc::parse, "config.toml, line " + std::to_string(parsed.error().source().begin.line) +
                                 ": " + std::string(parsed.error().description()));
  }
  return config_from(parsed.table());
}

std::string NodeConfig::to_toml() const {
  toml::array addresses;
  for (const Multiaddr& one : listen) addresses.push_back(one.to_string());
  toml::array apis;
  for (const std::string& one : api) apis.push_back(one);
  const toml::table table{{"fleet", to_cid(fleet)},
                          {"name", name},
                          {"listen", std::move(addresses)},
                          {"api", std::move(apis)},
                          {"data_plane", data_plane},
                          {"take_fleet", take_fleet},
                          {"drift", drift},
                          {"private_network", private_network}};
  std::ostringstream text;
  text << table << '\n';
  return std::move(text).str();
}

}  // namespace starling
