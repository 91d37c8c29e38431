#include "libp2p/swarm/peerstore.hpp"

#include <algorithm>
#include <functional>

#include "libp2p/base/protobuf.hpp"

namespace libp2p {
namespace {

// A record's sequence number is a time in whichever unit its author's library took; nanoseconds are the
// largest in use.
constexpr std::chrono::hours record_tolerance(24);
// What is known of a peer that nobody can dial is kept so long after it was last touched; everything else
// longer.
constexpr std::chrono::minutes unreachable_ttl(10);
constexpr std::chrono::hours entry_ttl(24);
constexpr std::chrono::seconds sweep_period(60);
// Addresses that a file brought, of peers that are not kept.
constexpr std::chrono::hours loaded_ttl(1);
constexpr std::size_t max_file_bytes = 16ULL * 1024 * 1024;
constexpr std::size_t max_agent_bytes = 256;

std::uint64_t latest_acceptable_seq(const Clock& clock) {
  const auto wall = clock.wall() + record_tolerance;
  const auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count();
  return nanoseconds < 0 ? 0 : static_cast<std::uint64_t>(nanoseconds);
}

}  // namespace

Peerstore::Peerstore(Env env, PeerstoreFile* file) : env_(env), file_(file) {}

// Makes room by dropping the peer that was touched longest ago. Null when all are kept.
Peerstore::Entry* Peerstore::touch(const PeerId& peer) {
  if (peer.empty()) return nullptr;
  sweep();
  auto found = entries_.find(peer);
  if (found == entries_.end()) {
    if (entries_.size() >= max_peers) {
      auto oldest = entries_.end();
      for (auto it = entries_.begin(); it != entries_.end(); ++it) {
        if (it->second.kept) continue;
        if (oldest == entries_.end() || it->second.touched < oldest->second.touched) oldest = it;
      }
      if (oldest == entries_.end()) return nullptr;
      entries_.erase(oldest);
    }
    found = entries_.emplace(peer, Entry{}).first;
  }
  found->second.touched = env_.now();
  return &found->second;
}

void Peerstore::sweep() {
  const Instant now = env_.now();
  if (now < next_sweep_) return;
  next_sweep_ = now + sweep_period;
  for (auto it = entries_.begin(); it != entries_.end();) {
    Entry& entry = it->second;
    if (!entry.kept)
      std::erase_if(entry.addresses, [now](const auto& address) { return address.second.expires <= now; });
    const Duration idle = now - entry.touched;
    const bool unreachable = entry.addresses.empty() && entry.envelope.empty();
    const bool lapsed = idle > (unreachable ? Duration(unreachable_ttl) : Duration(entry_ttl));
    it = lapsed && !entry.kept ? entries_.erase(it) : std::next(it);
  }
}

const Peerstore::Entry* Peerstore::find(const PeerId& peer) const {
  const auto found = entries_.find(peer);
  return found == entries_.end() ? nullptr : &found->second;
}

void Peerstore::add_addresses(const PeerId& peer, const std::vector<Multiaddr>& addresses, Duration ttl) {
  if (addresses.empty()) return;
  Entry* entry = touch(peer);
  if (entry == nullptr) return;
  const Instant expires = env_.now() + ttl;
  const std::uint64_t told_before = told_;
  told_ += addresses.size();
  std::uint64_t told = told_;
  for (const Multiaddr& given : addresses) {
    const KnownAddress now{.expires = expires, .told = told--};
    const Multiaddr address = given.without_peer();
    if (address.empty()) continue;
    const auto known = entry->addresses.find(address);
    if (known != entry->addresses.end()) {
      known->second = {.expires = std::max(known->second.expires, expires),
                       .told = std::max(known->second.told, now.told)};
      continue;
    }
    if (entry->addresses.size() >= max_addresses_per_peer && !make_room(entry->addresses, told_before))
      return;
    entry->addresses.emplace(address, now);
    ++changes_;
  }
}

// Whoever tells of addresses that lapse soon (a LAN, where anybody may speak) drives out only those of its
// own kind.
bool Peerstore::make_room(KnownAddresses& addresses, std::uint64_t told_before) {
  auto victim = addresses.end();
  for (auto it = addresses.begin(); it != addresses.end(); ++it) {
    const KnownAddress& one = it->second;
    if (one.told > told_before) continue;
    if (victim == addresses.end() ||
        std::pair(one.expires, one.told) < std::pair(victim->second.expires, victim->second.told))
      victim = it;
  }
  if (victim == addresses.end()) return false;
  addresses.erase(victim);
  return true;
}

std::vector<Multiaddr> Peerstore::addresses(const PeerId& peer) const {
  const Entry* entry = find(peer);
  return entry == nullptr ? std::vector<Multiaddr>{} : live_addresses(*entry);
}

std::vector<Multiaddr> Peerstore::live_addresses(const Entry& entry) const {
  std::vector<std::pair<std::uint64_t, const Multiaddr*>> live;
  for (const auto& [address, known] : entry.addresses) {
    if (entry.kept || known.expires > env_.now()) live.emplace_back(known.told, &address);
  }
  std::ranges::sort(live, std::greater());
  std::vector<Multiaddr> addresses;
  addresses.reserve(live.size());
  for (const auto& [told, address] : live) addresses.push_back(*address);
  return addresses;
}

bool Peerstore::add_record(const PeerRecord& record, Bytes envelope) {
  if (record.seq > latest_acceptable_seq(env_.clock)) return false;
  if (const Entry* known = find(record.peer);
      known != nullptr && !known->envelope.empty() && record.seq <= known->seq) {
    return false;
  }
  Entry* entry = touch(record.peer);
  if (entry == nullptr) return false;
  entry->seq = record.seq;
  entry->envelope = std::move(envelope);
  ++changes_;
  return true;
}

std::optional<Bytes> Peerstore::record_envelope(const PeerId& peer) const {
  const Entry* entry = find(peer);
  if (entry == nullptr || entry->envelope.empty()) return std::nullopt;
  return entry->envelope;
}

void Peerstore::set_protocols(const PeerId& peer, std::vector<std::string> protocols) {
  Entry* entry = touch(peer);
  if (entry == nullptr) return;
  std::ranges::sort(protocols);
  const auto repeated = std::ranges::unique(protocols);
  protocols.erase(repeated.begin(), repeated.end());
  if (protocols.size() > max_protocols_per_peer) protocols.resize(max_protocols_per_peer);
  entry->protocols = std::move(protocols);
}

std::vector<std::string> Peerstore::protocols(const PeerId& peer) const {
  const Entry* entry = find(peer);
  return entry == nullptr ? std::vector<std::string>{} : entry->protocols;
}

bool Peerstore::supports(const PeerId& peer, std::string_view protocol) const {
  const Entry* entry = find(peer);
  return entry != nullptr && std::ranges::binary_search(entry->protocols, protocol);
}

void Peerstore::set_agent(const PeerId& peer, std::string agent) {
  Entry* entry = touch(peer);
  if (entry == nullptr) return;
  if (agent.size() > max_agent_bytes) agent.resize(max_agent_bytes);
  entry->agent = std::move(agent);
}

std::string Peerstore::agent(const PeerId& peer) const {
  const Entry* entry = find(peer);
  return entry == nullptr ? std::string{} : entry->agent;
}

void Peerstore::set_rtt(const PeerId& peer, Duration rtt) {
  if (const auto found = entries_.find(peer); found != entries_.end()) found->second.rtt = rtt;
}

std::optional<Duration> Peerstore::rtt(const PeerId& peer) const {
  const Entry* entry = find(peer);
  return entry == nullptr ? std::nullopt : entry->rtt;
}

void Peerstore::set_kept(const PeerId& peer, bool kept) {
  if (!kept && !entries_.contains(peer)) return;
  Entry* entry = touch(peer);
  if (entry == nullptr || entry->kept == kept) return;
  entry->kept = kept;
  ++changes_;
}

void Peerstore::forget(const PeerId& peer) { changes_ += entries_.erase(peer); }

std::vector<PeerId> Peerstore::peers() const {
  std::vector<PeerId> all;
  all.reserve(entries_.size());
  for (const auto& [peer, entry] : entries_) all.push_back(peer);
  return all;
}

// The file: repeated { 1: peer { 1: id, 2: envelope, 3: address… } }. Only the file's own program reads it,
// but a disk can bring anything: it is parsed as if it came from a stranger, and records are verified again.
Bytes Peerstore::serialise() const {
  ProtobufWriter file;
  for (const auto& [peer, entry] : entries_) {
    if (entry.envelope.empty() && !entry.kept) continue;
    ProtobufWriter item;
    item.bytes(1, peer.bytes());
    if (!entry.envelope.empty()) item.bytes(2, entry.envelope);
    for (const Multiaddr& address : live_addresses(entry)) item.bytes(3, address.bytes());
    file.message(1, item);
  }
  return file.take();
}

Result<> Peerstore::load_peer(BytesView message) {
  PeerId peer;
  Bytes envelope;
  std::vector<Multiaddr> addresses;
  ProtobufReader in(message);
  while (const auto field = in.next()) {
    switch (field->number) {
      case 1: {
        LIBP2P_TRY(peer, PeerId::from_bytes(in.bytes(*field)));
        break;
      }
      case 2:
        envelope = to_bytes(in.bytes(*field));
        break;
      case 3: {
        LIBP2P_TRY(Multiaddr address, Multiaddr::from_bytes(in.bytes(*field)));
        if (addresses.size() < max_addresses_per_peer) addresses.push_back(std::move(address));
        break;
      }
      default:
        in.skip(*field);
    }
  }
  LIBP2P_CHECK(in.finish("peerstore entry"));
  if (!envelope.empty()) {
    LIBP2P_TRY(const PeerRecord record, PeerRecord::open(envelope));
    if (record.peer == peer) {
      add_record(record, std::move(envelope));
      add_addresses(peer, record.addresses, loaded_ttl);
    }
  }
  add_addresses(peer, addresses, loaded_ttl);
  return {};
}

Result<> Peerstore::load() {
  if (file_ == nullptr) return {};
  const Result<Bytes> contents = file_->load();
  if (!contents && contents.error().code == Errc::not_found) return {};
  if (!contents) return fail_in("peerstore", contents.error());
  if (contents->size() > max_file_bytes) return fail(Errc::limit, "peerstore: the file is too large");
  ProtobufReader in(*contents);
  while (const auto field = in.next()) {
    if (field->number != 1) {
      in.skip(*field);
      continue;
    }
    // One bad entry doesn't cost the others.
    if (const auto loaded = load_peer(in.bytes(*field)); !loaded) {
      env_.log.warn("peerstore.entry_dropped", {{"why", loaded.error().to_string()}});
    }
  }
  return in.finish("peerstore");
}

Result<> Peerstore::save() const {
  if (file_ == nullptr) return {};
  return file_->save(serialise());
}

}  // namespace libp2p
