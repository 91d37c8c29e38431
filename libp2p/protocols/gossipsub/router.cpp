#include "libp2p/protocols/gossipsub/router.hpp"

#include <algorithm>
#include <cmath>

#include "libp2p/base/protobuf.hpp"

namespace libp2p::gossipsub {

Router::Router(PeerId self, GossipsubConfig config, Random& random)
    : self_(std::move(self)),
      config_(config),
      random_(random),
      seen_(config.seen_capacity, config.seen_ttl),
      cache_(config.history_length, config.history_gossip, config.message_cache_bytes),
      backoff_(config.backoff_capacity, config.heartbeat) {}

// Peers and their streams

void Router::peer_connected(const PeerId& peer, bool outbound) {
  Peer& state = peers_[peer];
  state.outbound = state.outbound || outbound;
}

void Router::peer_gone(const PeerId& peer) {
  leave_meshes(peer);
  promises_.forget(peer);
  peers_.erase(peer);
}

Actions Router::stream_opened(const PeerId& peer, ProtocolVersion version, Instant now) {
  Actions out;
  const auto it = peers_.find(peer);
  if (it == peers_.end()) return out;
  it->second.version = version;
  it->second.stream_lost = false;
  for (auto& topic : topics_) out.sends.push_back({peer, Announce{topic.first, true}});
  for (auto& topic : topics_) {
    if (topic.second.mesh.contains(peer)) {
      out.sends.push_back({peer, Graft{topic.first}});
    } else {
      graft_if_thin(peer, it->second, topic, now, out);
    }
    // What an older stream took with it.
    if (it->second.topics.contains(topic.first)) tell_recent(peer, it->second, topic.first, out);
  }
  return out;
}

void Router::stream_lost(const PeerId& peer) {
  leave_meshes(peer);
  if (const auto it = peers_.find(peer); it != peers_.end()) it->second.stream_lost = true;
}

Actions Router::inbound_opened(const PeerId& peer, Instant now) {
  Actions out;
  const auto it = peers_.find(peer);
  if (it == peers_.end()) return out;
  expect_confirmation(it->second, now);
  // Whoever lost its stream to us may have taken us out of its mesh; to those who didn't, this says nothing
  // new.
  for (const auto& [name, topic] : topics_) {
    if (topic.mesh.contains(peer)) out.sends.push_back({peer, Graft{name}});
  }
  return out;
}

void Router::inbound_lost(const PeerId& peer, Instant now) {
  leave_meshes(peer);
  if (const auto it = peers_.find(peer); it != peers_.end()) expect_confirmation(it->second, now);
}

void Router::expect_confirmation(Peer& peer, Instant now) {
  ++peer.inbound_number;
  peer.confirm_by = now + config_.resubscribe_grace;
}

void Router::forget_unconfirmed(const PeerId& id, Peer& peer, Instant now) {
  if (!peer.confirm_by || now < *peer.confirm_by) return;
  peer.confirm_by.reset();
  for (auto it = peer.topics.begin(); it != peer.topics.end();) {
    if (it->second == peer.inbound_number) {
      ++it;
      continue;
    }
    if (const auto topic = topics_.find(it->first); topic != topics_.end()) topic->second.mesh.erase(id);
    it = peer.topics.erase(it);
  }
}

void Router::leave_meshes(const PeerId& id) {
  for (auto& [name, topic] : topics_) topic.mesh.erase(id);
}

void Router::penalise(Peer& peer) {
  ++counters_.penalties;
  peer.behaviour_penalty += 1;
}

// Receiving

Result<Actions> Router::receive(const PeerId& peer, BytesView rpc, Instant now, bool superseded) {
  ++counters_.rpcs_in;
  Actions out;
  const auto it = peers_.find(peer);
  if (it == peers_.end()) return out;
  auto decoded = decode_rpc(rpc);
  if (!decoded) {
    ++counters_.rpcs_refused;
    return std::unexpected(std::move(decoded).error());
  }
  Peer& source = it->second;
  counters_.left_out += decoded->left_out;
  if (superseded) decoded->subscriptions.clear();
  for (const auto& entry : decoded->subscriptions) on_subscription(peer, source, entry, now, out);
  for (const BytesView message : decoded->messages) on_message(peer, source, message, now, out);
  if (!decoded->ihave.empty()) on_ihave(peer, source, decoded->ihave, now, out);
  on_iwant(peer, source, decoded->iwant, out);
  for (const std::string_view topic : decoded->graft) on_graft(peer, source, topic, now, out);
  for (const auto& entry : decoded->prune) on_prune(peer, entry, now);
  return out;
}

bool Router::may_join_mesh(const Peer& peer, std::string_view topic) {
  const auto known = peer.topics.find(topic);
  return !peer.stream_lost && known != peer.topics.end() && known->second == peer.inbound_number;
}

bool Router::track(Peer& peer, std::string_view topic) {
  if (const auto known = peer.topics.find(topic); known != peer.topics.end()) {
    known->second = peer.inbound_number;
    return true;
  }
  if (topic.empty() || topic.size() > config_.max_topic_bytes ||
      peer.topics.size() >= config_.max_topics_per_peer) {
    ++counters_.left_out;
    return false;
  }
  peer.topics.emplace(topic, peer.inbound_number);
  return true;
}

void Router::on_subscription(const PeerId& id, Peer& source, const Rpc::Subscription& entry, Instant now,
                             Actions& out) {
  const auto topic = topics_.find(entry.topic);
  if (!entry.subscribe) {
    if (const auto known = source.topics.find(entry.topic); known != source.topics.end())
      source.topics.erase(known);
    if (topic != topics_.end()) topic->second.mesh.erase(id);
    return;
  }
  if (track(source, entry.topic) && topic != topics_.end()) graft_if_thin(id, source, *topic, now, out);
}

bool Router::is_news(const ParsedMessage& message, const MessageId& id, Instant now) {
  if (message.from != self_ && !seen_.contains(id, now)) return true;
  ++counters_.duplicates;
  return false;
}

void Router::on_message(const PeerId& id, Peer& source, BytesView encoded, Instant now, Actions& out) {
  const auto parsed = parse_message(encoded);
  if (!parsed || encoded.size() > config_.max_message_bytes) {
    ++counters_.invalid;
    penalise(source);
    return;
  }
  const auto topic = topics_.find(parsed->topic);
  if (topic == topics_.end()) {
    ++counters_.unknown_topic;
    return;
  }
  MessageId message_id = parsed->id();
  promises_.fulfil(message_id);
  if (!is_news(*parsed, message_id, now)) return;
  // Only now, since it costs most; and before the id is remembered, or a forgery would keep the real message
  // out.
  if (!verify_message(*parsed)) {
    ++counters_.invalid;
    penalise(source);
    return;
  }
  seen_.insert(message_id, now);
  GossipMessage message = parsed->to_message();
  const GossipVerdict verdict =
      topic->second.validator ? topic->second.validator(id, message) : GossipVerdict::accept;
  if (verdict == GossipVerdict::ignore) {
    ++counters_.ignored;
    return;
  }
  if (verdict == GossipVerdict::reject) {
    ++counters_.rejected;
    penalise(source);
    return;
  }
  const auto wire = std::make_shared<const Bytes>(encoded.begin(), encoded.end());
  cache_.put(message_id, topic->first, wire);
  pass_on(topic->first, wire, id, message.from, out);
  ++counters_.delivered;
  out.deliveries.push_back(std::move(message));
}

void Router::pass_on(const std::string& topic, const WireMessage& message, const PeerId& source,
                     const PeerId& author, Actions& out) {
  const auto send = [&](const PeerId& peer) {
    if (peer == source || peer == author) return;
    ++counters_.sent;
    out.sends.push_back({peer, Publish{message}});
  };
  const std::set<PeerId>& mesh = topics_.at(topic).mesh;
  if (mesh.size() >= config_.d_low) {
    for (const PeerId& peer : mesh) send(peer);
    return;
  }
  for (const auto& [peer, state] : peers_) {
    if (state.topics.contains(topic)) send(peer);
  }
}

void Router::on_ihave(const PeerId& id, Peer& source, const std::vector<Rpc::IHave>& entries, Instant now,
                      Actions& out) {
  if (source.behaviour_penalty > config_.max_behaviour_penalty ||
      ++source.ihave_rpcs > config_.max_ihave_rpcs) {
    ++counters_.ihave_ignored;
    return;
  }
  std::set<MessageId> wanted;
  for (const auto& entry : entries) {
    if (!topics_.contains(entry.topic)) continue;
    for (const BytesView bytes : entry.ids) {
      if (source.ids_asked + wanted.size() >= config_.max_iwant_ids) {
        ++counters_.left_out;
        continue;
      }
      if (MessageId message_id = to_bytes(bytes); !seen_.contains(message_id, now))
        wanted.insert(std::move(message_id));
    }
  }
  if (wanted.empty()) return;
  source.ids_asked += wanted.size();
  counters_.ids_asked += wanted.size();
  std::vector<MessageId> ids(wanted.begin(), wanted.end());
  promises_.add(id, ids[random_.below(ids.size())], now + config_.iwant_followup);
  out.sends.push_back({id, IWant{std::move(ids)}});
}

void Router::on_iwant(const PeerId& id, Peer& source, const std::vector<BytesView>& ids, Actions& out) {
  for (const BytesView bytes : ids) {
    if (source.iwant_bytes > 0 && source.iwant_bytes >= config_.max_iwant_bytes) {
      ++counters_.iwant_refused;
      continue;
    }
    auto answer = cache_.take_for(id, to_bytes(bytes), config_.max_retransmissions);
    if (!answer.message) {
      ++counters_.iwant_refused;
      continue;
    }
    source.iwant_bytes += answer.message->size();
    ++counters_.iwant_answered;
    ++counters_.sent;
    out.sends.push_back({id, Publish{std::move(answer.message)}});
  }
}

void Router::on_graft(const PeerId& id, Peer& source, std::string_view name, Instant now, Actions& out) {
  const auto topic = topics_.find(name);
  if (topic == topics_.end()) return;  // no answer: that would be worth flooding for (GS12)
  if (!track(source, name) || topic->second.mesh.contains(id)) return;
  if (backoff_.active(topic->first, id, now)) {
    ++counters_.grafts_refused;
    penalise(source);
    if (backoff_.may_answer(topic->first, id, config_.heartbeat, now)) {
      prune(id, topic->first, config_.prune_backoff, now, out);
    } else {
      backoff_.add(topic->first, id, config_.prune_backoff, now);
    }
    return;
  }
  if (topic->second.mesh.size() >= config_.d_high && !source.outbound) {
    ++counters_.grafts_refused;
    prune(id, topic->first, config_.prune_backoff, now, out);
    return;
  }
  ++counters_.grafts_taken;
  topic->second.mesh.insert(id);
  tell_recent(id, source, topic->first, out);
}

void Router::on_prune(const PeerId& id, const Rpc::Prune& entry, Instant now) {
  const auto topic = topics_.find(entry.topic);
  if (topic == topics_.end()) return;
  ++counters_.prunes_taken;
  topic->second.mesh.erase(id);
  const auto max_s =
      static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(config_.max_backoff).count());
  // Cut down as a number of seconds, before any arithmetic on time can overflow.
  const Duration asked = std::chrono::seconds(static_cast<std::int64_t>(std::min(entry.backoff_s, max_s)));
  backoff_.add(topic->first, id,
               entry.backoff_s == 0 ? config_.prune_backoff : std::min(asked, config_.max_backoff), now);
}

