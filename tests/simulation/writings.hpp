// What people write, and enemies: through the nodes, and past them with keys of their own or of others.
#pragma once

#include <vector>

#include "tests/simulation/stage.hpp"

namespace starling::sim {

class Writings {
 public:
  explicit Writings(Stage& stage) : stage_(stage) {}

  // A change through the API of some node.
  void write_somewhere();
  // One of the kinds of other records that the seed has drawn, or none.
  void write_something_else();
  // What was kept back is told to somebody.
  void end();

 private:
  [[nodiscard]] Bytes random_change(std::size_t index);
  void write_a_layer(std::size_t index);
  void fork_a_chain();
  void bring_in_disorder();
  void say_what_stands();
  [[nodiscard]] std::pair<RecordKind, Bytes> ruling_on_a_fork(const Fleet& fleet);
  void say_as_senior(std::size_t index, RecordKind kind, Bytes body);
  void discard();
  void discard_as_if_long_ago();
  void write_as_a_stranger();
  [[nodiscard]] RecordPtr follower_of(const SignedRecord& stray, std::size_t index, std::uint64_t seq);
  // Says under a grant that nobody knows yet what that doesn't allow.
  void let_a_guest_write();
  void tell_somebody(const RecordPtr& record);
  void keep_back(std::vector<RecordPtr> records) { kept_back_.push_back(std::move(records)); }
  void tell_what_was_kept_back();

  Stage& stage_;
  std::vector<std::vector<RecordPtr>> kept_back_;  // written, and known to nobody yet
};

}  // namespace starling::sim
