// The GossipSub router: who gets which message (gossipsub-v1.0.md, gossipsub-v1.1.md), without a socket or a
// clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libp2p/base/random.hpp"
#include "libp2p/protocols/gossipsub/backoff.hpp"
#include "libp2p/protocols/gossipsub/config.hpp"
#include "libp2p/protocols/gossipsub/message_cache.hpp"
#include "libp2p/protocols/gossipsub/promises.hpp"
#include "libp2p/protocols/gossipsub/rpc.hpp"
#include "libp2p/protocols/gossipsub/seen_cache.hpp"
#include "libp2p/protocols/gossipsub/signing.hpp"

namespace libp2p {

// What an application says of a message: hand it out and pass it on; drop it and hold it against whoever
// passed it on; drop it (gossipsub-v1.1.md, Extended Validators).
enum class GossipVerdict : std::uint8_t { accept, reject, ignore };
// Called with whoever passed the message on and with the message, whose signature has been verified. Must not
// call back into the router or the service.
using GossipValidator =
    std::function<GossipVerdict(const PeerId& propagation_source, const GossipMessage& message)>;

struct GossipsubCounters {
  std::uint64_t published = 0, delivered = 0, sent = 0;  // messages; sent counts each copy
  std::uint64_t duplicates = 0, invalid = 0, rejected = 0, ignored = 0, unknown_topic = 0;
  std::uint64_t rpcs_in = 0, rpcs_refused = 0,
                left_out = 0;  // left_out: entries beyond the limits of an RPC or a peer
  std::uint64_t grafts_sent = 0, grafts_taken = 0, grafts_refused = 0, prunes_sent = 0, prunes_taken = 0;
  std::uint64_t ihave_ignored = 0, ids_asked = 0, iwant_answered = 0, iwant_refused = 0;
  std::uint64_t penalties = 0;      // behaviour that scoring calls P7
  std::uint64_t peers_dropped = 0;  // links that didn't take what we had for them
};

namespace gossipsub {

// What follows from an event: in this order, and for each peer in the order of the list.
struct Actions {
  struct Send {
    PeerId peer;
    Outgoing item;
  };
  std::vector<Send> sends;
  std::vector<GossipMessage> deliveries;  // of topics that we are subscribed to
};

// Pure: the same events at the same times, with the same random numbers, give the same actions. Its owner is
// the service, which feeds it and carries out what it says.
//
// In small fleets nothing may depend on luck, so two rules go beyond the specification: while the mesh of a
// topic is thin (below d_low), messages are passed on to every subscriber; and a peer is grafted at once when
// it subscribes, and told what went round in the last heartbeats when it enters the mesh.
class Router {
 public:
  // `random` must outlive the router; `config` must pass its check().
  Router(PeerId self, GossipsubConfig config, Random& random);

  // A peer can be sent to. Again for a known one: it has another connection. `outbound`: we dialled it.
  void peer_connected(const PeerId& peer, bool outbound);
  void peer_gone(const PeerId& peer);
  // Our stream to a known peer is (newly) open: everything that we are subscribed to is announced, and the
  // mesh that we believe in is said again, since the peer may have given us up meanwhile.
  [[nodiscard]] Actions stream_opened(const PeerId& peer, ProtocolVersion version, Instant now);
  // Our stream to it broke and there is no other yet: it leaves the mesh.
  void stream_lost(const PeerId& peer);
  // Its stream to us began, perhaps while an older one still has something to say. What it was subscribed to
  // and doesn't announce again within config.resubscribe_grace is forgotten.
  [[nodiscard]] Actions inbound_opened(const PeerId& peer, Instant now);
  // Its stream to us ended and there is no newer one: it leaves the mesh, and later, as above, its topics.
  void inbound_lost(const PeerId& peer, Instant now);

  // An RPC without its length prefix. `superseded`: it came on an older stream than the newest of that peer;
  // its subscriptions are void then, since the newer one says all. Errors: parse; then nothing of it has had
  // effect.
  [[nodiscard]] Result<Actions> receive(const PeerId& peer, BytesView rpc, Instant now,
                                        bool superseded = false);
  // Once every config.heartbeat.
  [[nodiscard]] Actions heartbeat(Instant now);

