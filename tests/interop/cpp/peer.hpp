// Starling's libp2p behind the contract of ../README.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libp2p/host/host.hpp"
#include "tests/interop/cpp/lines.hpp"
#include "tests/interop/cpp/options.hpp"

namespace interop {

class InteropPeer final : private libp2p::SwarmObserver {
 public:
  // `congestion_control`: the kernel's name of one, or empty. Errors: a key that can't be made.
  [[nodiscard]] static libp2p::Result<std::unique_ptr<InteropPeer>> make(libp2p::Env env, Options options,
                                                                         std::string congestion_control);
  InteropPeer(libp2p::Env env, Options options, libp2p::HostConfig config);
  ~InteropPeer() override;

  // Starts the host and says `ready`; then stop() is to be called in any case.
  [[nodiscard]] libp2p::Task<libp2p::Result<>> start();
  [[nodiscard]] libp2p::Task<> stop();

  // Carries out one command beside those under way, and answers it.
  void take_line(const std::string& line);
  // Until a command said so, or end().
  [[nodiscard]] libp2p::Task<> wait_for_end();
  void end();

 private:
  using Answer = libp2p::Result<json::object>;
  // One connection's life: wait_closed also answers for one that has ended already.
  struct Span {
    libp2p::Instant opened;
    std::optional<libp2p::Instant> closed;
  };
  using Listed = std::map<std::string, std::vector<libp2p::PeerId>>;

  void on_peer_connected(const libp2p::PeerId& peer) override;
  void on_peer_disconnected(const libp2p::PeerId& peer) override;
  void on_peer_identified(const libp2p::PeerId& peer) override;

  [[nodiscard]] libp2p::Task<> tell_identify_failure(libp2p::PeerId peer);
  [[nodiscard]] libp2p::Task<> watch_topics();
  [[nodiscard]] json::object identity(const libp2p::IdentifyInfo& info) const;

  [[nodiscard]] libp2p::Task<> run(json::object request);
  [[nodiscard]] libp2p::Task<Answer> carry_out(json::object request);
  [[nodiscard]] libp2p::Task<Answer> with_peer(std::string command, json::object request);
  [[nodiscard]] libp2p::Task<Answer> dial(std::string address);
  [[nodiscard]] libp2p::Task<Answer> ping(libp2p::PeerId peer, std::uint64_t count);
  [[nodiscard]] libp2p::Task<Answer> identify(libp2p::PeerId peer);
  [[nodiscard]] libp2p::Task<Answer> perf(libp2p::PeerId peer, std::uint64_t upload, std::uint64_t download);
  [[nodiscard]] libp2p::Task<Answer> try_stream(libp2p::PeerId peer, std::string protocol,
                                                libp2p::Bytes send);
  [[nodiscard]] libp2p::Task<Answer> listen_to(libp2p::Swarm::OpenedStream opened);
  [[nodiscard]] libp2p::Task<Answer> wait_closed(libp2p::PeerId peer);
  [[nodiscard]] libp2p::Task<Answer> reconnect(std::string address, std::uint64_t count, bool probe);
  [[nodiscard]] libp2p::Task<Answer> streams(libp2p::PeerId peer, std::uint64_t count, std::uint64_t at_once,
                                             std::uint64_t bytes);
  [[nodiscard]] libp2p::Task<Answer> crowd(std::string address, std::uint64_t count, std::uint64_t at_once);
  [[nodiscard]] libp2p::Task<libp2p::Result<>> join_crowd(libp2p::Multiaddr where);
  using Once = std::function<libp2p::Task<libp2p::Result<>>()>;
  struct Repeated;
  [[nodiscard]] libp2p::Task<libp2p::Result<>> repeat(std::uint64_t count, std::uint64_t at_once, Once once);
  [[nodiscard]] static libp2p::Task<> repeat_until_done(std::shared_ptr<Repeated> repeated);
  [[nodiscard]] Answer subscribe(std::string topic);
  [[nodiscard]] Answer publish(std::string topic, std::string_view data_hex);
  [[nodiscard]] Answer push(std::string protocol);
  [[nodiscard]] std::string ending(const libp2p::Error& error, libp2p::ConnectionId connection);

  libp2p::Env env_;
  Options options_;
  libp2p::Host host_;
  std::vector<std::unique_ptr<libp2p::Host>> crowd_;  // each with an identity and a connection of its own
  std::map<libp2p::PeerId, Span> spans_;              // of the last connection
  std::set<libp2p::PeerId> identified_;               // the connected ones that have told who they are
  std::set<libp2p::PeerId> pushed_;                   // those of them whose last word came by a push
  std::set<std::string> topics_;
  libp2p::Notifier disconnected_;
  libp2p::Notifier ended_;
  bool end_ = false;
  libp2p::TaskGroup tasks_;
};

[[nodiscard]] inline double in_seconds(libp2p::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
[[nodiscard]] inline double in_milliseconds(libp2p::Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// The members of a connection that `connected` and `dial` tell.
[[nodiscard]] json::object connection_fields(const libp2p::ConnectionInfo& connection);

}  // namespace interop
