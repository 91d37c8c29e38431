// Signing invites, in `init` and in `invite`.
#pragma once

#include "libp2p/base/random.hpp"
#include "starling/charter/charter_records.hpp"
#include "starling/charter/token.hpp"
#include "starling/fleet/author.hpp"

namespace starling {

struct InviteTerms {
  Role role = Role::node;
  std::uint32_t uses = 1;
  std::chrono::milliseconds ttl = std::chrono::hours(1);
  Labels labels = {};
};

inline constexpr std::chrono::hours longest_invite{24};

// A new key for one invite: its public half goes into the record, its seed into the token.
struct NewInvite {
  Invite invite;
  std::array<std::uint8_t, 32> seed{};
};
[[nodiscard]] NewInvite make_invite(const InviteTerms& terms, libp2p::WallTime now, libp2p::Random& random);

// "90s", "30m", "1h"; at most 24 h. Errors: invalid_argument.
[[nodiscard]] Result<std::chrono::milliseconds> parse_ttl(std::string_view text);

}  // namespace starling
