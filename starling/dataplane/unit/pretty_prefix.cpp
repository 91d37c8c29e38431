#include "starling/dataplane/unit/pretty_prefix.hpp"

namespace starling {

namespace {

constexpr std::string_view line_end = "\r\n";

std::size_t count_indented_lines(std::string_view text) {
  std::size_t lines = 0;
  for (std::size_t at = text.find(line_end); at != std::string_view::npos; at = text.find(line_end, at + 2)) {
    const bool blank = text.substr(at + 2).starts_with(line_end);
    if (!blank) ++lines;
  }
  return lines;
}

// The length of a string in Unit's spelling, quotes included.
std::size_t quoted_size(std::string_view text) {
  return unit_json(json::value(text)).size() - line_end.size();
}

// A line of a container's own: `\t` and then no further TAB.
bool is_own_line(std::string_view rest) { return rest.starts_with('\t') && !rest.starts_with("\t\t"); }

// The raw text of the string at the front, quotes included; empty when it does not end.
std::string_view leading_string(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return text.substr(0, i + 1);
    }
  }
  return {};
}

// Lines of nested containers, and their closing brackets, belong to the member above them.
bool begins_member(std::string_view line) {
  return is_own_line(line) && line.size() > 1 && line[1] != '}' && line[1] != ']';
}

// Splits `"key": value` of an object. Nothing when the key was cut.
std::optional<PrettyPrefix::Member> split_member(std::string_view text, bool object) {
  PrettyPrefix::Member member;
  if (object) {
    const std::string_view raw = leading_string(text);
    const auto key = parse_json(raw);
    if (!key || !key->is_string() || !text.substr(raw.size()).starts_with(": ")) return std::nullopt;
    member.key = key->get_string();
    text.remove_prefix(raw.size() + 2);
  }
  member.value = text;
  return member;
}

}  // namespace

std::expected<Piece, JsonError> parse_piece(std::string_view text, const JsonLimits& limits) {
  if (text.ends_with(line_end)) text.remove_suffix(line_end.size());
  auto value = parse_json(text, limits);
  if (!value) return std::unexpected(std::move(value.error()));
  return Piece{std::move(*value), text.size(), count_indented_lines(text)};
}

std::expected<Piece, JsonError> parse_member(std::string_view text, const JsonLimits& limits) {
  auto piece = parse_piece(text, limits);
  if (piece) piece->bytes -= piece->indented_lines;
  return piece;
}

void PieceBuilder::add(std::string_view key, Piece piece) {
  if (parts_++ != 0) bytes_ += 1;  // the comma
  bytes_ += line_end.size() + 1 + piece.bytes + piece.indented_lines;
  if (object_) bytes_ += quoted_size(key) + 2;
  indented_lines_ += 1 + piece.indented_lines;
  if (object_) {
    if (piece.blank_line_after()) ++blank_lines_;
    members_.insert_or_assign(key, std::move(piece.value));
  } else {
    elements_.push_back(std::move(piece.value));
  }
}

bool PieceBuilder::adds_up_to(std::size_t bytes) const {
  if (parts_ == 0) return bytes == 2;
  const std::size_t without_blank_lines = 2 + bytes_ + line_end.size();
  const std::size_t most = without_blank_lines + blank_lines_ * line_end.size();
  const std::size_t least = most - (blank_lines_ != 0 ? line_end.size() : 0);
  return bytes == most || bytes == least;
}

Piece PieceBuilder::finish(std::size_t bytes) && {
  json::value value = object_ ? json::value(std::move(members_)) : json::value(std::move(elements_));
  return Piece{std::move(value), bytes, parts_ == 0 ? 0 : indented_lines_ + 1};
}

std::optional<PrettyPrefix> scan_prefix(std::string_view text) {
  if (!text.starts_with("{\r\n") && !text.starts_with("[\r\n")) return std::nullopt;
  PrettyPrefix prefix{.object = text.front() == '{', .members = {}};
  std::optional<std::size_t> start;  // of the present member
  std::size_t content_end = 0;       // of the last line that is not blank
  for (std::size_t at = 3; at < text.size();) {
    const std::size_t end = text.find(line_end, at);
    const std::string_view line = text.substr(at, end == std::string_view::npos ? end : end - at);
    const bool closes = line.starts_with('}') || line.starts_with(']');
    const bool begins = begins_member(line);
    if (start && (closes || begins)) {
      std::string_view whole = text.substr(*start + 1, content_end - *start - 1);
      if (whole.ends_with(',')) whole.remove_suffix(1);
      if (auto member = split_member(whole, prefix.object)) prefix.members.push_back(std::move(*member));
      start.reset();
    }
    if (begins) start = at;
    if (closes || end == std::string_view::npos) break;
    if (!line.empty()) content_end = end;
    at = end + line_end.size();
  }
  if (!start) return prefix;
  if (auto cut = split_member(text.substr(*start + 1), prefix.object)) {
    cut->value = {};
    prefix.members.push_back(std::move(*cut));
  }
  return prefix;
}

}  // namespace starling
