#include "libp2p/multi/multiaddr_protocols.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "libp2p/multi/multibase.hpp"
#include "libp2p/multi/multihash.hpp"
#include "libp2p/multi/peer_multihash.hpp"

namespace libp2p::detail {
namespace {

bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Decimal, without sign, blanks or leading zeros.
template <class UInt>
Result<UInt> parse_number(std::string_view text) {
  UInt value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || (text.size() > 1 && text.front() == '0')) {
    return fail(Errc::parse, "not a number from 0 to " + std::to_string(static_cast<UInt>(-1)));
  }
  return value;
}

template <class UInt>
Result<Bytes> number_from_text(std::string_view text) {
  LIBP2P_TRY(const UInt value, parse_number<UInt>(text));
  Bytes bytes(sizeof(UInt));
  store_be(value, bytes.data());
  return bytes;
}

template <class UInt>
std::string number_to_text(BytesView value) {
  return std::to_string(load_be<UInt>(value.data()));
}

template <int family, std::size_t size>
Result<Bytes> ip_from_text(std::string_view text) {
  Bytes bytes(size);
  // A NUL would hide what comes after it.
  const std::string terminated(text);
  if (text.find('\0') != std::string_view::npos || inet_pton(family, terminated.c_str(), bytes.data()) != 1) {
    return fail(Errc::parse, size == 4 ? "not an IPv4 address" : "not an IPv6 address");
  }
  return bytes;
}

template <int family>
std::string ip_to_text(BytesView value) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, value.data(), text.data(), text.size());
  return text.data();
}

constexpr unsigned char max_prefix_bits = 128;

Result<> check_prefix_bits(BytesView value) {
  if (value[0] > max_prefix_bits) return fail(Errc::parse, "a prefix of more than 128 bits");
  return {};
}

Result<Bytes> plain_from_text(std::string_view text) { return to_bytes(text); }
std::string plain_to_text(BytesView value) { return std::string(as_text(value)); }

// RFC 1035 lengths; letters, digits and hyphens, and the underscore of service names such as _dnsaddr. Names
// beyond ASCII come in their encoded form.
Result<> check_name(BytesView value) {
  constexpr std::size_t max_name = 253;
  constexpr std::size_t max_label = 63;
  const std::string_view name = as_text(value);
  if (name.empty() || name.size() > max_name) return fail(Errc::parse, "a name has 1 to 253 characters");
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.' && label == 0) return fail(Errc::parse, "a name with an empty label");
    if (c != '.' && c != '-' && c != '_' && !is_alphanumeric(c)) {
      return fail(Errc::parse, "a name with a character that names don't have");
    }
    label = c == '.' ? 0 : label + 1;
    if (label > max_label) return fail(Errc::parse, "a name with a label of more than 63 characters");
  }
  if (label == 0) return fail(Errc::parse, "a name with an empty label");
  return {};
}

// What interfaces are called; nothing that a shell or a URL would read as its own.
Result<> check_zone(BytesView value) {
  constexpr std::size_t max_zone = 32;
  const std::string_view zone = as_text(value);
  const bool sound = std::ranges::all_of(
      zone, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
  if (zone.empty() || zone.size() > max_zone || !sound) {
    return fail(Errc::parse, "a zone has 1 to 32 letters, digits, dots, hyphens and underscores");
  }
  return {};
}

Result<Bytes> percent_decode(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes.push_back(static_cast<std::uint8_t>(text[i]));
      continue;
    }
    const auto byte = i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : Result<Bytes>(Bytes{});
    if (!byte || byte->empty()) return fail(Errc::parse, "a percent sign without two hexadecimal digits");
    bytes.push_back(byte->front());
    i += 2;
  }
  return bytes;
}

// All but RFC 3986's unreserved characters are written as %XX.
std::string percent_encode(BytesView value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const std::uint8_t byte : value) {
    const char c = static_cast<char>(byte);
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      text.push_back(c);
    } else {
      text.push_back('%');
      text.push_back(digits[byte >> 4]);
      text.push_back(digits[byte & 15]);
    }
  }
  return text;
}

Result<> check_http_path(BytesView value) {
  if (value.empty()) return fail(Errc::parse, "an empty path");
  return {};
}

// A path is absolute; in text its first slash may be left out, and is, unless it is all there is.
Result<Bytes> unix_from_text(std::string_view text) {
  LIBP2P_TRY(Bytes path, percent_decode(text));
  if (path.empty() || path[0] != '/') path.insert(path.begin(), '/');
  return path;
}

