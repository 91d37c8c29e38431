#include "libp2p/protocols/mdns/engine.hpp"

#include <algorithm>
#include <set>

#include "libp2p/protocols/mdns/announcement.hpp"

namespace libp2p::mdns {
namespace {

constexpr std::string_view text_key = "dnsaddr=";
constexpr std::size_t max_peers_per_packet = 8;
constexpr std::size_t max_addresses_per_peer = 16;

// RFC 6762 section 6: replies that others may give too wait 20 to 120 ms.
constexpr Duration reply_delay_least = std::chrono::milliseconds(20);
constexpr Duration reply_delay_spread = std::chrono::milliseconds(100);
// On a full LAN, replies to one query must not exceed what readers take in a second.
constexpr Duration reply_delay_spread_per_peer = std::chrono::milliseconds(10);
constexpr Duration first_query_spread = std::chrono::milliseconds(100);

// News of a peer that tells nothing new is passed on this often: it may have restarted.
constexpr Duration repeat_news_after = std::chrono::seconds(1);
constexpr Duration forget_peers_after = std::chrono::minutes(10);

// However busy others are, this many intervals without a query of ours is the most.
constexpr int max_suppressed_intervals = 10;

Duration random_up_to(Random& random, Duration limit) {
  return Duration(static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(limit.count()) + 1)));
}

bool asks(const Question& question, RecordType type) {
  return question.type == static_cast<std::uint16_t>(type) ||
         question.type == static_cast<std::uint16_t>(RecordType::any);
}

// The names that the packet says are instances of the service. rust-libp2p's are not below the service's, as
// discovery/mdns.md has them, but single labels.
std::set<Name> instances_of(const Name& service, const Packet& packet) {
  std::set<Name> instances;
  for (const Record& record : packet.records) {
    if (record.type == RecordType::ptr && record.ttl_s != 0 && record.name == service)
      instances.insert(record.target);
  }
  return instances;
}

}  // namespace

Engine::Engine(EngineConfig config, Random& random)
    : config_(std::move(config)),
      random_(random),
      budget_(config_.packets_per_second_per_source, config_.packets_per_second),
      peers_(config_.max_peers, repeat_news_after) {
  // Both are within the bounds of a name: the peer name has at most 63 characters.
  instance_ = Name::below(config_.peer_name, config_.service).value();
  host_ = Name::below(config_.peer_name, Name::parse("p2p.local").value()).value();
  all_services_ = Name::parse("_services._dns-sd._udp.local").value();
}

void Engine::set_interfaces(std::vector<Interface> interfaces, Instant now) {
  std::map<unsigned, Link> links;
  for (const Interface& interface : interfaces) {
    auto old = links_.extract(interface.index);
    if (old && old.mapped().interface == interface) {
      links.insert(std::move(old));
      continue;
    }
    Link link;
    link.interface = interface;
    link.started = now + random_up_to(random_, first_query_spread);
    link.next_query = link.started;
    link.last_query = now;
    if (old) {  // a new network on an old interface: the bound on replies still counts
      link.announcement.last = old.mapped().announcement.last;
      link.services.last = old.mapped().services.last;
    }
    links.emplace(interface.index, std::move(link));
  }
  links_ = std::move(links);
  interfaces_ = std::move(interfaces);
}

void Engine::set_addresses(std::vector<Multiaddr> addresses, Instant now) {
  std::erase_if(addresses,
                [this](const Multiaddr& address) { return !may_announce(address, config_.simulated); });
  if (addresses == addresses_) return;
  addresses_ = std::move(addresses);
  for (auto& [index, link] : links_) schedule(link.announcement, now);
}

Actions Engine::handle(const Datagram& datagram, Instant now) {
  Actions actions;
  const auto found = links_.find(datagram.interface);
  if (found == links_.end()) return actions;
  Link& link = found->second;
  const bool own_machine = std::ranges::any_of(
      interfaces_, [&](const Interface& interface) { return interface.owns(datagram.from); });
  if (!own_machine && !link.interface.is_on_link(datagram.from)) {
    ++counters_.off_link;
    return actions;
  }
  if (!budget_.admit(without_scope(datagram.from), own_machine, now)) {
    ++counters_.over_budget;
    return actions;
  }
  const auto packet = decode_packet(datagram.bytes);
  if (!packet) {
    ++counters_.malformed;
    return actions;
  }
  ++counters_.accepted;
  if (packet->response) {
    learn(*packet, own_machine, actions, now);
  } else {
    answer(link, *packet, now);
  }
  return actions;
}

