#include "starling/merge/merge.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace starling {
namespace {

bool comes_before(const std::unique_ptr<Node>& a, const std::unique_ptr<Node>& b) { return a->before(*b); }

}  // namespace

// What a slice of work may still do.
class Merge::Budget {
 public:
  explicit Budget(std::size_t changes) : left_(std::max<std::size_t>(changes, 1)) {}
  [[nodiscard]] bool left() const noexcept { return left_ > 0; }
  void spend_on(const Node& node) {
    left_ -= std::min(left_, std::max<std::size_t>(node.input.change.edits.size(), 1));
  }

 private:
  std::size_t left_;
};

Merge::Merge(HappenedBefore happened_before, MergeLimits limits)
    : happened_before_(std::move(happened_before)),
      limits_(limits),
      concurrency_(happened_before_),
      state_(result_.document, conflicts_, concurrency_, limits_.remembered_changes) {
  state_.begin(nullptr);
}

Merge::~Merge() = default;

void Merge::add(MergeInput change) {
  if (by_id_.contains(change.id)) return;
  const RecordId id = change.id;
  // It was to leave and stays.
  if (leaving_.erase(id) > 0) {
    const auto stays = std::ranges::find(order_, id, [](const auto& node) { return node->input.id; });
    by_id_.emplace(id, stays->get());
    return;
  }
  arriving_.push_back(std::make_unique<Node>(std::move(change), ++last_serial_));
  by_id_.emplace(id, arriving_.back().get());
}

void Merge::remove(const RecordId& change) {
  if (by_id_.erase(change) == 0) return;
  const auto arriving = std::ranges::find(arriving_, change, [](const auto& node) { return node->input.id; });
  if (arriving != arriving_.end()) {
    arriving_.erase(arriving);
  } else {
    leaving_.insert(change);
  }
}

void Merge::reset(std::vector<MergeInput> changes) {
  std::set<RecordId> leaving;
  for (const auto& [id, node] : by_id_) leaving.insert(id);
  for (const MergeInput& change : changes) leaving.erase(change.id);
  for (const RecordId& id : leaving) remove(id);
  for (MergeInput& change : changes) add(std::move(change));
}

void Merge::set_base(std::optional<MergeState> base) {
  if (!base && !base_) return;
  // What is being folded onto the other one refers to it.
  Budget unlimited(std::numeric_limits<std::size_t>::max());
  go_on(unlimited);
  base_ = base ? std::make_shared<const MergeState>(std::move(*base)) : nullptr;
  base_changed_ = true;
}

void Merge::set_levels(std::vector<LevelFrom> levels) {
  Levels wanted(std::move(levels));
  if (wanted == levels_) return;
  levels_ = std::move(wanted);
  levels_changed_ = true;
}

std::unique_ptr<Merge> Merge::begin_anew(HappenedBefore happened_before) const {
  MergeLimits once = limits_;
  once.undo_changes = 0;
  once.snapshot_bytes = 0;
  auto other = std::make_unique<Merge>(std::move(happened_before), once);
  other->base_ = base_;
  other->base_changed_ = true;
  other->levels_ = levels_;
  other->levels_changed_ = true;
  return other;
}

const MergeResult& Merge::result() {
  update();
  return result_;
}

MergeResult Merge::take() && {
  update();
  return std::move(result_);
}

std::vector<ChangeFate> Merge::take_changed() {
  update();
  std::vector<const Node*> nodes;
  for (const RecordId& id : std::exchange(changed_, {})) {
    if (const auto node = by_id_.find(id); node != by_id_.end()) nodes.push_back(node->second);
  }
  std::ranges::sort(nodes, {}, &Node::position);
  std::vector<ChangeFate> fates;
  fates.reserve(nodes.size());
  for (const Node* node : nodes) fates.push_back(node->fate);
  return fates;
}

RevisionId Merge::revision() {
  update();
  return state_.revision(levels_.last());
}

bool Merge::advance_provenance(std::size_t changes) {
  if (!advance(changes)) return false;
  Budget budget(changes);
  follow_provenance(budget);
  return in_provenance_ == order_.size();
}

void Merge::follow_provenance(Budget& budget) {
  if (!in_provenance_) {
    if (base_) {
      provenance_book_.begin(base_->document, base_->provenance);
    } else {
      provenance_book_.begin(unset_tree(), {});
    }
    in_provenance_ = 0;
  }
  for (; *in_provenance_ < order_.size() && budget.left(); ++*in_provenance_) {
    const Node& node = *order_[*in_provenance_];
    provenance_book_.follow(node);
    budget.spend_on(node);
  }
}

const Provenances& Merge::provenance() {
  while (!advance_provenance(std::numeric_limits<std::size_t>::max())) {
  }
  if (!provenance_) provenance_ = provenance_book_.provenances();
  return *provenance_;
}

MergeState Merge::state() {
  Provenances known = provenance();
  return {result_.document, std::move(known), result_.emptied, result_.conflicts};
}

void Merge::update() {
  while (!advance(std::numeric_limits<std::size_t>::max())) {
  }
}

bool Merge::advance(std::size_t changes) {
  if (stage_ == Stage::none && !up_to_date()) begin_update();
  Budget budget(changes);
  go_on(budget);
  return stage_ == Stage::none && up_to_date();
}

