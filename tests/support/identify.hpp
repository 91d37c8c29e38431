// What tests of identify share.
#pragma once

#include <string_view>

#include "libp2p/identity/peer_record.hpp"
#include "libp2p/protocols/identify/learner.hpp"
#include "libp2p/protocols/identify/message.hpp"
#include "tests/support/peers.hpp"

namespace libp2p::test {

// A connection to peer_number(number) at `remote`.
inline ConnectionInfo connection_to(std::uint64_t number, std::string_view remote) {
  ConnectionInfo connection;
  connection.id = number;
  connection.peer = peer_number(number);
  connection.key = key_number(number).public_key();
  connection.remote = multiaddr(remote);
  return connection;
}

inline Bytes sealed_record(std::uint64_t number, std::uint64_t seq, std::vector<Multiaddr> addresses) {
  PeerRecord record;
  record.peer = peer_number(number);
  record.seq = seq;
  record.addresses = std::move(addresses);
  return record.seal(key_number(number)).value();
}

}  // namespace libp2p::test
