// Whom to ask for what (rule L5): from the vectors that peers have told, and from what became of asking them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "libp2p/base/clock.hpp"
#include "starling/changelog/version_vector.hpp"
#include "starling/sync/messages.hpp"

namespace starling {

using libp2p::Duration;
using libp2p::Instant;

// Something that peers say they have and that nobody has brought.
struct Unfetchable {
  ChainId chain;
  std::uint64_t seq = 0;
  PeerId named_by;
  Instant since;
};

// Pure. One round of asking at a time: plan(), then ended() for each peer that was asked, then settle().
// Bounded by the peers that are connected, and max_claims of each.
class PullPlanner {
 public:
  static constexpr std::size_t max_claims = 1024;  // a peer; what lies beyond is the next comparison's matter
  static constexpr std::uint64_t round_records = 16 * stripe_block;  // of one peer, in a round
  static constexpr std::size_t max_shares = 4;
  // So much must be missing before it is worth asking several.
  static constexpr std::uint64_t shared_from = 4 * stripe_block;
  // How long something isn't asked for after the first time; twice as long after each further one.
  static constexpr Duration failure_pause = std::chrono::seconds(1);
  static constexpr Duration withheld_pause = std::chrono::seconds(15);
  static constexpr Duration longest_pause = std::chrono::minutes(10);

  // A peer's vector has come.
  void heard(const PeerId& peer, const VersionVector& theirs, const VersionVector& ours, Instant now);
  // A peer is to be asked for all that our vector lacks, once: it speaks 1.0, holds the proof of a fork, or
  // something that we want by name.
  void ask_whole(const PeerId& peer) { peers_[peer].whole = true; }
  // What was withheld may be taken now, by other rules: it is asked for again.
  void reconsider();
  // It is connected no more.
  void gone(const PeerId& peer) { peers_.erase(peer); }

  // One request of a round. Several share what they all have, in stripes; one alone is asked by our vector.
  struct Ask {
    PeerId peer;
    std::vector<ChainRange> ranges = {};  // empty: by vector
    Stripe stripe = {};
  };
  // Nothing: nothing is missing that somebody might bring now.
  [[nodiscard]] std::vector<Ask> plan(const VersionVector& ours, Instant now) const;

  // How much the peer that has most has beyond ours, as far as a round could bring it.
  [[nodiscard]] std::uint64_t most_missing(const VersionVector& ours, Instant now) const;
  // Could others be asked in the place of `peer`?
  [[nodiscard]] bool has_alternative(const PeerId& peer, const VersionVector& ours, Instant now) const;

  // How asking a peer ended. A failure is a strike: others are asked first, and it not at all for a while.
  void ended(const PeerId& peer, bool in_order, Instant now);
  // The round that began at `begun` is over, and answered in order. What its peers said they have and isn't
  // here has been withheld, and isn't asked of them again for a while.
  struct Round {
    std::vector<Ask> asks;
    Instant begun;
    bool cut = false;                // the answers ended at their limit: more may follow
    std::set<ChainId> refused = {};  // of these something came that our rules refuse
  };
  void settle(const Round& round, const VersionVector& ours, Instant now);
  // The shares didn't fit together: somebody left something out. For a while one peer is asked at a time,
  // which shows who.
  void distrust_shares(Instant now) { alone_until_ = now + withheld_pause; }

  // When plan() may have something that it hasn't now.
  [[nodiscard]] std::optional<Instant> next_change(Instant now) const;
  // Claimed by a peer for at least `age`, asked for, and never brought. In order of chains.
  [[nodiscard]] std::vector<Unfetchable> unfetchable(const VersionVector& ours, Instant now,
                                                     Duration age) const;
  [[nodiscard]] unsigned strikes(const PeerId& peer) const;
  [[nodiscard]] std::size_t peers() const noexcept { return peers_.size(); }

 private:
  struct Claim {
    std::uint64_t seq = 0;
    Instant heard;           // that it goes as far as this
    std::uint64_t from = 0;  // where our chain ended at `since`
    Instant since;           // so long there has been more of it than that
    unsigned withheld = 0;   // how often it was asked for and not brought
    bool refused = false;    // it was brought, and isn't wanted
    Instant asleep_until{};  // not asked for before
  };
  struct Peer {
    std::map<ChainId, Claim> claims;
    bool whole = false;
    bool overflow = false;  // it has more than max_claims: what it shows is not all of what it has
    unsigned strikes = 0;
    Instant asleep_until{};
  };

  void note_progress(Peer& peer, const VersionVector& ours, Instant now);
  void settle_claims(Peer& peer, const Round& round, Instant now);
  [[nodiscard]] static std::uint64_t worth(const Peer& peer, const VersionVector& ours, Instant now);
  [[nodiscard]] std::vector<const PeerId*> candidates(const VersionVector& ours, Instant now) const;
  [[nodiscard]] std::vector<Ask> share_out(const std::vector<const PeerId*>& peers, const VersionVector& ours,
                                           Instant now) const;

  std::map<PeerId, Peer> peers_;
  Instant alone_until_{};
};

}  // namespace starling
