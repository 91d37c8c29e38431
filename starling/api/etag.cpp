#include "starling/api/etag.hpp"

#include <algorithm>

#include "libp2p/crypto/hash.hpp"

namespace starling {
namespace {

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  return text;
}

constexpr std::string_view part_prefix = "path-";

std::string prefix_of(const Path& place) {
  constexpr std::size_t digits = 16;
  const std::string pointer = to_pointer(place);
  return std::string(part_prefix) +
         libp2p::to_hex(libp2p::sha256(libp2p::as_bytes(pointer))).substr(0, digits) + "-";
}

std::unexpected<Error> bad_list(std::string_view header) {
  return fail(Errc::parse, "ETags stand in double quotes, with commas between them, 64 at most: not " +
                               libp2p::printable(header));
}

}  // namespace

std::string whole_etag(const std::optional<RevisionId>& revision) {
  return "\"" + (revision ? to_hex(*revision) : std::string("none")) + "\"";
}

std::string part_etag(const Path& place, const json::value* given, const json::value* base) {
  Bytes hashed = libp2p::to_bytes("starling-part");
  for (const json::value* value : {given, base})
    libp2p::append(hashed, libp2p::as_bytes(value ? canonical_json(*value) + "\n" : "-\n"));
  return "\"" + prefix_of(place) + libp2p::to_hex(libp2p::sha256(hashed)) + "\"";
}

bool names_a_part(std::string_view name) { return name.starts_with(part_prefix); }

bool names_part(std::string_view name, const Path& place) { return name.starts_with(prefix_of(place)); }

Result<EtagList> EtagList::parse(std::string_view header) {
  EtagList list;
  std::string_view rest = without_spaces(header);
  if (rest == "*") {
    list.any_ = true;
    return list;
  }
  while (true) {
    Tag tag{.weak = rest.starts_with("W/"), .quoted = {}};
    if (tag.weak) rest.remove_prefix(2);
    const std::size_t end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos || list.tags_.size() == max_tags) return bad_list(header);
    tag.quoted = rest.substr(0, end + 1);
    list.tags_.push_back(std::move(tag));
    rest = without_spaces(rest.substr(end + 1));
    if (rest.empty()) return list;
    if (!rest.starts_with(',')) return bad_list(header);
    rest = without_spaces(rest.substr(1));
  }
}

bool EtagList::has_strong(std::string_view etag) const {
  return std::ranges::any_of(tags_, [&](const Tag& tag) { return !tag.weak && tag.quoted == etag; });
}

bool EtagList::has_weak(std::string_view etag) const {
  return std::ranges::find(tags_, etag, &Tag::quoted) != tags_.end();
}

std::vector<std::string> EtagList::names() const {
  std::vector<std::string> names;
  names.reserve(tags_.size());
  for (const Tag& tag : tags_) names.push_back(tag.quoted.substr(1, tag.quoted.size() - 2));
  return names;
}

}  // namespace starling