void Merge::go_on(Budget& budget) {
  if (stage_ == Stage::entering) enter_rest(budget);
  if (stage_ == Stage::turns) apply_rest(budget);
  if (stage_ == Stage::telling) tell_rest(budget);
}

bool Merge::up_to_date() const {
  return arriving_.empty() && leaving_.empty() && !levels_changed_ && !base_changed_;
}

void Merge::begin_update() {
  std::ranges::sort(arriving_, comes_before);
  renewed_ = relevelled();
  std::size_t from = first_difference();
  for (Node* node : renewed_) from = std::min(from, concurrency_.first_removal_for(*node, node->position));
  lowest_ = order_.size();
  if (std::exchange(base_changed_, false)) start_over();
  go_back(from);
  for (const auto& node : arriving_) renewed_.push_back(node.get());
  std::erase_if(renewed_, [&](const Node* node) { return leaving_.contains(node->input.id); });
  splice(from);
  stage_ = Stage::entering;
}

void Merge::enter_rest(Budget& budget) {
  while (concurrency_.size() < order_.size()) {
    if (!budget.left()) return;
    Node& node = *order_[concurrency_.size()];
    node.set_level(levels_.at(node.input.hlc, node.input.id));
    concurrency_.append(node);
    budget.spend_on(node);
  }
  begin_turns();
  stage_ = Stage::turns;
}

// The first position whose change is another one, or has to be looked at anew because a change that needed
// what it removes has left.
std::size_t Merge::first_difference() {
  std::size_t from = order_.size();
  if (!arriving_.empty()) {
    const auto place = std::ranges::lower_bound(order_, arriving_.front(), comes_before);
    from = static_cast<std::size_t>(place - order_.begin());
  }
  if (leaving_.empty()) return from;
  for (const auto& node : order_) {
    if (!leaving_.contains(node->input.id)) continue;
    from = std::min(from, concurrency_.first_removal_for(*node, node->position));
  }
  return from;
}

std::vector<Node*> Merge::relevelled() {
  std::vector<Node*> others;
  if (!std::exchange(levels_changed_, false)) return others;
  for (const auto& node : order_) {
    if (levels_.at(node->input.hlc, node->input.id) != node->level) others.push_back(node.get());
  }
  return others;
}

void Merge::splice(std::size_t from) {
  concurrency_.truncate(from);
  const auto first = order_.begin() + static_cast<std::ptrdiff_t>(from);
  std::vector<std::unique_ptr<Node>> rest;
  rest.reserve(order_.size() - from + arriving_.size());
  std::merge(std::move_iterator(first), std::move_iterator(order_.end()),
             std::move_iterator(arriving_.begin()), std::move_iterator(arriving_.end()),
             std::back_inserter(rest), comes_before);
  std::erase_if(rest, [&](const auto& node) { return leaving_.contains(node->input.id); });
  order_.erase(first, order_.end());
  std::ranges::move(rest, std::back_inserter(order_));
  arriving_.clear();
  leaving_.clear();
}

void Merge::begin_turns() {
  std::size_t back_to = applied_;
  for (Node* node : std::exchange(renewed_, {})) back_to = concurrency_.first_removal_for(*node, back_to);
  go_back_far_enough(back_to);
  floors_.clear();
  for (std::size_t i = order_.size(), floor = i; i-- > applied_;) {
    floor = std::min(floor, order_[i]->first_unknown);
    floors_.push_back(floor);
  }
}

void Merge::apply_rest(Budget& budget) {
  while (applied_ < order_.size()) {
    if (!budget.left()) return;
    Node& node = *order_[applied_];
    UndoSteps steps = state_.apply(node, floors_.back());
    floors_.pop_back();
    ++applied_;
    keep_undo(std::move(steps));
    if (applied_ % limits_.snapshot_every == 0) take_snapshot();
    budget.spend_on(node);
  }
  result_.fates.resize(order_.size());
  told_ = lowest_;
  stage_ = Stage::telling;
}

void Merge::tell_rest(Budget& budget) {
  for (; told_ < order_.size(); ++told_) {
    if (!budget.left()) return;
    tell(*order_[told_]);
    budget.spend_on(*order_[told_]);
  }
  end_update();
  stage_ = Stage::none;
}

void Merge::tell(Node& node) {
  ChangeFate fate = fate_of(node);
  if (!node.told || fate.state != node.fate.state || fate.reason != node.fate.reason)
    changed_.insert(fate.id);
  node.told = true;
  node.fate = std::move(fate);
  result_.fates[node.position] = node.fate;
}

void Merge::end_update() {
  const std::set<RecordId> losers = state_.take_losers();
  for (const RecordId& id : losers) {
    if (const auto loser = by_id_.find(id); loser != by_id_.end()) tell(*loser->second);
  }
  if (conflicts_.take_changed() || !losers.empty()) result_.conflicts = conflicts_.open();
  result_.emptied.clear();
  for (const auto& [scope, emptied] : state_.emptied())
    result_.emptied.emplace(scope, Emptying{emptied.by, emptied.allowed});
  forget_provenance(lowest_);
}

void Merge::forget_provenance(std::size_t from) {
  provenance_.reset();
  if (in_provenance_ && *in_provenance_ > from) in_provenance_.reset();
}

}  // namespace starling