  // Errors: exists; invalid_argument (empty, longer than max_topic_bytes, not UTF-8); limit (more than
  // max_topics_per_peer: others would not keep track of it).
  [[nodiscard]] Result<Actions> join(const std::string& topic, GossipValidator validator, Instant now);
  [[nodiscard]] Actions leave(const std::string& topic, Instant now);
  // A message of our own, to every subscriber (flood publishing). Also to a topic that we are not subscribed
  // to.
  [[nodiscard]] Actions publish(const SignedMessage& message, Instant now);

  [[nodiscard]] bool subscribed(const std::string& topic) const { return topics_.contains(topic); }
  [[nodiscard]] std::vector<PeerId> subscribers(const std::string& topic) const;  // in order of peer id
  [[nodiscard]] std::vector<PeerId> mesh(const std::string& topic) const;
  [[nodiscard]] const GossipsubCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] GossipsubCounters& counters() noexcept { return counters_; }

  // What is kept because of others, for those who watch that it stays bounded.
  struct Footprint {
    std::size_t peers = 0, peer_topics = 0, mesh_links = 0, backoffs = 0, promises = 0, seen = 0, cached = 0,
                cached_bytes = 0;
  };
  [[nodiscard]] Footprint footprint() const;

 private:
  struct Peer {
    ProtocolVersion version = ProtocolVersion::v1_1;
    bool outbound = false;
    bool stream_lost = false;  // until the next one is open, it is not grafted
    // By the number of the inbound stream that announced it last.
    std::map<std::string, std::uint32_t, std::less<>> topics;
    std::uint32_t inbound_number = 0;
    std::optional<Instant> confirm_by;  // then topics of older streams are forgotten
    double behaviour_penalty = 0;
    // Since the last heartbeat:
    std::size_t ihave_rpcs = 0;
    std::size_t ids_asked = 0;
    std::size_t iwant_bytes = 0;
    std::set<std::string> told;  // topics whose recent messages it has been told of on entering the mesh
  };
  struct Topic {
    std::set<PeerId> mesh;
    GossipValidator validator;
  };
  using Topics = std::map<std::string, Topic, std::less<>>;

  // One step of receive() each. `source` is in peers_ under `id`.
  void on_subscription(const PeerId& id, Peer& source, const Rpc::Subscription& entry, Instant now,
                       Actions& out);
  void on_message(const PeerId& id, Peer& source, BytesView encoded, Instant now, Actions& out);
  void on_ihave(const PeerId& id, Peer& source, const std::vector<Rpc::IHave>& entries, Instant now,
                Actions& out);
  void on_iwant(const PeerId& id, Peer& source, const std::vector<BytesView>& ids, Actions& out);
  void on_graft(const PeerId& id, Peer& source, std::string_view topic, Instant now, Actions& out);
  void on_prune(const PeerId& id, const Rpc::Prune& entry, Instant now);

  // Subscribed, by its newest stream, and can be told of it.
  [[nodiscard]] static bool may_join_mesh(const Peer& peer, std::string_view topic);
  [[nodiscard]] bool track(Peer& peer, std::string_view topic);
  [[nodiscard]] bool is_news(const ParsedMessage& message, const MessageId& id, Instant now);
  void pass_on(const std::string& topic, const WireMessage& message, const PeerId& source,
               const PeerId& author, Actions& out);
  void graft_if_thin(const PeerId& id, Peer& peer, Topics::value_type& topic, Instant now, Actions& out);
  void graft(const PeerId& id, Peer& peer, Topics::value_type& topic, Actions& out);
  void prune(const PeerId& id, const std::string& topic, Duration backoff, Instant now, Actions& out);
  void tell_recent(const PeerId& id, Peer& peer, const std::string& topic, Actions& out);
  void maintain_mesh(Topics::value_type& topic, Instant now, Actions& out);
  void cut_mesh(Topics::value_type& topic, Instant now, Actions& out);
  void graft_some(Topics::value_type& topic, std::size_t count, bool outbound_only, Instant now,
                  Actions& out);
  void emit_gossip(const std::string& topic, const Topic& state, Actions& out);
  void leave_meshes(const PeerId& id);
  void expect_confirmation(Peer& peer, Instant now);
  void forget_unconfirmed(const PeerId& id, Peer& peer, Instant now);
  void penalise(Peer& peer);
  template <class T>
  void shuffle(std::vector<T>& items);

  PeerId self_;
  GossipsubConfig config_;
  Random& random_;
  std::map<PeerId, Peer> peers_;
  Topics topics_;
  SeenCache seen_;
  MessageCache cache_;
  Backoff backoff_;
  Promises promises_;
  GossipsubCounters counters_;
};

}  // namespace gossipsub
}  // namespace libp2p
