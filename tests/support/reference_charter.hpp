// The part of the reference evaluator that knows who may do what, and what a fork leaves standing.
#pragma once

#include <optional>

#include "tests/support/reference_base.hpp"
#include "tests/support/reference_evaluator.hpp"

namespace starling::reference {

// M1: by clock ascending, then by id descending.
[[nodiscard]] bool before(const SignedRecord& a, const SignedRecord& b);

// L3, of a record at or past the fork of its chain; L8, of one that is settled and has no effect of its own.
enum class Forked { no, protected_, quarantined, ruled_out, settled };

struct Authority {
  // `base`: nullptr, if the fold begins with nothing. Without forks the records are taken to be of one line.
  Authority(const Input& input, const Base* base, bool forks_count);

  enum class Answer { valid, unknown, denied };
  // L4: does the grant it names stand, is it its author's, and does it allow what it says?
  [[nodiscard]] Answer judge(const SignedRecord& record) const;
  [[nodiscard]] std::optional<Role> acts_as(const Record& record) const;
  [[nodiscard]] Forked forked(const RecordId& id) const { return forked_.at(id); }
  // Neither a fork nor a checkpoint leaves it without effect.
  [[nodiscard]] bool counts(const RecordId& id) const {
    return forked_.at(id) == Forked::no || forked_.at(id) == Forked::protected_;
  }
  // Anchors, checkpoints and rulings that count: in order (M1).
  [[nodiscard]] std::vector<RecordPtr> standing() const;
  [[nodiscard]] std::map<PeerId, Role> members() const;
  [[nodiscard]] std::map<PeerId, Labels> labels() const;

  std::map<ChainId, std::uint64_t> forks;

 private:
  struct Held {
    PeerId subject;
    Role role{};
    Labels labels;
  };
  void find_forks();
  bool protect();
  [[nodiscard]] std::set<RecordId> line_that_may_stand(const ChainId& chain, const RecordId& tip) const;
  [[nodiscard]] std::set<RecordId> line_of(const ChainId& chain, RecordId tip) const;
  [[nodiscard]] std::optional<Role> stratum(const PeerId& key) const;
  void grant_all();
  bool grant_one(const SignedRecord& record);
  [[nodiscard]] bool is_good_use(const SignedRecord& record) const;
  [[nodiscard]] bool is_within_uses(const SignedRecord& record) const;

  const Input& input_;
  const Base* base_;
  std::map<RecordId, RecordPtr> by_id_;
  std::vector<RecordPtr> ordered_;
  std::vector<PeerId> roots_;
  std::map<RecordId, Held> grants_;
  std::map<RecordId, Forked> forked_;
};

}  // namespace starling::reference