// The mesh

void Router::graft(const PeerId& id, Peer& peer, Topics::value_type& topic, Actions& out) {
  topic.second.mesh.insert(id);
  ++counters_.grafts_sent;
  out.sends.push_back({id, Graft{topic.first}});
  tell_recent(id, peer, topic.first, out);
}

void Router::graft_if_thin(const PeerId& id, Peer& peer, Topics::value_type& topic, Instant now,
                           Actions& out) {
  if (!may_join_mesh(peer, topic.first) || topic.second.mesh.size() >= config_.d_low) return;
  if (topic.second.mesh.contains(id) || !backoff_.may_graft(topic.first, id, now)) return;
  graft(id, peer, topic, out);
}

void Router::prune(const PeerId& id, const std::string& topic, Duration backoff, Instant now, Actions& out) {
  backoff_.add(topic, id, backoff, now);
  ++counters_.prunes_sent;
  const auto it = peers_.find(id);
  const bool says_how_long = it != peers_.end() && it->second.version >= ProtocolVersion::v1_1;
  const auto seconds = static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(backoff).count());
  out.sends.push_back({id, Prune{topic, says_how_long ? seconds : 0}});
}

void Router::tell_recent(const PeerId& id, Peer& peer, const std::string& topic, Actions& out) {
  if (!peer.told.insert(topic).second) return;
  std::vector<MessageId> ids = cache_.gossip_ids(topic);
  if (ids.size() > max_ids_per_rpc) ids.resize(max_ids_per_rpc);
  if (!ids.empty()) out.sends.push_back({id, IHave{topic, std::move(ids)}});
}

