// The part of the reference evaluator that folds changes (M1 to M6, M9), and knows where what stands came
// from (L8).
#pragma once

#include <optional>

#include "starling/merge/state.hpp"
#include "starling/model/change.hpp"
#include "tests/support/reference_evaluator.hpp"

namespace starling::reference {

// Its path begins with the scope, so that one tree holds all documents.
struct Step {
  Path path;
  EditOp op{};
  std::optional<json::value> value;
};

struct Turn {
  RecordId id;
  Hlc clock;
  std::vector<Step> steps;
  bool usable = true;  // M9: of a scope that the level at its place knows
  std::set<std::size_t> lost;
  bool skipped = false;
};

using Knew = std::function<bool(const RecordId& earlier, const RecordId& later)>;

class Fold {
 public:
  // In order (M1), onto the state of a checkpoint or onto nothing.
  Fold(std::vector<Turn>& turns, const Knew& knew, const MergeState* start)
      : turns_(turns), knew_(knew), start_(start) {}
  // Loses and skips are noted in the turns; what the documents become.
  [[nodiscard]] json::object run();
  // That nobody has settled, in whatever order.
  [[nodiscard]] std::vector<Conflict> conflicts() const;
  // Of what stands then, and of what is gone.
  [[nodiscard]] const Provenances& provenance() const { return provenance_; }

 private:
  // What somebody wanted somewhere, until somebody who knew of it wanted something else.
  struct Wish {
    std::size_t turn = 0;
    std::size_t step = 0;
    std::optional<json::value> before;  // what was there
  };
  struct Lost {
    std::size_t turn = 0;
    std::size_t step = 0;
    std::optional<std::size_t> winner;  // or, if that is of the start,
    RecordId said;
    std::optional<json::value> base;
    Conflict::Kind kind{};
  };
  // Without a winner or a loser: that is of the start.
  struct Made {
    Conflict conflict;
    Path path;
    std::optional<std::size_t> winner;
    std::optional<std::size_t> loser;
    bool settled = false;
  };
  // A place that stayed because this turn needs it, against somebody's removal.
  struct Kept {
    Path path;
    std::size_t turn = 0;
  };
  enum class Done { yes, loses, impossible };
  struct Before {
    json::value tree;
    std::vector<Wish> wishes;
    std::vector<Wish> made;
    std::vector<Kept> kept;
    std::vector<Made> conflicts;
    Provenances provenance;
    std::vector<std::set<std::size_t>> lost;
  };

  [[nodiscard]] const Step& step_of(const Wish& wish) const { return turns_[wish.turn].steps[wish.step]; }
  [[nodiscard]] bool concurrent(std::size_t a, std::size_t b) const;
  [[nodiscard]] std::set<std::size_t> needed_by(std::size_t turn, const Path& removed) const;
  [[nodiscard]] std::set<std::size_t> kept_for(std::size_t turn, const Path& removed) const;
  // And who needs them.
  std::map<std::size_t, std::size_t> drop_removals(std::size_t turn);
  [[nodiscard]] Before before() const;
  void go_back(Before before);
  // What was said of the place later than by this turn, in the start; of several the last.
  [[nodiscard]] std::optional<Provenance> later_in_start(const Turn& turn, const Step& step) const;
  [[nodiscard]] bool is_fulfilled(const Step& step);
  Done take_step(std::size_t turn, std::size_t step);
  void take_turn(std::size_t turn);
  Done apply(std::size_t turn, const Step& step, bool only_room);
  Done clear_way(std::size_t turn, const Path& path);
  [[nodiscard]] bool is_only_room(std::size_t turn, const Step& step);
  [[nodiscard]] Path reach_of(const Step& step);
  void settle(std::size_t turn, std::size_t step, const Path& reach, bool only_room,
              std::optional<json::value> before);
  [[nodiscard]] std::optional<json::value> standing(const Path& path);

  void lose(const Lost& lost);
  void lose_removal(std::size_t turn, std::size_t step, std::size_t needed_by);
  void lose_append(std::size_t turn, std::size_t step);
  void settle_conflicts(std::size_t turn, const Path& path);

  void forget_at_and_below(const Path& path);
  void note_origin(const Turn& turn, const Step& step);
  void note_leaves(const Path& path, const json::value& value, const Provenance& of);

  std::vector<Turn>& turns_;
  const Knew& knew_;
  const MergeState* start_;
  json::value tree_;
  std::vector<Wish> wishes_;
  std::vector<Wish> made_;  // replaced ones too
  std::vector<Kept> kept_;
  std::vector<Made> conflicts_;
  Provenances provenance_;
};

}  // namespace starling::reference
