// From addresses to a connection whose peer is proven.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "libp2p/base/task_group.hpp"
#include "libp2p/swarm/black_hole.hpp"
#include "libp2p/swarm/dial_outcomes.hpp"
#include "libp2p/swarm/dial_plan.hpp"
#include "libp2p/swarm/gater.hpp"
#include "libp2p/swarm/peerstore.hpp"
#include "libp2p/swarm/round_trips.hpp"
#include "libp2p/swarm/swarm_config.hpp"
#include "libp2p/transport/dns/resolver.hpp"
#include "libp2p/transport/transport.hpp"

namespace libp2p::swarm {

using MuxedPtr = std::unique_ptr<MuxedConnection>;

class Dialer {
 public:
  struct Counters {
    std::uint64_t dials = 0;
    std::uint64_t failures = 0;
    std::array<DialOutcomes, transport_kinds.size()> by_kind;  // in the order of TransportKind
  };
  // What a race says of one of its dials.
  struct Request {
    Multiaddr address;  // no name
    std::optional<PeerId> expected;
    // Silence for at least so long counts as a sign that the network swallows such packets.
    Duration patience{};
    bool first_of_peer = true;  // the race has no other dial under way
  };

  // `resolver` may be null: then names can't be dialled.
  Dialer(Env env, const SwarmConfig& config, std::span<const std::unique_ptr<Transport>> transports,
         Gater& gater, Resolver* resolver, const Peerstore& peerstore)
      : env_(env),
        config_(config),
        transports_(transports),
        gater_(gater),
        resolver_(resolver),
        peerstore_(peerstore),
        freed_(env.executor) {}

  // One address, within config.dial_timeout from when one of config.max_dials places is free. Errors:
  // not_supported (no transport), refused (the gater), limit (no place came free), timeout, and those of the
  // transport.
  [[nodiscard]] Task<Result<MuxedPtr>> dial(Request request);
  [[nodiscard]] Task<Result<std::vector<Multiaddr>>> resolve(Multiaddr address);

  // By the network of the address, else the peer's last.
  [[nodiscard]] std::optional<Duration> known_rtt(const Multiaddr& address,
                                                  const std::optional<PeerId>& peer) const;
  void note_rtt(const Multiaddr& remote, Duration rtt) { round_trips_.note(remote, rtt); }
  [[nodiscard]] BlackHoles& black_holes() noexcept { return black_holes_; }
  // The machine is on another network: what was learnt of the old one is forgotten.
  void forget_network();

  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::size_t dialling() const noexcept { return dialling_; }

 private:
  class Place;
  class Trial;
  [[nodiscard]] bool place_free(bool first_of_peer) const noexcept;

  Env env_;
  const SwarmConfig& config_;
  std::span<const std::unique_ptr<Transport>> transports_;
  Gater& gater_;
  Resolver* resolver_;
  const Peerstore& peerstore_;
  Counters counters_;
  BlackHoles black_holes_;
  RoundTrips round_trips_;
  std::size_t dialling_ = 0;
  Notifier freed_;
};

// One peer's addresses against each other, as dial_plan() has them start; when nothing is under way the next
// starts at once. The first connection wins. What is told of while it runs is news of where the peer is: it
// goes before what was known, and doesn't wait for those that have been silent for config.dial_silence.
class DialRace {
 public:
  // Whose word an address is. What others told us of leads only where their addresses may lead
  // (address_policy.hpp), through names, too.
  enum class Source : std::uint8_t { caller, others };
  // Names that others told us of: each may cost many look-ups, and hold up those that somebody here waits
  // for.
  static constexpr std::size_t max_told_names = 4;
  static constexpr std::size_t max_news = 4 * max_dial_candidates;

  DialRace(Env env, const SwarmConfig& config, Dialer& dialer, std::optional<PeerId> expected);

  // Also while it runs. Those that it has already are left out, and those beyond max_dial_candidates; of news
  // there may be max_news more.
  void add(const std::vector<Multiaddr>& addresses, Source source);
  // run() then ends with Errc::closed, unless it has won.
  void give_up();
  // Once. Errors: not_found (no address), what all attempts failed with, or io when they differ; the message
  // has each address and its reason.
  [[nodiscard]] Task<Result<MuxedPtr>> run();
  // After it has won: which transport did, and what became of those that are preferred to it.
  [[nodiscard]] const std::string& why() const noexcept { return why_; }

 private:
  struct Entry {
    enum class State : std::uint8_t { waiting, running, resolved, failed };
    PlannedDial planned;
    std::optional<PeerId> named = {};  // who is there, where that came with the address
    Source source{};
    std::size_t news = 0;  // 0: known when the race began; of the others the greater is the newer
    State state = State::waiting;
    Instant start{};  // planned, or when it did
    std::string fate = {};
  };

  [[nodiscard]] Task<Result<MuxedPtr>> race();
  [[nodiscard]] Task<> attempt(std::size_t number, bool first);
  [[nodiscard]] Task<> look_up(std::size_t number);
  [[nodiscard]] Task<Result<std::vector<Multiaddr>>> resolve(const Entry& entry);
  void insert(const std::vector<Multiaddr>& addresses, Source source, std::size_t news);
  void plan();
  // Which is to start next; none waits.
  [[nodiscard]] std::optional<std::size_t> next_waiting() const;
  // When there is a place for it, as things stand; nothing: when one that is under way has ended.
  [[nodiscard]] std::optional<Instant> place_at(const Entry& entry) const;
  void start(std::size_t number);
  // Who must be at the entry's address.
  [[nodiscard]] const std::optional<PeerId>& expected_at(const Entry& entry) const {
    return expected_ ? expected_ : entry.named;
  }
  void note_failure(Entry& entry, const Error& error);
  [[nodiscard]] std::string explain(const Entry& winner) const;
  [[nodiscard]] std::unexpected<Error> failure() const;

  Env env_;
  const SwarmConfig& config_;
  Dialer& dialer_;
  std::optional<PeerId> expected_;
  BlackHoles::View black_holes_;
  std::deque<Entry> entries_;  // grows only
  std::set<Multiaddr> known_;
  std::size_t told_names_ = 0;  // looked up
  std::size_t running_ = 0;
  std::size_t news_ = 0;  // the number of the last
  bool begun_ = false;
  bool given_up_ = false;
  MuxedPtr winner_;
  std::string why_;
  std::vector<Error> failures_;
  std::string reasons_;
  Notifier changed_;
  TaskGroup attempts_;
};

}  // namespace libp2p::swarm
