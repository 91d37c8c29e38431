// The member's side of a join stream: admits whoever holds a live invite, and takes in members it has not
// heard of.
#pragma once

#include "libp2p/swarm/swarm.hpp"
#include "starling/fleet/fleet.hpp"
#include "starling/sync/gate.hpp"

namespace starling {

class AdmissionService {
 public:
  // All must outlive it. stop() waits for nothing: its streams are the swarm's tasks.
  AdmissionService(Env env, libp2p::Swarm& swarm, Fleet& fleet, Gate& gate);
  void start();
  void stop();

 private:
  Task<> serve(libp2p::InboundStream inbound);
  Task<Result<JoinReply>> answer(libp2p::Stream& stream, PeerId peer);
  Task<Result<JoinReply>> admit(libp2p::Stream& stream, PeerId peer, PeerId invite_key);
  [[nodiscard]] JoinReply take_in(const PeerId& peer, const JoinHello& hello);
  [[nodiscard]] Result<> check_invite(const InviteState* invite) const;

  Env env_;
  libp2p::Swarm& swarm_;
  Fleet& fleet_;
  Gate& gate_;
};

}  // namespace starling
