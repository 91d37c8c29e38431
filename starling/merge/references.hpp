// Which parts of a configuration name which others: what "pass" points to.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "starling/model/document.hpp"

namespace starling {

// A "pass" of a listener or of an action, or a listener's older "application".
struct Reference {
  enum class Form {
    target,     // names `target`
    nowhere,    // well formed, but nothing can be there
    malformed,  // empty segments, more than three of them, bad percent-encoding
    no_string,
  };
  Path from;         // where it stands
  std::string text;  // what it says; of no_string: what it is instead, as Unit says it
  Form form{};
  Path target;  // what must be there: ["routes"], ["routes", "main"], ["upstreams", "u"], ["applications",
                // "app"],
                // ["applications", "app", "targets", "t"]
};

// Every reference in `value`, which stands (or would stand) at `at` in its document. A "pass" elsewhere, an
// environment variable of that name say, is none, and neither is one with a variable in it ("routes/$host"):
// where those lead is known with each request only. The end of an array may be named "-".
[[nodiscard]] std::vector<Reference> references(const json::value& value, const Path& at);

[[nodiscard]] bool resolves(const json::value& document, const Reference& reference);
// Unit's words for one that doesn't resolve.
[[nodiscard]] std::string complaint(const Reference& reference);

// The references of a document that changes, by where they stand and by what they point to.
class ReferenceIndex {
 public:
  // What stands at `at` is `value` now; nullptr: nothing.
  void replace(const Path& at, const json::value* value);
  void clear();

  [[nodiscard]] std::vector<const Reference*> standing_at_or_below(const Path& place) const;
  // Those whose target an edit of `place` can give or take: it lies there, below or above.
  [[nodiscard]] std::vector<const Reference*> pointing_to(const Path& place) const;
  [[nodiscard]] std::size_t size() const noexcept { return by_place_.size(); }

 private:
  void erase(const Path& at);

  std::map<Path, Reference> by_place_;
  std::map<Path, std::set<Path>> by_target_;
};

}  // namespace starling
