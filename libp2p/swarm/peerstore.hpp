// What is known of other peers: addresses, protocols, signed records. Bounded, and kept over restarts through
// a file seam.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/base/env.hpp"
#include "libp2p/identity/peer_id.hpp"
#include "libp2p/identity/peer_record.hpp"
#include "libp2p/multi/multiaddr.hpp"

namespace libp2p {

// Where the peerstore's bytes live; written whole, replaced atomically. Called from a worker, one call at a
// time.
class PeerstoreFile {
 public:
  virtual ~PeerstoreFile() = default;
  [[nodiscard]] virtual Result<Bytes> load() = 0;  // not_found when there is none yet
  [[nodiscard]] virtual Result<> save(BytesView contents) = 0;
};

class Peerstore {
 public:
  static constexpr std::size_t max_peers = 4096;
  static constexpr std::size_t max_addresses_per_peer = 64;
  static constexpr std::size_t max_protocols_per_peer = 256;

  explicit Peerstore(Env env, PeerstoreFile* file);

  // Addresses lapse after `ttl`, except those of kept peers. Without /p2p. Where there are too many, the one
  // that lapses first makes room; never one of those that are added with it.
  void add_addresses(const PeerId& peer, const std::vector<Multiaddr>& addresses, Duration ttl);
  // Those that were added last come first, also after a restart: a peer that took other ports is found at
  // once.
  [[nodiscard]] std::vector<Multiaddr> addresses(const PeerId& peer) const;
  // A record that was opened (so verified). False when an equal or newer one is stored, or its seq lies more
  // than a day ahead of the clock (ID11, ID12).
  bool add_record(const PeerRecord& record, Bytes envelope);
  [[nodiscard]] std::optional<Bytes> record_envelope(const PeerId& peer) const;

  void set_protocols(const PeerId& peer, std::vector<std::string> protocols);
  [[nodiscard]] std::vector<std::string> protocols(const PeerId& peer) const;
  [[nodiscard]] bool supports(const PeerId& peer, std::string_view protocol) const;
  void set_agent(const PeerId& peer, std::string agent);
  [[nodiscard]] std::string agent(const PeerId& peer) const;

  // The round trip that was measured last; of a peer of whom nothing else is known it is not kept. Not saved:
  // it is as old as the network that it was measured on.
  void set_rtt(const PeerId& peer, Duration rtt);
  [[nodiscard]] std::optional<Duration> rtt(const PeerId& peer) const;

  // Kept peers are never evicted to make room.
  void set_kept(const PeerId& peer, bool kept);
  void forget(const PeerId& peer);
  [[nodiscard]] std::vector<PeerId> peers() const;
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  // Reads what the file holds / writes what is known of peers that have a signed record or are kept.
  [[nodiscard]] Result<> load();
  [[nodiscard]] Result<> save() const;
  // What save() writes, for those who write it elsewhere than on the loop.
  [[nodiscard]] Bytes serialise() const;
  // Grows with every change that save() would write.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

 private:
  struct KnownAddress {
    Instant expires;
    std::uint64_t told = 0;  // larger than that of all that were told of before
  };
  using KnownAddresses = std::map<Multiaddr, KnownAddress>;
  struct Entry {
    KnownAddresses addresses;
    std::vector<std::string> protocols;  // sorted
    std::string agent;
    Bytes envelope;  // the signed record, with its sequence number
    std::uint64_t seq = 0;
    bool kept = false;
    std::optional<Duration> rtt;
    Instant touched;
  };
  // Those that haven't lapsed, the newest first.
  [[nodiscard]] std::vector<Multiaddr> live_addresses(const Entry& entry) const;
  [[nodiscard]] static bool make_room(KnownAddresses& addresses, std::uint64_t told_before);
  [[nodiscard]] Entry* touch(const PeerId& peer);
  [[nodiscard]] const Entry* find(const PeerId& peer) const;
  void sweep();
  [[nodiscard]] Result<> load_peer(BytesView message);

  Env env_;
  PeerstoreFile* file_;
  std::map<PeerId, Entry> entries_;
  Instant next_sweep_{};
  std::uint64_t changes_ = 0;
  std::uint64_t told_ = 0;
};

}  // namespace libp2p
