#include "tests/simulation/life.hpp"

#include <algorithm>
#include <array>

#include "starling/changelog/anchor.hpp"
#include "starling/fleet/held.hpp"
#include "tests/simulation/random_edits.hpp"
#include "tests/simulation/referee.hpp"

namespace starling::sim {
namespace {

using libp2p::SeededRandom;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds ten_years = std::chrono::hours(24 * 3652);

// Each kind of fault is there in every second seed: many together hide what few would show.
struct Faults {
  explicit Faults(SeededRandom& dice) {
    for (bool* fault : all()) *fault = dice.below(2) == 0;
  }
  bool crashes{}, partitions{}, bad_links{}, slow_disks{}, slow_clocks{}, wrong_clocks{}, forks{}, backups{},
      clones{}, withholders{}, disorder{}, controls{}, discards{}, strangers{};

  std::array<bool*, 14> all() {
    return {&crashes, &partitions, &bad_links,   &slow_disks, &slow_clocks, &wrong_clocks, &forks,
            &backups, &clones,     &withholders, &disorder,   &controls,    &discards,     &strangers};
  }
  std::string to_string() {
    constexpr std::array names{"crashes",      "partitions", "bad_links", "slow_disks", "slow_clocks",
                               "wrong_clocks", "forks",      "backups",   "clones",     "withholders",
                               "disorder",     "controls",   "discards",  "strangers"};
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (*all()[i]) text += (text.empty() ? "" : " ") + std::string(names[i]);
    }
    return text;
  }
};

class Run {
 public:
  Run(std::uint64_t seed, libp2p::Log* log)
      : dice_(seed),
        faults_(dice_),
        world_(config_of(seed), log),
        referee_(world_),
        machines_(world_.size()) {}

  Life run() {
    world_.start_all();
    if (!world_.run_until_joined(std::chrono::minutes(10))) return over("not all nodes joined");
    for (int step = 0; step < 10 && broken_.empty(); ++step) take_step();
    calm_down();
    if (!broken_.empty()) return over(broken_);
    check_end();
    return over(broken_);
  }

 private:
  WorldConfig config_of(std::uint64_t seed) {
    WorldConfig config;
    config.seed = seed;
    config.nodes = 3 + dice_.below(dice_.below(16) == 0 ? 6 : 3);
    config.joined = all_granted_ = dice_.below(4) != 0;
    config.admin = config.joined && dice_.below(2) == 0;
    config.gossip = dice_.below(4) != 0;
    if (faults_.slow_disks) config.disk_latency = milliseconds(1 + dice_.below(200));
    config.link = {.latency = milliseconds(1 + dice_.below(20)), .jitter = milliseconds(dice_.below(20))};
    if (faults_.bad_links) {
      config.link.jitter = milliseconds(dice_.below(300));
      config.link.loss = static_cast<double>(dice_.below(10)) / 100.0;
    }
    for (std::size_t i = 0; i < config.nodes; ++i) {
      const bool slow =
          faults_.slow_clocks && dice_.below(3) == 0 && 2 * (wrong_clocks_.size() + 1) < config.nodes;
      if (slow) wrong_clocks_.insert(i);
      config.clock_errors.push_back(slow ? -milliseconds(dice_.below(4ULL * 3600 * 1000)) : milliseconds(0));
    }
    return config;
  }

  Life over(const std::string& broken) {
    return {world_.trace_hash(), broken.empty() ? broken : broken + nodes(), faults_.to_string(),
            world_.size() ? most_records() : 0, referee_.evaluations()};
  }
  // For whoever looks into a failure.
  [[nodiscard]] std::string nodes() {
    std::string text;
    for (const std::size_t i : running()) {
      const Fleet& fleet = world_.node(i).fleet();
      const auto ahead = fleet.fleet_time() - world_.runtime().env().clock.wall();
      text += "\n  node " + std::to_string(i) + ": " + std::to_string(fleet.log().size()) +
              " records, revision " + (fleet.revision() ? to_hex(*fleet.revision()).substr(0, 8) : "none") +
              ", " + std::to_string(fleet.held().size()) + " held, " +
              std::to_string(fleet.charter().members().size()) + " members, fleet time off by " +
              std::to_string(ahead.count()) + " ms";
    }
    return text;
  }
  [[nodiscard]] std::size_t most_records() {
    std::size_t most = 0;
    for (const std::size_t i : running()) most = std::max(most, world_.node(i).fleet().log().size());
    return most;
  }

