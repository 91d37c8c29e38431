#include "starling/history/revision_log.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <ranges>

namespace starling {
namespace {

constexpr std::string_view fact_prefix = "revision/";

std::string fact_name(std::uint64_t serial) {
  return std::string(fact_prefix) + std::to_string(serial % RevisionLog::remembered);
}

template <class Id>
std::optional<Id> id_from(std::string_view hex) {
  const auto bytes = libp2p::from_hex(hex);
  const auto id = bytes ? Id::from_bytes(*bytes) : std::unexpected(bytes.error());
  return id ? std::optional(*id) : std::nullopt;
}

// "SERIAL REVISION HEAD HEAD…"
std::optional<std::pair<std::uint64_t, KnownRevision>> parse_fact(std::string_view text) {
  std::pair<std::uint64_t, KnownRevision> parsed;
  std::size_t word = 0;
  for (const auto part : std::views::split(text, ' ')) {
    const std::string_view token(part.begin(), part.end());
    if (word == 0) {
      const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), parsed.first);
      if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
    } else if (word == 1) {
      const auto revision = id_from<RevisionId>(token);
      if (!revision) return std::nullopt;
      parsed.second.revision = *revision;
    } else {
      const auto head = id_from<RecordId>(token);
      if (!head || word > RevisionLog::remembered_heads + 1) return std::nullopt;
      parsed.second.heads.push_back(*head);
    }
    ++word;
  }
  return word >= 2 ? std::optional(std::move(parsed)) : std::nullopt;
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

void RevisionLog::add(KnownRevision known) {
  if (!known_.empty() && known_.back().revision == known.revision && known_.back().heads == known.heads)
    return;
  ids_ += known.heads.size();
  known_.push_back(std::move(known));
  ++newest_serial_;
  forget_oldest();
}

void RevisionLog::forget_oldest() {
  while (known_.size() > 1 && (known_.size() > capacity || ids_ > capacity_ids)) {
    ids_ -= known_.front().heads.size();
    known_.pop_front();
  }
}

Result<const KnownRevision*> RevisionLog::find(std::string_view digits) const {
  if (digits.size() < min_digits || digits.size() > 64 || !is_hex(digits)) {
    return fail(
        Errc::invalid_argument,
        "a revision is named by its first 8 hexadecimal digits or more, not by " + libp2p::printable(digits));
  }
  const KnownRevision* found = nullptr;
  for (const KnownRevision& known : std::views::reverse(known_)) {
    if (!to_hex(known.revision).starts_with(digits)) continue;
    if (found && found->revision != known.revision) {
      return fail(Errc::invalid_argument,
                  "several revisions begin with " + std::string(digits) + ": give more of its digits");
    }
    if (!found) found = &known;
  }
  if (found) return found;
  return fail(Errc::not_found, "this node was never at a revision " + std::string(digits) +
                                   ", or it was so long ago that it has forgotten: name a change instead");
}

const RevisionId* RevisionLog::revision_at(const std::vector<RecordId>& heads) const {
  const auto newest_first = std::views::reverse(known_);
  const auto found = std::ranges::find(newest_first, heads, &KnownRevision::heads);
  return found == newest_first.end() ? nullptr : &found->revision;
}

Facts RevisionLog::newest_fact() const {
  if (known_.empty() || known_.back().heads.size() > remembered_heads) return {};
  std::string text = std::to_string(newest_serial_) + " " + to_hex(known_.back().revision);
  for (const RecordId& head : known_.back().heads) text += " " + to_hex(head);
  return {{fact_name(newest_serial_), std::move(text)}};
}

void RevisionLog::restore(const Facts& facts) {
  std::map<std::uint64_t, KnownRevision> remembered_ones;
  for (auto fact = facts.lower_bound(fact_prefix);
       fact != facts.end() && fact->first.starts_with(fact_prefix); ++fact) {
    if (auto parsed = parse_fact(fact->second)) remembered_ones.insert(std::move(*parsed));
  }
  if (remembered_ones.empty()) return;
  newest_serial_ += remembered_ones.rbegin()->first;
  for (auto& known : std::views::reverse(remembered_ones) | std::views::values) {
    ids_ += known.heads.size();
    known_.push_front(std::move(known));
  }
  forget_oldest();
}

}  // namespace starling
