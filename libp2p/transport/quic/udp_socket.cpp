#include "libp2p/transport/quic/udp_socket.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <string>

namespace libp2p::quic {
namespace {

namespace ip = boost::asio::ip;

void set_option(int socket, int level, int name, int value) {
  (void)::setsockopt(socket, level, name, &value, sizeof value);
}

// None is needed to be correct: without them it is slower, or sends from another address of the machine.
void set_options(int socket, bool v6, std::size_t buffer_bytes) {
  const int bytes = static_cast<int>(std::min<std::size_t>(buffer_bytes, 1U << 30));
  // The latter two work for root alone, and beyond the limit of the machine.
  set_option(socket, SOL_SOCKET, SO_RCVBUF, bytes);
  set_option(socket, SOL_SOCKET, SO_SNDBUF, bytes);
  set_option(socket, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
  set_option(socket, SOL_SOCKET, SO_SNDBUFFORCE, bytes);
  set_option(socket, SOL_UDP, UDP_GRO, 1);
  // Never fragmented, and whatever an ICMP message says about the path is not believed (ATTACKS, QU14): the
  // connection finds out by itself what fits.
  if (v6) {
    set_option(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  } else {
    set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    set_option(socket, IPPROTO_IP, IP_PKTINFO, 1);
  }
}

std::unexpected<Error> udp_error(std::string_view what, const boost::system::error_code& error) {
  const Errc code = error == boost::asio::error::address_in_use ? Errc::exists : Errc::io;
  return fail_in(what, Error{code, error.message()});
}

// Room for what stands beside a message: the segment size and an address, aligned.
struct Control {
  static constexpr std::size_t max_bytes = CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int));
  alignas(cmsghdr) std::array<std::uint8_t, max_bytes> bytes{};
};

// Copies it out of the message, where it needn't be aligned.
template <class Value>
Value value_of(const cmsghdr* part) {
  Value value{};
  std::memcpy(&value, CMSG_DATA(part), sizeof value);
  return value;
}

template <class Value>
void add_part(msghdr& message, std::size_t& used, int level, int type, const Value& value) {
  auto* part = reinterpret_cast<cmsghdr*>(static_cast<std::uint8_t*>(message.msg_control) + used);
  part->cmsg_level = level;
  part->cmsg_type = type;
  part->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(part), &value, sizeof value);
  used += CMSG_SPACE(sizeof value);
}

void add_source(msghdr& message, std::size_t& used, const Address& local) {
  if (local.address().is_v4()) {
    in_pktinfo info{};
    const auto bytes = local.address().to_v4().to_bytes();
    std::memcpy(&info.ipi_spec_dst, bytes.data(), bytes.size());
    add_part(message, used, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    const auto bytes = local.address().to_v6().to_bytes();
    std::memcpy(&info.ipi6_addr, bytes.data(), bytes.size());
    info.ipi6_ifindex = static_cast<unsigned>(local.address().to_v6().scope_id());
    add_part(message, used, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

}  // namespace

Result<UdpSocket> UdpSocket::open(Executor executor, const Address& at, std::size_t buffer_bytes) {
  Native native(executor);
  boost::system::error_code error;
  native.open(at.protocol(), error);
  if (!error && at.address().is_v6()) native.set_option(ip::v6_only(true), error);
  if (!error) native.bind(at, error);
  if (!error) native.native_non_blocking(true, error);
  if (error) return udp_error("UDP socket", error);
  set_options(native.native_handle(), at.address().is_v6(), buffer_bytes);
  UdpSocket opened(std::move(native));
  opened.bound_ = opened.socket_.local_endpoint(error);
  if (error) return udp_error("UDP socket", error);
  return opened;
}

std::optional<Received> UdpSocket::receive(Bytes& into) {
  Control control;
  Received got;
  iovec buffer{into.data(), into.size()};
  msghdr message{};
  message.msg_name = got.path.remote.data();
  message.msg_namelen = static_cast<socklen_t>(got.path.remote.capacity());
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket_.native_handle(), &message, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return std::nullopt;

  got.bytes = BytesView(into).first(static_cast<std::size_t>(size));
  got.segment_bytes = got.bytes.size();
  got.path.remote.resize(message.msg_namelen);
  got.path.local = bound_;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_UDP && part->cmsg_type == UDP_GRO) {
      got.segment_bytes = static_cast<std::size_t>(std::max(1, value_of<int>(part)));
    } else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      ip::address_v4::bytes_type bytes{};
      const auto info = value_of<in_pktinfo>(part);
      std::memcpy(bytes.data(), &info.ipi_addr, bytes.size());
      got.path.local.address(ip::address_v4(bytes));
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      ip::address_v6::bytes_type bytes{};
      const auto info = value_of<in6_pktinfo>(part);
      std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
      ip::address_v6 address(bytes);
      if (address.is_link_local()) address.scope_id(info.ipi6_ifindex);
      got.path.local.address(address);
    }
  }
  return got;
}

int UdpSocket::send_once(const Batch& batch, BytesView bytes, bool segmented) {
  Control control;
  iovec buffer{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(batch.path.remote.data());
  message.msg_namelen = static_cast<socklen_t>(batch.path.remote.size());
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  std::size_t used = 0;
  if (segmented)
    add_part(message, used, SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(batch.segment_bytes));
  if (bound_.address().is_unspecified() && !batch.path.local.address().is_unspecified()) {
    add_source(message, used, batch.path.local);
  }
  message.msg_controllen = used;
  if (used == 0) message.msg_control = nullptr;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

UdpSocket::Sent UdpSocket::send(const Batch& batch) {
  int error = 0;
  if (batch.size <= batch.segment_bytes || segments_) {
    error = send_once(batch, batch.view(), batch.size > batch.segment_bytes);
    // What an interface that can't segment says.
    if (batch.size > batch.segment_bytes && (error == EIO || error == EINVAL)) segments_ = false;
  }
  if (batch.size > batch.segment_bytes && !segments_) {
    error = 0;
    for (BytesView left = batch.view(); !left.empty() && error == 0;) {
      const BytesView one = left.first(std::min(batch.segment_bytes, left.size()));
      error = send_once(batch, one, false);
      left = left.subspan(one.size());
      // Part of it is on its way, and the rest counts as lost: sent again it would be a duplicate.
      if (error == EAGAIN) return Sent::all;
    }
  }
  switch (error) {
    case EAGAIN:
      return Sent::blocked;
    case EINVAL:
    case EADDRNOTAVAIL:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
      return Sent::no_path;
    default:
      return Sent::all;
  }
}

Result<Address> source_towards(Executor executor, const Address& remote) {
  boost::asio::basic_datagram_socket<ip::udp, Executor> probe(executor);
  boost::system::error_code error;
  probe.open(remote.protocol(), error);
  if (!error) probe.connect(remote, error);
  if (error) return udp_error("no way to " + remote.address().to_string(), error);
  Address source = probe.local_endpoint(error);
  if (error) return udp_error("no way to " + remote.address().to_string(), error);
  source.port(0);
  return source;
}

}  // namespace libp2p::quic
