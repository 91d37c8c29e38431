// Our own signed peer record.
#pragma once

#include <optional>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/swarm/peerstore.hpp"

namespace libp2p::identify {

// The sequence number of a new record: milliseconds of the wall clock, but above what was used last, also
// before a restart with a clock set back (RFC/0003-routing-records.md; ID11).
[[nodiscard]] std::uint64_t next_record_seq(std::optional<std::uint64_t> last, WallTime now);

// Seals a record when the addresses differ from those of the last one, and keeps it in the peerstore, whose
// file carries its sequence number over a restart.
class OwnRecord {
 public:
  // All must outlive this.
  OwnRecord(Env env, const PrivateKey& key, Peerstore& peerstore)
      : env_(env), key_(key), peerstore_(peerstore) {}

  // The envelope. Errors: those of PeerRecord::seal.
  [[nodiscard]] Result<Bytes> envelope(const std::vector<Multiaddr>& addresses);

 private:
  Env env_;
  const PrivateKey& key_;
  Peerstore& peerstore_;
  std::optional<std::uint64_t> seq_;
  std::vector<Multiaddr> addresses_;
  Bytes envelope_;
};

}  // namespace libp2p::identify
