#include "tests/simulation/stage.hpp"

#include <algorithm>

namespace starling::sim {

using std::chrono::milliseconds;

Stage::Stage(std::uint64_t seed, libp2p::Log* log)
    : dice(seed), faults(dice), world(config_of(seed), log), machines(world.size()) {}

WorldConfig Stage::config_of(std::uint64_t seed) {
  WorldConfig config;
  config.seed = seed;
  config.nodes = 3 + below(one_in(16) ? 6 : 3);
  config.joined = all_granted = !one_in(4);
  config.admin = config.joined && one_in(2);
  config.gossip = gossip = !one_in(4);
  if (faults.slow_disks) config.disk_latency = milliseconds(1 + below(200));
  config.link = {.latency = milliseconds(1 + below(20)), .jitter = milliseconds(below(20))};
  if (faults.bad_links) {
    config.link.jitter = milliseconds(below(300));
    config.link.loss = static_cast<double>(below(10)) / 100.0;
  }
  for (std::size_t i = 0; i < config.nodes; ++i) {
    const bool slow = faults.slow_clocks && one_in(3) && 2 * (wrong_clocks.size() + 1) < config.nodes;
    if (slow) wrong_clocks.insert(i);
    config.clock_errors.push_back(slow ? -milliseconds(below(4ULL * 3600 * 1000)) : milliseconds(0));
  }
  return config;
}

std::vector<std::size_t> Stage::running() const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (world.running(i)) all.push_back(i);
  }
  return all;
}

std::size_t Stage::one_running() {
  if (running().empty()) bring_back();
  auto all = running();
  if (std::ranges::any_of(all, [&](std::size_t i) { return world.node(i).joined(); }))
    std::erase_if(all, [&](std::size_t i) { return !world.node(i).joined(); });
  return all[below(all.size())];
}

void Stage::bring_back() {
  if (crashed.empty()) return;
  world.start(crashed.back());
  crashed.pop_back();
}

void Stage::forget_what_only(std::size_t index, const Disk::Image* stays) {
  std::erase_if(acknowledged, [&](const RecordId& change) {
    if (stays && std::ranges::any_of(stays->records, [&](const RecordPtr& r) { return r->id == change; }))
      return false;
    for (std::size_t i = 0; i < world.size(); ++i) {
      if (i != index && !retired.contains(i) && world.disk(i).holds(change)) return false;
    }
    return true;
  });
}

void Stage::retire(std::size_t index) {
  if (world.running(index)) world.crash(index);
  forget_what_only(index, nullptr);
  retired.insert(index);
  std::erase(crashed, index);
}

}  // namespace starling::sim