template <class T>
void Router::shuffle(std::vector<T>& items) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random_.below(i)]);
}

void Router::graft_some(Topics::value_type& topic, std::size_t count, bool outbound_only, Instant now,
                        Actions& out) {
  std::vector<std::map<PeerId, Peer>::iterator> candidates;
  for (auto it = peers_.begin(); it != peers_.end(); ++it) {
    if (!may_join_mesh(it->second, topic.first) || topic.second.mesh.contains(it->first)) continue;
    if (outbound_only && !it->second.outbound) continue;
    if (backoff_.may_graft(topic.first, it->first, now)) candidates.push_back(it);
  }
  shuffle(candidates);
  if (candidates.size() > count) candidates.resize(count);
  for (const auto& it : candidates) graft(it->first, it->second, topic, out);
}

void Router::cut_mesh(Topics::value_type& topic, Instant now, Actions& out) {
  std::vector<PeerId> order(topic.second.mesh.begin(), topic.second.mesh.end());
  shuffle(order);
  // Those that we dialled come first until there are d_out of them: an inbound crowd can't take the mesh
  // over.
  std::size_t front = 0;
  for (std::size_t i = 0; i < order.size() && front < config_.d_out; ++i) {
    if (peers_.at(order[i]).outbound) std::swap(order[i], order[front++]);
  }
  for (std::size_t i = config_.d; i < order.size(); ++i) {
    topic.second.mesh.erase(order[i]);
    prune(order[i], topic.first, config_.prune_backoff, now, out);
  }
}

