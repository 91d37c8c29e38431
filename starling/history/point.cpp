#include "starling/history/point.hpp"

#include <charconv>

#include "starling/history/revision_log.hpp"

namespace starling {
namespace {

constexpr std::size_t most_back = 1'000'000'000;

std::unexpected<Error> no_point(std::string_view text) {
  return fail(Errc::parse,
              libp2p::printable(text.substr(0, 100)) +
                  " names no state: give a revision (its first 8 digits or more), a change's id, HEAD, "
                  "or HEAD~N for N changes back");
}

}  // namespace

Result<Point> parse_point(std::string_view text) {
  constexpr std::string_view head = "HEAD";
  constexpr std::string_view back_from_head = "HEAD~";
  std::string_view name = text;
  if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"'))
    name = name.substr(1, name.size() - 2);
  if (name == head) return BeforeNewest{};
  if (name.starts_with(back_from_head)) {
    const std::string_view number = name.substr(back_from_head.size());
    BeforeNewest point{1};  // HEAD~ alone
    if (number.empty()) return point;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), point.changes);
    if (error != std::errc() || end != number.data() + number.size() || point.changes > most_back)
      return no_point(text);
    return point;
  }
  const bool is_hex = name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (is_hex && name.size() >= RevisionLog::min_digits && name.size() <= 64)
    return AtRevision{std::string(name)};
  const auto change = parse_record_id(name);
  if (!change) return no_point(text);
  return AtChange{*change};
}

}  // namespace starling
