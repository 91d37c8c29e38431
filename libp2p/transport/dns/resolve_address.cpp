#include <algorithm>

#include "libp2p/base/varint.hpp"
#include "libp2p/transport/dns/dnsaddr.hpp"
#include "libp2p/transport/dns/resolver.hpp"
#include "libp2p/transport/dns/server_name.hpp"

namespace libp2p {
namespace {

std::optional<IpFamily> family_of(AddrProtocol protocol) noexcept {
  switch (protocol) {
    case AddrProtocol::dns:
      return IpFamily::any;
    case AddrProtocol::dns4:
      return IpFamily::v4;
    case AddrProtocol::dns6:
      return IpFamily::v6;
    default:
      return std::nullopt;
  }
}

}  // namespace

Task<Result<std::vector<std::string>>> Resolver::resolve_txt(std::string name) {
  co_return fail(Errc::not_supported, "TXT records are not looked up: " + printable(name));
}

bool needs_resolution(const Multiaddr& address) noexcept {
  if (address.empty()) return false;
  const AddrProtocol first = address.components().front().protocol;
  return first == AddrProtocol::dnsaddr || family_of(first).has_value();
}

Task<Result<std::vector<Multiaddr>>> resolve_address(Resolver& resolver, Multiaddr address) {
  if (!needs_resolution(address)) co_return std::vector<Multiaddr>{std::move(address)};
  if (address.components().front().protocol != AddrProtocol::dnsaddr)
    co_return co_await resolve_host(resolver, std::move(address));
  dns::Search search(resolver);
  co_return co_await search.run(std::move(address));
}

Task<Result<std::vector<Multiaddr>>> resolve_host(Resolver& resolver, Multiaddr address) {
  const AddrComponent& first = address.components().front();
  LIBP2P_CO_TRY(const std::vector<Multiaddr> hosts,
                co_await resolver.resolve(first.value_text(), *family_of(first.protocol)));
  // What stands behind the name stands behind each address.
  const std::size_t name_bytes = varint_size(static_cast<std::uint64_t>(first.protocol)) +
                                 varint_size(first.value.size()) + first.value.size();
  BytesView rest = BytesView(address.bytes()).subspan(name_bytes);
  Multiaddr with_name;
  if (!rest.empty()) {
    LIBP2P_CO_TRY(const Multiaddr behind, Multiaddr::from_bytes(rest));
    LIBP2P_CO_TRY(with_name, keep_server_name(behind, first.value_text()));
    rest = with_name.bytes();
  }
  std::vector<Multiaddr> resolved;
  for (const Multiaddr& host : hosts) {
    if (resolved.size() >= Resolver::max_addresses) break;
    Bytes bytes = host.bytes();
    append(bytes, rest);
    LIBP2P_CO_TRY(Multiaddr whole, Multiaddr::from_bytes(bytes));
    if (std::ranges::find(resolved, whole) == resolved.end()) resolved.push_back(std::move(whole));
  }
  if (resolved.empty()) co_return fail(Errc::not_found, "no address for " + printable(first.value_text()));
  co_return resolved;
}

}  // namespace libp2p
