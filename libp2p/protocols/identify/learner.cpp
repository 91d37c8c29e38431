#include "libp2p/protocols/identify/learner.hpp"

#include "libp2p/identity/peer_record.hpp"
#include "libp2p/protocols/identify/told_addresses.hpp"

namespace libp2p::identify {
namespace {

Result<> check_key(const ConnectionInfo& connection, const Message& message) {
  if (!message.public_key) return {};
  const auto key = PublicKey::from_protobuf(*message.public_key);
  if (key && *key == connection.key) return {};
  return fail(Errc::crypto, "identify: the peer tells another key than it has proved");
}

}  // namespace

Result<> Learner::learn(const ConnectionInfo& connection, const Message& message, bool partial,
                        IdentifyInfo& info) {
  LIBP2P_CHECK(check_key(connection, message));
  if (!partial) info = {};
  info.peer = connection.peer;
  if (message.protocol_version) info.protocol_version = *message.protocol_version;
  if (message.agent_version) info.agent = *message.agent_version;
  if (!partial || !message.protocols.empty()) info.protocols = message.protocols;
  if (message.observed_address) info.observed = message.observed_address;

  auto vouched = message.signed_peer_record ? addresses_of_record(connection, *message.signed_peer_record)
                                            : std::optional<std::vector<Multiaddr>>();
  if (vouched) {
    info.addresses = std::move(*vouched);
    info.signed_addresses = true;
  } else if (!partial || !message.listen_addresses.empty()) {
    info.addresses = addresses_to_keep(message.listen_addresses, connection.peer, connection.remote);
    info.signed_addresses = false;
  }

  peerstore_.set_protocols(connection.peer, info.protocols);
  peerstore_.set_agent(connection.peer, info.agent);
  peerstore_.add_addresses(connection.peer, info.addresses, address_ttl_);
  return {};
}

std::optional<std::vector<Multiaddr>> Learner::addresses_of_record(const ConnectionInfo& connection,
                                                                   const Bytes& envelope) {
  auto record = PeerRecord::open(envelope);
  // A record of a third party is nothing that identify is for, however valid: that is how a node was once
  // filled with invented peers (CVE-2023-40583).
  if (!record || record->peer != connection.peer) {
    env_.log.debug("identify.record_refused",
                   {{"peer", connection.peer.short_string()},
                    {"why", record ? std::string("it is about somebody else") : record.error().message}});
    return std::nullopt;
  }
  record->addresses = addresses_to_keep(record->addresses, connection.peer, connection.remote);
  if (!peerstore_.add_record(*record, envelope) && peerstore_.record_envelope(connection.peer) != envelope) {
    env_.log.debug(
        "identify.record_refused",
        {{"peer", connection.peer.short_string()}, {"why", "it is not the newest"}, {"seq", record->seq}});
    return std::nullopt;
  }
  return std::move(record->addresses);
}

}  // namespace libp2p::identify