  // ---- what happens ----

  void take_step() {
    for (std::uint64_t count = dice_.below(3); count > 0; --count) break_something();
    for (std::uint64_t count = dice_.below(4); count > 0; --count) write_somewhere();
    pass(milliseconds(dice_.below(5000)));
  }

  void pass(milliseconds time) {
    for (; time > milliseconds(0) && broken_.empty(); time -= milliseconds(500)) {
      world_.run_for(std::min(time, milliseconds(500)));
      if (broken_.empty()) broken_ = referee_.look();
    }
  }

  void break_something() {
    switch (dice_.below(13)) {
      case 0:
        if (faults_.crashes) crash_one();
        break;
      case 1:
        if (faults_.crashes) bring_back();
        break;
      case 2:
        if (faults_.partitions) split();
        break;
      case 3:
        world_.heal();
        break;
      case 4:
        if (faults_.wrong_clocks) set_a_clock();
        break;
      case 5:
        if (faults_.forks) fork_a_chain();
        break;
      case 6:
        if (faults_.backups) back_up_or_restore();
        break;
      case 7:
        if (faults_.clones) clone_or_retire();
        break;
      case 8:
        if (faults_.withholders) withhold();
        break;
      case 9:
        if (faults_.disorder) bring_in_disorder();
        break;
      case 10:
        if (faults_.controls) say_what_stands();
        break;
      case 11:
        if (faults_.discards) discard();
        break;
      default:
        if (faults_.strangers) write_as_a_stranger();
    }
  }

  std::vector<std::size_t> running() {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < world_.size(); ++i) {
      if (world_.running(i)) all.push_back(i);
    }
    return all;
  }
  // A running one; a crashed one is brought back, if there is no other.
  std::size_t one_running() {
    if (running().empty()) bring_back();
    const auto all = running();
    return all[dice_.below(all.size())];
  }

  void crash_one() {
    if (running().size() < 2) return;
    const std::size_t index = one_running();
    world_.crash(index);
    crashed_.push_back(index);
  }

  void bring_back() {
    if (crashed_.empty()) return;
    world_.start(crashed_.back());
    crashed_.pop_back();
  }

  void split() {
    world_.heal();
    std::vector<std::size_t> group;
    for (std::size_t i = 0; i < world_.size(); ++i) {
      if (dice_.below(2) == 0) group.push_back(i);
    }
    world_.partition(group);
  }

  // Fewer than half are wrong at a time: fleet time is the median, so a majority of wrong clocks would be the
  // fleet's time.
  void set_a_clock() {
    const std::size_t index = dice_.below(machines_);
    if (wrong_clocks_.erase(index) > 0) return world_.set_clock_error(index, {});
    if (2 * (wrong_clocks_.size() + 1) >= machines_) return;
    wrong_clocks_.insert(index);
    const bool ahead = dice_.below(2) == 0;
    const milliseconds error = dice_.below(2) == 0 ? ten_years : milliseconds(dice_.below(ten_years.count()));
    world_.set_clock_error(index, ahead ? error : -error);
  }

  Bytes random_change(std::size_t index) {
    Change change;
    change.edits = random_edits(dice_, world_.node(index).fleet().document());
    if (change.edits.empty()) change.allow_empty = true;
    change.message = std::to_string(dice_.u64());
    return change.to_body();
  }

