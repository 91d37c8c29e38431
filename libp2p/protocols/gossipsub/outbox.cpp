#include "libp2p/protocols/gossipsub/outbox.hpp"

#include <utility>

#include "libp2p/base/varint.hpp"

namespace libp2p::gossipsub {
namespace {

// Pending IHAVE and IWANT: a few heartbeats' worth.
constexpr std::size_t max_gossip_bytes = 64 * 1024;
// In one RPC: with the longest topic names they leave half of the control part to ids.
constexpr std::size_t max_mesh_changes_per_rpc = 32;

// A length-delimited field of this size, with a field number below 16.
std::size_t field_bytes(std::size_t size) { return 1 + varint_size(size) + size; }

}  // namespace

Outbox::Outbox(const GossipsubConfig& config)
    : max_message_bytes_(config.outbox_bytes), coalesce_bytes_(config.coalesce_bytes) {}

void Outbox::put(Announce item) { announcements_[std::move(item.topic)] = item.subscribe; }
void Outbox::put(Graft item) { mesh_changes_[std::move(item.topic)] = {.graft = true, .backoff_s = 0}; }
void Outbox::put(Prune item) {
  mesh_changes_[std::move(item.topic)] = {.graft = false, .backoff_s = item.backoff_s};
}

void Outbox::put(IHave item) {
  for (MessageId& id : item.ids) {
    if (gossip_bytes_ + id.size() > max_gossip_bytes) return;
    gossip_bytes_ += id.size();
    ihave_[item.topic].push_back(std::move(id));
  }
}

void Outbox::put(IWant item) {
  for (MessageId& id : item.ids) {
    if (gossip_bytes_ + id.size() > max_gossip_bytes) return;
    gossip_bytes_ += id.size();
    iwant_.push_back(std::move(id));
  }
}

bool Outbox::push(Outgoing item) {
  if (auto* publish = std::get_if<Publish>(&item)) {
    const std::size_t size = publish->message->size();
    if (message_bytes_ + size > max_message_bytes_) return false;
    message_bytes_ += size;
    messages_.push_back(std::move(publish->message));
    return true;
  }
  std::visit(
      [this](auto&& other) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(other)>, Publish>) put(std::move(other));
      },
      std::move(item));
  return true;
}

bool Outbox::empty() const noexcept {
  return announcements_.empty() && mesh_changes_.empty() && iwant_.empty() && ihave_.empty() &&
         messages_.empty();
}

void Outbox::clear() {
  stream_lost();
  announcements_.clear();
  messages_.clear();
  message_bytes_ = 0;
}

void Outbox::stream_lost() {
  mesh_changes_.clear();
  iwant_.clear();
  ihave_.clear();
  gossip_bytes_ = 0;
}

Bytes Outbox::take_announcements() {
  ProtobufWriter out;
  for (std::size_t i = 0; i < max_subscriptions_per_rpc && !announcements_.empty(); ++i) {
    const auto first = announcements_.begin();
    out.message(1, ProtobufWriter().boolean(1, first->second).string(2, first->first));
    announcements_.erase(first);
  }
  return out.take();
}

Bytes Outbox::take_messages(std::size_t room, bool rpc_is_empty) {
  ProtobufWriter out;
  while (!messages_.empty()) {
    const std::size_t size = messages_.front()->size();
    // A message too large to share an RPC travels in one of its own.
    const bool alone = rpc_is_empty && out.view().empty();
    if (!alone && out.view().size() + 1 + varint_size(size) + size > room) break;
    out.bytes(2, *messages_.front());
    message_bytes_ -= size;
    messages_.pop_front();
  }
  return out.take();
}

Bytes Outbox::take_mesh_changes() {
  ProtobufWriter grafts;
  ProtobufWriter prunes;
  for (std::size_t i = 0; i < max_mesh_changes_per_rpc && !mesh_changes_.empty(); ++i) {
    const auto first = mesh_changes_.begin();
    ProtobufWriter entry;
    entry.string(1, first->first);
    if (first->second.graft) {
      grafts.message(3, entry);
    } else {
      if (first->second.backoff_s > 0) entry.varint(3, first->second.backoff_s);
      prunes.message(4, entry);
    }
    mesh_changes_.erase(first);
  }
  Bytes all = grafts.take();
  append(all, prunes.view());
  return all;
}

ProtobufWriter Outbox::take_ids(std::deque<MessageId>& from, std::uint32_t field, ProtobufWriter to,
                                std::size_t room) {
  for (std::size_t i = 0; i < max_ids_per_rpc && !from.empty(); ++i) {
    // Four bytes for the tag and the length of the entry that the ids go into.
    if (to.view().size() + field_bytes(from.front().size()) + 4 > room) break;
    to.bytes(field, from.front());
    gossip_bytes_ -= from.front().size();
    from.pop_front();
  }
  return to;
}

Bytes Outbox::take_iwant(std::size_t room) {
  if (iwant_.empty()) return {};
  const ProtobufWriter entry = take_ids(iwant_, 1, {}, room);
  if (entry.view().empty()) return {};
  return ProtobufWriter().message(2, entry).take();
}

Bytes Outbox::take_ihave(std::size_t room) {
  ProtobufWriter out;
  while (!ihave_.empty()) {
    const auto first = ihave_.begin();
    ProtobufWriter entry;
    entry.string(1, first->first);
    const std::size_t used = out.view().size();
    const std::size_t before = first->second.size();
    entry = take_ids(first->second, 2, std::move(entry), used < room ? room - used : 0);
    if (first->second.size() == before) break;
    out.message(1, entry);
    if (!first->second.empty()) break;
    ihave_.erase(first);
  }
  return out.take();
}

Bytes Outbox::take_control() {
  const Bytes mesh_changes = take_mesh_changes();
  std::size_t room = max_control_bytes - mesh_changes.size();
  const Bytes iwant = take_iwant(room);
  room -= iwant.size();
  Bytes control = take_ihave(room);  // in ascending order of fields
  append(control, iwant);
  append(control, mesh_changes);
  return control;
}

Bytes Outbox::next() {
  Bytes rpc = take_announcements();
  ProtobufWriter control;
  if (const Bytes entries = take_control(); !entries.empty()) control.bytes(3, entries);
  const std::size_t used = rpc.size() + control.view().size();
  append(rpc, take_messages(used < coalesce_bytes_ ? coalesce_bytes_ - used : 0, used == 0));
  append(rpc, control.view());
  Bytes framed;
  if (rpc.empty()) return framed;
  framed.reserve(rpc.size() + 4);
  append_varint(framed, rpc.size());
  append(framed, rpc);
  return framed;
}

}  // namespace libp2p::gossipsub
