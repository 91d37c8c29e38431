// The structural validator (M6) at its newest level, beside every recorded verdict of Unit and FreeUnit.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <span>

#include "tests/unit/merge/unit_verdict.hpp"

namespace starling::test {
namespace {

const std::string data = STARLING_TEST_DATA;

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

// Puts `value` at `path`, an element of an array included, as the control API does. False when it can't.
bool put(json::value& document, const Path& path, json::value value) {
  if (path.empty()) return (document = std::move(value), true);
  json::value* parent = find(document, Path(path.begin(), std::prev(path.end())));
  if (parent == nullptr) return false;
  if (json::object* object = parent->if_object()) return ((*object)[path.back()] = std::move(value), true);
  json::array* array = parent->if_array();
  const auto index = parse_index(path.back());
  if (array == nullptr || !index || *index > array->size()) return false;
  if (*index == array->size()) return (array->push_back(std::move(value)), true);
  return ((*array)[*index] = std::move(value), true);
}

bool append(json::value& document, const Path& path, json::value value) {
  json::value* array = find(document, path);
  if (array == nullptr || !array->is_array()) return false;
  return (array->get_array().push_back(std::move(value)), true);
}

bool erase(json::value& document, const Path& path) {
  if (path.empty()) return (document = json::object(), true);
  json::value* parent = find(document, Path(path.begin(), std::prev(path.end())));
  if (parent == nullptr) return false;
  if (json::object* object = parent->if_object()) return object->erase(path.back()) > 0;
  json::array* array = parent->if_array();
  const auto index = parse_index(path.back());
  if (array == nullptr || !index || *index >= array->size()) return false;
  return (array->erase(array->begin() + static_cast<std::ptrdiff_t>(*index)), true);
}

// What a write asked for, if it is one of a configuration and was answered with a verdict.
std::optional<json::value> candidate(const Exchange& exchange) {
  if (!exchange.path.starts_with("/config") || exchange.raw || !exchange.reply) return std::nullopt;
  const int status = exchange.reply->status;
  if (status != 200 && status != 400 && status != 500) return std::nullopt;
  if (exchange.reply->body.find("Invalid JSON") != std::string::npos) return std::nullopt;
  if (exchange.reply->body.find("Memory allocation") != std::string::npos) return std::nullopt;
  const auto path = parse_url_path(exchange.path.substr(7));
  if (!path) return std::nullopt;
  // Of a refused write the configuration after it is the one before it.
  if (status == 200) {
    return exchange.method != "GET" && exchange.config_after.is_object()
               ? std::optional(exchange.config_after)
               : std::nullopt;
  }
  json::value document =
      exchange.config_after.is_object() ? exchange.config_after : json::value(json::object());
  if (exchange.method == "DELETE") {
    return erase(document, *path) ? std::optional(std::move(document)) : std::nullopt;
  }
  if (exchange.method != "PUT" && exchange.method != "POST") return std::nullopt;
  auto value = parse_json(exchange.body);
  if (!value) return std::nullopt;
  const bool done = exchange.method == "PUT" ? put(document, *path, std::move(*value))
                                             : append(document, *path, std::move(*value));
  return done ? std::optional(std::move(document)) : std::nullopt;
}

// Why the daemon's verdict is no structural rule's.
enum class Because {
  application_start,  // it depends on what the machine has to run
  certificate,        // which ones were uploaded
  file,               // whether a directory is there and may be written to
  module_,            // which languages are installed
  port,               // which addresses are this machine's, and free
  build,              // made with or without regular expressions' library, njs, telemetry
  version,     // which members below the top level, and which variables, a daemon knows: others may know more
  one_daemon,  // FreeUnit refuses what Unit takes
  order,       // both refuse it; the daemon names another of its faults
};

struct Undecided {
  std::string_view name;
  Because because;
};
// Names of exchanges, of either daemon.
constexpr std::array undecided_exchanges{
    Undecided{"06-json-parsing/depth-small", Because::application_start},
    Undecided{"09-validation/action-typo", Because::version},
    Undecided{"09-validation/app-isolation-ok", Because::application_start},
    Undecided{"09-validation/app-isolation-typo", Because::version},
    Undecided{"09-validation/app-limits-typo", Because::version},
    Undecided{"09-validation/app-php-missing-module", Because::module_},
    Undecided{"09-validation/app-python-bad-version", Because::module_},
    Undecided{"09-validation/app-python-no-module", Because::module_},
    Undecided{"09-validation/app-unknown-type", Because::module_},
    Undecided{"09-validation/app-user-missing", Because::application_start},
    Undecided{"09-validation/deep-fallback-typo", Because::version},
    Undecided{"09-validation/fallback-return", Because::version},
    Undecided{"09-validation/key-needs-escape", Because::version},
    Undecided{"09-validation/listener-typo", Because::order},
    Undecided{"09-validation/log-bad-dir", Because::file},
    Undecided{"09-validation/log-format", Because::version},
    Undecided{"09-validation/match-bad-regex", Because::build},
    Undecided{"09-validation/match-unknown", Because::version},
    Undecided{"09-validation/pass-badvar", Because::version},
    Undecided{"09-validation/resp-hdr-crlf", Because::one_daemon},
    Undecided{"09-validation/route-unknown", Because::version},
    Undecided{"09-validation/settings-js-module", Because::build},
    Undecided{"09-validation/settings-telemetry", Because::build},
    Undecided{"09-validation/settings-typo", Because::version},
    Undecided{"09-validation/template-njs", Because::build},
    Undecided{"09-validation/tls-no-cert", Because::certificate},
    Undecided{"09-validation/up-typo", Because::version},
    Undecided{"11-listeners/busy-plus-good", Because::port},
    Undecided{"11-listeners/busy-port", Because::port},
    Undecided{"11-listeners/not-local-addr", Because::port},
    Undecided{"11-listeners/star-and-specific", Because::port},
    Undecided{"11-listeners/unix-no-dir", Because::file},
    Undecided{"14-control/put-app-failing", Because::application_start},
    Undecided{"14-control/put-ext-failing", Because::application_start},
};
constexpr std::array undecided_samples{
    Undecided{"11-apps-php-python-node", Because::module_},
    Undecided{"12-process-limits", Because::module_},
    Undecided{"17-invalid-typo", Because::version},
    Undecided{"18-runtime-failure-busy-port", Because::port},
};

const Undecided* find_undecided(std::span<const Undecided> all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &Undecided::name);
  return found != all.end() ? &*found : nullptr;
}

// Compares, and keeps book of the exceptions: each must be one, and never a refusal of what a daemon takes.
class Comparison {
 public:
  explicit Comparison(std::span<const Undecided> exceptions) : exceptions_(exceptions) {}

