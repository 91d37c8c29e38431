#include "starling/layers/selector.hpp"

#include <algorithm>

namespace starling {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

Result<Selector::Term> Selector::parse_term(std::string_view text) {
  if (text.empty())
    return fail(Errc::invalid_argument, "a selector is key=value, key!=value or key, joined by commas");
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    LIBP2P_CHECK(check_label_key(text));
    return Term{std::string(text), Relation::present, {}};
  }
  const bool negated = equals > 0 && text[equals - 1] == '!';
  const std::string_view key = trim(text.substr(0, negated ? equals - 1 : equals));
  const std::string_view value = trim(text.substr(equals + 1));
  LIBP2P_CHECK(check_label(key, value));
  return Term{std::string(key), negated ? Relation::not_equal : Relation::equal, std::string(value)};
}

Result<Selector> Selector::parse(std::string_view text) {
  if (text.size() > max_selector_bytes) return fail(Errc::limit, "a selector has at most 4096 bytes");
  Selector selector;
  if (trim(text).empty()) return selector;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    if (selector.terms_.size() == max_selector_terms)
      return fail(Errc::limit, "a selector has at most 32 terms");
    LIBP2P_TRY(Term term, parse_term(trim(text.substr(start, end - start))));
    selector.terms_.push_back(std::move(term));
    start = end + 1;
  }
  std::ranges::sort(selector.terms_);
  const auto repeated = std::ranges::unique(selector.terms_);
  selector.terms_.erase(repeated.begin(), repeated.end());
  return selector;
}

bool Selector::holds(const Term& term, const std::map<std::string, std::string>& labels) {
  const auto label = labels.find(term.key);
  switch (term.relation) {
    case Relation::present:
      return label != labels.end();
    case Relation::equal:
      return label != labels.end() && label->second == term.value;
    case Relation::not_equal:
      return label == labels.end() || label->second != term.value;
  }
  return false;
}

bool Selector::matches(const std::map<std::string, std::string>& labels) const {
  return std::ranges::all_of(terms_, [&](const Term& term) { return holds(term, labels); });
}

std::string Selector::to_string() const {
  std::string text;
  for (const Term& term : terms_) {
    if (!text.empty()) text += ',';
    text += term.key;
    if (term.relation == Relation::equal) text += '=';
    if (term.relation == Relation::not_equal) text += "!=";
    text += term.value;
  }
  return text;
}

}  // namespace starling