// What tools of DNS-SD ask after they have seen our name.
bool Engine::asks_about_us(const Question& question) const {
  if (question.name == instance_) return asks(question, RecordType::txt) || asks(question, RecordType::srv);
  return question.name == host_ && (asks(question, RecordType::a) || asks(question, RecordType::aaaa));
}

void Engine::answer(Link& link, const Packet& packet, Instant now) {
  for (const Question& question : packet.questions) {
    if (question.name == config_.service && asks(question, RecordType::ptr)) {
      schedule(link.announcement, now);
      // Whoever asked, the replies go to all: our own next question can wait.
      if (link.queries >= config_.first_queries.size()) {
        const Instant latest = link.last_query + max_suppressed_intervals * config_.query_interval;
        link.next_query = std::min(after_interval(now), std::max(latest, now));
      }
    } else if (asks_about_us(question)) {
      schedule(link.announcement, now);
    } else if (question.name == all_services_ && asks(question, RecordType::ptr)) {
      schedule(link.services, now);
    }
  }
}

void Engine::learn(const Packet& packet, bool from_this_machine, Actions& actions, Instant now) {
  std::map<PeerId, std::vector<Multiaddr>> told;
  const std::set<Name> instances = instances_of(config_.service, packet);
  for (const Record& record : packet.records) {
    if (record.type != RecordType::txt || record.ttl_s == 0) continue;
    if (!record.name.is_child_of(config_.service) && !instances.contains(record.name)) continue;
    for (std::string_view text : record.texts) {
      if (!text.starts_with(text_key)) continue;
      const auto address = Multiaddr::parse(text.substr(text_key.size()));
      if (!address) continue;
      const auto id = address->peer_id_bytes();
      const auto peer = id ? PeerId::from_bytes(*id) : fail(Errc::parse, "no peer");
      if (!peer || *peer == config_.self) continue;
      Multiaddr bare = address->without_peer();
      if (!may_believe(bare, interfaces_, from_this_machine, config_.simulated)) continue;
      if (!told.contains(*peer) && told.size() >= max_peers_per_packet) continue;
      auto& addresses = told[*peer];
      if (addresses.size() < max_addresses_per_peer) addresses.push_back(std::move(bare));
    }
  }
  for (auto& [peer, addresses] : told) {
    if (peers_.heard(peer, addresses, now)) actions.discovered.push_back({peer, std::move(addresses)});
  }
}

Actions Engine::tick(Instant now) {
  Actions actions;
  for (auto& [index, link] : links_) {
    if (link.next_query <= now) query(link, actions, now);
    if (link.announcement.due && *link.announcement.due <= now) {
      link.announcement.due.reset();
      for (Bytes& packet : announcement(link.interface)) {
        link.announcement.last = now;
        actions.send.push_back({index, std::move(packet)});
      }
    }
    if (link.services.due && *link.services.due <= now) {
      link.services = {std::nullopt, now};
      PacketWriter out(true);
      out.answer_ptr(all_services_, config_.ttl_s, config_.service);
      actions.send.push_back({index, out.take()});
    }
  }
  peers_.expire(now - forget_peers_after);
  budget_.expire(now);
  return actions;
}

void Engine::query(Link& link, Actions& actions, Instant now) {
  PacketWriter out(false);
  out.question(config_.service, RecordType::ptr);
  actions.send.push_back({link.interface.index, out.take()});
  ++link.queries;
  link.last_query = now;
  link.next_query = link.queries < config_.first_queries.size()
                        ? std::max(link.started + config_.first_queries[link.queries], now)
                        : after_interval(now);
  // A peer answers its own query, so that others find it without asking.
  schedule(link.announcement, now);
}

void Engine::schedule(Reply& reply, Instant now) {
  if (reply.due) return;
  const Duration spread = reply_delay_spread + reply_delay_spread_per_peer * static_cast<int>(peers_.size());
  const Instant due = now + reply_delay_least + random_up_to(random_, spread);
  reply.due = reply.last ? std::max(due, *reply.last + config_.reply_interval) : due;
}

Instant Engine::after_interval(Instant now) {
  return now + config_.query_interval * 3 / 4 + random_up_to(random_, config_.query_interval / 2);
}

std::vector<Bytes> Engine::announcement(const Interface& interface) const {
  return build_announcement({config_.self, config_.service, instance_, host_, config_.ttl_s}, addresses_,
                            interface);
}

std::optional<Instant> Engine::next_wakeup() const {
  std::optional<Instant> next;
  const auto sooner = [&next](const std::optional<Instant>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const auto& [index, link] : links_) {
    sooner(link.next_query);
    sooner(link.announcement.due);
    sooner(link.services.due);
  }
  return next;
}

}  // namespace libp2p::mdns
