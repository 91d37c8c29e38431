#include "libp2p/transport/dns/dnsaddr.hpp"

#include <algorithm>
#include <span>

namespace libp2p::dns {
namespace {

constexpr std::string_view text_prefix = "dnsaddr=";
constexpr std::string_view name_prefix = "_dnsaddr.";
constexpr std::size_t max_name_bytes = 253;

bool is_dnsaddr(const Multiaddr& address) {
  return !address.empty() && address.components().front().protocol == AddrProtocol::dnsaddr;
}

}  // namespace

std::optional<Multiaddr> answer_of_text(std::string_view text, const Multiaddr& asked) {
  if (!text.starts_with(text_prefix)) return std::nullopt;
  const auto parsed = Multiaddr::parse(text.substr(text_prefix.size()));
  if (!parsed || parsed->has(AddrProtocol::http_path)) return std::nullopt;
  const std::span<const AddrComponent> behind = std::span(asked.components()).subspan(1);
  const auto circuit = std::ranges::find(behind, AddrProtocol::p2p_circuit, &AddrComponent::protocol);
  const auto matched = static_cast<std::size_t>(circuit - behind.begin());
  const std::span<const AddrComponent> answer = parsed->components();
  if (answer.size() < matched || !std::ranges::equal(answer.last(matched), behind.first(matched)))
    return std::nullopt;
  Multiaddr whole = *parsed;
  for (const AddrComponent& component : behind.subspan(matched)) {
    auto longer = whole.with(component.protocol, component.value_text());
    if (!longer) return std::nullopt;
    whole = std::move(*longer);
  }
  return whole;
}

Task<Result<std::vector<Multiaddr>>> Search::run(Multiaddr address) {
  std::optional<Error> failure;
  take(address, 0);
  while (!waiting_.empty() && found_.size() < max_addresses && lookups_ < max_lookups) {
    Question question = std::move(waiting_.front());
    waiting_.pop_front();
    ++lookups_;
    const bool texts = is_dnsaddr(question.address);
    const auto asked =
        texts ? co_await ask_texts(std::move(question)) : co_await ask_hosts(std::move(question.address));
    if (!asked && !failure) failure = asked.error();
  }
  if (!found_.empty()) co_return std::move(found_);
  if (failure) co_return std::unexpected(std::move(*failure));
  co_return fail(Errc::not_found, "no address for " + printable(address.to_string()));
}

Task<Result<>> Search::ask_texts(Question question) {
  const std::string name = std::string(name_prefix) + question.address.components().front().value_text();
  if (name.size() > max_name_bytes) co_return fail(Errc::invalid_argument, "too long: " + printable(name));
  LIBP2P_CO_TRY(const std::vector<std::string> texts, co_await resolver_.resolve_txt(name));
  std::size_t taken = 0;
  for (const std::string& text : texts) {
    auto answer = answer_of_text(text, question.address);
    if (!answer) continue;
    take(std::move(*answer), question.depth);
    if (++taken == max_answers) break;
  }
  co_return Result<>{};
}

Task<Result<>> Search::ask_hosts(Multiaddr address) {
  LIBP2P_CO_TRY(std::vector<Multiaddr> hosts, co_await resolve_host(resolver_, std::move(address)));
  for (Multiaddr& host : hosts) take(std::move(host), 0);
  co_return Result<>{};
}

// `depth`: of the name whose answer it is.
void Search::take(Multiaddr address, unsigned depth) {
  if (is_dnsaddr(address) && ++depth > max_depth) return;
  if (!known_.insert(address).second) return;
  if (needs_resolution(address)) {
    if (waiting_.size() < max_lookups) waiting_.push_back({std::move(address), depth});
  } else if (found_.size() < max_addresses) {
    found_.push_back(std::move(address));
  }
}

}  // namespace libp2p::dns
