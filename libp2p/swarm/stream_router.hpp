// Inbound streams to the handler of their protocol, and outbound streams to a protocol that the peer speaks.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "libp2p/base/task_group.hpp"
#include "libp2p/swarm/connection.hpp"

namespace libp2p::swarm {

class StreamRouter {
 public:
  StreamRouter(Env env, const SwarmConfig& config, const Gater& gater, const Peerstore& peerstore);

  void set_handler(std::string protocol, StreamHandler handler);
  // False when there was none. Runs that are under way go on.
  bool remove_handler(std::string_view protocol);
  [[nodiscard]] std::vector<std::string> protocols() const;

  // Negotiates and handles a stream in a task of its own; beyond a limit it is reset.
  void accept(const ConnectionPtr& connection, StreamPtr stream);
  // Errors as Swarm::open_stream_on; limit; refused, for a protocol that a restricted connection isn't for.
  [[nodiscard]] Task<Result<Swarm::OpenedStream>> open(ConnectionPtr connection,
                                                       std::vector<std::string> protocols, bool lazy);
  // Whether the peer answers there within `patience`, be it by a refusal. Where nothing could be asked it
  // counts as if it had.
  [[nodiscard]] Task<bool> answers(ConnectionPtr connection, Duration patience);
  // Cancels all handlers and joins them. Nothing is accepted any more.
  [[nodiscard]] Task<> stop() { return handling_.stop(); }
  [[nodiscard]] std::size_t escaped() const noexcept { return handling_.escaped(); }

 private:
  class Slot;
  [[nodiscard]] Task<> serve(ConnectionPtr connection, StreamPtr stream, Slot slot);
  [[nodiscard]] bool may_carry(const Connection& connection, std::string_view protocol) const;
  [[nodiscard]] Result<> check_open(const Connection& connection,
                                    const std::vector<std::string>& protocols) const;
  [[nodiscard]] const std::string* known_protocol(const PeerId& peer,
                                                  const std::vector<std::string>& protocols) const;

  Env env_;
  const SwarmConfig& config_;
  const Gater& gater_;
  const Peerstore& peerstore_;
  std::map<std::string, std::shared_ptr<const StreamHandler>, std::less<>> handlers_;
  TaskGroup handling_;
};

}  // namespace libp2p::swarm