  // An operator tells one half of the fleet this and the other that.
  void fork_a_chain() {
    const std::size_t index = one_running();
    std::vector<std::vector<Bytes>> bodies(3);
    for (std::size_t part = 0; part < 3; ++part) {
      for (std::uint64_t count = dice_.below(2) + (part > 0 ? 1 : 0); count > 0; --count)
        bodies[part].push_back(random_change(index));
    }
    const Fork fork = world_.forge_fork(index, bodies[0], bodies[1], bodies[2]);
    for (const std::size_t i : running()) {
      std::vector<RecordPtr> told = fork.common;
      const auto& line = dice_.below(2) == 0 ? fork.left : fork.right;
      told.insert(told.end(), line.begin(), line.end());
      if (dice_.below(4) != 0) world_.give(i, std::move(told));
    }
  }

  void back_up_or_restore() {
    const std::size_t index = one_running();
    const auto backup = backups_.find(index);
    if (backup == backups_.end()) {
      backups_[index] = world_.disk(index).image();
      return;
    }
    forget_what_only(index, &backup->second);
    world_.restore(index, std::move(backup->second));
    backups_.erase(backup);
  }

  // What was acknowledged and is on no other disk goes down with this one.
  void forget_what_only(std::size_t index, const Disk::Image* stays) {
    std::erase_if(acknowledged_, [&](const RecordId& change) {
      if (stays && std::ranges::any_of(stays->records, [&](const RecordPtr& r) { return r->id == change; }))
        return false;
      for (std::size_t i = 0; i < world_.size(); ++i) {
        if (i != index && !retired_.contains(i) && world_.disk(i).holds(change)) return false;
      }
      return true;
    });
  }

  void retire(std::size_t index) {
    if (world_.running(index)) world_.crash(index);
    forget_what_only(index, nullptr);
    retired_.insert(index);
    std::erase(crashed_, index);
  }

  void clone_or_retire() {
    if (clone_) {
      retire(*clone_);
      clone_.reset();
      return;
    }
    if (world_.size() > machines_) return;
    // Its memory too, unless that would cast doubt on those whom it has let in: they would be suspended.
    clone_remembers_ = all_granted_ && dice_.below(2) == 0;
    clone_ = world_.clone(one_running(), clone_remembers_);
  }

  void withhold() {
    const std::size_t index = one_running();
    if (!world_.withholding(index)) world_.withhold(index);
  }

  void bring_in_disorder() {
    const std::size_t from = one_running();
    const std::size_t to = one_running();
    std::vector<RecordPtr> records = world_.node(from).fleet().log().records();
    for (std::size_t i = records.size(); i > 1; --i) std::swap(records[i - 1], records[dice_.below(i)]);
    records.resize(records.size() - records.size() / 4);
    world_.give(to, std::move(records));
  }

  // Anchors, rulings and labels, by root or by an admin's node.
  void say_what_stands() {
    const std::size_t index = one_running();
    const Fleet& fleet = world_.node(index).fleet();
    std::pair<RecordKind, Bytes> said;
    std::vector<std::pair<ChainId, ForkPoint>> forks;
    for (const auto& [chain, head] : fleet.log().vector()) {
      if (head.fork) forks.emplace_back(chain, *head.fork);
    }
    if (!forks.empty() && dice_.below(2) == 0) {
      const auto& [chain, fork] = forks[dice_.below(forks.size())];
      const auto line = fleet.log().range(chain, fork.seq, 100, 1024UL * 1024);
      const bool none = line.empty() || dice_.below(4) == 0;
      said = {RecordKind::ruling,
              Ruling{chain, fork.seq, none ? RecordId{} : line[dice_.below(line.size())]->id}.to_body()};
    } else if (dice_.below(3) == 0) {
      said = {RecordKind::labels,
              MemberLabels{world_.peer(dice_.below(machines_)), {{"site", std::to_string(dice_.below(3))}}}
                  .to_body()};
    } else {
      said = {RecordKind::anchor, Anchor{fleet.log().vector(), fleet.revision().value_or(RevisionId{}),
                                         dice_.below(3) == 0 ? newest_merge_level : 0}
                                      .to_body()};
    }
    const bool admin = fleet.charter().role_of(world_.peer(index)) == Role::admin;
    if (admin)
      world_.begin_record(index, said.first, std::move(said.second));
    else
      world_.root_writes(index, said.first, std::move(said.second));
  }