  void compare(std::string_view name, const json::value& document, const UnitVerdict& verdict) {
    ++compared_;
    const std::string differs = difference(document, verdict);
    if (differs.empty()) return;
    const Undecided* undecided = find_undecided(exceptions_, name);
    EXPECT_NE(undecided, nullptr) << name << ": " << differs;
    if (undecided == nullptr) return;
    needed_.insert(undecided->name);
    const bool refuses = validate(document, newest).has_value();
    EXPECT_EQ(refuses, undecided->because == Because::order) << name << ": " << differs;
    EXPECT_FALSE(verdict.accepted()) << name << ": " << differs;
  }

  void expect_all_needed() const {
    for (const Undecided& exception : exceptions_)
      EXPECT_TRUE(needed_.contains(exception.name)) << exception.name;
  }
  [[nodiscard]] int compared() const { return compared_; }

 private:
  std::span<const Undecided> exceptions_;
  std::set<std::string_view> needed_;
  int compared_ = 0;
};

TEST(ValidateRecordings, M6_EveryRecordedWriteGetsTheVerdictThatTheDaemonGave) {
  Comparison comparison(undecided_exchanges);
  for (const std::string& family : files_in(data + "/unit-api/exchanges")) {
    for (const Exchange& exchange : recorded(family)) {
      const auto document = candidate(exchange);
      if (!document) continue;
      const auto body = parse_json(exchange.reply->body);
      comparison.compare(family.substr(0, family.find('.')) + "/" + exchange.name, *document,
                         verdict_of(exchange.reply->status, body ? *body : json::value()));
    }
  }
  comparison.expect_all_needed();
  EXPECT_GE(comparison.compared(), 350);
}

TEST(ValidateRecordings, M6_EverySampleConfigurationGetsTheVerdictThatEachDaemonGave) {
  Comparison comparison(undecided_samples);
  const json::value index = doc(read_file(data + "/unit-api/configs/INDEX.json"));
  EXPECT_EQ(index.as_object().size() + 1, files_in(data + "/unit-api/configs").size());
  for (const auto& [name, verdicts] : index.as_object()) {
    const json::value document = doc(read_file(data + "/unit-api/configs/" + std::string(name) + ".json"));
    for (const auto& [daemon, verdict] : verdicts.as_object()) {
      if (!verdict.is_object()) continue;
      SCOPED_TRACE(std::string(daemon));
      comparison.compare(name, document, verdict_of(verdict.at("status").to_number<int>(), verdict));
    }
  }
  comparison.expect_all_needed();
  EXPECT_EQ(comparison.compared(), 18 * 4);
}

// How a reason begins that only the daemon can give. Whatever else it says, the validator must say too.
constexpr std::array daemons_own{
    Undecided{"Unknown parameter", Because::version},
    Undecided{"Unknown variable", Because::version},
    Undecided{"The \"action\" object must have either", Because::version},  // beside members unknown to it
    Undecided{"The listener address \"unix:/tmp/starling", Because::one_daemon},  // cut at its zero by Unit
    Undecided{"The module to run", Because::module_},
    Undecided{"Certificate \"", Because::certificate},
    Undecided{"Invalid regular expression", Because::build},
    Undecided{"Unit is built without", Because::build},
};

struct RecordedList {
  std::string file;
  int at_least;
};
class Lists : public testing::TestWithParam<RecordedList> {};

TEST_P(Lists, M6_EveryRecordedConfigurationGetsTheVerdictThatTheDaemonGave) {
  const json::value all = doc(read_file(data + "/unit-verdicts/" + GetParam().file + ".json"));
  int decided = 0;
  for (const json::value& entry : all.as_array()) {
    const std::string_view config = entry.at("config").as_string();
    SCOPED_TRACE(std::string(config.substr(0, 300)));
    const auto document = parse_json(config);
    if (!document) continue;
    const UnitVerdict verdict = verdict_of(entry.at("status").to_number<int>(), entry);
    const auto invalid = validate(*document, newest);
    // What it takes, the validator takes; what it only failed to apply, another machine may not fail to.
    if (verdict.accepted()) EXPECT_EQ(text(invalid), "valid");
    if (verdict.status != 400) continue;
    const bool own = std::ranges::any_of(
        daemons_own, [&](const Undecided& reason) { return verdict.detail.starts_with(reason.name); });
    const bool top_level = verdict.path ? verdict.path->empty() : invalid && invalid->path.empty();
    if (own && !(top_level && invalid)) continue;
    EXPECT_EQ(difference(*document, verdict), "");
    ++decided;
  }
  EXPECT_GE(decided, GetParam().at_least);
}

INSTANTIATE_TEST_SUITE_P(ValidateRecordings, Lists,
                         testing::Values(RecordedList{"unit-1.35.0", 200},
                                         RecordedList{"freeunit-1.36.0", 200},
                                         RecordedList{"values.unit-1.35.0", 150},
                                         RecordedList{"values.freeunit-1.36.0", 150}),
                         [](const auto& test) {
                           std::string name = test.param.file;
                           std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace starling::test
