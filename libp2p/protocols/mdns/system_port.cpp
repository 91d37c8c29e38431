#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <map>
#include <memory>
#include <set>

#include "libp2p/base/bounded_queue.hpp"
#include "libp2p/base/task_group.hpp"
#include "libp2p/protocols/mdns/multicast_port.hpp"

namespace libp2p::mdns {
namespace {

using udp = asio::ip::udp;
using Socket = asio::basic_datagram_socket<udp, Executor>;
using ErrorCode = boost::system::error_code;

constexpr std::uint16_t mdns_port = 5353;
constexpr int hop_limit = 255;  // RFC 6762 section 11
constexpr std::size_t max_queued = 64;

udp::endpoint group(bool v6, unsigned interface) {
  if (!v6) return {asio::ip::address_v4({224, 0, 0, 251}), mdns_port};
  return {asio::ip::address_v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb}, interface), mdns_port};
}

template <class Option>
void set_raw(Socket& socket, int level, int name, const Option& option, ErrorCode& error) {
  if (error) return;
  if (setsockopt(socket.native_handle(), level, name, &option, sizeof option) != 0) {
    error.assign(errno, boost::system::system_category());
  }
}

template <class Option>
void set(Socket& socket, const Option& option, ErrorCode& error) {
  if (!error) socket.set_option(option, error);
}

// By the number of the interface: Asio's options for IPv4 want its address, which two interfaces can share.
void join(Socket& socket, bool v6, unsigned interface, ErrorCode& error) {
  const int index = static_cast<int>(interface);
  if (v6) {
    ipv6_mreq request{};
    std::ranges::copy(group(v6, interface).address().to_v6().to_bytes(), request.ipv6mr_multiaddr.s6_addr);
    request.ipv6mr_interface = interface;
    set_raw(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, index, error);
    set_raw(socket, IPPROTO_IPV6, IPV6_JOIN_GROUP, request, error);
    return;
  }
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = htonl(group(v6, interface).address().to_v4().to_uint());
  request.imr_ifindex = index;
  // Without this, one socket hears what came over any interface that any socket has joined on.
  set_raw(socket, IPPROTO_IP, IP_MULTICAST_ALL, int{0}, error);
  set_raw(socket, IPPROTO_IP, IP_MULTICAST_IF, request, error);
  set_raw(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, request, error);
}

Result<std::shared_ptr<Socket>> open_socket(Executor executor, bool v6, unsigned interface) {
  auto socket = std::make_shared<Socket>(executor);
  ErrorCode error;
  socket->open(v6 ? udp::v6() : udp::v4(), error);
  if (error) return fail(Errc::io, error.message());
  // Both are needed to share the port with every other responder of the machine, whichever of the two it has
  // set.
  set(*socket, asio::socket_base::reuse_address(true), error);
  set_raw(*socket, SOL_SOCKET, SO_REUSEPORT, int{1}, error);
  if (v6) set(*socket, asio::ip::v6_only(true), error);
  set(*socket, asio::ip::multicast::enable_loopback(true), error);  // several nodes on one host
  set(*socket, asio::ip::multicast::hops(hop_limit), error);
  // To the group, not to any address: unicast datagrams to the port stay with those whose they are.
  if (!error) socket->bind(group(v6, interface), error);
  join(*socket, v6, interface, error);
  if (!error) socket->non_blocking(true, error);
  if (error) return fail(Errc::io, error.message());
  return socket;
}

class SystemPort final : public MulticastPort {
 public:
  SystemPort(Env env, std::function<std::vector<Interface>()> list)
      : env_(env), list_(std::move(list)), received_(env.executor, max_queued), tasks_(env) {}

  std::vector<Interface> rescan() override {
    std::vector<Interface> interfaces = list_();
    std::map<Place, std::string> wanted;
    for (const Interface& interface : interfaces) {
      if (interface.has_ipv4()) wanted.emplace(Place{interface.index, false}, interface.name);
      if (interface.has_ipv6()) wanted.emplace(Place{interface.index, true}, interface.name);
    }
    std::erase_if(sockets_, [&](const auto& entry) {
      const bool stays = wanted.contains(entry.first) && entry.second->is_open();
      if (!stays) close(*entry.second);
      return !stays;
    });
    for (const auto& [place, name] : wanted) {
      if (!sockets_.contains(place)) open(place, name);
    }
    std::erase_if(failed_, [&](const Place& place) { return !wanted.contains(place); });
    return interfaces;
  }

  Task<Result<Datagram>> receive() override {
    std::optional<Datagram> datagram = co_await received_.pop();
    if (!datagram) co_return fail(Errc::closed, "mDNS has stopped");
    co_return std::move(*datagram);
  }

  void send(unsigned interface, BytesView packet) override {
    for (const bool v6 : {false, true}) {
      const auto socket = sockets_.find({interface, v6});
      if (socket == sockets_.end()) continue;
      ErrorCode error;
      socket->second->send_to(asio::buffer(packet.data(), packet.size()), group(v6, interface), 0, error);
      if (error) {
        env_.log.debug("mdns.send_failed",
                       {{"interface", interface}, {"ipv6", v6}, {"error", error.message()}});
      }
    }
  }

  Task<> stop() override {
    for (auto& [place, socket] : sockets_) close(*socket);
    sockets_.clear();
    received_.close();
    co_await tasks_.stop();
  }

 private:
  struct Place {
    unsigned interface{};
    bool v6{};
    friend auto operator<=>(const Place&, const Place&) = default;
  };

  static void close(Socket& socket) {
    ErrorCode ignored;
    socket.close(ignored);
  }

  void open(Place place, const std::string& name) {
    auto socket = open_socket(env_.executor, place.v6, place.interface);
    if (!socket) {
      // Tried again at each scan, told once.
      if (failed_.insert(place).second) {
        env_.log.warn("mdns.interface_failed",
                      {{"interface", name}, {"ipv6", place.v6}, {"error", socket.error().message}});
      }
      return;
    }
    failed_.erase(place);
    sockets_.emplace(place, *socket);
    env_.log.debug("mdns.interface_joined", {{"interface", name}, {"ipv6", place.v6}});
    tasks_.spawn("mdns.receive", read(*this, place.interface, std::move(*socket)));
  }

  static Task<> read(SystemPort& port, unsigned interface, std::shared_ptr<Socket> socket) {
    std::array<std::uint8_t, max_packet_bytes + 1> buffer;
    for (;;) {
      udp::endpoint from;
      const auto [error, size] =
          co_await socket->async_receive_from(asio::buffer(buffer), from, asio::as_tuple(use_task));
      if (error) break;
      if (size > max_packet_bytes) continue;
      // A full queue means that more comes than is looked at anyway.
      (void)port.received_.try_push(
          {interface, from.address(), Bytes(buffer.begin(), buffer.begin() + size)});
    }
    close(*socket);  // the next scan opens another, if the interface is still there
  }

  Env env_;
  std::function<std::vector<Interface>()> list_;
  std::map<Place, std::shared_ptr<Socket>> sockets_;
  std::set<Place> failed_;
  BoundedQueue<Datagram> received_;
  TaskGroup tasks_;
};

}  // namespace

std::unique_ptr<MulticastPort> make_system_port(Env env, std::function<std::vector<Interface>()> list) {
  return std::make_unique<SystemPort>(env, std::move(list));
}

}  // namespace libp2p::mdns
