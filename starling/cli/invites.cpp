#include "starling/cli/invites.hpp"

#include <charconv>

namespace starling {

NewInvite make_invite(const InviteTerms& terms, libp2p::WallTime now, libp2p::Random& random) {
  NewInvite result;
  random.fill(result.seed);
  result.invite.key = PeerId::from_public_key(PrivateKey::ed25519_from_seed(result.seed).public_key());
  result.invite.role = terms.role;
  result.invite.uses = terms.uses;
  result.invite.labels = terms.labels;
  result.invite.not_after_ms = static_cast<std::uint64_t>((now + terms.ttl).time_since_epoch().count());
  return result;
}

Result<std::chrono::milliseconds> parse_ttl(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  const bool sound = error == std::errc() && seconds != 0 && count > 0 && count <= 24 * 3600 / seconds;
  if (!sound)
    return fail(Errc::invalid_argument,
                "--ttl is a time such as 90s, 30m or 1h, at most 24h, not " + libp2p::printable(text));
  return std::chrono::seconds(count * seconds);
}

}  // namespace starling