  void discard() {
    const std::size_t index = one_running();
    const Fleet& fleet = world_.node(index).fleet();
    if (fleet.held().empty()) return;
    auto chosen = fleet.held().begin();
    std::advance(chosen, dice_.below(fleet.held().size()));
    const std::array ids{chosen->second};
    const auto change = dice_.below(2) == 0 ? discard_of(fleet, ids) : repropose_of(fleet, ids);
    if (change) world_.begin_record(index, RecordKind::change, change->to_body());
  }

  // With a grant that nobody knows, or that is another's; or with a clock of the far future.
  void write_as_a_stranger() {
    const std::size_t index = one_running();
    const std::size_t other = dice_.below(machines_);
    RecordId grant;
    grant.bytes.fill(7);
    const Member* member = world_.node(index).fleet().charter().member(world_.peer(other));
    if (member && dice_.below(2) == 0) grant = member->grant;
    RecordPtr record;
    if (dice_.below(2) == 0) {
      record = world_.forge(index, RecordKind::change, random_change(index), ten_years);
    } else {
      record = world_.forge(index, RecordKind::change, random_change(index), {}, grant);
    }
    world_.give(one_running(), {record});
  }

  void write_somewhere() {
    const std::size_t index = one_running();
    if (faults_.controls && dice_.below(3) == 0) return write_a_layer(index);
    const std::uint64_t seed = dice_.u64();
    const Propose propose = in_scope(
        std::string(base_scope), [seed](const json::value& present) -> std::expected<Proposal, WriteFault> {
          SeededRandom dice(seed);
          Proposal proposal{present, random_edits(dice, present)};
          for (const Edit& edit : proposal.edits) apply_edit(proposal.document, edit);
          return proposal;
        });
    world_.begin_proposal(index, propose, [this, index](const std::expected<Written, WriteFault>& written) {
      if (!written || !written->change) return;
      // Invariant 1, at the moment of the answer.
      if (!world_.disk(index).holds(*written->change))
        broken_ = "node " + std::to_string(index) + " acknowledged a change that is not on its disk";
      acknowledged_.push_back(*written->change);
    });
  }

  // Of a scope of its own, which the fleet may know or not (M9).
  void write_a_layer(std::size_t index) {
    Change change;
    change.edits = random_edits(dice_, world_.node(index).fleet().document("edge"));
    for (Edit& edit : change.edits) edit.scope = "edge";
    if (!change.edits.empty()) world_.begin_record(index, RecordKind::change, change.to_body());
  }

  // ---- what must hold ----

  void calm_down() {
    world_.heal();
    world_.set_link({.latency = milliseconds(5)});
    const bool renewed = clone_ && dice_.below(2) == 0;
    const std::optional<std::size_t> clone = std::exchange(clone_, std::nullopt);
    if (clone) retire(*clone);
    while (!crashed_.empty()) bring_back();
    for (const std::size_t i : running()) {
      if (!world_.withholding(i)) continue;
      world_.crash(i);
      world_.start(i);
    }
    // Whom a witness has let in whose chain turns out to be forked would be suspended with it; and one whose
    // clock is ahead of the invite's end would let nobody in.
    const auto all = running();
    const auto witness =
        std::ranges::find_if(all, [this](std::size_t i) { return !wrong_clocks_.contains(i); });
    if (!renewed || clone_remembers_ || witness == all.end()) return;
    // One of two with one identity takes another.
    retired_.erase(*clone);
    world_.reinstall(*clone, *witness);
  }

  bool looks_bad() {
    if (broken_.empty()) broken_ = referee_.look();
    return !broken_.empty();
  }