void Router::maintain_mesh(Topics::value_type& topic, Instant now, Actions& out) {
  const std::set<PeerId>& mesh = topic.second.mesh;
  if (mesh.size() < config_.d_low) graft_some(topic, config_.d - mesh.size(), false, now, out);
  if (mesh.size() > config_.d_high) cut_mesh(topic, now, out);
  if (mesh.size() < config_.d_low) return;
  const auto outbound = static_cast<std::size_t>(
      std::ranges::count_if(mesh, [this](const PeerId& id) { return peers_.at(id).outbound; }));
  if (outbound < config_.d_out) graft_some(topic, config_.d_out - outbound, true, now, out);
}

void Router::emit_gossip(const std::string& topic, const Topic& state, Actions& out) {
  std::vector<MessageId> ids = cache_.gossip_ids(topic);
  if (ids.empty()) return;
  std::vector<PeerId> candidates;
  for (const auto& [id, peer] : peers_) {
    if (peer.topics.contains(topic) && !state.mesh.contains(id)) candidates.push_back(id);
  }
  shuffle(candidates);
  const auto share =
      static_cast<std::size_t>(std::ceil(config_.gossip_factor * static_cast<double>(candidates.size())));
  if (const std::size_t count = std::max(config_.d_lazy, share); candidates.size() > count)
    candidates.resize(count);
  for (const PeerId& id : candidates) {
    std::vector<MessageId> told = ids;
    // Each peer another part, so that together they hear of all.
    if (told.size() > max_ids_per_rpc) {
      shuffle(told);
      told.resize(max_ids_per_rpc);
    }
    out.sends.push_back({id, IHave{topic, std::move(told)}});
  }
}