Result<> check_unix(BytesView value) {
  if (value.empty() || value[0] != '/') return fail(Errc::parse, "a path that is not absolute");
  if (std::ranges::find(value, 0) != value.end()) return fail(Errc::parse, "a path with a NUL");
  // A second slash in front would be taken for the one that text leaves out.
  if (value.size() > 1 && value[1] == '/') return fail(Errc::parse, "a path that starts with two slashes");
  return {};
}

std::string unix_to_text(BytesView value) {
  return percent_encode(value.size() > 1 ? value.subspan(1) : value);
}

Result<Bytes> certhash_from_text(std::string_view text) {
  LIBP2P_TRY(MultibaseText decoded, multibase_decode(text));
  return std::move(decoded.bytes);
}

Result<> check_certhash(BytesView value) {
  LIBP2P_TRY(const Multihash hash, Multihash::from_bytes(value));
  if (!hash.is_known()) return fail(Errc::parse, "a certificate hash by a function that is not known");
  return {};
}

std::string certhash_to_text(BytesView value) { return multibase_encode(Multibase::base64url, value); }

std::string peer_to_text(BytesView value) { return base58btc_encode(value); }

constexpr AddrProtocolInfo without_value(AddrProtocol protocol, std::string_view name) {
  return {protocol, name, 0, nullptr, nullptr, nullptr};
}

constexpr AddrProtocolInfo name_of_host(AddrProtocol protocol, std::string_view name) {
  return {protocol, name, AddrProtocolInfo::variable, &plain_from_text, &check_name, &plain_to_text};
}

constexpr AddrProtocolInfo port_of(AddrProtocol protocol, std::string_view name) {
  return {protocol, name, 2, &number_from_text<std::uint16_t>, nullptr, &number_to_text<std::uint16_t>};
}

using enum AddrProtocol;
constexpr int variable = AddrProtocolInfo::variable;

constexpr auto table = std::to_array<AddrProtocolInfo>({
    {ip4, "ip4", 4, &ip_from_text<AF_INET, 4>, nullptr, &ip_to_text<AF_INET>},
    port_of(tcp, "tcp"),
    {ip6, "ip6", 16, &ip_from_text<AF_INET6, 16>, nullptr, &ip_to_text<AF_INET6>},
    {ip6zone, "ip6zone", variable, &plain_from_text, &check_zone, &plain_to_text},
    {ipcidr, "ipcidr", 1, &number_from_text<std::uint8_t>, &check_prefix_bits, &number_to_text<std::uint8_t>},
    name_of_host(dns, "dns"),
    name_of_host(dns4, "dns4"),
    name_of_host(dns6, "dns6"),
    name_of_host(dnsaddr, "dnsaddr"),
    port_of(udp, "udp"),
    without_value(p2p_webrtc_direct, "p2p-webrtc-direct"),
    without_value(webrtc_direct, "webrtc-direct"),
    without_value(webrtc, "webrtc"),
    without_value(p2p_circuit, "p2p-circuit"),
    {unix_path, "unix", variable, &unix_from_text, &check_unix, &unix_to_text},
    {p2p, "p2p", variable, &parse_peer_multihash, &check_peer_multihash, &peer_to_text},
    without_value(https, "https"),
    without_value(tls, "tls"),
    name_of_host(sni, "sni"),
    without_value(noise, "noise"),
    without_value(quic, "quic"),
    without_value(quic_v1, "quic-v1"),
    without_value(webtransport, "webtransport"),
    {certhash, "certhash", variable, &certhash_from_text, &check_certhash, &certhash_to_text},
    without_value(ws, "ws"),
    without_value(wss, "wss"),
    without_value(http, "http"),
    {http_path, "http-path", variable, &percent_decode, &check_http_path, &percent_encode},
    {memory, "memory", 8, &number_from_text<std::uint64_t>, nullptr, &number_to_text<std::uint64_t>},
});

}  // namespace

const AddrProtocolInfo* find_addr_protocol(std::uint64_t code) noexcept {
  const auto* found = std::ranges::find_if(
      table, [&](const AddrProtocolInfo& info) { return static_cast<std::uint64_t>(info.protocol) == code; });
  return found == table.end() ? nullptr : found;
}

const AddrProtocolInfo* find_addr_protocol(std::string_view name) noexcept {
  if (name == "ipfs") name = "p2p";
  const auto* found = std::ranges::find(table, name, &AddrProtocolInfo::name);
  return found == table.end() ? nullptr : found;
}

}  // namespace libp2p::detail