  void check_end() {
    // Invariants 2 and 11: everything is everywhere within a minute of healing, proofs of forks too. What
    // fleet time decides takes another one: a clock counts once two statuses of its node have come, half a
    // minute apart.
    if (!world_.run_until([this] { return looks_bad() || world_.in_step(); }, seconds(60)) ||
        !world_.run_until([this] { return looks_bad() || world_.agreed(); }, seconds(180))) {
      broken_ = "after a time of calm: " + world_.disagreement();
    }
    if (!broken_.empty()) return;
    for (const RecordId& change : acknowledged_) {
      // Of what a fork made worthless only the proof has to be everywhere (L3).
      const bool worthless = std::ranges::any_of(running(), [&](std::size_t i) {
        const RecordPtr record = world_.node(i).fleet().log().get(change);
        return record && !world_.node(i).fleet().log().stands(*record);
      });
      for (const std::size_t i : running()) {
        if (worthless || world_.node(i).fleet().log().holds(change)) continue;
        broken_ = "the acknowledged change " + to_hex(change) + " is lost at node " + std::to_string(i);
        return;
      }
    }
    check_order();
  }

  // A time at which the changes are due that take part, and no others.
  static libp2p::WallTime time_of(const Fleet& fleet) {
    Hlc latest;
    for (const RecordPtr& change : fleet.changes()) latest = std::max(latest, change->record.hlc);
    return latest.wall() + milliseconds(1) - Fleet::clock_tolerance;
  }

  // Invariant 3: the same records in another order, by ones and by many, make the same fleet.
  void check_order() {
    const std::size_t index = running().front();
    const Fleet& fleet = world_.node(index).fleet();
    std::vector<RecordPtr> records = fleet.log().records();
    for (std::size_t i = records.size(); i > 1; --i) std::swap(records[i - 1], records[dice_.below(i)]);
    Disk disk;
    Fleet other(world_.runtime().env_with_wall_offset(time_of(fleet) - world_.runtime().env().clock.wall()),
                world_.fleet(), PrivateKey::ed25519_from_seed(std::array<std::uint8_t, 32>{}), disk);
    (void)other.load();
    while (!records.empty()) {
      const std::size_t count = std::min<std::size_t>(records.size(), 1 + dice_.below(8));
      const std::vector<RecordPtr> batch(records.end() - static_cast<std::ptrdiff_t>(count), records.end());
      records.resize(records.size() - count);
      (void)world_.runtime().run(other.accept(batch));
    }
    if (other.log().size() != fleet.log().size()) {
      broken_ = "in another order " + std::to_string(other.log().size()) + " records are taken, of " +
                std::to_string(fleet.log().size());
    } else if (other.revision() != fleet.revision()) {
      broken_ = "another order gives another revision";
      for (const RecordPtr& r : fleet.log().records()) {
        if (r->record.kind != RecordKind::change) continue;
        const ChangeStatus here = fleet.status_of(r->id);
        const ChangeStatus there = other.status_of(r->id);
        if (here.state != there.state)
          broken_ += "\n  " + to_hex(r->id) + ": " + std::string(to_string(here.state)) + " " + here.reason +
                     ", or " + std::string(to_string(there.state)) + " " + there.reason;
      }
    }
    world_.runtime().run(other.stop());
  }

  SeededRandom dice_;
  Faults faults_;
  bool all_granted_ = false;
  std::set<std::size_t> wrong_clocks_;
  World world_;
  Referee referee_;
  const std::size_t machines_;  // without clones
  std::string broken_;
  std::vector<std::size_t> crashed_;
  std::set<std::size_t> retired_;
  std::optional<std::size_t> clone_;
  bool clone_remembers_ = false;
  std::map<std::size_t, Disk::Image> backups_;
  std::vector<RecordId> acknowledged_;
};

}  // namespace

Life live(std::uint64_t seed, libp2p::Log* log) { return Run(seed, log).run(); }

}  // namespace starling::sim
