#include "libp2p/transport/ip_address.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>

#include "libp2p/base/bytes.hpp"

namespace libp2p {
namespace {

namespace ip = boost::asio::ip;

template <class Array>
Array to_array(const Bytes& value) {
  Array out{};
  std::copy_n(value.begin(), std::min(value.size(), out.size()), out.begin());
  return out;
}

}  // namespace

Result<ip::address> ip_address(const Multiaddr& address) {
  if (const AddrComponent* v4 = address.find(AddrProtocol::ip4)) {
    return ip::address_v4(to_array<ip::address_v4::bytes_type>(v4->value));
  }
  ip::address_v6 v6(to_array<ip::address_v6::bytes_type>(address.find(AddrProtocol::ip6)->value));
  if (const AddrComponent* zone = address.find(AddrProtocol::ip6zone)) {
    const std::string name(as_text(zone->value));
    const unsigned index = ::if_nametoindex(name.c_str());
    if (index == 0) return fail(Errc::invalid_argument, "no interface named " + printable(name));
    v6.scope_id(index);
  }
  return v6;
}

std::string ip_text(const ip::address& address) {
  if (address.is_v4()) return "/ip4/" + address.to_string();
  ip::address_v6 v6 = address.to_v6();
  std::string text;
  std::array<char, IF_NAMESIZE> name{};
  if (v6.scope_id() != 0 && ::if_indextoname(static_cast<unsigned>(v6.scope_id()), name.data()) != nullptr) {
    text = "/ip6zone/" + std::string(name.data());
  }
  v6.scope_id(0);
  return text + "/ip6/" + v6.to_string();
}

}  // namespace libp2p
