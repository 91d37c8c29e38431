#include "starling/cli/table.hpp"

#include <algorithm>
#include <cstdio>

#include "starling/model/change.hpp"

namespace starling {
namespace {

// Beyond that two texts are shown whole, one after the other.
constexpr std::size_t most_compared = 4'000'000;

using Lines = std::vector<std::string>;

// Indented JSON, line by line.
Lines lines_of(const json::value& value) {
  Lines lines;
  std::string line;
  for (const char c : unit_json(value)) {
    if (c == '\n') {
      if (!line.empty()) lines.push_back(libp2p::printable(line, 1000));
      line.clear();
    } else if (c == '\t') {
      line += "  ";
    } else if (c != '\r') {
      line += c;
    }
  }
  return lines;
}

void print_line(char sign, const std::string& line) { std::printf("%c   %s\n", sign, line.c_str()); }

// The longest common subsequence of both, as lengths from each pair of positions on.
std::vector<std::vector<std::size_t>> common_lengths(const Lines& before, const Lines& after) {
  std::vector<std::vector<std::size_t>> lengths(before.size() + 1,
                                                std::vector<std::size_t>(after.size() + 1));
  for (std::size_t i = before.size(); i-- > 0;) {
    for (std::size_t j = after.size(); j-- > 0;) {
      lengths[i][j] =
          before[i] == after[j] ? lengths[i + 1][j + 1] + 1 : std::max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

void print_changed_lines(const Lines& before, const Lines& after) {
  if (before.size() * after.size() > most_compared) {
    for (const std::string& line : before) print_line('-', line);
    for (const std::string& line : after) print_line('+', line);
    return;
  }
  const auto lengths = common_lengths(before, after);
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      print_line(' ', before[i]);
      ++i;
      ++j;
    } else if (j == after.size() || (i < before.size() && lengths[i + 1][j] >= lengths[i][j + 1])) {
      print_line('-', before[i++]);
    } else {
      print_line('+', after[j++]);
    }
  }
}

}  // namespace

std::string cell(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (!value || value->is_null()) return "-";
  if (value->is_string()) return value->get_string().empty() ? "-" : libp2p::printable(value->get_string());
  if (value->is_bool()) return value->get_bool() ? "yes" : "no";
  return canonical_json(*value);
}

void print_json(const json::object& object) { std::printf("%s\n", canonical_json(object).c_str()); }

void print_table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    std::printf("%s\n", line.c_str());
  }
}

const json::array& list(const json::object& object, std::string_view key) {
  static const json::array none;
  const json::value* value = object.if_contains(key);
  return value && value->is_array() ? value->get_array() : none;
}

std::string place_cell(const json::object& object) {
  const json::value* scope = object.if_contains("scope");
  const bool of_base = !scope || !scope->is_string() || scope->get_string() == base_scope;
  const std::string path = cell(object, "path");
  return (of_base ? "" : cell(object, "scope") + ":") + (path == "-" ? "/" : path);
}

void print_differences(const json::array& differences) {
  for (const json::value& value : differences) {
    if (!value.is_object()) continue;
    const json::object& difference = value.get_object();
    const json::value* before = difference.if_contains("before");
    const json::value* after = difference.if_contains("after");
    std::printf("%s %s\n", before && after ? "~" : (before ? "-" : "+"), place_cell(difference).c_str());
    print_changed_lines(before ? lines_of(*before) : Lines(), after ? lines_of(*after) : Lines());
  }
}

ExitCode show(const Target& target, const std::string& api_target, void (*print)(const json::object&)) {
  const auto client = target.client();
  if (!client) return report(client.error());
  const auto reply = client->request("GET", api_target);
  if (!reply) return report(reply.error());
  if (reply->status != 200) return report(*reply);
  if (target.json) {
    std::fwrite(reply->body.data(), 1, reply->body.size(), stdout);
    return ExitCode::done;
  }
  const auto body = parse_json(reply->body);
  if (!body || !body->is_object()) return report(Error{Errc::io, "the daemon's answer is no JSON object"});
  print(body->get_object());
  return ExitCode::done;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (plain.contains(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace starling
