// How the links of a MemoryNetwork behave: the seam, and a table that serves most tests and simulations.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "libp2p/base/env.hpp"

namespace libp2p {

// A machine on the network. Streams, dials and cuts are between nodes; a node listens at /memory/NODE, or at
// more.
using MemoryNode = std::uint64_t;

// Asked for every segment at the moment it is sent. Segments of one connection never overtake each other.
class LinkPolicy {
 public:
  virtual ~LinkPolicy() = default;
  // How long `bytes` take, starting now. Nothing: they are held, and the question is asked again at
  // MemoryNetwork::links_changed(). A connection over such a link hangs, as in reality, and is not reset.
  [[nodiscard]] virtual std::optional<Duration> delay(MemoryNode from, MemoryNode to, std::size_t bytes) = 0;
  // Whether `to` answers a dial by `from` with a refusal, as a port that nobody listens on does.
  [[nodiscard]] virtual bool refuses_dial(MemoryNode /*from*/, MemoryNode /*to*/) { return false; }
};

// What one direction of a link is like.
struct LinkQuality {
  Duration latency{};
  Duration jitter{};                   // adds 0 to this much, evenly
  std::uint64_t bytes_per_second = 0;  // 0 is without bound
  double loss = 0;  // of a segment; a lost one arrives `stall` later, as TCP would send it again
  Duration stall = std::chrono::milliseconds(200);
};

// Qualities and cuts a direction each. After cut or heal the owner calls MemoryNetwork::links_changed().
class LinkTable final : public LinkPolicy {
 public:
  explicit LinkTable(Env env, LinkQuality all = {}) : env_(env), all_(all) {}

  void set_all(LinkQuality quality) { all_ = quality; }
  void set(MemoryNode from, MemoryNode to, LinkQuality quality) { own_[{from, to}] = quality; }
  // Both directions; the one-way form for partitions that only one side notices.
  void cut(MemoryNode a, MemoryNode b);
  void cut_one_way(MemoryNode from, MemoryNode to) { cuts_.insert({from, to}); }
  void heal(MemoryNode a, MemoryNode b);
  // Off from everybody, whatever the cuts between pairs.
  void isolate(MemoryNode node) { isolated_.insert(node); }
  void rejoin(MemoryNode node) { isolated_.erase(node); }
  void heal_all();
  void refuse_dials(MemoryNode from, MemoryNode to, bool refuse);

  [[nodiscard]] bool is_cut(MemoryNode from, MemoryNode to) const;
  [[nodiscard]] std::optional<Duration> delay(MemoryNode from, MemoryNode to, std::size_t bytes) override;
  [[nodiscard]] bool refuses_dial(MemoryNode from, MemoryNode to) override {
    return refusals_.contains({from, to});
  }

 private:
  using Pair = std::pair<MemoryNode, MemoryNode>;
  Env env_;
  LinkQuality all_;
  std::map<Pair, LinkQuality> own_;
  std::map<Pair, Instant> busy_until_;  // where bandwidth is bounded
  std::set<Pair> cuts_;
  std::set<MemoryNode> isolated_;
  std::set<Pair> refusals_;
};

}  // namespace libp2p
