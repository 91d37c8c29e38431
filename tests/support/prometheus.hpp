// Reads what Prometheus would, and is stricter about it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace libp2p::test {

// The series of a text of the exposition format 0.0.4 by their names with labels, as they stand. What is not
// of the format, or against the conventions for names, fails the test.
inline std::map<std::string, std::uint64_t> read_prometheus(const std::string& text) {
  static const std::regex help(R"(# HELP ([a-z][a-z0-9_]*) \S.*\.)");
  static const std::regex type(R"(# TYPE ([a-z][a-z0-9_]*) (counter|gauge))");
  static const std::regex sample(
      R"re(([a-z][a-z0-9_]*)(\{[a-z][a-z0-9_]*="(?:[^"\\]|\\["\\n])*"(?:,[a-z][a-z0-9_]*="(?:[^"\\]|\\["\\n])*")*\})? ([0-9]+))re");
  std::map<std::string, std::uint64_t> series;
  std::set<std::string> families;
  std::string helped;
  std::string current;
  EXPECT_TRUE(text.ends_with('\n'));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, help)) {
      helped = found[1];
      EXPECT_TRUE(families.insert(helped).second) << "twice: " << line;
      EXPECT_TRUE(helped.starts_with("libp2p_") || helped.starts_with("starling_")) << line;
    } else if (std::regex_match(line, found, type)) {
      current = found[1];
      EXPECT_EQ(current, helped) << line;
      EXPECT_EQ(current.ends_with("_total"), found[2] == "counter") << line;
    } else if (std::regex_match(line, found, sample)) {
      EXPECT_EQ(found[1], current) << line;
      const std::string name = found[1].str() + found[2].str();
      EXPECT_TRUE(series.emplace(name, std::stoull(found[3])).second) << "twice: " << line;
    } else {
      ADD_FAILURE() << "not of the format: " << line;
    }
  }
  return series;
}

}  // namespace libp2p::test
