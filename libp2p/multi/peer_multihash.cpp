#include "libp2p/multi/peer_multihash.hpp"

#include "libp2p/multi/cid.hpp"

namespace libp2p {
namespace {

// The longest form there is: base 16 of a CID with an identity multihash of 42 bytes takes 93 characters.
constexpr std::size_t max_text = 128;

}  // namespace

Result<> check_peer_multihash(BytesView multihash) {
  LIBP2P_TRY(const Multihash hash, Multihash::from_bytes(multihash));
  if (hash.is(Multicodec::sha2_256)) return {};
  if (!hash.is(Multicodec::identity))
    return fail(Errc::parse, "a peer id by a hash function that is not used for them");
  if (hash.digest.empty() || hash.digest.size() > max_inline_key) {
    return fail(Errc::parse,
                "a peer id with a key of " + std::to_string(hash.digest.size()) + " bytes inline");
  }
  return {};
}

Result<Bytes> parse_peer_multihash(std::string_view text) {
  if (text.size() > max_text) return fail(Errc::limit, "a peer id of more than 128 characters");
  if (text.starts_with('1') || text.starts_with("Qm")) {
    LIBP2P_TRY(Bytes multihash, base58btc_decode(text));
    LIBP2P_CHECK(check_peer_multihash(multihash));
    return multihash;
  }
  LIBP2P_TRY(const Cid cid, Cid::parse(text));
  if (cid.codec() != static_cast<std::uint64_t>(Multicodec::libp2p_key)) {
    return fail(Errc::parse, "a CID of something that is not a libp2p key");
  }
  Bytes multihash = cid.hash().to_bytes();
  LIBP2P_CHECK(check_peer_multihash(multihash));
  return multihash;
}

}  // namespace libp2p
