#include "starling/fleet/told_fates.hpp"

#include <sstream>

namespace starling {
namespace {

// Lines of an id and a state.
constexpr std::string_view fact_name = "fates";

}  // namespace

ToldFates::ToldFates(Env env, Fleet& fleet, Tell tell)
    : env_(env), fleet_(fleet), tell_(std::move(tell)), changed_(env.executor), tasks_(env) {}

ToldFates::~ToldFates() = default;

void ToldFates::start() {
  const auto known = fleet_.facts().find(fact_name);
  // A version that remembered nothing may have told of all of them.
  const bool remembered = known != fleet_.facts().end();
  if (remembered) restore(known->second);
  for (const RecordPtr& record : fleet_.log().records()) {
    const ChangeStatus status = fleet_.status_of(record->id);
    if (note(*record, status.state) && remembered) tell_(record->id, status);
  }
  dirty_ = dirty_ || !remembered;
  fleet_.add_observer(*this);
  tasks_.spawn("fleet.told_fates", remember_soon());
}

Task<> ToldFates::stop() {
  fleet_.remove_observer(*this);
  co_await tasks_.stop();
  if (dirty_) co_await remember();
}

void ToldFates::on_change_state(const RecordId& change, const ChangeStatus& status) {
  const RecordPtr record = fleet_.log().get(change);
  if (record && note(*record, status.state)) changed_.notify_all();
}

bool ToldFates::note(const SignedRecord& change, ChangeState state) {
  const Record& record = change.record;
  if (record.kind != RecordKind::change || record.author != fleet_.node()) return false;
  // What a checkpoint has settled has met its last fate, and here it is not known which.
  if (fleet_.log().is_settled(record)) return false;
  const std::pair place(record.hlc, change.id);
  const auto told = told_.find(place);
  const std::string_view before = told == told_.end() ? to_string(ChangeState::applied) : told->second;
  if (before == to_string(state)) return false;
  if (state == ChangeState::applied) {
    told_.erase(told);
  } else {
    told_.insert_or_assign(place, std::string(to_string(state)));
  }
  if (told_.size() > most) told_.erase(told_.begin());
  return dirty_ = true;
}

void ToldFates::restore(const std::string& text) {
  std::istringstream lines(text);
  std::string id_text;
  std::string state;
  while (lines >> id_text >> state) {
    const auto id = parse_record_id(id_text);
    const RecordPtr record = id ? fleet_.log().get(*id) : nullptr;
    if (record && !fleet_.log().is_settled(record->record))
      told_.emplace(std::pair(record->record.hlc, *id), state);
  }
}

// Many meet their fate at once.
Task<> ToldFates::remember_soon() {
  while (true) {
    while (!dirty_) co_await changed_.wait();
    co_await libp2p::sleep_for(env_, std::chrono::seconds(1));
    co_await remember();
  }
}

Task<> ToldFates::remember() {
  dirty_ = false;
  std::string text;
  for (const auto& [place, state] : told_) text += to_cid(place.second) + " " + state + "\n";
  if (const auto kept = co_await fleet_.remember(std::string(fact_name), std::move(text)); !kept)
    env_.log.error("fates.unremembered", {{"why", kept.error().to_string()}});
}

}  // namespace starling
