#include "libp2p/multi/multiaddr.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "libp2p/base/varint.hpp"
#include "libp2p/multi/multiaddr_protocols.hpp"
#include "libp2p/multi/peer_multihash.hpp"

namespace libp2p {
namespace {

using detail::AddrProtocolInfo;
using detail::find_addr_protocol;

// The longest text that 512 bytes can have: each byte of a path takes three characters.
constexpr std::size_t max_text = 4096;

const AddrProtocolInfo& info_of(AddrProtocol protocol) {
  const AddrProtocolInfo* info = find_addr_protocol(static_cast<std::uint64_t>(protocol));
  assert(info != nullptr);
  return *info;
}

Result<> check_value(const AddrProtocolInfo& info, BytesView value) {
  if (info.size != AddrProtocolInfo::variable && value.size() != static_cast<std::size_t>(info.size)) {
    return fail(Errc::parse,
                "a value of " + std::to_string(value.size()) + " bytes, not " + std::to_string(info.size));
  }
  return info.check == nullptr ? Result<>{} : info.check(value);
}

Result<Bytes> value_from_text(const AddrProtocolInfo& info, std::string_view text) {
  if (text.empty()) return fail(Errc::parse, "the value is missing");
  LIBP2P_TRY(Bytes value, info.parse(text));
  LIBP2P_CHECK(check_value(info, value));
  return value;
}

// Splits "/name/rest" after the slash: the name, and what follows it.
std::string_view take_segment(std::string_view& text) {
  text.remove_prefix(1);
  const std::string_view segment = text.substr(0, text.find('/'));
  text.remove_prefix(segment.size());
  return segment;
}

Result<AddrComponent> parse_component(std::string_view& text) {
  const std::string_view name = take_segment(text);
  const AddrProtocolInfo* info = find_addr_protocol(name);
  if (info == nullptr)
    return fail(Errc::not_supported, "/" + printable(name, 32) + ": not a protocol that is known");
  if (info->size == 0) return AddrComponent{info->protocol, {}};
  const std::string_view value_text = text.empty() ? text : take_segment(text);
  auto value = value_from_text(*info, value_text);
  if (!value) {
    return fail_in("/" + std::string(name) + "/" + printable(value_text, 64), std::move(value).error());
  }
  return AddrComponent{info->protocol, std::move(*value)};
}

Result<AddrComponent> read_component(BytesView& bytes) {
  LIBP2P_TRY(const DecodedVarint code, decode_varint(bytes));
  bytes = bytes.subspan(code.size);
  const AddrProtocolInfo* info = find_addr_protocol(code.value);
  if (info == nullptr) return fail(Errc::not_supported, "protocol code " + std::to_string(code.value));
  auto size = static_cast<std::uint64_t>(info->size);
  if (info->size == AddrProtocolInfo::variable) {
    LIBP2P_TRY(const DecodedVarint length, decode_varint(bytes));
    bytes = bytes.subspan(length.size);
    size = length.value;
  }
  const std::string context = "/" + std::string(info->name);
  if (size > bytes.size()) return fail(Errc::parse, context + ": a length beyond the end of the address");
  const BytesView value = bytes.first(static_cast<std::size_t>(size));
  bytes = bytes.subspan(value.size());
  if (auto sound = check_value(*info, value); !sound) return fail_in(context, std::move(sound).error());
  return AddrComponent{info->protocol, to_bytes(value)};
}

void append_component(Bytes& out, const AddrComponent& component) {
  append_varint(out, static_cast<std::uint64_t>(component.protocol));
  if (info_of(component.protocol).size == AddrProtocolInfo::variable)
    append_varint(out, component.value.size());
  append(out, component.value);
}

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// The first component's IP address; an IPv4 address that is written as IPv6 comes as the IPv4 that it is.
BytesView leading_ip(const std::vector<AddrComponent>& components) noexcept {
  if (components.empty()) return {};
  const AddrComponent& first = components.front();
  if (first.protocol != AddrProtocol::ip4 && first.protocol != AddrProtocol::ip6) return {};
  const BytesView address = first.value;
  const bool mapped = address.size() == 16 && equal(address.first(mapped_prefix.size()), mapped_prefix);
  return mapped ? address.last(4) : address;
}

// Whether the first `bits` of both agree.
bool in_range(BytesView address, BytesView range, unsigned bits) noexcept {
  for (std::size_t i = 0; bits > 0; ++i) {
    const unsigned here = std::min(bits, 8U);
    const auto mask = static_cast<unsigned>(0xff00U >> here) & 0xffU;
    if (((address[i] ^ range[i]) & mask) != 0) return false;
    bits -= here;
  }
  return true;
}

bool in_range4(BytesView ip, std::array<std::uint8_t, 4> range, unsigned bits) noexcept {
  return ip.size() == 4 && in_range(ip, range, bits);
}

bool in_range6(BytesView ip, std::array<std::uint8_t, 2> range, unsigned bits) noexcept {
  return ip.size() == 16 && in_range(ip, range, bits);
}

bool link_local(BytesView ip) noexcept {
  return in_range4(ip, {169, 254, 0, 0}, 16) || in_range6(ip, {0xfe, 0x80}, 10);
}

}  // namespace

std::string AddrComponent::value_text() const {
  const AddrProtocolInfo& info = info_of(protocol);
  return info.to_text == nullptr ? std::string() : info.to_text(value);
}

Result<> Multiaddr::add(AddrComponent component) {
  if (components_.size() == max_components) {
    return fail(Errc::limit, "an address of more than " + std::to_string(max_components) + " components");
  }
  if (component.protocol == AddrProtocol::p2p_circuit && has(AddrProtocol::p2p_circuit)) {
    return fail(Errc::limit, "an address with more than one p2p-circuit");
  }
  append_component(bytes_, component);
  components_.push_back(std::move(component));
  if (bytes_.size() > max_bytes) {
    return fail(Errc::limit, "an address of more than " + std::to_string(max_bytes) + " bytes");
  }
  return {};
}

Result<Multiaddr> Multiaddr::parse(std::string_view text) {
  if (text.size() > max_text) return fail(Errc::limit, "an address of more than 4096 characters");
  if (text.empty() || text.front() != '/') return fail(Errc::parse, "an address must start with a slash");
  Multiaddr address;
  while (!text.empty()) {
    LIBP2P_TRY(AddrComponent component, parse_component(text));
    LIBP2P_CHECK(address.add(std::move(component)));
  }
  return address;
}

Result<Multiaddr> Multiaddr::from_bytes(BytesView bytes) {
  if (bytes.empty()) return fail(Errc::parse, "an empty address");
  if (bytes.size() > max_bytes) {
    return fail(Errc::limit, "an address of " + std::to_string(bytes.size()) + " bytes, at most " +
                                 std::to_string(max_bytes) + " allowed");
  }
  Multiaddr address;
  while (!bytes.empty()) {
    LIBP2P_TRY(AddrComponent component, read_component(bytes));
    LIBP2P_CHECK(address.add(std::move(component)));
  }
  return address;
}

std::string Multiaddr::to_string() const {
  std::string text;
  for (const AddrComponent& component : components_) {
    const AddrProtocolInfo& info = info_of(component.protocol);
    text.append("/").append(info.name);
    if (info.size != 0) text.append("/").append(info.to_text(component.value));
  }
  return text;
}

bool Multiaddr::has(AddrProtocol protocol) const noexcept { return find(protocol) != nullptr; }

const AddrComponent* Multiaddr::find(AddrProtocol protocol) const noexcept {
  const auto found = std::ranges::find(components_, protocol, &AddrComponent::protocol);
  return found == components_.end() ? nullptr : &*found;
}

std::optional<std::uint16_t> Multiaddr::port() const noexcept {
  const auto found = std::ranges::find_if(components_, [](const AddrComponent& component) {
    return component.protocol == AddrProtocol::tcp || component.protocol == AddrProtocol::udp;
  });
  if (found == components_.end()) return std::nullopt;
  return load_be<std::uint16_t>(found->value.data());
}

std::optional<Bytes> Multiaddr::peer_id_bytes() const {
  for (auto component = components_.rbegin(); component != components_.rend(); ++component) {
    if (component->protocol == AddrProtocol::p2p_circuit) return std::nullopt;
    if (component->protocol == AddrProtocol::p2p) return component->value;
  }
  return std::nullopt;
}

Result<Multiaddr> Multiaddr::with(AddrProtocol protocol, std::string_view value) const {
  const AddrProtocolInfo* info = find_addr_protocol(static_cast<std::uint64_t>(protocol));
  if (info == nullptr)
    return fail(Errc::not_supported, "protocol code " + std::to_string(std::to_underlying(protocol)));
  AddrComponent component{protocol, {}};
  if (info->size == 0) {
    if (!value.empty()) return fail(Errc::parse, "/" + std::string(info->name) + " has no value");
  } else {
    auto bytes = value_from_text(*info, value);
    if (!bytes) return fail_in("/" + std::string(info->name), std::move(bytes).error());
    component.value = std::move(*bytes);
  }
  Multiaddr longer = *this;
  LIBP2P_CHECK(longer.add(std::move(component)));
  return longer;
}

Multiaddr Multiaddr::with_peer(BytesView peer_multihash) const {
  assert(check_peer_multihash(peer_multihash));
  Multiaddr address = without_peer();
  AddrComponent component{AddrProtocol::p2p, to_bytes(peer_multihash)};
  append_component(address.bytes_, component);
  address.components_.push_back(std::move(component));
  return address;
}

Multiaddr Multiaddr::without_peer() const {
  Multiaddr address = *this;
  if (empty() || components_.back().protocol != AddrProtocol::p2p) return address;
  Bytes last;
  append_component(last, components_.back());
  address.bytes_.resize(bytes_.size() - last.size());
  address.components_.pop_back();
  return address;
}

bool Multiaddr::is_loopback() const noexcept {
  const BytesView ip = leading_ip(components_);
  constexpr std::array<std::uint8_t, 16> loopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return in_range4(ip, {127, 0, 0, 0}, 8) || equal(ip, loopback6);
}

bool Multiaddr::is_private() const noexcept {
  const BytesView ip = leading_ip(components_);
  return in_range4(ip, {10, 0, 0, 0}, 8) || in_range4(ip, {172, 16, 0, 0}, 12) ||
         in_range4(ip, {192, 168, 0, 0}, 16) || in_range4(ip, {100, 64, 0, 0}, 10) ||
         in_range6(ip, {0xfc, 0x00}, 7) || link_local(ip);
}

bool Multiaddr::is_link_local() const noexcept { return link_local(leading_ip(components_)); }

bool Multiaddr::is_unspecified() const noexcept {
  const BytesView ip = leading_ip(components_);
  return !ip.empty() && std::ranges::all_of(ip, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace libp2p
