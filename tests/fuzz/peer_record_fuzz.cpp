// Any bytes as an envelope, and as the payload of one that is rightly signed: what is opened is bounded, and
// what we seal of it is opened again.
#include "libp2p/identity/peer_record.hpp"

#include <array>
#include <cstdlib>

namespace {

using namespace libp2p;

void require(bool holds) {
  if (!holds) std::abort();
}

const PrivateKey& signer() {
  static const PrivateKey key = PrivateKey::ed25519_from_seed(std::array<std::uint8_t, 32>{});
  return key;
}

void check_record(const PeerRecord& record) {
  require(!record.peer.empty() && record.seq <= PeerRecord::max_seq);
  require(record.addresses.size() <= PeerRecord::max_addresses);
}

void check_envelope(BytesView input) {
  if (const auto envelope = SignedEnvelope::open(input, "libp2p-peer-record")) {
    require(equal(envelope->to_bytes(), input));
  }
  if (const auto record = PeerRecord::open(input)) check_record(*record);
}

void check_payload(BytesView payload) {
  constexpr std::array<std::uint8_t, 2> type{0x03, 0x01};
  const auto envelope = SignedEnvelope::seal(signer(), "libp2p-peer-record", type, to_bytes(payload));
  require(envelope.has_value());
  const auto record = PeerRecord::open(envelope->to_bytes());
  if (!record) return;
  check_record(*record);
  require(record->peer.matches(signer().public_key()));
  for (const auto form : {PeerRecord::Form::standard, PeerRecord::Form::legacy}) {
    const auto sealed = record->seal(signer(), form);
    require(sealed.has_value());
    const auto again = PeerRecord::open(*sealed);
    require(again && again->peer == record->peer && again->seq == record->seq &&
            again->addresses == record->addresses);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(data, size);
  check_envelope(input);
  check_payload(input);
  return 0;
}
