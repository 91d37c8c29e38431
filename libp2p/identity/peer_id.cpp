#include "libp2p/identity/peer_id.hpp"

#include "libp2p/crypto/hash.hpp"
#include "libp2p/multi/cid.hpp"
#include "libp2p/multi/peer_multihash.hpp"

namespace libp2p {
namespace {

// The first two bytes of an identity multihash: its code and, as it is below 128, its length.
constexpr std::size_t identity_prefix = 2;
constexpr auto identity_code = static_cast<std::uint8_t>(Multicodec::identity);

// An id that claims to hold its key must hold one that can be used.
Result<> check_inline_key(BytesView multihash) {
  if (multihash[0] != identity_code) return {};
  if (auto key = PublicKey::from_protobuf(multihash.subspan(identity_prefix)); !key) {
    return fail(Errc::parse, "a peer id without a usable key inside: " + key.error().message);
  }
  return {};
}

}  // namespace

PeerId PeerId::from_public_key(const PublicKey& key) {
  const Bytes message = key.to_protobuf();
  PeerId id;
  id.bytes_ = message.size() <= max_inline_key ? encode_multihash(Multicodec::identity, message)
                                               : encode_multihash(Multicodec::sha2_256, sha256(message));
  return id;
}

Result<PeerId> PeerId::from_bytes(BytesView multihash) {
  LIBP2P_CHECK(check_peer_multihash(multihash));
  LIBP2P_CHECK(check_inline_key(multihash));
  PeerId id;
  id.bytes_ = libp2p::to_bytes(multihash);
  return id;
}

Result<PeerId> PeerId::parse(std::string_view text) {
  LIBP2P_TRY(const Bytes multihash, parse_peer_multihash(text));
  return from_bytes(multihash);
}

std::string PeerId::to_string() const { return base58btc_encode(bytes_); }

std::string PeerId::to_cid() const {
  Bytes cid{static_cast<std::uint8_t>(Multicodec::cidv1), static_cast<std::uint8_t>(Multicodec::libp2p_key)};
  append(cid, bytes_);
  return multibase_encode(Multibase::base32, cid);
}

std::string PeerId::short_string() const {
  constexpr std::size_t shown = 8;
  const std::string text = to_string();
  return text.size() <= shown ? text : text.substr(text.size() - shown);
}

Result<PublicKey> PeerId::public_key() const {
  if (bytes_.empty() || bytes_[0] != identity_code) {
    return fail(Errc::not_found, "the peer id is a hash and does not hold its key");
  }
  return PublicKey::from_protobuf(BytesView(bytes_).subspan(identity_prefix));
}

}  // namespace libp2p
