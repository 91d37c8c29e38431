// A connected peer, as the service sees it: what waits to be sent to it, and the streams of both directions.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>

#include "libp2p/base/notifier.hpp"
#include "libp2p/protocols/gossipsub/outbox.hpp"
#include "libp2p/swarm/swarm.hpp"

namespace libp2p::gossipsub {

// Our stream to a peer, shared by the task that writes it and the one that watches for its end.
struct OutStream {
  OutStream(Env env, Swarm::OpenedStream opened)
      : stream(std::move(opened.stream)), connection(opened.connection), ended(env.executor) {}

  StreamPtr stream;
  ConnectionId connection;
  bool dead = false;        // broken, or given up by either side
  bool superseded = false;  // its connection is not the one in use any more: to be followed by another stream
  bool finished = false;    // the other side has ended it, in order or not
  Notifier ended;           // notified when it has
};

// Its owners are the service, until the peer is gone, and the tasks that serve it.
struct Link {
  Link(Env env, PeerId id, const GossipsubConfig& config)
      : peer(std::move(id)), outbox(config), wake(env.executor) {}

  PeerId peer;
  Outbox outbox;
  Notifier wake;             // something here has changed, or the outbox is no longer empty
  bool gone = false;         // disconnected: this link is over
  bool taking = true;        // false from the overflow of the outbox until the next stream is open
  bool worth_a_try = false;  // there is news of what it speaks
  std::shared_ptr<OutStream> out;
  std::set<ConnectionId> superseded;  // connections that went out of use while a stream was being opened

  // The streams that it has open to us, the newest last: it, and one that it follows, whose rest counts, too.
  struct Inbound {
    std::uint64_t number;
    Stream* stream;
  };
  std::deque<Inbound> inbound;
  std::uint64_t newest_inbound = 0;
};

}  // namespace libp2p::gossipsub
