#include "tests/simulation/life.hpp"

#include <algorithm>
#include <array>

#include "tests/simulation/checkpointing.hpp"
#include "tests/simulation/mishaps.hpp"
#include "tests/simulation/referee.hpp"
#include "tests/simulation/writings.hpp"

namespace starling::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Run {
 public:
  Run(std::uint64_t seed, libp2p::Log* log)
      : stage_(seed, log),
        referee_(stage_.world),
        mishaps_(stage_),
        writings_(stage_),
        checkpointing_(stage_) {}

  Life run() {
    stage_.world.start_all();
    if (!stage_.world.run_until_joined(std::chrono::minutes(10))) return over("not all nodes joined");
    for (int step = 0; step < 10 && stage_.broken.empty(); ++step) take_step();
    mishaps_.end();
    writings_.end();
    checkpointing_.end();
    if (stage_.broken.empty()) check_end();
    return over(stage_.broken);
  }

 private:
  Life over(const std::string& broken) {
    return {stage_.world.trace_hash(), broken.empty() ? broken : broken + nodes(), stage_.faults.to_string(),
            most_records(), referee_.evaluations()};
  }
  // For whoever looks into a failure.
  [[nodiscard]] std::string nodes() {
    std::string text;
    for (const std::size_t i : stage_.running()) {
      const Fleet& fleet = stage_.world.node(i).fleet();
      const auto ahead = fleet.fleet_time() - stage_.world.runtime().env().clock.wall();
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
    for (const std::size_t i : stage_.running())
      most = std::max(most, stage_.world.node(i).fleet().log().size());
    return most;
  }

  // ---- what happens ----

  void take_step() {
    for (std::uint64_t count = stage_.below(4); count > 0; --count) {
      switch (stage_.below(3)) {
        case 0:
          mishaps_.happen();
          break;
        case 1:
          writings_.write_something_else();
          break;
        default:
          checkpointing_.happen();
      }
    }
    for (std::uint64_t count = stage_.below(4); count > 0; --count) writings_.write_somewhere();
    pass(milliseconds(stage_.below(5000)));
  }

  void pass(milliseconds time) {
    for (; time > milliseconds(0) && stage_.broken.empty(); time -= milliseconds(500)) {
      mishaps_.flap();
      stage_.world.run_for(std::min(time, milliseconds(500)));
      (void)looks_bad();
    }
  }

  // ---- what must hold ----

  bool looks_bad() {
    if (stage_.broken.empty()) stage_.broken = referee_.look();
    return !stage_.broken.empty();
  }

  void check_end() {
    check_agreement();
    if (stage_.faults.checkpoints) settle_and_forget();
    if (stage_.broken.empty()) check_acknowledged();
    if (stage_.broken.empty()) check_order();
  }

  // Invariants 2 and 11: everything is everywhere within a minute of healing, proofs of forks too. What
  // fleet time decides takes another one: a clock counts once two statuses of its node have come, half a
  // minute apart.
  void check_agreement() {
    // Without gossip what was told last goes from one to another, at random, every 10 to 30 s; and who comes
    // from before what others have forgotten first asks everybody for what nobody has.
    const seconds limit(stage_.gossip && !stage_.forgotten_behind ? 60 : 180);
    const bool agree =
        stage_.world.run_until([this] { return looks_bad() || stage_.world.in_step(); }, limit) &&
        stage_.world.run_until([this] { return looks_bad() || stage_.world.agreed(); }, seconds(180));
    if (!agree) stage_.broken = "after a time of calm: " + stage_.world.disagreement();
  }

  // Where all agree, nearly all is forgotten behind a checkpoint, and one who never had it comes.
  void settle_and_forget() {
    if (!stage_.broken.empty()) return;
    checkpointing_.write();
    pass(seconds(1));
    check_agreement();
    if (!stage_.broken.empty() || !stage_.faults.forgetting) return;
    for (const std::size_t i : stage_.running()) {
      if (!stage_.one_in(4)) checkpointing_.forget_at(i);
    }
    pass(seconds(1));
    if (stage_.faults.newcomers) checkpointing_.let_a_newcomer_in();
    check_agreement();
  }

  void check_acknowledged() {
    for (const RecordId& change : stage_.acknowledged) {
      const RecordPtr record = referee_.find(change);
      // Of what a fork made worthless only the proof has to be everywhere (L3).
      const bool worthless = std::ranges::any_of(stage_.running(), [&](std::size_t i) {
        const Changelog& log = stage_.world.node(i).fleet().log();
        return log.holds(change) && !log.is_settled(record->record) && !log.stands(*record);
      });
      for (const std::size_t i : stage_.running()) {
        const Changelog& log = stage_.world.node(i).fleet().log();
        // What is settled may be forgotten (L8).
        if (worthless || log.holds(change) || (record && log.is_settled(record->record))) continue;
        stage_.broken = "the acknowledged change " + to_hex(change) + " is lost at node " + std::to_string(i);
        return;
      }
    }
  }

  // A time at which the changes are due that take part, and the checkpoint, and no others.
  static libp2p::WallTime time_of(const Fleet& fleet) {
    Hlc latest = fleet.checkpoint() ? fleet.checkpoint()->record.hlc : Hlc{};
    for (const RecordPtr& change : fleet.changes()) latest = std::max(latest, change->record.hlc);
    return latest.wall() + milliseconds(1) - Fleet::clock_tolerance;
  }

  // Invariant 3: the same records in another order, by ones and by many, make the same fleet.
  void check_order() {
    const std::size_t index = stage_.running().front();
    const Fleet& fleet = stage_.world.node(index).fleet();
    if (fleet.horizon()) return;  // not all of them are here
    std::vector<RecordPtr> records = fleet.log().records();
    for (std::size_t i = records.size(); i > 1; --i) std::swap(records[i - 1], records[stage_.below(i)]);
    Disk disk;
    Fleet other(stage_.world.runtime().env_with_wall_offset(time_of(fleet) -
                                                            stage_.world.runtime().env().clock.wall()),
                stage_.world.fleet(), PrivateKey::ed25519_from_seed(std::array<std::uint8_t, 32>{}), disk);
    (void)other.load();
    while (!records.empty()) {
      const std::size_t count = std::min<std::size_t>(records.size(), 1 + stage_.below(8));
      const std::vector<RecordPtr> batch(records.end() - static_cast<std::ptrdiff_t>(count), records.end());
      records.resize(records.size() - count);
      (void)stage_.world.runtime().run(other.accept(batch));
    }
    (void)stage_.world.run_until([&] { return other.settled(); }, seconds(1));
    if (other.log().size() != fleet.log().size()) {
      stage_.broken = "in another order " + std::to_string(other.log().size()) + " records are taken, of " +
                      std::to_string(fleet.log().size());
    } else if (other.revision() != fleet.revision()) {
      stage_.broken = "another order gives another revision";
      for (const RecordPtr& r : fleet.log().records()) {
        if (r->record.kind != RecordKind::change || fleet.log().is_settled(r->record)) continue;
        const ChangeStatus here = fleet.status_of(r->id);
        const ChangeStatus there = other.status_of(r->id);
        if (here.state != there.state)
          stage_.broken += "\n  " + to_hex(r->id) + ": " + std::string(to_string(here.state)) + " " +
                           here.reason + ", or " + std::string(to_string(there.state)) + " " + there.reason;
      }
    }
    stage_.world.runtime().run(other.stop());
  }

  Stage stage_;
  Referee referee_;
  Mishaps mishaps_;
  Writings writings_;
  Checkpointing checkpointing_;
};

}  // namespace

Life live(std::uint64_t seed, libp2p::Log* log) { return Run(seed, log).run(); }

}  // namespace starling::sim
