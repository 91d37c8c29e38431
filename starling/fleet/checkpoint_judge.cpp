#include "starling/fleet/checkpoint_judge.hpp"

namespace starling {
namespace {

constexpr std::string_view fact_right = "checkpoint.right";
constexpr std::string_view fact_wrong = "checkpoint.wrong";

std::string to_text(const std::set<RecordId>& ids) {
  std::string text;
  for (const RecordId& id : ids) text += to_cid(id) + " ";
  return text;
}

std::set<RecordId> ids_in(const Facts& facts, std::string_view name) {
  std::set<RecordId> ids;
  const auto found = facts.find(name);
  std::string_view text = found == facts.end() ? std::string_view() : std::string_view(found->second);
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    if (const auto id = parse_record_id(text.substr(0, end))) ids.insert(*id);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return ids;
}

}  // namespace

CheckpointJudge::CheckpointJudge(Env env, FleetId fleet, const Changelog& log, const Charter& charter,
                                 const Controls& controls, std::function<void(const RecordPtr&)> on_wrong,
                                 std::function<Hlc()> ceiling)
    : env_(env),
      fleet_(fleet),
      log_(log),
      charter_(charter),
      controls_(controls),
      on_wrong_(std::move(on_wrong)),
      ceiling_(std::move(ceiling)) {}

Facts CheckpointJudge::facts() const {
  return {{std::string(fact_right), to_text(right_)}, {std::string(fact_wrong), to_text(wrong_)}};
}

void CheckpointJudge::restore(const Facts& facts) {
  right_ = ids_in(facts, fact_right);
  wrong_ = ids_in(facts, fact_wrong);
}

Task<RecordPtr> CheckpointJudge::newest(BasePtr horizon) {
  open_ = false;
  RecordPtr last = horizon ? horizon->record : nullptr;
  while (true) {
    RecordPtr next = co_await right_follower(last, horizon);
    if (!next) co_return last;
    last = std::move(next);
  }
}

Task<RecordPtr> CheckpointJudge::right_follower(RecordPtr of, BasePtr horizon) {
  const std::vector<RecordPtr> followers = controls_.followers(of ? of->id : RecordId{}, charter_, log_);
  for (const RecordPtr& follower : followers) {
    if (is_wrong(follower->id)) continue;
    // Held, as a change would be (L7).
    const bool held = follower->record.hlc > ceiling_();
    if (!held && is_right(follower->id)) co_return follower;
    const Controls::Anchored* said = controls_.find(follower->id);
    if (held || said == nullptr || !log_.knows_ends_of(said->anchor.vector)) {
      open_ = true;
      continue;
    }
    const Verdict verdict = co_await judge(follower, of, horizon);
    switch (verdict) {
      case Verdict::right:
        right_.insert(follower->id);
        co_return follower;
      case Verdict::wrong:
        wrong_.insert(follower->id);
        on_wrong_(follower);
        break;
      case Verdict::open:
        open_ = true;
        break;
    }
  }
  co_return nullptr;
}

Task<CheckpointJudge::Verdict> CheckpointJudge::judge(RecordPtr record, RecordPtr of, BasePtr horizon) {
  BasePtr from = horizon;
  if (of && id_of(horizon) != of->id) {
    const auto read = read_base(of);
    if (!read) co_return Verdict::open;  // it was read before, when it was found right
    from = *read;
  }
  const auto checkpoint = Checkpoint::from_body(record->record.body);
  if (!checkpoint) co_return Verdict::wrong;
  const auto derived = co_await derive(env_, log_, join_checks_, fleet_, from, checkpoint->anchor.vector,
                                       latest_covered(record->record));
  if (!derived) co_return derived.error().code == Errc::refused ? Verdict::wrong : Verdict::open;
  const auto state = encode_state(derived->state);
  const bool same = state && *state == checkpoint->state &&
                    derived->revision == checkpoint->anchor.revision && derived->kept == checkpoint->kept;
  co_return same ? Verdict::right : Verdict::wrong;
}

}  // namespace starling
