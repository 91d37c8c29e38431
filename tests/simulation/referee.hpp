// Asks of every node of a world, again and again, whether it makes of its records what the reference
// evaluator does. What a node has forgotten behind its checkpoint, or never had, the referee still knows.
#pragma once

#include <map>
#include <set>
#include <string>

#include "sim/world.hpp"
#include "tests/support/reference_evaluator.hpp"

namespace starling::sim {

class Referee {
 public:
  explicit Referee(World& world) : world_(world) {}

  // What is wrong, for people: the node, the change, both verdicts. Empty when all is well. Time must not
  // have passed for more than a second or so since it was last asked.
  [[nodiscard]] std::string look();
  // A record that was on any disk when it was asked; nullptr: none was.
  [[nodiscard]] RecordPtr find(const RecordId& id) const;
  [[nodiscard]] std::size_t evaluations() const noexcept { return evaluations_; }

 private:
  struct Seen {
    std::size_t process = 0;
    std::optional<libp2p::Instant> base_differs;  // from the reference's: since when
    std::size_t records = 0;
    std::uint64_t drops = 0;  // of its log
    RecordId base;
    std::optional<RevisionId> revision;
    std::set<RecordId> held;
    // Changes that are held, or aren't, against fleet time: since when, as far as anybody looked.
    std::map<RecordId, libp2p::Instant> out_of_time;
  };
  struct Judged {
    std::set<RecordId> records;
    std::set<RecordId> held;
    friend auto operator<=>(const Judged&, const Judged&) = default;
  };

  void learn();
  [[nodiscard]] std::vector<RecordPtr> records_of(const Fleet& fleet) const;
  void add_covered(const VersionVector& vector, std::map<RecordId, RecordPtr>& records) const;
  [[nodiscard]] std::string look_at(std::size_t index);
  [[nodiscard]] std::string check_time(Seen& seen, const Fleet& fleet) const;
  [[nodiscard]] const reference::Verdict& verdict_on(const Fleet& fleet, const std::set<RecordId>& held);
  [[nodiscard]] static std::string compare(const Fleet& fleet, const reference::Verdict& verdict);

  World& world_;
  std::map<RecordId, RecordPtr> all_;
  std::map<std::size_t, std::size_t> learnt_;  // records of each disk
  reference::Known known_;
  std::map<std::size_t, Seen> seen_;
  std::map<Judged, reference::Verdict> judged_;
  std::size_t evaluations_ = 0;
};

}  // namespace starling::sim