Actions Router::heartbeat(Instant now) {
  Actions out;
  for (const PeerId& id : promises_.broken(now)) penalise(peers_.at(id));
  backoff_.expire(now);
  for (auto& [id, peer] : peers_) {
    peer.ihave_rpcs = peer.ids_asked = peer.iwant_bytes = 0;
    peer.told.clear();
    peer.behaviour_penalty *= config_.behaviour_penalty_decay;
    forget_unconfirmed(id, peer, now);
  }
  for (auto& topic : topics_) maintain_mesh(topic, now, out);
  for (const auto& [name, topic] : topics_) emit_gossip(name, topic, out);
  cache_.shift();
  return out;
}

// Our own subscriptions and messages

Result<Actions> Router::join(const std::string& topic, GossipValidator validator, Instant now) {
  if (topics_.contains(topic)) return fail(Errc::exists, "already subscribed to " + printable(topic));
  if (topic.empty() || topic.size() > config_.max_topic_bytes || !is_utf8(as_bytes(topic))) {
    return fail(Errc::invalid_argument,
                "a topic is 1 to " + std::to_string(config_.max_topic_bytes) + " bytes of UTF-8");
  }
  if (topics_.size() >= config_.max_topics_per_peer) {
    return fail(Errc::limit, "at most " + std::to_string(config_.max_topics_per_peer) + " topics");
  }
  Actions out;
  auto& entry = *topics_.emplace(topic, Topic{.mesh = {}, .validator = std::move(validator)}).first;
  for (const auto& [id, peer] : peers_) out.sends.push_back({id, Announce{topic, true}});
  graft_some(entry, config_.d, false, now, out);
  return out;
}

Actions Router::leave(const std::string& topic, Instant now) {
  Actions out;
  const auto it = topics_.find(topic);
  if (it == topics_.end()) return out;
  for (const auto& [id, peer] : peers_) out.sends.push_back({id, Announce{topic, false}});
  for (const PeerId& id : it->second.mesh) prune(id, topic, config_.unsubscribe_backoff, now, out);
  topics_.erase(it);
  return out;
}

Actions Router::publish(const SignedMessage& message, Instant now) {
  Actions out;
  ++counters_.published;
  seen_.insert(message.message.id, now);
  cache_.put(message.message.id, message.message.topic, message.wire);
  for (const auto& [id, peer] : peers_) {
    if (!peer.topics.contains(message.message.topic)) continue;
    ++counters_.sent;
    out.sends.push_back({id, Publish{message.wire}});
  }
  return out;
}

// What is known

std::vector<PeerId> Router::subscribers(const std::string& topic) const {
  std::vector<PeerId> ids;
  for (const auto& [id, peer] : peers_) {
    if (peer.topics.contains(topic)) ids.push_back(id);
  }
  return ids;
}

std::vector<PeerId> Router::mesh(const std::string& topic) const {
  const auto it = topics_.find(topic);
  if (it == topics_.end()) return {};
  return {it->second.mesh.begin(), it->second.mesh.end()};
}

Router::Footprint Router::footprint() const {
  Footprint all{.peers = peers_.size(),
                .backoffs = backoff_.size(),
                .promises = promises_.size(),
                .seen = seen_.size(),
                .cached = cache_.size(),
                .cached_bytes = cache_.bytes()};
  for (const auto& [id, peer] : peers_) all.peer_topics += peer.topics.size();
  for (const auto& [name, topic] : topics_) all.mesh_links += topic.mesh.size();
  return all;
}

}  // namespace libp2p::gossipsub
