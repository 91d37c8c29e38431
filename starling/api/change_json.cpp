#include "starling/api/change_json.hpp"

#include <array>
#include <cstdio>
#include <ranges>

#include "libp2p/crypto/hash.hpp"

namespace starling {
namespace {

std::string_view to_string(EditOp op) {
  switch (op) {
    case EditOp::set:
      return "set";
    case EditOp::remove:
      return "remove";
    case EditOp::append:
      return "append";
  }
  return "unknown";
}

std::string_view to_string(Conflict::Kind kind) {
  return kind == Conflict::Kind::overlap ? "overlap" : "removal-dropped";
}

json::array edits_json(const Change& change) {
  json::array edits;
  for (const Edit& edit : change.edits) {
    json::object entry{{"scope", edit.scope}, {"path", to_pointer(edit.path)}, {"op", to_string(edit.op)}};
    if (edit.value) entry["value"] = *edit.value;
    edits.push_back(std::move(entry));
  }
  return edits;
}

json::value optional_value(const std::optional<json::value>& value) {
  return value ? *value : json::value(nullptr);
}

}  // namespace

std::string iso_time(libp2p::WallTime time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

json::object authorship_json(const ApiContext& context, const RecordId& change) {
  json::object json{{"change", to_cid(change)}};
  const RecordPtr record = context.fleet.log().get(change);
  if (!record) return json;
  const Member* author = context.fleet.charter().member(record->record.author);
  json["author"] = record->record.author.to_string();
  json["author_name"] = author ? json::value(author->name) : json::value(nullptr);
  json["time"] = iso_time(record->record.hlc.wall());
  if (const auto body = Change::from_body(record->record.body)) {
    json["actor"] = body->actor;
    json["message"] = body->message;
  }
  return json;
}

std::string authorship_text(const ApiContext& context, const RecordId& change) {
  const RecordPtr record = context.fleet.log().get(change);
  if (!record) return "change " + to_cid(change);
  const Member* author = context.fleet.charter().member(record->record.author);
  return (author ? author->name + " (" : std::string("(")) + record->record.author.to_string() + ", change " +
         to_cid(change) + ")";
}

json::object change_json(const ApiContext& context, const SignedRecord& signed_record) {
  const Record& record = signed_record.record;
  const ChangeStatus status = context.fleet.status_of(signed_record.id);
  const Member* author = context.fleet.charter().member(record.author);
  const RevisionId* revision = context.fleet.revisions().revision_at({signed_record.id});
  json::object entry{{"id", to_cid(signed_record.id)},
                     {"author", record.author.to_string()},
                     {"author_name", author ? json::value(author->name) : json::value(nullptr)},
                     {"seq", record.seq},
                     {"time", iso_time(record.hlc.wall())},
                     {"state", to_string(status.state)},
                     {"reason", status.reason.empty() ? json::value(nullptr) : json::value(status.reason)},
                     {"revision", revision ? json::value(to_hex(*revision)) : json::value(nullptr)}};
  if (const auto change = Change::from_body(record.body)) {
    entry["actor"] = change->actor;
    entry["message"] = change->message;
    entry["edits"] = edits_json(*change);
    json::array voids;
    for (const RecordId& id : change->voids) voids.emplace_back(to_cid(id));
    entry["voids"] = std::move(voids);
  }
  return entry;
}

json::object place_json(const Path& in_tree) {
  const Place place = place_of(in_tree);
  return json::object{{"scope", place.scope}, {"path", to_pointer(place.path)}};
}

json::array differences_json(const std::vector<Difference>& differences) {
  json::array list;
  for (const Difference& difference : differences) {
    json::object entry = place_json(difference.path);
    if (difference.before) entry["before"] = *difference.before;
    if (difference.after) entry["after"] = *difference.after;
    list.push_back(std::move(entry));
  }
  return list;
}

std::string conflict_id(const Conflict& conflict) {
  constexpr std::size_t digits = 16;
  Bytes hashed = libp2p::to_bytes(to_string(conflict.kind));
  libp2p::append(hashed, conflict.winner.view());
  libp2p::append(hashed, conflict.loser.view());
  libp2p::append(hashed, libp2p::as_bytes(to_pointer(path_in_tree(conflict.scope, conflict.path))));
  return libp2p::to_hex(libp2p::sha256(hashed)).substr(0, digits);
}

json::array stood_json(const Stood& stood) {
  constexpr std::size_t most = 16;
  json::array told;
  for (const Place& place : places_of(stood) | std::views::take(most)) told.emplace_back(to_text(place));
  return told;
}

json::object conflict_json(const ApiContext& context, const Conflict& conflict) {
  // Of three rivals the one that beat this loser may have lost in its turn.
  const json::value* stands = find(context.fleet.document(conflict.scope), conflict.path);
  return json::object{{"id", conflict_id(conflict)},
                      {"scope", conflict.scope},
                      {"path", to_pointer(conflict.path)},
                      {"kind", to_string(conflict.kind)},
                      {"op", to_string(conflict.op)},
                      {"winner", to_cid(conflict.winner)},
                      {"loser", to_cid(conflict.loser)},
                      {"base", optional_value(conflict.base)},
                      {"mine", optional_value(conflict.mine)},
                      {"theirs", optional_value(conflict.theirs)},
                      {"stands", stands ? *stands : json::value(nullptr)},
                      {"stood", stood_json(conflict.stood)},
                      {"stood_count", places_of(conflict.stood).size()}};
}

const Provenance* newest_at(const Provenances& provenances, const Path& place) {
  const Provenance* newest = nullptr;
  const auto look = [&](const Provenance& provenance) {
    if (!newest || provenance.is_after(newest->hlc, newest->change)) newest = &provenance;
  };
  for (Path above; above.size() < place.size(); above.push_back(place[above.size()])) {
    if (const auto exact = provenances.find(above); exact != provenances.end()) look(exact->second);
  }
  for (auto it = provenances.lower_bound(place); it != provenances.end() && is_prefix(place, it->first); ++it)
    look(it->second);
  return newest;
}

}  // namespace starling
