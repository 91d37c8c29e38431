#include "libp2p/protocols/identify/own_record.hpp"

#include <limits>

#include "libp2p/identity/peer_record.hpp"

namespace libp2p::identify {

std::uint64_t next_record_seq(std::optional<std::uint64_t> last, WallTime now) {
  const auto ms = now.time_since_epoch().count();
  const std::uint64_t wall = ms > 0 ? static_cast<std::uint64_t>(ms) : 0;
  if (!last || *last == std::numeric_limits<std::uint64_t>::max()) return wall;
  return wall > *last ? wall : *last + 1;
}

Result<Bytes> OwnRecord::envelope(const std::vector<Multiaddr>& addresses) {
  if (!envelope_.empty() && addresses == addresses_) return envelope_;
  PeerRecord record;
  record.peer = PeerId::from_public_key(key_.public_key());
  if (!seq_) {
    const auto stored = peerstore_.record_envelope(record.peer);
    const auto before =
        stored ? PeerRecord::open(*stored) : fail(Errc::not_found, "no record of an earlier run");
    if (before) seq_ = before->seq;
  }
  record.seq = next_record_seq(seq_, env_.clock.wall());
  record.addresses = addresses;
  LIBP2P_TRY(envelope_, record.seal(key_));
  seq_ = record.seq;
  addresses_ = addresses;
  peerstore_.set_kept(record.peer, true);
  peerstore_.add_record(record, envelope_);
  return envelope_;
}

}  // namespace libp2p::identify
