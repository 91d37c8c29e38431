// Short ways to write documents, edits and changes down.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "starling/merge/merge.hpp"
#include "starling/model/document.hpp"
#include "tests/support/conflict_text.hpp"

namespace starling {

inline void PrintTo(ChangeFate::State state, std::ostream* out) {
  constexpr const char* names[] = {"applied", "partly", "lost", "skipped"};
  *out << names[static_cast<int>(state)];
}

inline void PrintTo(const Place& place, std::ostream* out) { *out << to_text(place); }

namespace test {

// What a fold is of besides its changes.
struct Setting {
  std::vector<LevelFrom> levels;
  std::optional<MergeState> base;
};

inline json::value doc(std::string_view text) {
  auto value = parse_json(text);
  if (!value) ADD_FAILURE() << "not JSON: " << text << ": " << value.error().message;
  return value ? *value : json::value();
}

inline Path at(std::string_view pointer) { return *parse_pointer(pointer); }

inline Place in_base(std::string_view pointer) { return {std::string(base_scope), at(pointer)}; }

inline Edit set(std::string_view pointer, std::string_view value) {
  return {std::string(base_scope), at(pointer), EditOp::set, doc(value)};
}
inline Edit append(std::string_view pointer, std::string_view value) {
  return {std::string(base_scope), at(pointer), EditOp::append, doc(value)};
}
inline Edit removal(std::string_view pointer) {
  return {std::string(base_scope), at(pointer), EditOp::remove, std::nullopt};
}

inline Edit in(std::string_view scope, Edit edit) {
  edit.scope = scope;
  return edit;
}

inline RecordId id_of(std::uint64_t number) {
  RecordId id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  return id;
}

// A log written by hand: what each author knew is named with each change.
class Log {
 public:
  using Known = std::vector<RecordId>;

  // A change at `time`, whose author knew `known` and all that their authors knew.
  RecordId write(std::uint64_t time, const Known& known, std::vector<Edit> edits, bool allow_empty = false) {
    const RecordId id = id_of(changes.size() + 1);
    std::set<RecordId> all;
    for (const RecordId& earlier : known) {
      all.insert(earlier);
      all.insert(knew_[earlier].begin(), knew_[earlier].end());
    }
    knew_[id] = std::move(all);
    changes.push_back({id, Hlc{time}, Change{"", "", allow_empty, std::move(edits)}});
    return id;
  }

  [[nodiscard]] HappenedBefore happened_before() const {
    return [this](const RecordId& earlier, const RecordId& later) {
      const auto found = knew_.find(later);
      return found != knew_.end() && found->second.contains(earlier);
    };
  }
  [[nodiscard]] MergeResult folded() const { return fold(changes, happened_before(), levels); }

  std::vector<MergeInput> changes;
  std::vector<LevelFrom> levels;

 private:
  std::map<RecordId, std::set<RecordId>> knew_;
};

inline std::vector<RecordId> ids(const std::vector<ChangeFate>& fates) {
  std::vector<RecordId> all;
  for (const ChangeFate& fate : fates) all.push_back(fate.id);
  return all;
}

inline ChangeFate fate_of(const MergeResult& result, const RecordId& id) {
  for (const ChangeFate& fate : result.fates) {
    if (fate.id == id) return fate;
  }
  ADD_FAILURE() << "no fate of that change";
  return {};
}

inline const json::value& base_of(const MergeResult& result) {
  return scope_document(result.document, base_scope);
}
// Who emptied the base, if it is empty.
inline std::optional<Emptying> base_emptied(const MergeResult& result) {
  const auto found = result.emptied.find(std::string(base_scope));
  return found != result.emptied.end() ? std::optional(found->second) : std::nullopt;
}

inline std::string text(const json::value& value) { return canonical_json(value); }
inline std::string text(const std::optional<json::value>& value) {
  return value ? canonical_json(*value) : "nothing";
}

inline std::string text(const Conflict& conflict) { return text_of(conflict); }

// All that a fold says, for comparison.
inline std::string text(const MergeResult& result) {
  std::string out = canonical_json(result.document) + "\n";
  for (const ChangeFate& fate : result.fates) {
    out += to_hex(fate.id).substr(0, 16) + " " + std::to_string(static_cast<int>(fate.state)) + " " +
           fate.reason + "\n";
  }
  for (const Conflict& conflict : result.conflicts) out += text(conflict) + "\n";
  for (const auto& [scope, emptying] : result.emptied) {
    out += scope + " emptied by " + to_hex(emptying.by).substr(0, 16) +
           (emptying.allowed ? ", allowed\n" : "\n");
  }
  return out;
}

// Says the first line in which they differ, not all that they are.
inline void expect_same(const MergeResult& got, const MergeResult& wanted) {
  std::istringstream got_lines(text(got));
  std::istringstream wanted_lines(text(wanted));
  std::string got_line;
  std::string wanted_line;
  for (int line = 1;; ++line) {
    const bool more = static_cast<bool>(std::getline(got_lines, got_line));
    if (more != static_cast<bool>(std::getline(wanted_lines, wanted_line))) {
      ADD_FAILURE() << "one of the results ends before line " << line;
      return;
    }
    if (!more) return;
    EXPECT_EQ(got_line, wanted_line) << "line " << line;
    if (got_line != wanted_line) return;
  }
}

}  // namespace test
}  // namespace starling
