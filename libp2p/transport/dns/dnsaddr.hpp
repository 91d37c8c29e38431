// Addresses behind a name, by TXT records (addressing/README.md, dnsaddr).
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libp2p/transport/dns/resolver.hpp"

namespace libp2p::dns {

// All that one address with a name leads to. Its records may name others, so everything is bounded.
class Search {
 public:
  static constexpr unsigned max_depth = 4;        // /dnsaddr names behind each other
  static constexpr std::size_t max_answers = 16;  // that are taken of one name's records
  static constexpr std::size_t max_lookups = 64;  // of names of all kinds
  static constexpr std::size_t max_addresses = 100;

  explicit Search(Resolver& resolver) : resolver_(resolver) {}
  // Once. Errors: not_found, and that of the first look-up that failed, when nothing is found.
  [[nodiscard]] Task<Result<std::vector<Multiaddr>>> run(Multiaddr address);

 private:
  struct Question {
    Multiaddr address;
    unsigned depth = 0;  // /dnsaddr names on the way here
  };
  [[nodiscard]] Task<Result<>> ask_texts(Question question);
  [[nodiscard]] Task<Result<>> ask_hosts(Multiaddr address);
  void take(Multiaddr address, unsigned depth);

  Resolver& resolver_;
  std::deque<Question> waiting_;
  std::set<Multiaddr> known_;  // found, or asked about
  std::vector<Multiaddr> found_;
  std::size_t lookups_ = 0;
};

// What the text of a TXT record answers to the question `asked`, an address that begins with /dnsaddr: the
// address in it, if it ends as the question does. What the question has from a /p2p-circuit on is no part of
// that and is put behind the answer. Nothing, when the text is something else.
[[nodiscard]] std::optional<Multiaddr> answer_of_text(std::string_view text, const Multiaddr& asked);

}  // namespace libp2p::dns
