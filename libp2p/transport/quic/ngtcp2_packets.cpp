#include "libp2p/transport/quic/ngtcp2_packets.hpp"

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <algorithm>

#include "libp2p/transport/quic/ngtcp2_values.hpp"

namespace libp2p::quic {
namespace {

// A reserved version in the list keeps clients from expecting that it never grows (RFC 9000, 6.3).
constexpr std::uint32_t reserved_version = 0x1a2a3a4a;
// A stateless reset has the token and at least five bytes of what looks like a packet (RFC 9000, 10.3).
constexpr std::size_t smallest_reset_bytes =
    NGTCP2_STATELESS_RESET_TOKENLEN + NGTCP2_MIN_STATELESS_RESET_RANDLEN;
constexpr std::size_t largest_reset_bytes = 42;

Bytes shortened(Bytes out, ngtcp2_ssize size) {
  out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return out;
}

}  // namespace

ConnectionId::ConnectionId(BytesView from)
    : size(static_cast<std::uint8_t>(std::min(from.size(), max_bytes))) {
  std::copy_n(from.begin(), size, bytes.begin());
}

std::optional<PacketHeader> read_header(BytesView datagram) {
  if (datagram.empty()) return std::nullopt;
  ngtcp2_version_cid found{};
  const int code = ngtcp2_pkt_decode_version_cid(&found, datagram.data(), datagram.size(), own_id_bytes);
  if (code != 0 && code != NGTCP2_ERR_VERSION_NEGOTIATION) return std::nullopt;
  return PacketHeader{.long_form = (datagram[0] & 0x80) != 0,
                      .version = found.version,
                      .destination = {found.dcid, found.dcidlen},
                      .source = {found.scid, found.scidlen}};
}

bool is_our_version(std::uint32_t version) noexcept { return version == NGTCP2_PROTO_VER_V1; }

std::optional<Initial> read_initial(BytesView datagram) {
  ngtcp2_pkt_hd header{};
  if (ngtcp2_accept(&header, datagram.data(), datagram.size()) != 0) return std::nullopt;
  if (!is_our_version(header.version)) return std::nullopt;
  return Initial{.destination = from_native(header.dcid),
                 .source = from_native(header.scid),
                 .token = {header.token.base, header.token.base + header.token.len}};
}

Bytes version_negotiation(const PacketHeader& to, std::uint8_t random) {
  const std::array<std::uint32_t, 2> versions{reserved_version, NGTCP2_PROTO_VER_V1};
  Bytes out(smallest_initial_bytes);
  const ngtcp2_ssize size = ngtcp2_pkt_write_version_negotiation(
      out.data(), out.size(), random, to.source.data(), to.source.size(), to.destination.data(),
      to.destination.size(), versions.data(), versions.size());
  return shortened(std::move(out), size);
}

Bytes retry(const Initial& to, const Address& remote, const ConnectionId& own, const Secret& secret,
            Instant now) {
  const ngtcp2_cid source = to_native(to.source);
  const ngtcp2_cid original = to_native(to.destination);
  const ngtcp2_cid ours = to_native(own);
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN> token{};
  const ngtcp2_ssize token_size = ngtcp2_crypto_generate_retry_token(
      token.data(), secret.data(), secret.size(), NGTCP2_PROTO_VER_V1, remote.data(),
      static_cast<ngtcp2_socklen>(remote.size()), &ours, &original, to_native(now));
  if (token_size < 0) return {};
  Bytes out(smallest_initial_bytes);
  const ngtcp2_ssize size =
      ngtcp2_crypto_write_retry(out.data(), out.size(), NGTCP2_PROTO_VER_V1, &source, &ours, &original,
                                token.data(), static_cast<std::size_t>(token_size));
  return shortened(std::move(out), size);
}

Bytes refuse_token(const Initial& to) {
  const ngtcp2_cid source = to_native(to.source);
  const ngtcp2_cid destination = to_native(to.destination);
  Bytes out(smallest_initial_bytes);
  const ngtcp2_ssize size = ngtcp2_crypto_write_connection_close(
      out.data(), out.size(), NGTCP2_PROTO_VER_V1, &source, &destination, NGTCP2_INVALID_TOKEN, nullptr, 0);
  return shortened(std::move(out), size);
}

Bytes stateless_reset(BytesView datagram, const ConnectionId& destination, const Secret& secret,
                      BytesView random) {
  // Shorter than what it answers, so that two sides without state don't answer each other for ever.
  if (datagram.size() <= smallest_reset_bytes) return {};
  const std::size_t most = std::min(datagram.size() - 1, largest_reset_bytes);
  const ngtcp2_cid id = to_native(destination);
  std::array<std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> token{};
  if (ngtcp2_crypto_generate_stateless_reset_token(token.data(), secret.data(), secret.size(), &id) != 0) {
    return {};
  }
  Bytes out(most);
  const ngtcp2_ssize size =
      ngtcp2_pkt_write_stateless_reset(out.data(), out.size(), token.data(), random.data(), random.size());
  return shortened(std::move(out), size);
}

CheckedToken check_token(const Initial& initial, const Address& remote, const Secret& secret,
                         Duration lifetime, Instant now) {
  if (initial.token.empty() || initial.token.front() != NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY) {
    return {TokenVerdict::absent, {}};
  }
  const ngtcp2_cid destination = to_native(initial.destination);
  ngtcp2_cid original{};
  const int code = ngtcp2_crypto_verify_retry_token(
      &original, initial.token.data(), initial.token.size(), secret.data(), secret.size(),
      NGTCP2_PROTO_VER_V1, remote.data(), static_cast<ngtcp2_socklen>(remote.size()), &destination,
      static_cast<ngtcp2_duration>(lifetime.count()), to_native(now));
  if (code != 0) return {TokenVerdict::invalid, {}};
  return {TokenVerdict::valid, from_native(original)};
}

}  // namespace libp2p::quic
