// The bodies of charter records and join tokens: what is accepted encodes to the same bytes again (L1).
#include <cstdint>
#include <cstdlib>

#include "starling/charter/charter_records.hpp"
#include "starling/charter/token.hpp"
#include "tests/support/round_trip.hpp"

using starling::test::round_trip;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const starling::BytesView bytes(data + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      round_trip<starling::Genesis>(bytes);
      break;
    case 1:
      round_trip<starling::Grant>(bytes);
      break;
    case 2:
      round_trip<starling::Invite>(bytes);
      break;
    case 3:
      round_trip<starling::Admit>(bytes);
      break;
    case 4:
      if (const auto join = starling::SignedJoinStatement::from_bytes(bytes); join) {
        if (!libp2p::equal(join->to_bytes(), bytes)) std::abort();
        (void)join->verify().has_value();
      }
      break;
    case 5:
      if (const auto token = starling::JoinToken::parse(libp2p::as_text(bytes)); token) {
        if (!starling::JoinToken::parse(token->to_string())) std::abort();
      }
      break;
    default:
      round_trip<starling::MemberLabels>(bytes);
  }
  return 0;
}
